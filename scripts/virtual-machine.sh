#!/bin/bash
# virtual-machine.sh COMMAND…: runs commands of the build trees on a machine that has everything which callgate tests: an
# emulated processor (qemu-system-x86_64 without acceleration) under Debian's kernel, which runs 32-bit programs, serves
# int 0x80 and loads filters. For machines whose own kernel does not. Boots in seconds; programs run ten to thirty times slower.
#
#   scripts/virtual-machine.sh [--seconds N] [--file PATH]… COMMAND…
#
# Each COMMAND is one argument, a line for the machine's shell, run from the root of this tree. The programs of the build trees
# that the lines name by their paths (build/…) are copied into the machine with their shared libraries, to the same
# absolute paths, and so are files and folders that are named with --file. Nothing else of this machine is there; the machine
# has no network and no disk. Prints what the commands print. Exit code: 0 if all commands ended with 0, 1 if one did not or the
# machine did not come to an end in N seconds (default 600), 2 if there is no such machine here.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$root/build/virtual-machine
seconds=600 files=()
while (($#)); do
  case $1 in
    --seconds) seconds=$2 && shift ;;
    --file) files+=("$2") && shift ;;
    *) break ;;
  esac
  shift
done
(($#)) || { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2; }

absent() {
  echo "virtual-machine: $*" >&2
  exit 2
}
for program in qemu-system-x86_64 cpio dpkg-deb; do
  command -v "$program" >/dev/null || absent "no $program (scripts/setup.sh --virtual-machine)"
done
[[ -x /bin/busybox ]] || absent "no /bin/busybox (scripts/setup.sh --virtual-machine)"

# Debian's kernel for virtual machines, unpacked here; nothing is installed for it.
kernel() {
  local images
  images=$(compgen -G "$work/kernel/boot/vmlinuz-*" || true)
  if [[ -z $images ]]; then
    download_kernel || { update_index && download_kernel; } || absent "apt-get cannot download linux-image-cloud-amd64"
    images=$(compgen -G "$work/kernel/boot/vmlinuz-*" || true)
    [[ -n $images ]] || absent "the package of linux-image-cloud-amd64 has no kernel"
  fi
  head -n 1 <<<"$images"
}

download_kernel() {
  local name
  name=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
  [[ -n $name ]] || return 1
  rm -rf "$work/kernel" "$work/download"
  mkdir -p "$work/kernel/boot" "$work/download"
  (cd "$work/download" && apt-get -qq -o APT::Sandbox::User=root download "$name") >&2 || return 1
  dpkg-deb --fsys-tarfile "$work"/download/*.deb | tar -x -C "$work/kernel" --wildcards './boot/vmlinuz-*' || return 1
  rm -rf "$work/download"
}

# An index may be missing, or older than what the archive has by now.
update_index() {
  local as_root=()
  ((EUID == 0)) || as_root=(sudo)
  "${as_root[@]}" apt-get -qq update >&2
}

# Copies a file to the same path in the machine, without what only a debugger reads, and what it is linked with.
declare -A copied=()
copy() {
  local file=$1 interpreter class library folder
  [[ -z ${copied[$file]:-} ]] || return 0
  copied[$file]=1
  mkdir -p "$tree${file%/*}"
  if ! readelf -h "$file" >/dev/null 2>&1; then
    cp -rL "$file" "$tree$file"
    return
  fi
  strip -o "$tree$file" "$file" 2>/dev/null || cp -L "$file" "$tree$file"
  chmod 755 "$tree$file"
  class=$(readelf -hW "$file" | sed -n 's/ *Class: *//p')
  interpreter=$(readelf -lW "$file" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
  [[ -z $interpreter ]] || copy "$interpreter"
  local folders=(/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu)
  [[ $class == ELF64 ]] || folders=(/lib/i386-linux-gnu /usr/lib/i386-linux-gnu)
  while read -r library; do
    for folder in "${folders[@]}"; do
      [[ ! -e $folder/$library ]] || { copy "$folder/$library" && break; }
    done
  done < <(readelf -dW "$file" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
}

image=$(kernel)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{bin,dev,proc,sys,tmp,etc}
copy /bin/busybox
for line in "$@"; do
  for word in $line; do
    [[ $word != build/* || ! -f $root/$word ]] || copy "$root/$word"
  done
done
for file in ${files[@]+"${files[@]}"}; do
  mkdir -p "$tree$(dirname "$root/$file")"
  cp -rL "$root/$file" "$tree$(dirname "$root/$file")/"
done
printf '%s\n' "$@" >"$tree/commands"
cat >"$tree/init" <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp GTEST_COLOR=no GTEST_BRIEF=1
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t devtmpfs dev /dev
chmod 1777 /tmp  # no file system of its own: the tree may lie in it
mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm
ip link set lo up
cd '$root'
echo "virtual-machine: \$(uname -srm)"
failed=0
while IFS= read -r line; do
  echo "virtual-machine: \$line"
  sh -c "\$line" </dev/null 2>&1 || { echo "virtual-machine: FAILED with status \$?: \$line"; failed=1; }
done </commands
echo "virtual-machine: the end, \$failed"
poweroff -f
INIT
chmod +x "$tree/init"
(cd "$tree" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd.gz"

# Without SMAP: qemu 7.2 takes what a far call pushes for a write of the kernel.
log=$work/console.log
status=0
timeout --foreground "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -cpu max,-smap -m 3072 -display none -nodefaults \
  -serial stdio -no-reboot -kernel "$image" -initrd "$work/initrd.gz" -append "console=ttyS0 quiet loglevel=1 panic=-1" </dev/null 2>&1 |
  tr -d '\r' | tee "$log" || status=$?
((status == 0)) || { echo "virtual-machine: it did not come to an end in $seconds s" >&2; exit 1; }
grep -q '^virtual-machine: the end, 0$' "$log"
