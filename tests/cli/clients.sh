#!/bin/bash
# clients.sh CALLGATE EXAMPLES: the clients of callgate serve, run. Exit code 77: skipped.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '#!/bin/sh\nexec %s "%s" "$@"\n' "${LAUNCHER:-}" "$1" > "$work/callgate"
chmod +x "$work/callgate"

command -v python3 > /dev/null || { echo "skipped: python3 is not installed"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 python3 "$2/client.py" "$work/callgate" > "$work/out"
diff - "$work/out" << 'END'
old: ALLOW ALLOW ERRNO(1) EPERM
new: ALLOW ERRNO(13) EACCES ERRNO(1) EPERM
x86_64 write ALLOW -> ERRNO(13) EACCES
END

# Debian's golang-go is 300 MB: scripts/setup.sh --nightly installs it.
command -v go > /dev/null || { [[ -n ${WITH_GO:-} ]] && echo "go is not installed" && exit 1; exit 0; }
GOCACHE=$work/cache GOFLAGS=-mod=mod GO111MODULE=off go run "$2/client.go" "$work/callgate" > "$work/out"
echo "[ALLOW ERRNO(13) EACCES]" | diff - "$work/out"
