#!/bin/bash
# real-filters.sh TAP FOLDER: writes the seccomp filters that real programs load into FOLDER, for scripts/bench.sh --workloads.
# TAP is callgate-tap (build/release/bench/callgate-tap). Programs come from Debian packages; one that is not installed, or that
# loaded no filter here, is said, and the others are written. Nothing is left running. Exit code 1 if there was none at all.
set -euo pipefail
tap=$(realpath "$1") folder=$2
mkdir -p "$folder"
folder=$(realpath "$folder")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
written=0
patience=20  # seconds for each; programs that serve until they are ended have loaded their filters by then

# record NAME PACKAGE COMMAND…
record() {
  local name=$1 package=$2 files
  shift 2
  if ! command -v "$1" >/dev/null; then
    echo "$name: left out: $1 is not installed (Debian package $package)"
    return
  fi
  rm -f "$work"/filter*
  # The program may fail once its filter is loaded: what counts is the filter. callgate-tap writes when it has ended.
  "$tap" "$work/filter" timeout -k 1 "$limit" "$@" <"$input" >"$work/output" 2>&1 || true
  files=("$work"/filter*.bpf)
  if [[ ! -e ${files[0]} ]]; then
    echo "$name: left out: it loaded no filter: $(tail -n 1 "$work/output")"
    return
  fi
  for file in "${files[@]}"; do mv "$file" "$folder/$name${file#"$work/filter"}"; done
  echo "$name: ${#files[@]} filters"
  written=$((written + ${#files[@]}))
}

input=/dev/null limit=$patience
printf '.TH A 1\n.SH NAME\na\n' >"$work/page.1"
printf 'SSH-2.0-callgate\r\n' >"$work/hello"
ssh-keygen -q -t ed25519 -N '' -f "$work/key" 2>/dev/null || true
: >"$work/empty"

record man-db man-db man -l "$work/page.1"
limit=2
record qemu qemu-system-x86 qemu-system-x86_64 -machine none -display none -nodefaults -monitor none -sandbox \
  on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
record qemu-plain qemu-system-x86 qemu-system-x86_64 -machine none -display none -nodefaults -monitor none -sandbox on
record chrony chrony chronyd -u root -x -d -F 1 -f "$work/empty"
record chrony-helper chrony chronyd -u root -x -d -F 2 -f "$work/empty"
record tor tor tor -f "$work/empty" --defaults-torrc "$work/empty" --DataDirectory "$work/tor" --DisableNetwork 1 --Sandbox 1
input=$work/hello
# It wants an empty folder in /run, and its own path whole.
sshd=$(command -v sshd || echo /usr/sbin/sshd)
if [[ -x $sshd ]]; then
  record openssh util-linux unshare --mount sh -c \
    'mount -t tmpfs run /run && mkdir -m 755 /run/sshd && exec "$@"' sh "$sshd" -i -e -h "$work/key" -f "$work/empty"
else
  echo "openssh: left out: sshd is not installed (Debian package openssh-server)"
fi
input=/dev/null
limit=$patience
jail=(firejail --noprofile --quiet)
record firejail firejail "${jail[@]}" --seccomp true
record firejail-keep firejail "${jail[@]}" --seccomp.keep=execve,exit_group,read,write,openat,close,mmap,mprotect,brk true
record firejail-many firejail "${jail[@]}" --seccomp --memory-deny-write-execute --protocol=unix,inet --restrict-namespaces true
echo "minijail: left out: Debian 12 has no package of its policy compiler"
echo "strace: left out: its filter is for the process that it traces, which callgate-tap traces already"
echo "flatpak: left out: its filter is loaded for installed applications only"
echo "$written filters are in $folder"
((written > 0))
