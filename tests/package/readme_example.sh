#!/bin/bash
# readme_example.sh PROGRAM EXPECTED: the example of README.md prints what README.md says. LAUNCHER is what runs programs of
# this build, if the kernel does not.
set -euo pipefail
diff "$2" <(${LAUNCHER:+"$LAUNCHER"} "$1") && echo "as README.md says"
