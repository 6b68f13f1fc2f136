"""TLS to origins and between tiers, with real servers: nginx (HTTP/2, client certificates) and nghttpx, under an authority
that the openssl command makes for this run.
"""

import concurrent.futures
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import harness
from certificates import Authority
from harness import DemoOrigin, EndToEnd, Node, Process, node_config
from http_client import Connection
from nginx_origin import TEMPORARY_PATHS
from real_origin import free_port

OTHER_PIN = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
events {{ worker_connections 4096; }}
http {{
  log_format told escape=json '{{"uri":"$request_uri","protocol":"$server_protocol","connection":"$connection",'
    '"reused":"$ssl_session_reused","client":"$ssl_client_s_dn","status":"$status"}}';
  access_log {folder}/nginx-access.log told;
""" + TEMPORARY_PATHS + """\
  ssl_certificate_key {folder}/server.key;
  ssl_client_certificate {folder}/ca.pem;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:tls:1m;
  proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $http_connection;
  proxy_set_header Host $host;
  keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{open} ssl http2;
    ssl_certificate {folder}/server.pem;
    location / {{ proxy_pass http://127.0.0.1:{origin}; }}
  }}
  server {{
    listen 127.0.0.1:{closed} ssl http2;
    ssl_certificate {folder}/server.pem;
    ssl_verify_client on;
    location / {{ proxy_pass http://127.0.0.1:{origin}; }}
  }}
  server {{
    listen 127.0.0.1:{expired} ssl http2;
    ssl_certificate {folder}/expired.pem;
    location / {{ proxy_pass http://127.0.0.1:{origin}; }}
  }}
  server {{
    listen 127.0.0.1:{tier} ssl http2;
    ssl_certificate {folder}/server.pem;
    ssl_verify_client on;
    location / {{ proxy_pass http://127.0.0.1:{regional}; }}
  }}
}}
"""


class UpstreamTls(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_certificates()
        cls.origin = cls.start(DemoOrigin(cls.folder))
        cls.regional = cls.node("regional", cls.origin.port, role="regional")
        cls.ports = {name: free_port() for name in ("open", "closed", "expired", "tier", "nghttpx")}
        cls.start_nginx()
        nghttpx = cls.start(Process("nghttpx", [
            shutil.which("nghttpx") or "/usr/bin/nghttpx", f"--frontend=127.0.0.1,{cls.ports['nghttpx']}",
            f"--backend=127.0.0.1,{cls.origin.port}", "--workers=1", "--conf=/dev/null", "--verify-client",
            # With TLS 1.3 the alert comes after the client's handshake, and a reset may overtake it.
            "--tls-max-proto-version=TLSv1.2",
            f"--verify-client-cacert={cls.folder}/ca.pem", cls.folder / "server.key", cls.folder / "server.pem"],
            cls.folder / "nghttpx.log"))
        cls.addClassCleanup(nghttpx.stop, signal.SIGQUIT)  # its orderly end
        for port in cls.ports.values():
            cls.wait_for_port(port)
        cls.edge = cls.start(Node("edge", cls.sites(), cls.folder))
        tier = node_config(cls.origin.port, name="child", regional=[cls.ports["tier"]]).replace(
            f'"http://127.0.0.1:{cls.ports["tier"]}"', f'"https://127.0.0.1:{cls.ports["tier"]}"')
        own = f"{{ca: {cls.folder}/ca.pem, certificate: {cls.folder}/own.pem, key: {cls.folder}/own.key}}"
        cls.child = cls.start(Node("child", f"{tier}  fall_back_to_origin: false\n  upstream: {{ tls: {own} }}\n", cls.folder))

    @classmethod
    def make_certificates(cls):
        authority, stranger = Authority(cls.folder), Authority(cls.folder, "stranger")
        for name, issuer in (("server", authority), ("own", authority), ("foreign", stranger)):
            issuer.issue(name, name, "IP:127.0.0.1,DNS:inner.example")
        # x509 takes no date in the past in this version of openssl; ca does.
        (cls.folder / "index").write_text("")
        (cls.folder / "ca.cnf").write_text("[ca]\ndefault_ca=d\n[d]\ndatabase=index\nrand_serial=yes\nnew_certs_dir=.\npolicy=p\n"
                                           "default_md=sha256\n[p]\ncommonName=supplied\n")
        subprocess.run(["openssl", "ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", "server.csr", "-notext",
                        "-startdate", "20200101000000Z", "-enddate", "20200102000000Z", "-extfile", "server.ext", "-out", "expired.pem"],
                       check=True, capture_output=True, cwd=cls.folder)
        key = subprocess.run("openssl x509 -in server.pem -noout -pubkey | openssl pkey -pubin -outform der | "
                             "openssl dgst -sha256 -binary | base64", shell=True, check=True, capture_output=True, cwd=cls.folder)
        cls.pin = "sha256//" + key.stdout.decode().strip()
        for end in ("pem", "key"):
            shutil.copy(cls.folder / f"foreign.{end}", cls.folder / f"renewed.{end}")

    @classmethod
    def start_nginx(cls):
        file = cls.folder / "nginx.conf"
        file.write_text(NGINX.format(folder=cls.folder, origin=cls.origin.port, regional=cls.regional.port, **cls.ports))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        cls.start(Process("nginx", [program, "-p", cls.folder, "-c", file, "-e", cls.folder / "nginx-error.log"],
                          cls.folder / "nginx.log"))

    @classmethod
    def wait_for_port(cls, port):
        deadline = time.monotonic() + 20
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), 1).close()
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    @classmethod
    def sites(cls):
        """One site for each way to ask, by its name as host."""
        ca, own = f"ca: {cls.folder}/ca.pem", f"certificate: {cls.folder}/own.pem, key: {cls.folder}/own.key"
        ways = {
            "plain": ("open", ca),
            "named": ("open", f"{ca}, server_name: inner.example"),
            "misnamed": ("open", f"{ca}, server_name: other.example"),
            "unknown-authority": ("open", f"ca: {cls.folder}/stranger.pem"),
            "pinned": ("open", f'{ca}, pins: ["{OTHER_PIN}", "{cls.pin}"]'),
            "mispinned": ("open", f'{ca}, pins: ["{OTHER_PIN}"]'),
            "newest": ("open", f"{ca}, min_version: 1.3"),
            "mutual": ("closed", f"{ca}, {own}"),
            "nameless": ("closed", ca),
            "foreign": ("closed", f"{ca}, certificate: {cls.folder}/foreign.pem, key: {cls.folder}/foreign.key"),
            "renewed": ("closed", f"{ca}, certificate: {cls.folder}/renewed.pem, key: {cls.folder}/renewed.key"),
            "expired": ("expired", ca),
            "trusting": ("expired", f"{ca}, verify: false"),
            "strict": ("nghttpx", f"{ca}, {own}"),
            "strict-nameless": ("nghttpx", ca),
        }
        text = "node: { name: edge, workers: 1 }\nlisten: [{ address: 127.0.0.1:0 }]\nadmin: { address: 127.0.0.1:0 }\n"
        text += "access_log: none\nsites:\n"
        for name, (port, tls) in ways.items():
            health = ", health: {path: /bytes/1, interval: 100ms, timeout: 100ms}" if name in ("mutual", "expired") else ""
            text += (f"  - name: {name}\n    hosts: [{name}.example]\n    origin: {{ retries: 0, eject_after: 1000, connections: 8, "
                     f'servers: ["https://127.0.0.1:{cls.ports[port]}"], tls: {{ {tls} }}{health} }}\n')
        return text

    def get(self, site, path, method="GET"):
        with Connection(self.edge.port, host=f"{site}.example") as link:
            return link.request(path, method)

    def logged(self, prefix, count):
        """nginx's lines about URLs that begin with `prefix`, once there are so many."""
        deadline = time.monotonic() + 20
        while True:
            whole = (self.folder / "nginx-access.log").read_text().rpartition("\n")[0]
            found = [r for r in map(json.loads, whole.splitlines()) if r["uri"].startswith(prefix)]
            if len(found) >= count:
                return found
            self.assertLess(time.monotonic(), deadline, whole[-2000:])
            time.sleep(0.02)

    def refused(self, site, error):
        answer = self.get(site, f"/bytes/10?{site}")
        self.assertEqual(answer.status, 502, site)
        self.assertIn(f"error={error}", answer.field("proxy-status"), site)
        self.edge.wait_for(rf"https://127\.0\.0\.1:\d+: {error}: ")

    def test_what_is_right_is_spoken_to(self):
        for site in ("plain", "named", "pinned", "newest", "mutual", "trusting", "strict"):
            answer = self.get(site, f"/bytes/1000?{site}")
            self.assertEqual((answer.status, answer.length), (200, 1000), site)
        self.assertEqual(self.logged("/bytes/1000?plain", 1)[0]["protocol"], "HTTP/2.0")
        self.assertEqual(self.logged("/bytes/1000?mutual", 1)[0]["client"], "CN=own")

    def test_what_is_wrong_is_named(self):
        for site in ("misnamed", "unknown-authority", "mispinned"):
            self.refused(site, "tls_certificate_error")
        self.refused("strict-nameless", "tls_alert_received")
        for site in ("nameless", "foreign"):  # nginx says it in HTTP
            self.assertEqual(self.get(site, f"/bytes/10?{site}").status, 400, site)

    def test_health_checks_show_the_certificate_and_verify(self):
        self.assertTrue(all(r["client"] == "CN=own" for r in self.logged("/bytes/1", 2) if r["uri"] == "/bytes/1"))
        self.edge.wait_for(rf"https://127\.0\.0\.1:{self.ports['expired']} is unhealthy by its health checks")
        self.assertNotIn(f"https://127.0.0.1:{self.ports['closed']} is unhealthy", self.edge.output())
        answer = self.get("expired", "/bytes/10?expired")  # one probe at a time
        self.assertEqual(answer.status, 502)
        self.assertIn("error=tls_certificate_error", answer.field("proxy-status"))

    def upgrade(self, site):
        link = socket.create_connection(("127.0.0.1", self.edge.port), 20)
        link.sendall(f"GET /upgrade HTTP/1.1\r\nHost: {site}.example\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n".encode())
        return link, link.recv(4096)

    def test_upgrades(self):
        for site in ("plain", "pinned", "mutual", "newest"):
            link, said = self.upgrade(site)
            with link:
                self.assertTrue(said.startswith(b"HTTP/1.1 101"), (site, said))
                link.sendall(b"hello")
                self.assertEqual(link.recv(5), b"hello")
        for site, error in (("mispinned", b"tls_certificate_error"), ("misnamed", b"tls_certificate_error")):
            link, said = self.upgrade(site)
            with link:
                self.assertTrue(said.startswith(b"HTTP/1.1 502"), said)
                self.assertIn(b"error=" + error, said)

    def test_two_hundred_misses_at_once_are_eight_connections(self):
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(lambda n: self.get("mutual", f"/bytes/2000?many-{n}"), range(200)))
        self.assertEqual({(a.status, a.length) for a in answers}, {(200, 2000)})
        found = self.logged("/bytes/2000?many-", 200)
        self.assertEqual({r["protocol"] for r in found}, {"HTTP/2.0"})
        self.assertLessEqual(len({r["connection"] for r in found}), 8)
        self.assertIn("r", {r["reused"] for r in found}, "no TLS session was resumed")

    def test_a_reload_reads_the_files_anew(self):
        self.assertEqual(self.get("renewed", "/bytes/10?renewed-1").status, 400)
        for end in ("pem", "key"):
            shutil.copy(self.folder / f"own.{end}", self.folder / f"renewed.{end}")
        self.edge.send(signal.SIGHUP)
        deadline = time.monotonic() + 20
        for n in range(2, 1_000_000):
            if self.get("renewed", f"/bytes/10?renewed-{n}").status == 200:
                break
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_between_the_tiers(self):
        with Connection(self.child.port) as link:
            for what in ("fwd=uri-miss", "hit"):
                answer = link.get("/bytes/3000?tiers")
                self.assertEqual((answer.status, answer.length), (200, 3000))
                self.assertIn(what, answer.field("cache-status").rsplit(", ", 1)[-1])
        found = self.logged("/bytes/3000?tiers", 1)
        self.assertEqual((len(found), found[0]["protocol"], found[0]["client"]), (1, "HTTP/2.0", "CN=own"))

    def test_check_finds_what_will_not_do(self):
        good = self.sites()
        for what, change, said in (
                ("a key that does not fit", ("foreign.key", "own.key"), "the key does not belong to the certificate"),
                ("no key", (f", key: {self.folder}/own.key", ""), "key: is missing"),
                ("no such file", ("own.pem", "nowhere.pem"), "nowhere.pem"),
                ("a pin", (OTHER_PIN, "sha256//tooshort"), "expected sha256// and the base64"),
                ("a version", ("min_version: 1.3", "min_version: 1.1"), "expected one of 1.2, 1.3")):
            self.assertIn(change[0], good, what)
            file = pathlib.Path(self.folder) / "bad.yaml"
            file.write_text(good.replace(*change))
            done = subprocess.run([harness.BRINK, "check", "--config", file], capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 2, what)
            self.assertIn(said, (done.stdout + done.stderr).decode(), what)


if __name__ == "__main__":
    harness.main()
