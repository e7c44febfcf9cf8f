#!/bin/bash
# setup.sh SCRIPT: scripts/setup.sh names what it installs and keeps apt's own words for failures. Programs that say
# that nothing is installed, and install nothing, take the place of apt and dpkg.
set -euo pipefail
script=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
# instead NAME: the program NAME is what stands in the input.
instead() {
  { echo '#!/bin/bash' && cat; } >"$work/$1"
  chmod +x "$work/$1"
}
instead dpkg-query <<<':'
instead sudo <<<'exec "$@"'
instead sleep <<<':'
instead dpkg <<<'echo amd64'
instead apt-get <<<'seq -f "Selecting previously unselected package %g." 90; exit ${APT_STATUS:-0}'
export PATH=$work:$PATH SETUP_ASM=$work/asm

output=$("$script" --library 2>&1) || fail "ends with $?: $output"
[[ $output == 'setup: installing g++ '*libxbyak-dev* && $(wc -l <<<"$output") == 1 ]] || fail "says: $output"
[[ $output != *libgtest* && $output != *CLI11* && $output != *valgrind* ]] || fail "--library installs more: $output"
for part in --command --demo --with-i386 --cross=aarch64 --cross=riscv64 --cross=s390x; do "$script" $part >/dev/null || fail "$part ends with $?"; done

output=$("$script" --with-i386 2>&1) || fail "--with-i386 ends with $?: $output"
[[ $output != *-linux-gnu* ]] || fail "cross compilers are for who asks for them: $output"
[[ -L $SETUP_ASM ]] || fail "--with-i386 leaves programs of 32 bits without headers"
! "$script" --cross=vax >/dev/null 2>&1 || fail "there is no --cross=vax"

! output=$(APT_STATUS=100 "$script" --library 2>&1) || fail "apt failed, and setup did not"
[[ $output == *'unselected package 90.'*'could not install: g++'* ]] || fail "does not say why: $output"
