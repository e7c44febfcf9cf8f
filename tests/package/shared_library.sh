#!/bin/bash
# What an interposer that preloads libcallgate.so relies on.
. "${BASH_SOURCE%/*}/lib.sh"

library=$(find "$PREFIX" -name libcallgate.so)
[[ -n $library ]] || fail "libcallgate.so is not installed"

needed=$(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
for name in $needed; do
  case $name in
    libstdc++.so.6 | libgcc_s.so.1 | libc.so.6 | libm.so.6 | ld-linux*) ;;
    *) fail "needs $name" ;;
  esac
done

soname=$(readelf -dW "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
[[ $soname == libcallgate.so.${VERSION%.*} ]] || fail "soname $soname"

undefined=$(nm -DC --undefined-only "$library" | grep -E 'asmjit|callgate' || true)
[[ -z $undefined ]] || fail "undefined: $undefined"

# Functions and constants of the public headers, and what their inlined code calls (callgate/decide.h); nothing of the rooms,
# nothing of the standard library.
exported=$(nm -DC --defined-only "$library" | sed 's/^[0-9a-f]* [A-Za-z] //')
grep -q '^callgate::verify(' <<<"$exported" || fail "callgate::verify is not exported"
others=$(grep -vE '^callgate(::(Chain|ChainSlot|Program)(::|$)|::[a-z_]+(\[abi:cxx11\])?\(|::max_[a-z_]+$|::action::[a-z_]+$|_[a-z0-9_]+$)' <<<"$exported" || true)
[[ -z $others ]] || fail "exported as well: $others"

# In C: the functions of the list, which are those that the installed headers declare.
listed=$(sort "$SOURCE/c_symbols.txt")
diff <(echo "$listed") <(grep -xE 'callgate_[a-z0-9_]+' <<<"$exported" | sort) || fail "exported in C is not tests/package/c_symbols.txt"
declared=$(cat "$PREFIX"/include/callgate/*.h | tr '\n' ' ' | grep -oE '(CALLGATE_FUNCTION|"default"\)\)\)) [^;]*;' |
  sed 's/^.*[ *]\(callgate_[a-z0-9_]*\)(.*$/\1/' | grep -xE 'callgate_[a-z0-9_]+' | sort)
diff <(echo "$listed") <(echo "$declared") || fail "tests/package/c_symbols.txt is not what the headers declare"

stack=$(readelf -lW "$library" | awk '$1 == "GNU_STACK" { print $(NF - 1) }')
[[ $stack == RW ]] || fail "GNU_STACK is '$stack': an executable stack"
! readelf -dW "$library" | grep -q TEXTREL || fail "text relocations"
