#!/bin/bash
# client.sh LANGUAGE CALLGATE EXAMPLES: a client of callgate serve, run. Exit code 77: skipped.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '#!/bin/sh\nexec %s "%s" "$@"\n' "${LAUNCHER:-}" "$2" >"$work/callgate"
chmod +x "$work/callgate"

# needs PROGRAM: CLIENT_MUST_RUN (nightly.sh) makes an error of what is a skip else.
needs() {
  command -v "$1" >/dev/null && return
  echo "skipped: $1 is not installed"
  [[ -n ${CLIENT_MUST_RUN:-} ]] && exit 1
  exit 77
}

case $1 in
  python)
    needs python3
    PYTHONDONTWRITEBYTECODE=1 python3 "$3/client.py" "$work/callgate" >"$work/out"
    diff - "$work/out" <<'END'
old: ALLOW ALLOW ERRNO(1) EPERM
new: ALLOW ERRNO(13) EACCES ERRNO(1) EPERM
x86_64 write ALLOW -> ERRNO(13) EACCES
END
    ;;
  go) # Debian's golang-go is 300 MB: scripts/setup.sh --nightly installs it
    needs go
    HOME=$work GOCACHE=$work/cache GO111MODULE=off go run "$3/client.go" "$work/callgate" >"$work/out"
    echo "[ALLOW ERRNO(13) EACCES]" | diff - "$work/out"
    ;;
esac
