#!/usr/bin/env bash
# Cache hits side by side: brink and the other caching proxies this machine has, each alone on one core, wrk on another.
#
#   loadtest/compare.sh                 Markdown on standard output, progress on standard error
#   DURATION=30 CONNECTIONS=64 SERVER_CORE=0 CLIENT_CORE=1 PROXIES="brink nginx" loadtest/compare.sh
#
# Every proxy caches the same two files of the same origin (nginx), with one worker and its access log off. Before a
# measurement the body is compared with the file, and after it the origin must not have been asked again.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
brink=${BRINK_BINARY:-$here/build/release/brink}
duration=${DURATION:-10}
connections=${CONNECTIONS:-64}
server_core=${SERVER_CORE:-0}
client_core=${CLIENT_CORE:-1}
proxies=${PROXIES:-brink nginx varnish haproxy trafficserver}
sizes=(1024 16384)
PATH=$PATH:/usr/sbin
say() { printf '%s\n' "$*" >&2; }

for tool in wrk nginx curl taskset; do
  command -v "$tool" >/dev/null || { say "compare: $tool is not installed (make deps)"; exit 1; }
done
[[ -x $brink ]] || { say "compare: no $brink (make build)"; exit 1; }

work=$(mktemp -d)
pids=()
stop() {
  local pid=$1
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}
finish() {
  local pid
  for pid in "${pids[@]}"; do stop "$pid"; done
  rm -rf "$work"
}
trap finish EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

wait_for_port() {
  local port=$1 tries=0
  until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    if ((++tries > 200)); then say "compare: nothing listens on $port"; return 1; fi
    sleep 0.05
  done
}

temp_paths() { printf '%s_temp_path %s;\n' client_body "$1/b" proxy "$1/p" fastcgi "$1/f" uwsgi "$1/u" scgi "$1/s"; }

# --- the origin: two files, fresh for an hour, every request logged
origin_port=$(free_port)
mkdir -p "$work/files" "$work/origin"
for size in "${sizes[@]}"; do head -c "$size" /dev/urandom >"$work/files/$size"; done
cat >"$work/origin/nginx.conf" <<CONF
daemon off; master_process off; pid $work/origin/pid; error_log $work/origin/error.log;
events { worker_connections 1024; }
http {
  access_log $work/origin/access.log; $(temp_paths "$work/origin")
  server { listen 127.0.0.1:$origin_port; root $work/files; expires 1h; default_type text/plain; }
}
CONF
taskset -c "$client_core" nginx -p "$work/origin" -e "$work/origin/error.log" -c "$work/origin/nginx.conf" &
pids+=($!)
wait_for_port "$origin_port"

# --- the proxies. start_NAME PORT DIR: leaves its pid in $pid and its command in $command; version_NAME prints one line.
run() {
  command=$(echo "$@" | sed "s|$work|DIR|g; s|$here/||g")
  taskset -c "$server_core" "$@" >"$dir/log" 2>&1 &
  pid=$!
}

version_brink() { "$brink" --version | head -1; }
start_brink() {
  cat >"$2/brink.yaml" <<CONF
node: { workers: 1 }
listen: [{ address: "127.0.0.1:$1" }]
admin: { address: "127.0.0.1:0" }
cache: { memory: 256MiB }
access_log: none
sites: [{ name: all, hosts: ["*"], origin: { servers: ["http://127.0.0.1:$origin_port"] } }]
CONF
  run "$brink" serve --config "$2/brink.yaml"
}

