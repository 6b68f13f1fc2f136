#!/usr/bin/env bash
# Installs what debian-packages.txt names and this machine lacks. Quiet and quick when nothing is missing.
#   install-deps.sh [SECTION…]      build, test, develop, or all of them (the default)
set -euo pipefail

list="$(dirname "$0")/debian-packages.txt"
wanted=()
for section in "${@:-all}"; do
  before=${#wanted[@]}
  while read -r package; do wanted+=("$package"); done < <(awk -v section="$section" '
    /^\[/ { inside = section == "all" || index($0, "[" section "]") == 1; next }
    inside && NF && !/^#/ { print $1 }' "$list")
  if ((${#wanted[@]} == before)); then
    echo "install-deps.sh: no section [$section] in $list" >&2
    exit 2
  fi
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "make deps: this is not a Debian system (no dpkg-query, no apt-get)." >&2
  echo "Brink is built and tested on Debian 12; install the equivalents of ${list} yourself, or use the Dockerfile." >&2
  exit 1
fi

missing=()
declare -A installed=()
while read -r status name; do
  if [[ $status == ii ]]; then installed[$name]=1; fi
done < <(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null || true)
for package in "${wanted[@]}"; do
  if [[ ! ${installed[$package]:-} ]]; then missing+=("$package"); fi
done
if ((${#missing[@]} == 0)); then exit 0; fi

root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "make deps: needs root to install: ${missing[*]}" >&2
    echo "Run 'make deps' as root once, or install sudo." >&2
    exit 1
  fi
  root=(sudo)
fi

printf '== Installing %d Debian packages: %s\n' "${#missing[@]}" "${missing[*]}"
apt() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "$@"; }
install() { apt install -y -q --no-install-recommends "${missing[@]}"; }

# The package lists are fetched only where they are missing, or too old to be installed from.
if ! apt install -y -q --no-install-recommends --dry-run "${missing[@]}" >/dev/null 2>&1; then
  printf '== Fetching the package lists (apt-get update)\n'
  apt update -q
  install
elif ! install; then
  printf '== Fetching newer package lists (apt-get update), then once more\n'
  apt update -q
  install
fi
