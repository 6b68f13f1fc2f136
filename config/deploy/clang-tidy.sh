#!/usr/bin/env bash
# clang-tidy over one source, with the compile database of a build folder: clang-tidy.sh build/release FILE
# The database is g++'s; the few flags that clang does not know are no reason to fail.
set -euo pipefail

printf '   %s\n' "$2"
exec clang-tidy --quiet -p "$1" --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-unused-command-line-argument \
  --extra-arg=-Wno-ignored-optimization-argument "$2" 2> >(grep -v 'warnings generated' >&2)
