"""Chromium looks at the demo shop through two tiers: pages, styles, scripts, images, and what scripts fetch. Over HTTP/1.1, then over
HTTP/2 with TLS.

Fresh profiles, headless, loopback only. What it asked for and got is in the edge's access log; what the origin was
asked, in the origin's own count.
"""

import json
import os
import shutil
import signal
import struct
import subprocess
import time
import zlib

import harness
from harness import DemoOrigin, EndToEnd, Node, node_config

FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
         "--disable-component-update --disable-sync --disable-dev-shm-usage --disable-breakpad --no-proxy-server "
         "--hide-scrollbars --window-size=480,640 --virtual-time-budget=10000").split()
ONLY_LOOPBACK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
# Never cached, by the shop's own word: how many are left.
UNCACHED = "/api/stock/"


def colours(png):
    """How many different colours a PNG of 8 bits a channel has (RFC 2083: filters 0 to 4, no interlacing)."""
    at, packed = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        data = png[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", data[:10])
        packed += data if kind == b"IDAT" else b""
        at += 12 + length
    channels = {2: 3, 6: 4}[colour]
    stride, raw, above, seen = width * channels, zlib.decompress(packed), bytearray(width * channels), set()
    assert depth == 8 and len(raw) == (stride + 1) * height
    for y in range(height):
        row = unfilter(raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)]), above, channels)
        seen.update(bytes(row[x:x + 3]) for x in range(0, stride, channels))
        above = row
    return len(seen)


