#!/bin/bash
# Shows what callgate does: decides the system calls of a real program with a real chain of filters, on every engine.
#
#   scripts/demo.sh                  records a mix of programs (compiler, git, tar, python, a pipeline, odd calls)
#   scripts/demo.sh -- COMMAND…      records your own command
#
# Options before "--" go to callgate-demo (--all, --seconds N, --profile FILE …). Everything is kept in build/demo.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/demo

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
  exit 0
fi
options=()
while (($#)) && [[ $1 != -- ]]; do
  options+=("$1")
  shift
done
(($# == 0)) || shift  # the "--"

# took NAME: how long what has just ended took, for the total.
total=() since=0
took() {
  total+=("$1 $((SECONDS - since)) s")
  since=$SECONDS
}

"$root/scripts/setup.sh" --demo
took packages

echo "Building the demo in ${build#"$root"/} (all that the compiler says: build.log)"
build_quietly() {
  cmake --preset release -S "$root" -B "$build" -DCALLGATE_BUILD_TESTS=OFF -DCALLGATE_WERROR=OFF &&
    cmake --build "$build" --target callgate-demo callgate-demo-probes
}
log=$build/build.log
mkdir -p "$build"
if ! (cd "$root" && build_quietly) >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "demo.sh: the build failed; all of it is in $log" >&2
  exit 1
fi

took building

# Real programs doing real work in a directory of their own.
record_mix() {
  cat >hello.cc <<'SOURCE'
#include <fstream>
#include <iostream>
#include <map>
#include <string>
int main() {
  std::map<std::string, int> words;
  std::ifstream file("hello.cc");
  for (std::string word; file >> word;) ++words[word];
  for (const auto& [word, count] : words) std::cout << word << ' ' << count << '\n';
}
SOURCE
  g++ -O1 -o hello hello.cc
  ./hello | sort -k2nr | head -3
  export GIT_CONFIG_NOSYSTEM=1 HOME=$PWD
  git init -q project && cp hello.cc project/ && cd project
  git add . && git -c user.name=demo -c user.email=demo@example.org commit -qm first && git log --oneline | cat
  cd ..
  tar czf project.tar.gz project && tar tzf project.tar.gz | grep -c hello
  find . -type f -print0 | xargs -0 sha256sum | sort | tail -2
  if command -v python3; then
    python3 -c '
import hashlib, json, os, socket, subprocess, threading
done = []
threads = [threading.Thread(target=lambda i=i: done.append(hashlib.sha256(bytes(i)).hexdigest())) for i in range(4)]
for t in threads: t.start()
for t in threads: t.join()
a, b = socket.socketpair()
a.sendall(json.dumps(done).encode()); b.recv(4096)
with socket.socket() as listener: listener.bind(("127.0.0.1", 0)); listener.listen()
subprocess.run(["true"])
os.stat(".")'
  fi
  unshare --user true
  "$1"
}
export -f record_mix

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
recording=$build/recording.strace
record() { strace -f -n -i -e raw=all -X raw -o "$recording" "$@"; }
if (($#)); then
  echo "Recording: $*"
  record "$@" || echo "(the command ended with status $?)"
else
  echo "Recording g++, git, tar, find, sort, python3, unshare and a few calls that no service should make"
  (cd "$work" && record bash -c 'record_mix "$1"' bash "$build/bench/callgate-demo-probes") >"$build/recording.log" 2>&1 ||
    true  # some of the calls are there to fail
fi

took recording

"$build/bench/callgate-demo" "$recording" ${options[@]+"${options[@]}"}
took "deciding and measuring"
printf '\nTime: %d s in total (%s)\n' "$SECONDS" "$(IFS=,; echo "${total[*]}" | sed 's/,/, /g')"
