#!/bin/bash
# bench_ci.sh CALLGATE SLOWER: the templates in docs/ci/ are YAML and call what is there, and bench-gate.sh, which both call,
# records, passes, fails and refuses as it says. Compares instructions, which no neighbour changes. Exit code 77: skipped.
set -euo pipefail
callgate=$(realpath "$1") slower=$(realpath "$2")
ci=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../docs/ci" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0
bad() {
  echo "FAILED: $*"
  failed=1
}

# Where python3 has no YAML: no tabulators, and an even indentation outside of blocks of commands.
is_yaml() {
  if python3 -c 'import yaml' 2>/dev/null; then
    python3 -c 'import sys, yaml; sys.exit(not isinstance(yaml.safe_load(open(sys.argv[1])), dict))' "$1"
  else
    ! grep -q -e $'\t' -e '^\(  \)* [^ ]' "$1"
  fi
}
for template in "$ci"/github-actions.yml "$ci"/gitlab-ci.yml; do
  is_yaml "$template" || bad "$template is no YAML"
  for needed in 'ci/bench-gate.sh callgate-baselines ' '--max-regress 5%' 'cmake --install' 'RECORD' 'callgate-bench.json'; do
    grep -qF -e "$needed" "$template" || bad "$template does not have: $needed"
  done
  # The packages are among those that the set-up script knows, or what an image lacks.
  packages=$(grep -A1 'apt-get install' "$template" | tr ' \\' '\n\n' | grep -E '^(lib|nlohmann|g\+\+|cmake|ninja|pkg)')
  for package in $packages; do
    grep -qF " $package " <(tr '\n()' '   ' <"$ci/../../scripts/setup.sh") || bad "$template: setup.sh has no $package"
  done
  for option in $(grep 'bench-gate.sh' "$template" | grep -oE ' -(f|-[a-z-]+)\b'); do
    grep -q -e "$option" <("$callgate" bench --help) || bad "$template: callgate bench has no $option"
  done
done

printf 'ld [0]\njeq #3, deny\nret #0x7fff0000\ndeny: ret #0x50009\n' >filter
printf 'ret #0x7fff0000\n' >other
printf '0 1 2\n3 4\n* 20\n1\n' >calls
# expect STATUS [NAME=VALUE…] -- OPTION…
expect() {
  local wanted=$1 settings=() status=0
  shift
  while [[ $1 != -- ]]; do settings+=("$1") && shift; done
  shift
  env CALLGATE="$callgate" "${settings[@]}" "$ci/bench-gate.sh" kept "$@" --stream calls --seconds 0.02 \
    --compare instructions >output 2>&1 || status=$?
  ((status == wanted)) || { bad "expected exit code $wanted, got $status: ${settings[*]} $*"; cat output; }
}
expect 0 -- -f filter                                 # there is none: recorded
[[ $(ls kept) == *.json ]] || bad "no baseline was kept"
cp -r kept first
grep -q instructions kept/*.json || { echo "skipped: instructions cannot be counted here"; exit 77; }
for _ in 1 2 3; do expect 0 -- -f filter --max-regress 0%; done
expect 1 CALLGATE="$slower" -- -f filter
grep -q SLOWER output || bad "no line says what is slower"
expect 3 -- -f other
diff -r kept first || bad "a run that only compares changed the baseline"
expect 0 RECORD=other -- -f other
grep -q warning output || bad "nobody was warned"
expect 0 -- -f other
expect 3 -- -f filter
expect 0 RECORD=always -- -f filter
expect 0 -- -f filter
exit "$failed"