def unfilter(kind, row, above, channels):
    for i in range(len(row)) if kind else ():
        left = row[i - channels] if i >= channels else 0
        up, corner = above[i], above[i - channels] if i >= channels else 0
        if kind == 4:
            estimate = left + up - corner
            nearest = min((abs(estimate - left), 0, left), (abs(estimate - up), 1, up), (abs(estimate - corner), 2, corner))
        row[i] = row[i] + (left, up, (left + up) // 2, kind == 4 and nearest[2])[kind - 1] & 0xFF
    return row


class Chromium(EndToEnd):
    scheme, protocol, flags = "http", "1.1", ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start(DemoOrigin(cls.folder))
        cls.regional = cls.node("regional", cls.origin.port, role="regional")
        cls.log = cls.folder / "access.jsonl"
        config = node_config(cls.origin.port, name="edge", regional=[cls.regional.port])
        if cls.scheme == "https":
            tls = f"    tls: {harness.certificate(cls.folder)}\n"
            config = config.replace("- address: 127.0.0.1:0\n", "- address: 127.0.0.1:0\n" + tls, 1)
        cls.edge = cls.start(Node("edge", config.replace("access_log: none", f"access_log: {cls.log}"), cls.folder))
        cls.browser = shutil.which("chromium") or "/usr/bin/chromium"

    def setUp(self):
        self.seen = self.log.read_text().count("\n") if self.log.exists() else 0

    def visit(self, profile, page, *how):
        """One page with a profile, which is new if it was never used. Returns standard output."""
        home = self.folder / profile
        environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}
        url = f"{self.scheme}://127.0.0.1:{self.edge.port}{page}"
        command = [self.browser, *FLAGS, *self.flags, ONLY_LOOPBACK, f"--user-data-dir={home}", *how, url]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=environment, start_new_session=True)
        try:
            out, errors = child.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raise AssertionError(f"chromium did not end: {child.communicate()[1].decode(errors='replace')[-3000:]}") from None
        self.assertEqual(child.returncode, 0, errors.decode(errors="replace")[-3000:])
        return out

    def answered(self, *targets):
        """The edge's records since this was last called, once `targets` are among them."""
        deadline = time.monotonic() + 20
        while True:
            lines = self.log.read_text().rpartition("\n")[0].splitlines()[self.seen:]
            records = [json.loads(line) for line in lines]
            if {*targets} <= {r["target"] for r in records}:
                self.seen += len(lines)
                return records
            self.assertLess(time.monotonic(), deadline, f"{targets} not among {[r['target'] for r in records]}")
            time.sleep(0.02)

    def cacheable_requests(self):
        return {url: n for url, n in self.origin.requests().items() if not url.startswith(UNCACHED)}

    def test_a_shop_in_a_browser(self):
        pages = {"/product/7": ("/images/product-7.svg", "/api/stock/7"), "/about": ("/images/harbour.png",)}
        for page, parts in pages.items():
            dom = self.visit(f"first{page[:3].replace('/', '-')}", page, "--dump-dom").decode()
            records = self.answered(page, *parts)
            self.check(records, ("miss", "hit"))
            self.assertIn("</html>", dom)
            if page == "/product/7":
                self.assertIn("left on the shelf", dom, "what the script fetched is not on the page")
                kinds = [r["target"].split("?")[0].rsplit(".", 1)[-1] for r in records]
                self.assertTrue({"css", "js", "svg"} <= set(kinds), kinds)
        before = self.cacheable_requests()
        self.assertEqual(set(before.values()), {1}, "the origin was asked twice for the same")
        for page, parts in pages.items():
            picture = self.folder / "picture.png"
            self.visit(f"second{page[:3].replace('/', '-')}", page, f"--screenshot={picture}")
            self.check(self.answered(page, *parts), ("hit",))
            self.assertGreater(colours(picture.read_bytes()), 200, f"{page}: no picture of a page with pictures")
            keep = os.environ.get("BRINK_E2E_PICTURES")
            if keep:
                shutil.copy(picture, os.path.join(keep, f"{page[1:].replace('/', '-')}.png"))
        self.assertEqual(self.cacheable_requests(), before, "the second visit cost the origin something")
        self.visit("first-pr", "/product/7", "--dump-dom")
        (page, *_) = [r for r in self.answered("/product/7") if r["target"] == "/product/7"]
        # What came under a certificate that it was told to overlook, Chromium does not keep.
        expected = 304 if self.scheme == "http" else 200
        self.assertEqual((page["status"], page["result"]), (expected, "hit"), "a browser's own stored page is validated by the edge")
        self.assertEqual(self.cacheable_requests(), before)

    def check(self, records, results):
        """Every answer whole, or a 304 where the browser had it already: the shop's script asks for its page again."""
        known = set()
        for r in records:
            self.assertIn("Chrome/", r["user_agent"])
            self.assertEqual(r["http"], self.protocol)
            self.assertIn(r["status"], (200, 304) if r["target"] in known else (200,), r)
            if not r["target"].startswith(UNCACHED):
                self.assertIn(r["result"], results, r)
            known.add(r["target"])


class ChromiumOverHttp2(Chromium):
    scheme, protocol, flags = "https", "2", ("--ignore-certificate-errors",)

    def test_the_browser_says_h2(self):
        """One connection for a page and its parts, which the browser's own log calls HTTP/2."""
        log = self.folder / "net.json"
        self.visit("log", "/product/7", f"--log-net-log={log}", "--dump-dom")
        records = self.answered("/product/7", "/images/product-7.svg", "/api/stock/7")
        seen = json.loads(log.read_text())
        kinds = {number: name for name, number in seen["constants"]["logEventTypes"].items()}
        asked = [e["params"]["headers"] for e in seen["events"]
                 if kinds[e["type"]] == "HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS" and "headers" in e.get("params", {})]
        paths = {line.split(": ", 1)[1] for headers in asked for line in headers if line.startswith(":path: ")}
        self.assertEqual({r["target"] for r in records} - paths, set(), "not asked over HTTP/2")
        agreed = {e["params"]["next_proto"] for e in seen["events"] if "next_proto" in e.get("params", {})}
        self.assertEqual(agreed, {"h2"})


if __name__ == "__main__":
    harness.main()
