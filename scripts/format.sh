#!/bin/bash
# format.sh [--check] [FILE…]: lays out C++ and C as .clang-format says: all files of the tree, or those that are named. --check changes
# nothing, names the files that are laid out in another way, and ends with 1 if there are any. Either names the lines that remain
# longer than 120 columns (tables in comments, raw strings), which somebody has to break by hand; for --check they are failures.
#
# Installs nothing. clang-format 14 is needed (Debian 12's; scripts/setup.sh installs it): other versions lay out some lines in
# another way. CLANG_FORMAT names another program.
set -euo pipefail
wanted=14

check=''
case ${1:-} in
  --check) check=1 && shift ;;
  -*)
    echo "usage: format.sh [--check] [FILE…]" >&2
    exit 2
    ;;
esac
files=()
for file; do files+=("$(realpath -- "$file")"); done
cd "$(dirname "${BASH_SOURCE[0]}")/.."

formatter=${CLANG_FORMAT:-$(command -v clang-format-$wanted || command -v clang-format || true)}
if [[ -z $formatter ]]; then
  echo "format: clang-format $wanted is not installed (scripts/setup.sh installs it)" >&2
  exit 2
fi
if ! version=$("$formatter" --version); then
  echo "format: $formatter does not run" >&2
  exit 2
fi
if [[ ! $version =~ version\ $wanted\. ]]; then
  echo "format: $formatter is \"$version\"; .clang-format is written for version $wanted" >&2
  exit 2
fi

# What git knows or would take, without what is deleted; without git, what lies outside of build trees. opcodes.inc and its like are
# tables that are laid out by hand.
all_files() {
  if [[ -e .git ]]; then
    git ls-files --cached --others --exclude-standard -z -- '*.c' '*.cc' '*.h' '*.hpp'
  else
    find . -path ./build -prune -o -type f \( -name '*.c' -o -name '*.cc' -o -name '*.h' -o -name '*.hpp' \) -print0
  fi | while IFS= read -r -d '' file; do
    if [[ -f $file ]]; then printf '%s\0' "$file"; fi
  done
}

(($#)) || mapfile -d '' files < <(all_files)
((${#files[@]})) || { echo "format: no C++ files found" >&2; exit 2; }

# Eight files a process, as many processes as there are processors.
each() { printf '%s\0' "${files[@]}" | xargs -0 -n 8 -P "$(nproc)" "$@"; }

# Columns are characters, not bytes.
long_lines() { LC_ALL=C.UTF-8 each grep -HnoE '^.{121,}$' | sed 's/^\([^:]*:[0-9]*\):.*/\1: longer than 120 columns/' | sort; }

if [[ -z $check ]]; then
  each "$formatter" -i --style=file
  long_lines || true  # grep finds none
  exit
fi

# What clang-format says to a difference is "FILE:LINE:COLUMN: error: …", a line each.
if complaints=$(each "$formatter" --dry-run --Werror --style=file 2>&1); then
  differing=''
else
  differing=$(sed -n 's/^\(.*\):[0-9]*:[0-9]*: error: code should be clang-formatted.*/\1/p' <<<"$complaints" | sort -u)
  if [[ -z $differing ]]; then
    echo "$complaints" >&2  # it did not come to a comparison
    exit 2
  fi
  printf '%s\n' "$differing"
  echo "format: $(wc -l <<<"$differing") of ${#files[@]} files are laid out in another way; scripts/format.sh changes them" >&2
fi
too_long=$(long_lines || true)
if [[ -n $too_long ]]; then
  printf '%s\n' "$too_long"
  echo "format: $(wc -l <<<"$too_long") lines are longer than 120 columns" >&2
fi
[[ -z $differing && -z $too_long ]]
