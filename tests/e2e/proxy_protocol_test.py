"""Load balancers in front that say in a PROXY header who the client is: haproxy and nginx, and raw sockets for what no
load balancer would send. Who a connection comes from is its address on loopback: 127.0.0.2 is the load balancer.
"""

import json
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import urllib.request

import harness
from harness import DemoOrigin, EndToEnd, Node, Process, node_config
from real_origin import free_port

PROXY = "127.0.0.2"
PEER = "127.0.0.50"     # in node.peers and purge.methods.allow_from, as the proxy is
CLIENT = "127.0.0.77"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
NGINX_MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")


def v2(command, family, block):
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", len(block)) + block


def addresses(client, port=51000):
    return socket.inet_aton(client) + socket.inet_aton("127.0.0.1") + struct.pack(">HH", port, 443)


def v1(client, port=51000):
    return f"PROXY TCP4 {client} 127.0.0.1 {port} 443\r\n".encode()


class ProxyProtocol(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start(DemoOrigin(cls.folder))
        cls.log = cls.folder / "access.log"
        config = node_config(cls.origin.port, extra=f"purge: {{ methods: {{ allow_from: [{PROXY}/32, {PEER}/32] }} }}\n"
                             "limits: { header_timeout: 2s, connections_per_address: 8 }\n")
        config = config.replace("role: edge\n", f"role: edge\n  peers: [{PROXY}/32, {PEER}/32]\n")
        config = config.replace("access_log: none", f"access_log: {cls.log}")
        config = config.replace("  - address: 127.0.0.1:0\n", f"""\
  - address: 127.0.0.1:0
    proxy_protocol: [{PROXY}/32]
  - address: 127.0.0.1:0
    proxy_protocol: [{PROXY}/32]
    tls: {harness.certificate(cls.folder)}
""", 1)
        cls.node = cls.start(Node("edge", config, cls.folder))
        cls.plain, cls.tls = cls.node.ports

    # raw sockets

    def talk(self, opening, path="/headers", source=PROXY, method="GET", fields=""):
        """What the node sends to `opening` and a request; b"" = it closed the connection."""
        with socket.create_connection(("127.0.0.1", self.plain), 20, source_address=(source, 0)) as link:
            link.sendall(opening + f"{method} {path} HTTP/1.1\r\nHost: e2e.example\r\nConnection: close\r\n{fields}\r\n".encode())
            return self.rest_of(link)

    @staticmethod
    def rest_of(link):
        said = b""
        try:
            while piece := link.recv(65536):
                said += piece
        except ConnectionResetError:
            pass
        return said

    def seen_by_origin(self, *arguments, **options):
        """The fields of the request at the origin."""
        said = self.talk(*arguments, **options)
        self.assertTrue(said.startswith(b"HTTP/1.1 200"), said)
        return self.fields_of(said[said.index(b"{"):said.rindex(b"}") + 1])

    @staticmethod
    def fields_of(body):
        shown = json.loads(body)
        shown = shown.get("headers", shown.get("fields", shown))
        pairs = shown.items() if isinstance(shown, dict) else shown
        return {name.lower(): value for name, value in pairs}

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.node.admin_port}/metrics", timeout=20) as answer:
            lines = [line for line in answer.read().decode().splitlines() if line.startswith(name + " ")]
        return float(lines[0].rsplit(" ", 1)[1]) if lines else 0.0

    def faults(self, reason):
        return self.metric(f'brink_edge_proxy_header_faults_total{{reason="{reason}"}}')

    def test_each_form_names_the_client(self):
        for what, opening in {"v1": v1(CLIENT), "v2": v2(0x21, 0x11, addresses(CLIENT)),
                              "v2-tlv": v2(0x21, 0x11, addresses(CLIENT) + b"\x04\x00\x03pad")}.items():
            fields = self.seen_by_origin(opening, f"/headers?{what}")
            self.assertEqual(fields["x-forwarded-for"], CLIENT, what)
            self.assertIn(f"for={CLIENT}", fields["forwarded"], what)
        six = v2(0x21, 0x21, socket.inet_pton(socket.AF_INET6, "2001:db8::9") + socket.inet_pton(socket.AF_INET6, "::1") +
                 struct.pack(">HH", 1, 2))
        self.assertEqual(self.seen_by_origin(six, "/headers?six")["x-forwarded-for"], "2001:db8::9")

    def test_a_header_that_arrives_byte_by_byte(self):
        for opening in (v1(CLIENT), v2(0x21, 0x11, addresses(CLIENT))):
            with socket.create_connection(("127.0.0.1", self.plain), 20, source_address=(PROXY, 0)) as link:
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for at in range(len(opening)):
                    link.sendall(opening[at:at + 1])
                link.sendall(b"GET /bytes/10 HTTP/1.1\r\nHost: e2e.example\r\nConnection: close\r\n\r\n")
                self.assertTrue(self.rest_of(link).startswith(b"HTTP/1.1 200"))

    def test_where_no_client_is_named_the_address_stays_and_nobody_is_trusted(self):
        evil = "X-Forwarded-Host: evil.example\r\n"
        for what, opening in {"unknown": b"PROXY UNKNOWN\r\n", "local": v2(0x20, 0, b""), "unspec": v2(0x21, 0, b"")}.items():
            fields = self.seen_by_origin(opening, f"/headers?{what}", fields=evil)
            self.assertEqual(fields["x-forwarded-for"], PROXY, what)
            self.assertEqual(fields["x-forwarded-host"], "e2e.example", what)  # though the proxy's address is a peer's
            self.assertTrue(self.talk(opening, "/headers", method="PURGE").startswith(b"HTTP/1.1 405"), what)

    def test_trust_goes_by_the_client_that_is_named(self):
        evil = "X-Forwarded-Host: inner.example\r\n"
        self.assertEqual(self.seen_by_origin(v1(CLIENT), "/headers?trust-1", fields=evil)["x-forwarded-host"], "e2e.example")
        self.assertEqual(self.seen_by_origin(v1(PEER), "/headers?trust-2", fields=evil)["x-forwarded-host"], "inner.example")
        self.assertTrue(self.talk(v1(CLIENT), method="PURGE").startswith(b"HTTP/1.1 405"))
        self.assertTrue(self.talk(v1(PEER), method="PURGE").startswith(b"HTTP/1.1 200"))

    def test_others_are_served_without_a_header_and_cannot_send_one(self):
        fields = self.seen_by_origin(b"", "/headers?direct", source=CLIENT)
        self.assertEqual(fields["x-forwarded-for"], CLIENT)
        for opening in (v1(PEER), v2(0x21, 0x11, addresses(PEER))):
            said = self.talk(opening, "/headers?spoofed", source=CLIENT)
            self.assertNotIn(b" 200 ", said.split(b"\r\n")[0])
        self.assertNotIn("/headers?spoofed", str(self.origin.requests()))

    def test_what_is_no_header_ends_the_connection(self):
        for reason, opening in {"signature": b"", "address": b"PROXY TCP4 evil 127.0.0.1 1 2\r\n", "line": b"PROXY " + b"x" * 200,
                                "command": v2(0x2f, 0x11, addresses(CLIENT)), "too-long": SIGNATURE + b"\x21\x11\xff\xff",
                                "version": v2(0x11, 0x11, addresses(CLIENT)), "family": v2(0x21, 0x99, b""),
                                "extension": v2(0x21, 0x11, addresses(CLIENT) + b"\x04\x00\x09x"),
                                "checksum": v2(0x21, 0x11, addresses(CLIENT) + b"\x03\x00\x04abcd")}.items():
            before, limit = self.faults(reason), self.metric('brink_edge_limit_total{limit="proxy-header"}')
            self.assertEqual(self.talk(opening, f"/headers?bad-{reason}"), b"", reason)
            self.assertEqual(self.faults(reason), before + 1, reason)
            self.assertEqual(self.metric('brink_edge_limit_total{limit="proxy-header"}'), limit + 1)
        self.assertNotIn("bad-", str(self.origin.requests()))
        self.node.wait_for(r"closed a connection of 127\.0\.0\.2, of listen\[\]\.proxy_protocol: the PROXY header is malformed")

    def test_a_header_that_does_not_come(self):
        before = self.faults("none")
        for opening in (b"", b"PROXY TCP4 ", SIGNATURE):
            with socket.create_connection(("127.0.0.1", self.plain), 20, source_address=(PROXY, 0)) as link:
                link.sendall(opening)
                self.assertEqual(self.rest_of(link), b"")  # after header_timeout
        self.assertEqual(self.faults("none"), before + 3)

    def test_connections_are_counted_by_the_client(self):
        def hold(client):
            link = socket.create_connection(("127.0.0.1", self.plain), 20, source_address=(PROXY, 0))
            link.sendall(v1(client) + b"GET /bytes/1 HTTP/1.1\r\nHost: e2e.example\r\n\r\n")
            return link, link.recv(4096).split(b"\r\n")[0]

        held = [hold("192.0.2.9") for _ in range(9)]
        self.assertEqual([line for _, line in held], [b"HTTP/1.1 200 OK"] * 8 + [b"HTTP/1.1 503 Service Unavailable"])
        held += [hold(f"192.0.2.{n}") for n in range(10, 20)]  # many more connections of the proxy than one client may have
        self.assertEqual({line for _, line in held[9:]}, {b"HTTP/1.1 200 OK"})
        for link, _ in held:
            link.close()

    # real load balancers

    def curl(self, port, path, *arguments, scheme="http", client=CLIENT):
        command = ["curl", "-sSk", "--max-time", "20", "--interface", client, *arguments, f"{scheme}://127.0.0.1:{port}{path}"]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def check_through(self, name, plain, tls):
        fields = self.fields_of(self.curl(plain, f"/headers?{name}"))
        self.assertEqual(fields["x-forwarded-for"], CLIENT)
        for version in ("--http1.1", "--http2"):
            fields = self.fields_of(self.curl(tls, f"/headers?{name}{version}", version, scheme="https"))
            self.assertEqual((fields["x-forwarded-for"], fields["x-forwarded-proto"]), (CLIENT, "https"))
        wanted = {f"/headers?{name}", f"/headers?{name}--http1.1", f"/headers?{name}--http2"}
        found = self.logged(wanted)
        self.assertEqual({record["client"] for record in found}, {CLIENT})

    def logged(self, targets):
        deadline = harness.time.monotonic() + 20
        while True:
            records = [json.loads(line) for line in self.log.read_text().rpartition("\n")[0].splitlines()]
            found = [r for r in records if any(t in json.dumps(r) for t in targets)]
            if len(found) >= len(targets):
                return found
            self.assertLess(harness.time.monotonic(), deadline, records[-3:])
            harness.time.sleep(0.02)

    def wait_for_port(self, port):
        deadline = harness.time.monotonic() + 20
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), 1).close()
            except ConnectionRefusedError:
                self.assertLess(harness.time.monotonic(), deadline)
                harness.time.sleep(0.02)

    def test_haproxy(self):
        ports = {name: free_port() for name in ("one", "one_tls", "two", "two_tls", "status")}
        sends = {"one": "send-proxy", "two": "send-proxy-v2 proxy-v2-options crc32c,unique-id check check-send-proxy inter 100ms"}
        config = "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n"
        for name, how in sends.items():
            for suffix, port in (("", self.plain), ("_tls", self.tls)):
                config += (f"listen {name}{suffix}\n  bind 127.0.0.1:{ports[name + suffix]}\n"
                           f"  server node 127.0.0.1:{port} {how} source {PROXY}\n")
        file = self.folder / "haproxy.cfg"
        file.write_text(config)
        program = shutil.which("haproxy") or "/usr/sbin/haproxy"
        haproxy = self.start(Process("haproxy", [program, "-db", "-f", file], self.folder / "haproxy.log"))
        self.addCleanup(haproxy.stop, signal.SIGUSR1)  # its orderly end
        before = self.metric('brink_edge_limit_total{limit="proxy-header"}')
        for name in sends:
            self.wait_for_port(ports[name])
            self.check_through(f"haproxy-{name}", ports[name], ports[name + "_tls"])
        self.assertEqual(self.metric('brink_edge_limit_total{limit="proxy-header"}'), before)  # its own checks (LOCAL) included

    def test_nginx(self):
        plain, tls = free_port(), free_port()
        servers = "".join(f"server {{ listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{to}; proxy_protocol on; proxy_bind {PROXY}; }}\n"
                          for port, to in ((plain, self.plain), (tls, self.tls)))
        file = self.folder / "stream.conf"
        file.write_text(f"daemon off;\nmaster_process off;\npid {self.folder}/stream.pid;\nload_module {NGINX_MODULE};\n"
                        f"error_log {self.folder}/stream-error.log;\nevents {{ }}\nstream {{\n{servers}}}\n")
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.start(Process("nginx", [program, "-p", self.folder, "-c", file, "-e", self.folder / "stream-error.log"],
                           self.folder / "stream.log"))
        self.wait_for_port(plain)
        self.check_through("nginx", plain, tls)


if __name__ == "__main__":
    harness.main()
