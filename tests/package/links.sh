#!/bin/bash
# links.sh TREE: what pages name is there: every relative link and its section, every file that stands in backticks,
# every preset and every verb of the command in a command line; and README.md links to every page of docs/.
set -euo pipefail
cd "$1"

failed=0
wrong() {
  echo "FAILED: $*" >&2
  failed=1
}
pages=(*.md docs/*.md)
((${#pages[@]} > 8)) || wrong "only ${#pages[@]} pages"

# The sections of a page as links have them.
sections() { sed -n 's/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9_\n-'; }

links=0
for page in "${pages[@]}"; do
  while read -r link; do
    [[ $link != http* ]] || continue
    file=$(dirname "$page")/${link%%#*}
    [[ -n ${link%%#*} ]] || file=$page
    [[ -e $file ]] || { wrong "$page links to $link, which is not there" && continue; }
    [[ $link != *#* ]] || sections "$file" | grep -qx -- "${link#*#}" || wrong "$page links to $link, which has no such section"
    links=$((links + 1))
  done < <(grep -o ']([^)]*)' "$page" | sed 's/^](\(.*\))$/\1/')

  # History names what was.
  [[ $page != CHANGELOG.md && $page != docs/release-notes.md ]] || continue
  while read -r file; do
    [[ -e $file || $file == *_ || $file == *NAME* ]] || wrong "$page names $file, which is not there"
  done < <(grep -oE '`(\.ci|bench|bpf|capi|cli|cmake|compose|dispatch|docs|examples|fuzz|include|interp|ir|jit|oracles|profiles|scripts|tests|verifier)/[A-Za-z0-9_./-]*' "$page" |
    tr -d '`' | sed 's/\.$//')
done
((links > 30)) || wrong "only $links links"

presets=$(sed -n 's/^ *{*"name": "\([a-z0-9-]*\)".*/\1/p' CMakePresets.json)
while read -r preset; do
  grep -qx -- "$preset" <<<"$presets" || wrong "there is no preset $preset"
done < <(grep -ohE -- '--preset [a-z][a-z0-9-]*' "${pages[@]}" | sed 's/.* //')

verbs=$(grep -ohE 'add_subcommand\("[a-z0-9-]+"' cli/*.cc | sed 's/.*"\(.*\)"/\1/')
while read -r verb; do
  grep -qx -- "$verb" <<<"$verbs" || wrong "the command has no verb $verb"
done < <({ awk '/^ *```/ { inside = !inside } inside' "${pages[@]}" | grep -oE '^(build/[a-z]+/cli/)?callgate [a-z-]+'
  grep -ohE '`(build/[a-z]+/cli/)?callgate [a-z][a-z-]+' "${pages[@]}"; } | sed 's/.* //' | sort -u)

for page in docs/*.md; do
  grep -q "]($page)" README.md || wrong "README.md does not link to $page"
done
exit $failed
