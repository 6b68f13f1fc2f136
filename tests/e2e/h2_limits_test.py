"""HTTP/2 as an attacker uses it: each is cut off with its reason, counted and named in the log, while others are served.

Every attacker comes from an address of its own (127.0.0.N), so that the log can name it, and a bystander on the same node
asks on, all the time.
"""

import threading

import h2_frames as h2
import h2_hpack as hpack
import harness
from h2_attack import CALM, Attacked, Bystander
from h2_client import Unexpected

LIMITS = """\
limits:
  header_bytes: 16KiB
  http2:
    { streams: 100, resets: 50, pings: 20, settings: 20, empty_frames: 20, window_updates: 100, priorities: 30, continuations: 4 }
"""
LARGE = "/bytes/5000000"
TRAILERS = hpack.block([("x-test", "ok")])


class Floods(Attacked):
    extra = LIMITS

    def test_rapid_reset(self):
        """CVE-2023-44487: requests that are cancelled at once."""
        sent = []
        def attack(c):
            sent.append(self.flood(c, lambda n: c.request(2 * n + 1, path="/slow?ms=1") + h2.rst_stream(2 * n + 1)))
        self.cut("http2-resets", attack)
        self.assertLess(sent[0], 1000)

    def test_rapid_reset_of_hits(self):
        self.cut("http2-resets", lambda c: self.flood(c, lambda n: c.request(2 * n + 1) + h2.rst_stream(2 * n + 1)))

    def test_made_you_reset(self):
        """CVE-2025-8671: what makes the server reset the stream costs the client a reset too."""
        ways = {
            "a window that overflows": lambda c, s: c.post(s) + h2.window_update(s, h2.MAX_WINDOW),
            "a body longer than Content-Length": lambda c, s: c.post(s, ("content-length", "1"), body=b"test"),
            "a body shorter than Content-Length": lambda c, s: c.post(s, ("content-length", "9"), body=b"test"),
            "a malformed field": lambda c, s: c.request(s, ("X-Upper", "x")),
            "a malformed pseudo-header field": lambda c, s: c.request(s, path=""),
            "a connection-specific field": lambda c, s: c.request(s, ("connection", "close")),
            "trailers that do not end the stream": lambda c, s: c.post(s) + h2.headers(s, TRAILERS, h2.END_HEADERS),
        }
        for what, frames in ways.items():
            with self.subTest(what):
                self.cut("http2-resets", lambda c, f=frames: self.flood(c, lambda n: f(c, 2 * n + 1)))

    def test_made_you_reset_by_errors_of_the_connection(self):
        """These the server may take for the connection's end at once; or it resets the stream, and counts."""
        ways = {
            "WINDOW_UPDATE of 0": lambda c, s: c.post(s) + h2.window_update(s, 0),
            "DATA after END_STREAM": lambda c, s: c.request(s, path=f"/slow?ms=300&{s}") + h2.data(s, b"x"),
            "HEADERS after END_STREAM": lambda c, s: c.request(s, path=f"/slow?ms=300&{s}") + c.request(s),
            "a stream that depends on itself": lambda c, s: c.request(s, priority=h2.dependency(on=s)),
            "PRIORITY of 4 bytes": lambda c, s: c.post(s) + h2.frame(h2.PRIORITY, 0, s, bytes(4)),
            "DATA beyond the frame size": lambda c, s: c.post(s, body=b"x" * (h2.MAX_FRAME + 1)),
        }
        codes = (h2.ENHANCE_YOUR_CALM, h2.PROTOCOL_ERROR, h2.STREAM_CLOSED, h2.FRAME_SIZE_ERROR)
        for what, frames in ways.items():
            with self.subTest(what), Bystander(self.edge.port):
                c = self.attacker("http2-resets")
                self.assertLess(self.flood(c, lambda n, f=frames: f(c, 2 * n + 1)), 3000)
                c.goaway(*codes)

    def test_settings(self):
        self.cut("http2-settings", lambda c: self.flood(c, lambda n: h2.settings((h2.ENABLE_PUSH, 0))))

    def test_empty_settings(self):
        self.cut("http2-settings", lambda c: self.flood(c, lambda n: h2.settings()))

    def test_changing_windows(self):
        """SETTINGS_INITIAL_WINDOW_SIZE up and down: each change is work for every open stream."""
        def attack(c):
            c.send(h2.settings((h2.INITIAL_WINDOW_SIZE, 0)), *(c.request(s) for s in range(1, 41, 2)))
            self.flood(c, lambda n: h2.settings((h2.INITIAL_WINDOW_SIZE, n % 2)))
        self.cut("http2-settings", attack)

    def test_one_frame_of_many_settings(self):
        """A frame can hold 2,730 values. It is taken, or the connection ends; nobody else notices."""
        with Bystander(self.edge.port):
            c = self.attacker("http2-settings")
            for _ in range(10):
                c.send(h2.settings(*[(h2.INITIAL_WINDOW_SIZE, n) for n in range(2700)]))
            c.wait(lambda: c.acknowledged >= 11 or c.closed, "ten acknowledgements, or the end")

    def test_pings(self):
        self.cut("http2-pings", lambda c: self.flood(c, lambda n: h2.ping(b"%08d" % n)))

    def test_pings_that_nobody_reads_the_answers_of(self):
        def attack(c):
            for _ in range(100):
                c.send(h2.ping() * 100)
        self.cut("http2-pings", attack, receive_buffer=4096)

    def test_empty_data(self):
        def attack(c):
            c.send(c.post(1))
            self.flood(c, lambda n: h2.data(1))
        self.cut("http2-empty-frames", attack)

    def test_data_of_padding_only(self):
        def attack(c):
            c.send(c.post(1))
            self.flood(c, lambda n: h2.data(1, b"", padding=0))
        self.cut("http2-empty-frames", attack)

    def test_priorities(self):
        self.cut("http2-priorities", lambda c: self.flood(c, lambda n: h2.priority(2 * n + 1, weight=1 + n % 256)))

    def test_priority_updates(self):
        self.cut("http2-priorities", lambda c: self.flood(c, lambda n: h2.priority_update(1, b"u=%d" % (n % 8))))

    def test_window_updates(self):
        self.cut("http2-window-updates", lambda c: self.flood(c, lambda n: h2.window_update(0, 1)))

    def test_continuations(self):
        """Of a header block that never ends."""
        for what, fragment in (("small", hpack.literal("x", "y")), ("empty", b""), ("large", hpack.literal("x", "y" * 16_000))):
            with self.subTest(what):
                def attack(c, fragment=fragment):
                    c.send(h2.headers(1, c.block(), h2.END_STREAM))
                    self.flood(c, lambda n: h2.continuation(1, fragment, 0), at_once=1)
                self.cut("http2-continuations|header-bytes", attack)

    def test_a_hpack_bomb(self):
        """One entry of 4,000 bytes, and ten thousand times its index: 40 MB out of 14 KB."""
        bomb = hpack.literal("x-bomb", "b" * 4000, hpack.INCREMENTAL) + hpack.indexed(62) * 10_000
        before = self.counted("header-bytes")
        with Bystander(self.edge.port):
            c = self.attacker("header-bytes")
            for stream in range(1, 401, 2):
                c.send(h2.headers(stream, c.block() + bomb))
                if not c.poll():
                    break
            state = c.streams[1]
            c.wait(lambda: state.status or state.error is not None or c.goaways, "431, RST_STREAM or GOAWAY")
            if not (state.status == 431 or state.error or (c.goaways and c.goaways[-1].error == h2.ENHANCE_YOUR_CALM)):
                raise Unexpected("a refusal", c.story())
        self.assertGreater(self.counted("header-bytes"), before)

    def test_a_field_list_beyond_the_limit(self):
        before = self.counted("header-bytes")
        with Bystander(self.edge.port):
            c = self.attacker("header-bytes")
            block = c.block(("x-long", "v" * 9000), ("x-longer", "v" * 9000))
            c.send(h2.headers(1, block[:h2.MAX_FRAME], h2.END_STREAM), h2.continuation(1, block[h2.MAX_FRAME:]))
            c.response(1, 431)
            c.alive()
        self.assertEqual(self.counted("header-bytes"), before + 1)

    def test_too_many_fields(self):
        before = self.counted("header-fields")
        c = self.attacker("header-fields")
        c.send(c.request(1, *((f"x-{n}", "v") for n in range(200))))
        c.response(1, 431)
        c.alive()
        self.assertEqual(self.counted("header-fields"), before + 1)

    def test_too_many_streams(self):
        """Before a client has acknowledged the limit, a stream beyond it is refused; the others are served."""
        before = self.counted("http2-streams")
        with Bystander(self.edge.port):
            c = self.attacker("http2-streams", handshake=False, acknowledge=False)
            c.send(h2.PREFACE, h2.settings((h2.INITIAL_WINDOW_SIZE, 0)), *(c.request(s) for s in range(1, 211, 2)))
            for stream in range(201, 211, 2):
                c.stream_error(stream, h2.REFUSED_STREAM)
            self.assertEqual((c.settings[h2.MAX_CONCURRENT_STREAMS], c.goaways), (100, []))
            c.send(h2.settings(flags=h2.ACK), h2.settings((h2.INITIAL_WINDOW_SIZE, 65535)), h2.window_update(0, 1 << 20))
            for stream in range(1, 201, 2):
                self.assertEqual(len(c.response(stream, 200).body), 1000)
            c.send(c.request(211))
            c.response(211, 200)
        self.assertEqual(self.counted("http2-streams"), before + 5)

    def test_too_many_streams_knowingly(self):
        """After it has acknowledged the limit, it breaks the protocol (RFC 9113 section 5.1.2)."""
        with Bystander(self.edge.port):
            c = self.attacker("http2-streams", settings=((h2.INITIAL_WINDOW_SIZE, 0),))
            c.send(*(c.request(s) for s in range(1, 211, 2)))
            c.stream_error(201, h2.REFUSED_STREAM, h2.PROTOCOL_ERROR)

    def test_unknown_frames_disturb_nobody(self):
        with Bystander(self.edge.port):
            c = self.attacker("none")
            for _ in range(200):
                c.send(h2.frame(h2.UNKNOWN, 0, 0, b"x") * 100)
            c.alive(timeout=30)


