#!/bin/bash
# pkg_config.sh static|archive|shared: the same consumer, built by hand with the flags of pkg-config: as a static
# program, as a program that has only callgate from its archive, and with the shared library.
. "${BASH_SOURCE%/*}/lib.sh"
copy_out
use_pkg_config

options=()
case $1 in
  static) options=(-static $(pkg-config --static --libs callgate)) ;;
  archive) options=($(pkg-config --static --libs callgate)) ;;
  shared)
    options=($(pkg-config --libs callgate))
    [[ ${options[*]} == *-lcallgate* && ${options[*]} != *asmjit* ]] || fail "pkg-config --libs: ${options[*]}"
    export LD_LIBRARY_PATH=$libdir
    ;;
esac
"$CXX" -std=c++20 -fno-exceptions -fno-rtti "${cxxflags[@]}" "$work/consumer/main.cc" -o "$work/program" "${options[@]}"
run_consumer "$work/program"

needed=$(readelf -dW "$work/program" | grep -c 'NEEDED.*libcallgate' || true)
if [[ $1 == shared ]]; then wanted=1; else wanted=0; fi
((needed == wanted)) || fail "$1, and the program needs libcallgate.so $needed times"