version_nginx() { nginx -v 2>&1 | sed 's|.*nginx/|nginx |'; }
start_nginx() {
  cat >"$2/nginx.conf" <<CONF
daemon off; master_process off; worker_processes 1; pid $2/pid; error_log $2/error.log;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; $(temp_paths "$2")
  proxy_cache_path $2/cache keys_zone=cache:16m max_size=256m inactive=1h use_temp_path=off;
  open_file_cache max=1000 inactive=1h; open_file_cache_valid 1h;
  server { listen 127.0.0.1:$1 backlog=4096; location / { proxy_pass http://127.0.0.1:$origin_port; proxy_cache cache; } }
}
CONF
  run nginx -p "$2" -e "$2/error.log" -c "$2/nginx.conf"
}

version_varnish() { varnishd -V 2>&1 | sed -n 's/^varnishd (\(varnish-[0-9.]*\).*/\1/p'; }
start_varnish() {
  run varnishd -F -n "$2/varnish" -a "127.0.0.1:$1" -b "127.0.0.1:$origin_port" -s malloc,256m -p thread_pools=1 -T none
}

version_haproxy() { haproxy -v | awk 'NR == 1 { print $1, $3 }'; }
start_haproxy() {
  cat >"$2/haproxy.cfg" <<CONF
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
cache c
  total-max-size 256
  max-object-size 1048576
  max-age 3600
frontend f
  bind 127.0.0.1:$1
  http-request cache-use c
  default_backend b
backend b
  http-response cache-store c
  server o 127.0.0.1:$origin_port
CONF
  run haproxy -db -f "$2/haproxy.cfg"
}

version_trafficserver() { traffic_server -V 2>&1 | awk 'NR == 1 { print $1, $2, $3 }'; }
start_trafficserver() {
  local etc="$2/etc"
  mkdir -p "$etc" "$2/cache" "$2/run" "$2/logs"
  cat >"$2/runroot.yaml" <<CONF
prefix: /usr
exec_prefix: /usr
bindir: /usr/bin
sbindir: /usr/sbin
libdir: /usr/lib
libexecdir: /usr/lib/trafficserver/modules
datadir: $2
sysconfdir: $etc
localstatedir: $2/run
runtimedir: $2/run
logdir: $2/logs
cachedir: $2/cache
CONF
  cat >"$etc/records.config" <<CONF
CONFIG proxy.config.http.server_ports STRING $1:ip-in=127.0.0.1
CONFIG proxy.config.exec_thread.autoconfig INT 0
CONFIG proxy.config.exec_thread.limit INT 1
CONFIG proxy.config.url_remap.remap_required INT 0
CONFIG proxy.config.log.logging_enabled INT 0
CONFIG proxy.config.cache.ram_cache.size INT 268435456
CONFIG proxy.config.http.cache.required_headers INT 2
CONFIG proxy.config.admin.user_id STRING nobody
CONF
  echo "map / http://127.0.0.1:$origin_port/" >"$etc/remap.config"
  echo "$2/cache 256M" >"$etc/storage.config"
  echo "ip_allow: [{ apply: in, ip_addrs: 127.0.0.1, action: allow, methods: ALL }]" >"$etc/ip_allow.yaml"
  # Its own user has to reach the folder when root starts it.
  if ((EUID == 0)); then chmod 755 "$work" && chmod -R a+rwX "$2"; fi
  run traffic_server --run-root="$2/runroot.yaml"
}

program() { case $1 in brink) echo "$brink" ;; varnish) echo varnishd ;; trafficserver) echo traffic_server ;; *) echo "$1" ;; esac; }

# --- one measurement
field() { awk -v name="$1" '$1 == name { print $2; exit }' "$2"; }

# Processor time so far of a process and its children, in clock ticks.
cpu_ticks() {
  local each
  for each in "$1" $(pgrep -P "$1" || true); do cat "/proc/$each/stat" 2>/dev/null || true; done |
    sed 's/.*) //' | awk '{ sum += $12 + $13 } END { print sum + 0 }'
}

measure() {
  local name=$1 size=$2 port=$3 out="$work/wrk-$1-$2" url="http://127.0.0.1:$3/$2" before after errors ticks rate
  curl -s --retry 5 --retry-all-errors -f -o "$work/body" "$url" || { say "compare: $name does not answer $url"; return 1; }
  cmp -s "$work/body" "$work/files/$size" || { say "compare: $name answers $url with other bytes"; return 1; }
  taskset -c "$client_core" wrk -t1 -c"$connections" -d2s "$url" >/dev/null
  before=$(wc -l <"$work/origin/access.log")
  ticks=$(cpu_ticks "$pid")
  taskset -c "$client_core" wrk -t1 -c"$connections" -d"${duration}s" --latency "$url" >"$out"
  ticks=$(($(cpu_ticks "$pid") - ticks))
  after=$(wc -l <"$work/origin/access.log")
  ((after == before)) || { say "compare: $name asked the origin $((after - before)) times while it should have hit"; return 1; }
  errors=$(grep -E 'Non-2xx|Socket errors' "$out" | tr -s ' ' | paste -sd';' || true)
  rate=$(field Requests/sec: "$out")
  printf '| %s | %s | %.0f | %s | %s | %s | %s |\n' "$(version_"$name")" "$size" "$rate" "$(field 50% "$out")" "$(field 99% "$out")" \
    "$(awk -v t="$ticks" -v hz="$(getconf CLK_TCK)" -v r="$rate" -v d="$duration" 'BEGIN { printf "%.1f", t / hz * 1e6 / (r * d) }')" \
    "${errors:-none}"
}

# --- the page
cat <<PAGE
## Cache hits, one core each, side by side

$(date -u +%F), $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, \
$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release), Linux $(uname -r), brink commit $(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo unknown).
Where the CPU column times requests/s is well under a million, the client was the limit, not the proxy.

Load: \`taskset -c $client_core wrk -t1 -c$connections -d${duration}s --latency URL\` after two seconds of warming; the proxy alone on core $server_core.

| proxy | body, bytes | requests/s | p50 | p99 | proxy's CPU, µs/request | errors |
|---|---:|---:|---:|---:|---:|---|
PAGE
commands=()
for name in $proxies; do
  if ! command -v "$(program "$name")" >/dev/null; then
    say "compare: $name is not installed, left out"
    continue
  fi
  dir="$work/$name"
  mkdir -p "$dir"
  port=$(free_port)
  "start_$name" "$port" "$dir"
  pids+=("$pid")
  if ! wait_for_port "$port"; then cat "$dir/log" >&2; exit 1; fi
  commands+=("$name: \`$command\`")
  for size in "${sizes[@]}"; do
    say "== $name, $size bytes, ${duration} s"
    measure "$name" "$size" "$port"
  done
  stop "$pid"
done
printf '\nCommand lines (configurations stand in loadtest/compare.sh):\n\n'
printf -- '- %s\n' "${commands[@]}"
