#!/bin/bash
# A C++17 program uses callgate by way of one file that is compiled as C++20, as README.md says.
. "${BASH_SOURCE%/*}/lib.sh"
copy_out
use_pkg_config

"$CXX" -std=c++20 "${cxxflags[@]}" -c "$work/consumer/gate.cc" -o "$work/gate.o"
"$CXX" -std=c++17 $CXXFLAGS "$work/consumer/main17.cc" "$work/gate.o" -o "$work/program" $(pkg-config --static --libs callgate)
[[ $(${LAUNCHER:+"$LAUNCHER"} "$work/program") == "read 1, reboot 0" ]] || fail "output of the C++17 program"
