#!/bin/bash
# record-streams.sh [STREAM…]: records the streams in bench/streams anew (all but mix, which scripts/demo.sh makes): real
# programs under "callgate record", 1,024 calls of each in blocks of 64 neighbours. Needs g++, python3, tar and gzip.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/release

(cd "$root" && cmake --preset release && cmake --build "$build" --target callgate-command) >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >hello.cc <<'SOURCE'
#include <iostream>
#include <map>
#include <string>
int main() {
  std::map<std::string, int> words;
  for (std::string word; std::cin >> word;) ++words[word];
  for (const auto& [word, count] : words) std::cout << word << ' ' << count << '\n';
}
SOURCE
cat >server.py <<'SOURCE'
import http.server, threading, urllib.request
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Quiet)
threading.Thread(target=server.serve_forever).start()
for _ in range(200):
    urllib.request.urlopen(f'http://127.0.0.1:{server.server_port}/hello.cc').read()
server.shutdown()
SOURCE

record() {
  "$build/cli/callgate" record --sample 1024 -o "$root/bench/streams/$1.calls" -- "${@:2}" >/dev/null
  sed -i "1s#$root#.#g" "$root/bench/streams/$1.calls"
}
record_compiler() { record compiler g++ -O1 -o hello hello.cc; }
record_interpreter() { record interpreter python3 -c 'import json, socket, subprocess, threading, http.client'; }
record_archiver() { record archiver tar czf docs.tar.gz -C "$root" docs bpf cli tests/golden; }
record_shell() {
  record shell bash -c 'find "$1" -name "*.cc" | xargs wc -l | sort -n | tail -20 | while read -r n f; do basename "$f"; done' \
    bash "$root"
}
record_server() { record server python3 server.py; }

streams=("$@")
((${#streams[@]})) || streams=(compiler interpreter archiver shell server)
for name in "${streams[@]}"; do "record_$name"; done
