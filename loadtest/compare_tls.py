"""Cache hits over HTTP/2 with TLS, and handshakes: brink, nginx and HAProxy, one worker each, alone on one core.

    loadtest/compare_tls.py                       Markdown on standard output, progress on standard error
    loadtest/compare_tls.py --seconds 10 --rounds 5 --proxies brink nginx

Everybody has the same ECDSA P-256 certificate, and caches the same two files of the same origin (nginx). Rounds are interleaved;
the median counts. Before a measurement the body is compared with the file, and after it the origin must not have been asked again.
Load: h2load with 16 connections of 32 streams each; for handshakes, one client that connects, asks for 1 KiB over HTTP/1.1 and
closes, with and without the session of the time before. Processor time is the proxy's own, of its whole process.
"""

import argparse
import datetime
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent.parent
SIZES = (1024, 16384)
TICK = os.sysconf("SC_CLK_TCK")
os.environ["PATH"] += ":/usr/sbin"


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.children = options, folder, []
        for size in SIZES:
            (folder / f"{size}").write_bytes(os.urandom(size))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=bench", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
        (folder / "both.pem").write_bytes((folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes())
        folder.chmod(0o755)
        self.origin = free_port()
        self.run(options.client_core, self.origin, "nginx", "-e", "stderr", "-c", self.text("origin.conf", f"""
daemon off; master_process off; pid {folder}/origin.pid; events {{ worker_connections 1024; }}
http {{ access_log {folder}/origin.log; {self.temporary("o")}
  server {{ listen 127.0.0.1:{self.origin}; root {folder}; expires 1h; default_type text/plain; }} }}
"""))

    def text(self, name, content):
        (self.folder / name).write_text(content)
        return str(self.folder / name)

    def temporary(self, name):
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        return " ".join(f"{kind}_temp_path {self.folder}/{name}-{kind};" for kind in kinds)

    def run(self, core, port, *command):
        log = open(self.folder / f"log-{port}", "wb")
        child = subprocess.Popen(["taskset", "-c", str(core), *map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.children.append(child)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return child
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"nothing listens on {port}:\n" + (self.folder / f"log-{port}").read_text())

    def stop(self, child):
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        self.children.remove(child)

    # --- the proxies
    def brink(self, port):
        return self.run(self.options.server_core, port, self.options.brink, "serve", "--config", self.text("brink.yaml", f"""
node: {{ workers: 1 }}
listen: [{{ address: "127.0.0.1:{port}", tls: {{ certificate: {self.folder}/cert.pem, key: {self.folder}/key.pem }} }}]
admin: {{ address: "127.0.0.1:0" }}
limits: {{ handshakes_per_second: 0 }}
access_log: none
sites: [{{ name: all, hosts: ["*"], origin: {{ servers: ["http://127.0.0.1:{self.origin}"] }} }}]
"""))

    def nginx(self, port):
        return self.run(self.options.server_core, port, "nginx", "-e", "stderr", "-c", self.text("nginx.conf", f"""
daemon off; master_process off; worker_processes 1; pid {self.folder}/nginx.pid; events {{ worker_connections 4096; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; {self.temporary("n")}
  proxy_cache_path {self.folder}/cache keys_zone=cache:16m max_size=256m inactive=1h use_temp_path=off;
  open_file_cache max=1000 inactive=1h; open_file_cache_valid 1h;
  ssl_certificate {self.folder}/cert.pem; ssl_certificate_key {self.folder}/key.pem;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:10m; http2_max_requests 1000000000;
  server {{ listen 127.0.0.1:{port} ssl http2 backlog=4096; location / {{ proxy_pass http://127.0.0.1:{self.origin}; proxy_cache cache; }} }}
}}
"""))

    def haproxy(self, port):
        return self.run(self.options.server_core, port, "haproxy", "-db", "-f", self.text("haproxy.cfg", f"""
global
  nbthread 1
  maxconn 4096
  ssl-default-bind-options ssl-min-ver TLSv1.2
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
  bind 127.0.0.1:{port} ssl crt {self.folder}/both.pem alpn h2,http/1.1
  http-request cache-use c
  default_backend b
backend b
  http-response cache-store c
  server o 127.0.0.1:{self.origin}
"""))

    # --- measurements
    def asked(self):
        return (self.folder / "origin.log").read_bytes().count(b"\n")

    def hits(self, child, port, size):
        """Requests per second, and the proxy's microseconds for each."""
        url = f"https://127.0.0.1:{port}/{size}"
        body = subprocess.run(["curl", "-skf", "--http2", "--retry", "5", "--retry-all-errors", url], check=True, capture_output=True).stdout
        assert body == (self.folder / f"{size}").read_bytes(), f"{url}: other bytes"
        command = ["taskset", "-c", str(self.options.client_core), "h2load", "-c16", "-m32", url]
        subprocess.run([*command, "-n20000"], check=True, capture_output=True)
        before, busy, asked = time.monotonic(), processor(child.pid), self.asked()
        out = subprocess.run([*command, "-D", str(self.options.seconds)], check=True, capture_output=True, text=True).stdout
        busy, took = processor(child.pid) - busy, time.monotonic() - before
        done = int(re.search(r"(\d+) succeeded, 0 failed", out)[1])
        assert self.asked() == asked, "the origin was asked: not all were hits"
        return done / took, busy / done * 1e6

    def handshakes(self, child, port, resumed):
        """Handshakes per second, and the proxy's microseconds for each (with one small request)."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        session, count, reused = None, 0, 0
        os.sched_setaffinity(0, {self.options.client_core})
        busy, end = processor(child.pid), time.monotonic() + self.options.seconds
        while time.monotonic() < end:
            with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), session=session if resumed else None) as s:
                s.sendall(b"GET /1024 HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                while s.recv(65536):
                    pass
                session, count, reused = s.session, count + 1, reused + s.session_reused
        busy = processor(child.pid) - busy
        os.sched_setaffinity(0, range(os.cpu_count()))
        assert reused == (count - 1 if resumed else 0), f"{reused} of {count} handshakes were resumed"
        return count / self.options.seconds, busy / count * 1e6


def processor(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def version(name, brink):
    command = {"brink": [brink, "--version"], "nginx": ["nginx", "-v"], "haproxy": ["haproxy", "-v"]}[name]
    done = subprocess.run(command, capture_output=True, text=True)
    return " ".join((done.stdout + done.stderr).splitlines()[0].replace("nginx version: ", "").split()[:3])


def page(options, results):
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    print(f"## HTTP/2 with TLS and handshakes, one core each, side by side\n\n{datetime.date.today()}, {model[1] if model else 'unknown'}, "
          f"{os.cpu_count()} cores, Linux {os.uname().release}. `loadtest/compare_tls.py --seconds {options.seconds} --rounds {options.rounds}`; "
          "medians.\n\n| proxy | what | per second | proxy's CPU, µs each |\n|---|---|---:|---:|")
    for (what, name), rounds in sorted(results.items()):
        rate, cost = (statistics.median(values) for values in zip(*rounds))
        print(f"| {version(name, options.brink)} | {what} | {rate:.0f} | {cost:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brink", default=os.environ.get("BRINK_BINARY", HERE / "build/release/brink"))
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--client-core", type=int, default=1)
    parser.add_argument("--proxies", nargs="+", default=["brink", "nginx", "haproxy"])
    options = parser.parse_args()
    there = [name for name in options.proxies if name == "brink" or shutil.which(name)]
    for name in {*options.proxies} - {*there}:
        say(f"compare_tls: {name} is not installed, left out (make deps)")
    results = {}
    with tempfile.TemporaryDirectory(prefix="brink-tls-") as folder:
        bench = Bench(options, pathlib.Path(folder))
        try:
            for round_number in range(options.rounds):
                for name in there:
                    port = free_port()
                    child = getattr(bench, name)(port)
                    say(f"== round {round_number + 1} of {options.rounds}: {name}")
                    for size in SIZES:
                        results.setdefault((f"hit, {size} bytes", name), []).append(bench.hits(child, port, size))
                    for resumed, what in ((False, "handshake, full"), (True, "handshake, resumed")):
                        results.setdefault((what, name), []).append(bench.handshakes(child, port, resumed))
                    bench.stop(child)
        finally:
            for child in [*bench.children]:
                bench.stop(child)
    page(options, results)


if __name__ == "__main__":
    main()
