"""HTTP/2 conformance: every case of the tables on a clear-text listener (prior knowledge) and on one with TLS (ALPN).

    tests/e2e/h2_conformance_test.py                     all cases
    BRINK_H2_CASES=9113/8 tests/e2e/h2_conformance_test.py    those whose number begins so

The tables are h2_conformance_*.py; the first four are the public suite's cases in its order and with its numbers.
"""

import os

import harness
import h2_case
import h2_hpack as hpack
from h2_client import Connection, tls_context
from h2_conformance_connection import CONNECTION
from h2_conformance_fields import FIELDS
from h2_conformance_generic import GENERIC, HPACK
from h2_conformance_http2 import FRAMES, MESSAGES
from harness import DemoOrigin, EndToEnd, Node, node_config

PUBLIC = GENERIC + FRAMES + MESSAGES + HPACK
CASES = PUBLIC + CONNECTION + FIELDS
ONLY = os.environ.get("BRINK_H2_CASES", "")
PAGE = harness.ROOT / "docs/http2-conformance.md"
PAGE_HEAD = """\
# HTTP/2 conformance: the cases

What `tests/e2e/h2_conformance_test.py` tries on a listener without TLS and on one with it. This page is made from the
tables (`BRINK_UPDATE_DOCS=1 tests/e2e/h2_conformance_test.py`).

The numbers of `generic/`, `http2/` and `hpack/` are those of the public conformance suite for HTTP/2 (RFC 7540's sections),
of which they are every case, written anew. The others name an RFC and its section: 9113 (HTTP/2), 7541 (HPACK), 9218
(priorities), 8441 (extended CONNECT), 9110 (HTTP).

| case | what holds |
|---|---|
"""


def two_listeners(origin_port, folder, **options):
    """A node's configuration with a clear-text listener first and one with TLS second."""
    config = node_config(origin_port, **options)
    return config.replace("  - address: 127.0.0.1:0\n", "  - address: 127.0.0.1:0\n  - address: 127.0.0.1:0\n"
                          f"    tls: {harness.certificate(folder)}\n", 1)


class Conformance(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start(DemoOrigin(cls.folder))
        cls.edge = cls.start(Node("edge", two_listeners(cls.origin.port, cls.folder, name="edge"), cls.folder))
        cls.port, cls.tls_port = cls.edge.ports
        cls.timeout = 15.0 if harness.SANITIZED else 3.0

    def run_on(self, what, connect):
        failures = h2_case.run_all(CASES, connect, only=ONLY)
        count = sum(number.startswith(ONLY) for number, _ in h2_case.numbered(CASES))
        print(f"\n{what}: {count - len(failures)} of {count} cases", flush=True)
        self.assertTrue(self.edge.running(), "the node ended")
        self.assertEqual(failures, [], "\n" + "\n".join(map(str, failures)))

    def test_clear_text(self):
        self.run_on("clear text", lambda handshake: Connection(self.port, timeout=self.timeout, handshake=handshake))

    def test_tls(self):
        context = tls_context("h2")
        self.run_on("TLS", lambda handshake: Connection(self.tls_port, context, self.timeout, handshake))

    def test_the_public_suite_is_whole(self):
        """146 cases and the strict one of 5.4.1."""
        self.assertEqual(len(PUBLIC), 147)
        sentences = [(case.section, case.sentence) for case in CASES]
        repeated = {s for s in sentences if sentences.count(s) > 1 and s[0] != "generic/5"}
        self.assertEqual(repeated, set(), "two cases say the same")

    def test_the_decoder(self):
        """What the cases see goes through it: RFC 7541 appendix C.4, Huffman coding and a dynamic table."""
        decoder, first = hpack.Decoder(), [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")]
        third = [(":method", "GET"), (":scheme", "https"), (":path", "/index.html"), (":authority", "www.example.com")]
        for block, fields in (("828684418cf1e3c2e5f23a6ba0ab90f4ff", first),
                              ("828684be5886a8eb10649cbf", first + [("cache-control", "no-cache")]),
                              ("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", third + [("custom-key", "custom-value")])):
            self.assertEqual(decoder.decode(bytes.fromhex(block)), fields)
        self.assertEqual((len(decoder.table), decoder.size), (3, 164))
        self.assertEqual(hpack.huffman(b"www.example.com").hex(), "f1e3c2e5f23a6ba0ab90f4ff")

    def test_the_page_lists_every_case(self):
        rows = [f"| {number} | {case.sentence.replace('|', chr(92) + '|')} |" for number, case in h2_case.numbered(CASES)]
        page = PAGE_HEAD + "\n".join(rows) + "\n"
        if os.environ.get("BRINK_UPDATE_DOCS"):
            PAGE.write_text(page)
        self.assertEqual(PAGE.read_text(), page, "written anew with BRINK_UPDATE_DOCS=1")


if __name__ == "__main__":
    harness.main()
