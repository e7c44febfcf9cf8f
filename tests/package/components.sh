#!/bin/bash
# components.sh BUILD: each component installs its part, together they are the whole, and the helpers are stripped.
. "${BASH_SOURCE%/*}/lib.sh"

files() { (cd "$1" && find . ! -type d | sort); }
for component in headers library command helpers; do
  cmake --install "$1" --prefix "$work/$component" --component "$component" >"$work/log" || { cat "$work/log" && fail "$component"; }
  mkdir -p "$work/$component"
  files "$work/$component" >>"$work/parts"
done
diff <(files "$PREFIX") <(sort "$work/parts") || fail "the components are not the whole"

# holds_only COMPONENT PATTERN
holds_only() { ! files "$work/$1" | grep -vE "$2" || fail "component $1 has more than $2"; }
holds_only headers '^\./(include/callgate/|share/man/man3/)'
holds_only library '/(libcallgate(-core)?\.|cmake/callgate/|pkgconfig/callgate)'
holds_only command '^\./(bin/callgate$|share/(man/man1|bash-completion|zsh|fish)/)'
holds_only helpers '^\./libexec/callgate/'
[[ -s $work/headers/include/callgate/callgate.hpp ]] || fail "no headers"
[[ -n $(find "$work/library" -name libcallgate.a) && -n $(find "$work/library" -name libcallgate-core.a) ]] || fail "no library"
[[ -z ${TOOLS:-} || -x $work/command/bin/callgate ]] || fail "no command"

for helper in $(find "$work/helpers" -type f); do
  ! readelf -SW "$helper" | grep -q '\.symtab' || fail "$helper is not stripped"
done
