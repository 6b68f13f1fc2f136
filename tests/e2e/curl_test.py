"""curl as the client of two tiers: each test is a command line that people use, and what must come of it."""

import hashlib
import random
import re
import subprocess

import harness
from harness import DemoOrigin, EndToEnd, Node, node_config


def pattern(length):
    """The body of the demo origin's /bytes/N: byte i is the XOR of the eight bytes of i."""
    return bytes((i ^ i >> 8 ^ i >> 16) & 0xFF for i in range(length))


SIZE = 200_000
BODY = pattern(SIZE)


class Curl(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start(DemoOrigin(cls.folder))
        cls.regional = cls.node("regional", cls.origin.port, role="regional")
        config = node_config(cls.origin.port, name="edge", regional=[cls.regional.port])
        config = config.replace("listen:\n", "listen:\n  - address: 127.0.0.1:0\n"
                                f"    tls: {harness.certificate(cls.folder)}\n")
        cls.edge = cls.start(Node("edge", config, cls.folder))
        tls_port, cls.port = cls.edge.ports
        cls.url, cls.tls_url = f"http://127.0.0.1:{cls.port}", f"https://127.0.0.1:{tls_port}"

    def curl(self, *arguments, status=0, stdin=b""):
        """Runs curl; its standard output as bytes, its standard error in self.said."""
        command = ["curl", "-sS", "--max-time", "30", *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=60)
        self.said = done.stderr.decode(errors="replace")
        self.assertEqual(done.returncode, status, f"{command}\n{self.said}")
        return done.stdout

    def head(self, *arguments):
        """Status line and fields (names in lower case) of what -i or -I shows, and what follows them."""
        head, _, body = self.curl(*arguments).partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        return lines[0], {n.lower(): v for n, v in (line.split(": ", 1) for line in lines[1:])}, body

    def test_a_miss_and_a_hit_with_each_version(self):
        for version, line in (("--http1.1", "HTTP/1.1 200 OK"), ("--http1.0", "HTTP/1.1 200 OK"),
                              ("--http2", "HTTP/1.1 200 OK")):  # the last asks for an upgrade to h2c, which is declined
            for what in ("fwd=uri-miss", "; hit"):
                status, fields, body = self.head(version, "-i", f"{self.url}/bytes/{SIZE}?{version}")
                self.assertEqual(status, line)
                self.assertIn(what, fields["cache-status"].rsplit(", ", 1)[-1])
                self.assertTrue(body == BODY, f"{version} {fields}")

    def test_http_1_0_gets_no_chunks(self):
        path = f"{self.url}/drip?bytes=5000&chunk=1000&ms=2"
        for _ in range(2):
            _, fields, body = self.head("--http1.0", "-i", path)
            self.assertNotIn("transfer-encoding", fields)
            self.assertTrue(body == pattern(5000), fields)

    def test_one_connection_for_several_urls(self):
        urls = [f"{self.url}/bytes/{n}?several" for n in (1, 1000, 70_000, 0)]
        urls += [f"{self.url}/product/3", f"{self.url}/drip?bytes=3000", f"{self.url}/status/404", f"{self.url}/no-store"]
        said = self.curl("-w", "\n@%{num_connects} %{http_code}\n", *urls)
        self.assertEqual(re.findall(rb"\n@(\d+ \d+)\n", said), [b"1 200"] + [b"0 200"] * 5 + [b"0 404", b"0 200"])

    def test_many_at_once(self):
        out = self.folder / "parallel"
        out.mkdir()
        self.curl("-Z", "--parallel-max", 20, "--parallel-immediate", f"{self.url}/bytes/{SIZE}?parallel=[1-40]",
                  "-o", out / "#1")
        digests = {hashlib.sha256(file.read_bytes()).hexdigest() for file in out.iterdir()}
        self.assertEqual((len(list(out.iterdir())), digests), (40, {hashlib.sha256(BODY).hexdigest()}))

    def test_head(self):
        for _ in range(2):
            status, fields, body = self.head("-I", f"{self.url}/bytes/{SIZE}?head")
            self.assertEqual((status, fields["content-length"], body), ("HTTP/1.1 200 OK", str(SIZE), b""))
            self.curl(f"{self.url}/bytes/{SIZE}?head", "-o", "/dev/null")
        self.assertIn("; hit", fields["cache-status"])

    def test_ranges(self):
        url = f"{self.url}/bytes/{SIZE}?range"
        for spec, expected in (("0-99", BODY[:100]), ("-50", BODY[-50:]), ("199990-", BODY[199_990:])):
            for _ in range(2):
                self.assertEqual(self.curl("--range", spec, url), expected, spec)
        status, fields, body = self.head("-i", "-r", "0-9,500-509", url)
        self.assertEqual(status, "HTTP/1.1 206 Partial Content")
        self.assertRegex(fields["content-type"], "^multipart/byteranges; boundary=")
        self.assertIn(BODY[500:510], body)
        self.curl("-f", "-r", "300000-", url, status=22)
        self.assertIn("416", self.said)

    def test_resume(self):
        for name, prefix in (("part", 70_000), ("nothing", 0), ("all but one", SIZE - 1)):
            file = self.folder / name
            file.write_bytes(BODY[:prefix])
            self.curl("-C", "-", "-o", file, f"{self.url}/bytes/{SIZE}?resume-{prefix}")
            self.assertTrue(file.read_bytes() == BODY, name)

    def test_time_conditions(self):
        url = f"{self.url}/bytes/1000"
        code = ("-o", "/dev/null", "-w", "%{http_code}")
        for when, expected in (("1 Jan 2030", b"304"), ("2 Jun 2025 09:00:00 GMT", b"304"), ("1 Jan 2020", b"200")):
            self.assertEqual(self.curl("-z", when, *code, url), expected, when)
        file = self.folder / "kept"
        self.curl("-R", "-o", file, url)  # -R: the file gets Last-Modified as its time
        self.assertEqual(self.curl("-z", file, *code, url), b"304")

    def test_tags(self):
        tag, url = self.folder / "tag", f"{self.url}/product/9"
        self.assertEqual(self.curl("--etag-save", tag, "-o", self.folder / "page", "-w", "%{http_code}", url), b"200")
        self.assertRegex(tag.read_text(), r'^"\w+"')
        self.assertEqual(self.curl("--etag-compare", tag, "-o", self.folder / "again", "-w", "%{http_code}", url), b"304")
        tag.write_text('"another"\n')
        self.assertEqual(self.curl("--etag-compare", tag, "-w", "%{http_code}", url, "-o", self.folder / "again"), b"200")
        self.assertEqual((self.folder / "again").read_bytes(), (self.folder / "page").read_bytes())

    def test_compressed(self):
        url = f"{self.url}/vary/encoding"
        plain = self.curl(url)
        for arguments, coding in ((["--compressed"], "gzip"), (["--compressed", "-H", "Accept-Encoding: gzip"], "gzip"),
                                  (["--compressed", "-H", "Accept-Encoding: br"], "none"), ([], "none")):
            for _ in range(2):
                status, fields, body = self.head("-i", *arguments, url)
                self.assertEqual(status, "HTTP/1.1 200 OK")
                self.assertEqual(body, plain, arguments)
                self.assertRegex(fields.get("content-encoding", "none"), f"^{coding}$")
            self.assertIn("; hit", fields["cache-status"], arguments)
        packed = self.curl("-H", "Accept-Encoding: gzip", url)
        self.assertNotEqual(packed, plain)
        self.assertEqual(packed[:2], b"\x1f\x8b")

    def test_transfer_codings_and_closing(self):
        for arguments in (["--tr-encoding"], ["-H", "Connection: close"], ["-H", "Connection: keep-alive, X-Hop", "-H", "X-Hop: 1"],
                          ["-H", "Accept: */*;q=0.1", "-H", "Cache-Control: max-age=0"], ["-H", "Pragma: no-cache"], ["--raw"]):
            self.assertTrue(self.curl(*arguments, f"{self.url}/bytes/{SIZE}?te") == BODY, arguments)

    def test_redirects(self):
        said = self.curl("-L", "-o", "/dev/null", "-w", "%{http_code} %{num_redirects} %{url_effective}",
                         f"{self.url}/redirect?to=/about")
        self.assertEqual(said.decode(), f"200 1 {self.url}/about")

    def test_uploads(self):
        content = random.Random(3).randbytes(3_000_000)
        file = self.folder / "upload"
        file.write_bytes(content)
        for arguments in (["--data-binary", f"@{file}"], ["--data-binary", f"@{file}", "-H", "Expect: 100-continue"],
                          ["-T", file, "-H", "Expect: 100-continue"], ["-T", "-"], ["--http1.0", "--data-binary", f"@{file}"],
                          ["--data-binary", f"@{file}", "-H", "Transfer-Encoding: chunked"]):
            answer = self.curl("-v", *arguments, f"{self.url}/echo", stdin=content)
            self.assertTrue(answer == content, f"{arguments}: {len(answer)} bytes")
            if "Expect: 100-continue" in arguments:
                self.assertIn("< HTTP/1.1 100 Continue", self.said)

    def test_tls(self):
        url = f"{self.tls_url}/bytes/{SIZE}?tls"
        for what in ("fwd=uri-miss", "; hit"):
            status, fields, body = self.head("-i", "--cacert", self.folder / "cert.pem", url)
            self.assertIn(what, fields["cache-status"].rsplit(", ", 1)[-1])
            self.assertTrue(body == BODY, f"{status} {fields}")
        self.curl("-v", "--tlsv1.3", "--cacert", self.folder / "cert.pem", url, "-o", "/dev/null")
        self.assertRegex(self.said, r"TLSv1\.3")
        self.curl(url, status=60)  # without the certificate: curl trusts nobody

    def test_what_is_refused(self):
        code = ("-o", "/dev/null", "-w", "%{http_code}")
        for arguments, expected in ((["-X", "TRACE"], b"405"), (["-H", "Host:"], b"400"), (["-H", "Transfer-Encoding: gzip"], b"400"),
                                    (["-H", "Content-Length: 5", "-H", "Transfer-Encoding: chunked", "-X", "POST"], b"400"),
                                    (["-H", f"X-Long: {'x' * 60_000}"], b"431"), (["-H", "Expect: miracles"], b"417")):
            self.assertEqual(self.curl(*arguments, *code, f"{self.url}/bytes/10"), expected, arguments)


if __name__ == "__main__":
    harness.main()
