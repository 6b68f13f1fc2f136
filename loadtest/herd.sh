#!/usr/bin/env bash
# How long after the leader's first byte the followers get theirs: through two edges and a regional node, and beside it
# what a bare loop of writes needs for as many connections on this machine (herd_floor.cc). Usage: loadtest/herd.sh [BUILD]
set -euo pipefail
cd "$(dirname "$0")/.."
build="${1:-build/release}"
export BRINK_BINARY="$build/brink" BRINK_HERD="$build/herd"

for connections in 100 1000 10000; do
  printf '\n-- %s clients: Brink, then the bare loop\n' "$connections"
  BRINK_HERD_CONNECTIONS="$connections" python3 -B tests/e2e/herd_test.py 2>&1 | grep -E '^[{ ]|^OK|FAIL'
  exec 3< <("$build/herd_floor" "$connections")
  read -r -u 3 _ _ target
  "$build/herd" --target "$target" --connections "$connections"
  exec 3<&-
done
