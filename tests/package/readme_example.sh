#!/bin/bash
# readme_example.sh PROGRAM EXPECTED: the example of README.md prints what README.md says.
set -euo pipefail
diff "$2" <("$1") && echo "as README.md says"