class Patience(Attacked):
    """What a client may keep waiting, and for how long."""
    extra = """\
limits: { header_timeout: 1s, body_timeout: 1s, idle_timeout: 1s, write_timeout: 2s, http2: { streams: 20 } }
"""

    def expires(self, limit, attack, codes, **options):
        """The connection ends by itself; another one is served meanwhile."""
        before = self.counted(limit)
        with Bystander(self.edge.port):
            c = self.attacker(limit, **options)
            attack(c)
            c.goaway(*codes) if codes else c.wait_closed()
        self.assertGreater(self.counted(limit), before, f"not counted as {limit}: {c.story()}")
        return c

    def test_idle(self):
        self.expires("idle-timeout", lambda c: None, (h2.NO_ERROR,))

    def test_idle_after_a_response(self):
        def attack(c):
            c.send(c.request())
            c.response(1, 200)
        self.expires("idle-timeout", attack, (h2.NO_ERROR,))

    def test_half_a_preface(self):
        self.expires("header-timeout", lambda c: c.send(h2.PREFACE[:10]), None, handshake=False)

    def test_a_preface_without_settings(self):
        self.expires("header-timeout", lambda c: c.send(h2.PREFACE), CALM, handshake=False, acknowledge=False)

    def test_half_a_frame(self):
        """The head of a SETTINGS frame that never comes."""
        self.expires("header-timeout|idle-timeout", lambda c: c.send(h2.settings((1, 1))[:7]), CALM + (h2.NO_ERROR,))

    def test_a_header_block_that_does_not_end(self):
        self.expires("header-timeout", lambda c: c.send(h2.headers(1, c.block(), h2.END_STREAM)), CALM)

    def test_a_body_that_stops(self):
        before = self.counted("body-timeout")
        with Bystander(self.edge.port):
            c = self.attacker("body-timeout")
            c.send(c.post(1), h2.data(1, b"some"))
            state = c.streams[1]
            c.wait(lambda: state.status or state.error is not None or c.failed(), "408 or RST_STREAM")
            if state.error is None and state.status != 408:
                raise Unexpected("408 or RST_STREAM", c.story())
        self.assertGreater(self.counted("body-timeout"), before)

    def test_windows_of_zero(self):
        """Responses that the client never gives a window for are cut, and forgotten."""
        before = self.counted("write-timeout")
        with Bystander(self.edge.port):
            c = self.attacker("write-timeout", settings=((h2.INITIAL_WINDOW_SIZE, 0),))
            c.send(*(c.request(s, path=f"{LARGE}?{s}") for s in range(1, 41, 2)))
            for stream in range(1, 41, 2):
                c.wait(lambda s=stream: c.streams[s].error is not None or c.closed, f"the end of stream {stream}", 20)
        self.assertGreater(self.counted("write-timeout"), before)

    def test_a_window_of_one_byte_at_a_time(self):
        """As long as there is some progress the stream lives on; then not."""
        with Bystander(self.edge.port):
            c = self.attacker("write-timeout", settings=((h2.INITIAL_WINDOW_SIZE, 1),))
            c.send(c.request(1, path=LARGE))
            for n in range(1, 6):
                c.wait(lambda n=n: len(c.streams[1].body) >= n, f"byte {n}")
                c.send(h2.window_update(1, 1))
            c.wait(lambda: c.streams[1].error is not None or c.closed, "the end of the stream", 20)

    def test_a_client_that_reads_nothing(self):
        """All windows are wide, and nobody takes what comes."""
        before = self.counted("write-timeout")
        with Bystander(self.edge.port):
            c = self.attacker("write-timeout", receive_buffer=4096, settings=((h2.INITIAL_WINDOW_SIZE, h2.MAX_WINDOW),))
            c.send(h2.window_update(0, h2.MAX_WINDOW - h2.DEFAULT_WINDOW))
            c.send(*(c.request(s, path=f"{LARGE}?{s}") for s in range(1, 41, 2)))
            deadline = threading.Event()
            for _ in range(200):  # not reading, and looking at the metric in place of the socket
                if self.counted("write-timeout") > before or deadline.wait(0.05):
                    break
        self.assertGreater(self.counted("write-timeout"), before)

    def test_pings_do_not_keep_an_idle_connection(self):
        before = self.counted("idle-timeout")
        c = self.attacker("idle-timeout")
        pause = threading.Event()
        for n in range(60):
            if not c.poll() or pause.wait(0.1):
                break
            c.send(h2.ping(b"%08d" % n))
        c.goaway(h2.NO_ERROR)
        self.assertGreater(self.counted("idle-timeout"), before)


if __name__ == "__main__":
    harness.main()
