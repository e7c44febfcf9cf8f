#!/bin/bash
# Manual pages and completion are installed, say what --help says, and are read by the programs that they are for.
. "${BASH_SOURCE%/*}/lib.sh"

callgate() { ${LAUNCHER:-} "$PREFIX/bin/callgate" "$@"; }
man1=$PREFIX/share/man/man1
bash_file=$PREFIX/share/bash-completion/completions/callgate
zsh_file=$PREFIX/share/zsh/site-functions/_callgate
fish_file=$PREFIX/share/fish/vendor_completions.d/callgate.fish

# The long options of a help text or a page, "-" as troff writes it.
options() { sed 's/\\-/-/g' | grep -oE -- '(^|[ ,])(\\fB)?--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' | sort -u; }
# Those that the help lists, not those that its prose names.
listed() { sed '/^Examples:/,$d' | grep -E '^ +-' | grep -oE -- '--[a-z0-9-]+' ; }

mapfile -t verbs < <(callgate --help | sed -n '/^Subcommands:/,/^$/p' | awk 'NF > 1 { print $1 }')
((${#verbs[@]} >= 14)) || fail "verbs: ${verbs[*]}"
diff <(printf 'callgate-%s.1\n' "${verbs[@]}" | sort) <(cd "$man1" && ls callgate-*.1 | sort) || fail "a page for each verb"
for verb in "${verbs[@]}"; do
  page=$man1/callgate-$verb.1
  callgate "$verb" --help >"$work/help"
  # "Excludes: --other" in the help's first column is about another option, which is listed itself.
  diff <(listed <"$work/help" | sort -u) <(sed -n '/^\.SH OPTIONS/,/^\.SH DESC/p' "$page" | grep '^\\fB' | options) ||
    fail "options of $page"
  for option in $(listed <"$work/help" | sort -u); do
    sed -n "/^    $verb)\$/,/;;\$/p" "$bash_file" | grep -qE -- "[ ']$option[ ']" || fail "bash: $verb $option"
    grep -qE -- "__fish_seen_subcommand_from $verb'.* -l ${option#--}( |\$)" "$fish_file" || fail "fish: $verb $option"
    sed -n "/^    $verb)\$/,/;;\$/p" "$zsh_file" | grep -qE -- "'\\*?$option[=[]" || fail "zsh: $verb $option"
  done
  grep -qF "callgate\\-${verb//-/\\-} (1)" "$man1/callgate.1" || fail "callgate(1) does not name $verb"
done
! grep -rqE '(^|[^_a-zA-Z])describe([^a-z]|$)' "$bash_file" "$zsh_file" "$fish_file" || fail "the hidden verb is shown"

# What bash makes of it.
completed() {
  bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _callgate; printf "%s\n" "${COMPREPLY[@]}"' - "$bash_file" "$@"
}
[[ $(completed callgate ev) == eval ]] || fail "bash: ev"
[[ $(completed callgate eval --engine x) == xbyak ]] || fail "bash: the words of --engine"
completed callgate eval --b | grep -qx -- --blind-constants || fail "bash: options of eval"
[[ $(completed callgate help dis) == disasm ]] || fail "bash: help"
bash -n "$bash_file"
if command -v zsh >/dev/null; then zsh -n "$zsh_file" || fail "zsh does not read it"; fi
if command -v fish >/dev/null; then fish --no-execute "$fish_file" || fail "fish does not read it"; fi

# What the formatter of manual pages makes of them.
if command -v groff >/dev/null; then
  for page in "$man1"/*.1 "$PREFIX"/share/man/man3/callgate.3; do
    warnings=$(groff -Kutf8 -man -Tutf8 -P-cbou -ww -b -rLL=100n "$page" 2>&1 >"$work/page") || fail "$page: $warnings"
    [[ -z $warnings ]] || fail "$page: $warnings"
    grep -q NAME "$work/page" || fail "$page is empty"
  done
fi

# callgate(3) names every function of the C API.
while read -r symbol; do
  grep -q "$symbol\b" "$PREFIX"/share/man/man3/callgate.3 || fail "callgate(3) does not name $symbol"
done <"$SOURCE/c_symbols.txt"
