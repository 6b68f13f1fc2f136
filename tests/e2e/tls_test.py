"""TLS as clients see it: openssl s_client and curl against a node with several certificates, workers and listeners."""

import json
import re
import signal
import socket
import ssl
import subprocess
import time

import harness
from certificates import Authority, openssl
from harness import BRINK, DemoOrigin, EndToEnd, Node, node_config

WAIT = 30.0
REQUEST = b"GET /bytes/10 HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n"


class Tls(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start(DemoOrigin(cls.folder))
        cls.ca = Authority(cls.folder)
        cls.foreign = Authority(cls.folder, "foreign")
        cls.ca.issue("ecdsa", "ecdsa", "DNS:shop.test,IP:127.0.0.1")
        rsa = cls.ca.issue("rsa", "rsa", "DNS:shop.test", kind="rsa")
        cls.ca.issue("wild", "wild", "DNS:*.shop.test")
        cls.ca.issue("exact", "exact", "DNS:www.shop.test")
        cls.ca.issue("moving", "moving-1", "DNS:moving.test")
        cls.ca.issue("renewed", "renewed", "DNS:renewed.test")
        cls.ca.issue("client", "deploy.test")
        cls.ca.issue("reader", "reader", "URI:spiffe://test/reader")
        cls.ca.issue("nobody", "nobody")
        cls.foreign.issue("stranger", "deploy.test")
        cls.ca.staple(rsa, cls.folder / "rsa.der")
        cls.node = cls.start(Node("edge", cls.config(), cls.folder))
        cls.port, cls.mutual, cls.moving, cls.modern = cls.node.ports

    @classmethod
    def pair(cls, name, more=""):
        return f"{{certificate: {cls.folder}/{name}.pem, key: {cls.folder}/{name}.key{more}}}"

    @classmethod
    def config(cls, extra=""):
        ca = f"client_ca: {cls.ca.certificate}"
        listen = f"""listen:
  - address: 127.0.0.1:0
    tls:
      certificates:
        - {cls.pair("ecdsa")}
        - {cls.pair("rsa", f", ocsp: {cls.folder}/rsa.der")}
        - {cls.pair("wild")}
        - {cls.pair("exact")}
        - {cls.pair("renewed")}
  - address: 127.0.0.1:0
    tls: {cls.pair("ecdsa", f", client_auth: required, {ca}")}
  - address: 127.0.0.1:0
    tls: {cls.pair("moving", ", reload_every: 100ms")}
  - address: 127.0.0.1:0
    tls: {cls.pair("ecdsa", ', min_version: "1.3"')}
"""
        admin = f"""admin:
  address: 127.0.0.1:0
  tls: {cls.pair("ecdsa", f", client_auth: optional, {ca}")}
  client_certificates:
    - {{name: deployer, subject: deploy.test, may: [read, purge, operate]}}
    - {{name: watcher, subject: "spiffe://test/reader", may: [read]}}
  audit: {{path: {cls.folder}/audit.log}}
"""
        text = node_config(cls.origin.port, name="edge", extra=extra).replace("role: edge\n", "role: edge\n  workers: 3\n")
        text = text.replace("listen:\n  - address: 127.0.0.1:0\n", listen, 1)
        return text.replace("admin:\n  address: 127.0.0.1:0\n", admin, 1)

    def client(self, port, *arguments, stdin=b"", check=False):
        return openssl("s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", self.ca.certificate, *arguments,
                       stdin=stdin, check=check)

    def subject(self, port, *arguments):
        """The common name of the certificate that is shown; None when there is no handshake."""
        found = re.search(r"^subject=CN = (\S+)", self.client(port, *arguments), re.MULTILINE)
        return found[1] if found else None

    def curl(self, *arguments, status=0):
        done = subprocess.run(["curl", "-sS", "--max-time", "30", *map(str, arguments)], capture_output=True, timeout=60)
        self.said = done.stderr.decode(errors="replace")
        if status is not None:
            self.assertEqual(done.returncode, status, self.said)
        return done.stdout.decode(errors="replace")

    def admin(self, path, *arguments, who=None, status=0):
        certificate = ["--cert", self.folder / f"{who}.pem", "--key", self.folder / f"{who}.key"] if who else []
        url = f"https://127.0.0.1:{self.node.admin_port}{path}"
        return self.curl("--cacert", self.ca.certificate, *certificate, *arguments, url, status=status)

    def metric(self, name, **labels):
        """The sum of the series of `name` that have these labels."""
        total = 0
        for line in self.admin("/metrics").splitlines():
            if re.match(rf"{name}[{{ ]", line) and all(f'{k}="{v}"' in line for k, v in labels.items()):
                total += float(line.rsplit(" ", 1)[1])
        return total

    def until(self, condition, what):
        deadline = time.monotonic() + WAIT
        while not condition():
            self.assertLess(time.monotonic(), deadline, what + "\n" + self.node.output()[-2000:])
            time.sleep(0.05)

    def test_curl_with_each_version(self):
        for version in ("--tlsv1.2", "--tlsv1.3"):
            for http in ("--http1.1", "--http2"):
                said = self.curl(version, "--tls-max", version[-3:], http, "--cacert", self.ca.certificate, "-o", "/dev/null",
                                 "-w", "%{http_code} %{http_version}", "--resolve", f"shop.test:{self.port}:127.0.0.1",
                                 f"https://shop.test:{self.port}/bytes/10")
                self.assertEqual(said, "200 2" if http == "--http2" else "200 1.1")

    def test_the_name_and_the_keys_choose(self):
        rsa = ("-sigalgs", "RSA-PSS+SHA256:RSA+SHA256")
        for name, expected in (("shop.test", "ecdsa"), ("a.shop.test", "wild"), ("www.shop.test", "exact"),
                               ("a.b.shop.test", "ecdsa"), ("unknown.test", "ecdsa"), ("SHOP.test", "ecdsa")):
            self.assertEqual(self.subject(self.port, "-servername", name), expected, name)
        for name in ("shop.test", "unknown.test"):
            self.assertEqual(self.subject(self.port, "-servername", name, *rsa), "rsa")
        retried = ("-servername", "www.shop.test", "-tls1_3", "-groups", "P-521:P-384")  # a second ClientHello
        self.assertEqual(self.subject(self.port, *retried), "exact")
        self.assertEqual(self.subject(self.port, "-noservername"), "ecdsa")
        self.assertEqual(self.subject(self.port, "-noservername", *rsa), "rsa")
        self.assertEqual(self.subject(self.port, "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), "rsa")

    def test_ciphers(self):
        for name in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
                     "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"):
            self.assertIn(f"Cipher is {name}", self.client(self.port, "-tls1_2", "-cipher", name))
        for name in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
            self.assertIn(f"Cipher is {name}", self.client(self.port, "-tls1_3", "-ciphersuites", name))
        both = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256"
        self.assertIn("Cipher is ECDHE-ECDSA-CHACHA20", self.client(self.port, "-tls1_2", "-cipher", both))
        both = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256"
        self.assertIn("Cipher is ECDHE-ECDSA-AES128-GCM", self.client(self.port, "-tls1_2", "-cipher", both))

    def test_a_scan_finds_nothing_weak(self):
        for version in ("-tls1", "-tls1_1"):
            said = self.client(self.port, version, "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")
            self.assertIn("Cipher is (NONE)", said, version)
        weak = [c for c in openssl("ciphers", "-s", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").strip().split(":")
                if not (re.match("ECDHE-(ECDSA|RSA)-", c) and re.search("GCM|CHACHA20", c))]
        self.assertGreater(len(weak), 40)
        for cipher in weak:
            said = self.client(self.port, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
            self.assertIn("Cipher is (NONE)", said, cipher)
        self.assertIn("Cipher is (NONE)", self.client(self.port, "-groups", "P-521"))
        self.assertIn("Cipher is (NONE)", self.client(self.modern, "-tls1_2"))
        self.assertIn("Cipher is TLS_", self.client(self.modern, "-tls1_3"))
        self.until(lambda: self.metric("brink_edge_tls_handshake_failures_total", reason="no-shared-cipher") > 40, "counted")
        self.assertGreaterEqual(self.metric("brink_edge_tls_handshake_failures_total", reason="version"), 2)

    def resumed(self, port, version, *arguments, again=()):
        """How many of ten further connections resume the session of the first."""
        session = self.folder / f"session-{port}-{version}-{len(arguments)}"
        said = self.client(port, version, "-ign_eof", "-sess_out", session, *arguments, stdin=REQUEST)
        self.assertIn("HTTP/1.1 ", said)
        return sum("\nReused, TLSv1" in self.client(again_port, version, "-sess_in", session, *arguments)
                   for again_port in (again or (port,) * 10))

    def test_sessions_resume_on_every_worker(self):
        for version in ("-tls1_2", "-tls1_3"):
            self.assertEqual(self.resumed(self.port, version, "-servername", "shop.test"), 10, version)
        self.assertGreaterEqual(self.metric("brink_edge_tls_handshakes_total", version="1.3", resumed="yes"), 10)
        self.assertGreaterEqual(self.metric("brink_edge_tls_handshakes_total", version="1.2", resumed="yes"), 10)
        self.assertNotIn("Early data was accepted", self.client(self.port, "-tls1_3"))
        self.assertIn("Max Early Data: 0", self.client(self.port, "-tls1_3", "-ign_eof", stdin=REQUEST))

    def test_clients_certificates(self):
        mine = ("-cert", self.folder / "client.pem", "-key", self.folder / "client.key")
        url = f"https://127.0.0.1:{self.mutual}/bytes/10"
        curl = ("--cacert", self.ca.certificate, "-o", "/dev/null", "-w", "%{http_code}")
        certificate = ("--cert", self.folder / "client.pem", "--key", self.folder / "client.key")
        self.assertEqual(self.curl(*curl, *certificate, url), "200")
        self.assertNotEqual(self.curl(*curl, url, status=None), "200")
        self.assertIn("certificate required", self.said)
        strange = ("--cert", self.folder / "stranger.pem", "--key", self.folder / "stranger.key")
        self.assertNotEqual(self.curl(*curl, *strange, url, status=None), "200")
        self.assertGreaterEqual(self.metric("brink_edge_tls_handshake_failures_total", reason="client-certificate"), 2)
        for version in ("-tls1_2", "-tls1_3"):
            self.assertEqual(self.resumed(self.mutual, version, *mine), 10)
            self.assertEqual(self.resumed(self.mutual, version, *mine, again=(self.port,)), 0)
            self.assertEqual(self.resumed(self.port, version, *mine, again=(self.mutual,)), 0)

    def test_a_stapled_response(self):
        status = ("-servername", "shop.test", "-status")
        rsa = self.client(self.port, *status, "-sigalgs", "RSA-PSS+SHA256")
        self.assertIn("OCSP Response Status: successful", rsa)
        self.assertIn("Cert Status: good", rsa)
        self.assertIn("OCSP response: no response sent", self.client(self.port, *status))

    def test_changed_files_are_taken_over_by_themselves(self):
        trust = ssl.create_default_context(cafile=self.ca.certificate)
        with socket.create_connection(("127.0.0.1", self.moving), WAIT) as plain, \
                trust.wrap_socket(plain, server_hostname="moving.test") as kept:
            self.ask(kept)
            self.assertEqual(self.subject(self.moving), "moving-1")
            done = self.metric("brink_edge_tls_reloads_total", result="done")
            failed = self.metric("brink_edge_tls_reloads_total", result="failed")
            self.ca.issue("next", "moving-2", "DNS:moving.test", kind="rsa")
            (self.folder / "moving.key").write_text("-----BEGIN PRIVATE KEY-----\nhalf")
            self.node.wait_for(r"127\.0\.0\.1:0 keeps what it had.*moving\.key: the private key cannot be parsed")
            self.assertEqual(self.subject(self.moving), "moving-1")
            for end in ("key", "pem"):
                (self.folder / f"next.{end}").replace(self.folder / f"moving.{end}")
            self.until(lambda: self.subject(self.moving) == "moving-2", "the new certificate")
            self.assertGreater(self.metric("brink_edge_tls_reloads_total", result="done"), done)
            self.assertGreater(self.metric("brink_edge_tls_reloads_total", result="failed"), failed)
            self.ask(kept)  # the connection from before
        ends = self.metric("brink_edge_tls_certificate_not_after_seconds", certificate=self.folder / "moving.pem")
        self.assertGreater(ends, time.time() + 7 * 24 * 3600)

    def ask(self, stream):
        stream.sendall(b"GET /bytes/10 HTTP/1.1\r\nHost: moving.test\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer.split(b"\r\n\r\n", 1)[1]) < 10:
            got = stream.recv(4096)
            self.assertTrue(got, "the connection was kept")
            answer += got
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)

    def test_a_reload_reads_them_too(self):
        for how in ("signal", "api"):
            with self.subTest(how=how):
                before = self.node.output().count("brink: reloaded")
                self.ca.issue(f"fresh-{how}", f"fresh-{how}", "DNS:renewed.test", file="renewed")
                if how == "signal":
                    self.node.send(signal.SIGHUP)
                else:
                    self.admin("/v1/reload", "-f", "-X", "POST", who="client")
                self.node.wait_for("^brink: reloaded", count=before + 1)
                self.assertEqual(self.subject(self.port, "-servername", "renewed.test"), f"fresh-{how}")

    def test_the_admin_address(self):
        code = ("-o", "/dev/null", "-w", "%{http_code}")
        self.assertEqual(self.admin("/healthz", *code), "200")
        self.assertEqual(self.admin("/v1/stats", *code), "401")
        self.assertEqual(self.admin("/v1/stats", *code, who="nobody"), "401")
        self.assertEqual(self.admin("/v1/stats", *code, who="reader"), "200")
        self.assertEqual(self.admin("/v1/stats", *code, who="client"), "200")
        self.assertNotEqual(self.admin("/v1/stats", *code, who="stranger", status=None), "200")
        purge = ("-X", "POST", "-d", '{"all": true}')
        refusal = json.loads(self.admin("/v1/purges", *purge, who="reader"))
        self.assertEqual((refusal["status"], refusal["code"]), (403, "right-missing"))
        self.assertIn("Certificate 'watcher' may not purge", refusal["detail"])
        foreign = self.admin("/v1/purges", *purge, *code, "-H", "Origin: https://evil.test", who="client")
        self.assertEqual(foreign, "403")
        plain = self.curl(f"http://127.0.0.1:{self.node.admin_port}/healthz", status=None)
        self.assertEqual(plain, "")

    def brink(self, *arguments, status=0):
        done = subprocess.run([BRINK, *map(str, arguments)], capture_output=True, timeout=60)
        text = (done.stdout + done.stderr).decode(errors="replace")
        self.assertEqual(done.returncode, status, text)
        return text

    def test_the_command_line_shows_a_certificate(self):
        server = ("--server", f"https://127.0.0.1:{self.node.admin_port}", "--ca", self.ca.certificate)
        mine = ("--cert", self.folder / "client.pem", "--key", self.folder / "client.key")
        self.assertIn("done", self.brink("purge", "--all", "--site", "e2e", *server, *mine))
        self.assertIn("deployer", self.brink("audit", *server, *mine))
        self.assertIn("--ca FILE", self.brink("audit", *server[:2], *mine, status=1))
        self.assertIn("client certificate", self.brink("audit", *server, status=1))

    def test_a_silent_client_is_let_go(self):
        node = self.alone("silent", "limits: {handshake_timeout: 200ms}\n")
        with socket.create_connection(("127.0.0.1", node.port), WAIT) as silent:
            try:
                self.assertEqual(silent.recv(1), b"")
            except ConnectionResetError:
                pass
        self.assertEqual(self.count_at(node, "timeout"), 1)
        with socket.create_connection(("127.0.0.1", node.port), WAIT) as wrong:
            wrong.sendall(b"GET / HTTP/1.1\r\n\r\n")
            try:
                while wrong.recv(100):
                    pass
            except ConnectionResetError:
                pass
        self.assertEqual(self.count_at(node, "not-tls"), 1)

    def test_too_many_handshakes(self):
        node = self.alone("busy", "limits: {handshakes_per_second: 1}\n")
        for _ in range(100):
            self.subject(node.port)
            if self.count_at(node, "rate") > 0:
                break
        else:
            self.fail("no handshake was turned away")
        self.until(lambda: self.subject(node.port) == "ecdsa", "the next second")

    def alone(self, name, extra):
        text = node_config(self.origin.port, name=name, extra=extra)
        text = text.replace("listen:\n  - address: 127.0.0.1:0\n",
                            f"listen:\n  - address: 127.0.0.1:0\n    tls: {self.pair('ecdsa')}\n", 1)
        return self.start(Node(name, text, self.folder))

    def count_at(self, node, reason):
        text = self.curl(f"http://127.0.0.1:{node.admin_port}/metrics")
        return int(re.search(rf'^brink_edge_tls_handshake_failures_total{{reason="{reason}"}} (\d+)', text, re.MULTILINE)[1])


if __name__ == "__main__":
    harness.main()
