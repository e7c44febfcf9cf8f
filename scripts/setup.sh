#!/bin/bash
# setup.sh [PART | [--with-i386] [--virtual-machine] [--cross=MACHINE]… [--nightly] [--bench] [--real-filters]]: installs the Debian packages that
# building and testing callgate needs and that are missing. PART is less: --library for the library alone, --command for the command as well, --demo
# for scripts/demo.sh. MACHINE is aarch64, riscv64 or s390x. Does nothing, and asks nobody, when all are there. What apt says is shown only if it fails.
set -euo pipefail

library=(g++ cmake ninja-build pkg-config libxbyak-dev libasmjit-dev)
command=("${library[@]}" libcli11-dev libfmt-dev nlohmann-json3-dev libseccomp-dev libzydis-dev)
demo=("${command[@]}" git binutils libbenchmark-dev python3
  strace golang-github-containers-common)  # a real program, a real profile
packages=("${demo[@]}"
  clang libclang-rt-14-dev clang-format-14
  libgtest-dev libgmock-dev                                             # tests
  libunicorn-dev                                                        # tests: an x86 that is not this processor
  z3 cvc5                                                               # tests: whether two filters decide alike
  valgrind                                                              # the gate against slow-downs
)
i386_packages=(libasmjit-dev libfmt-dev libseccomp-dev libzydis-dev libgtest-dev libgmock-dev libbenchmark-dev
               libunicorn-dev)
# g++-multilib conflicts with Debian's cross compilers, for its one link, /usr/include/asm, which link_asm() makes.
i386_tools=(g++-12-multilib libc6-dev-i386 qemu-user)  # qemu-user: for kernels that run no 32-bit programs
virtual_machine_packages=(qemu-system-x86 busybox-static cpio)  # a machine whose kernel does (scripts/virtual-machine.sh)
nightly_packages=(llvm-14 clang-tidy jq doxygen chromium golang-go)
bench_packages=(libpcap-dev libdpdk-dev gnuplot-nox)  # peers to compare with, tables and pictures
real_filter_packages=(man-db qemu-system-x86 chrony tor openssh-server firejail)  # scripts/real-filters.sh

with_i386=
for option in "$@"; do
  case $option in
    --library) packages=("${library[@]}") ;;
    --command) packages=("${command[@]}") ;;
    --demo) packages=("${demo[@]}") ;;
    --with-i386)
      with_i386=1
      packages+=("${i386_tools[@]}" "${i386_packages[@]/%/:i386}")
      ;;
    --virtual-machine) packages+=("${virtual_machine_packages[@]}") ;;
    --cross=aarch64 | --cross=riscv64 | --cross=s390x)
      packages+=("g++-${option#--cross=}-linux-gnu" qemu-user googletest)
      ;;
    --nightly) packages+=("${nightly_packages[@]}") ;;
    --bench) packages+=("${bench_packages[@]}") ;;
    --real-filters) packages+=("${real_filter_packages[@]}") ;;
    *)
      echo "usage: setup.sh [--library | --command | --demo | [--with-i386] [--virtual-machine] [--cross=MACHINE]… [--nightly] [--bench] [--real-filters]]" >&2
      exit 2
      ;;
  esac
done

if ! command -v dpkg-query >/dev/null; then
  echo "setup: not a Debian system; these packages or their like are needed: ${packages[*]}" >&2
  exit 0
fi

# The installed packages, foreign ones as name:architecture.
native=$(dpkg --print-architecture)
declare -A installed
while read -r name architecture status; do
  [[ $status == installed ]] || continue
  installed[$name:$architecture]=1
  [[ $architecture == "$native" || $architecture == all ]] && installed[$name]=1
done < <(dpkg-query -W -f '${Package} ${Architecture} ${db:Status-Status}\n')

# Either has what is needed, and one would remove the other.
[[ -z ${installed[busybox]:-} ]] || installed[busybox-static]=1

as_root=()
become_root() {
  ((EUID != 0)) || return 0
  command -v sudo >/dev/null || { echo "setup: run this as root, or install sudo" >&2; exit 1; }
  as_root=(sudo)
}

# Headers of the kernel for programs of 32 bits, where g++-multilib is not installed, or was removed by a cross compiler.
link_asm() {
  local asm=${SETUP_ASM:-/usr/include/asm}
  [[ -n $with_i386 && ! -e $asm && ! -L $asm ]] || return 0
  become_root
  "${as_root[@]}" ln -s x86_64-linux-gnu/asm "$asm"
}

missing=()
for package in "${packages[@]}"; do
  [[ -n ${installed[$package]:-} ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  link_asm
  exit 0
fi

echo "setup: installing ${missing[*]} and what they need"
become_root
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)

if [[ -n $with_i386 ]] && ! dpkg --print-foreign-architectures | grep -qx i386; then
  echo "setup: adding the foreign architecture i386"
  "${as_root[@]}" dpkg --add-architecture i386
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# An index may fail for a while, and one index of many may not matter: what counts is that the packages install.
for attempt in 1 2 3; do
  "${apt[@]}" -qq update >"$log" 2>&1 || echo "setup: apt-get update reported an error (attempt $attempt)" >&2
  if "${apt[@]}" -qq install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    link_asm
    exit 0
  fi
  sleep $((attempt * 5))
done
tail -n 40 "$log" >&2
echo "setup: could not install: ${missing[*]}" >&2
exit 1
