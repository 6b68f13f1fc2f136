"""What an HTTP/2 request becomes at the origin, and its response at the client: nothing lost, nothing smuggled."""

import json
import signal
import ssl
import socket

import h2_frames as h2
import h2_hpack as hpack
import harness
from h2_client import AUTHORITY, Connection, tls_context
from h2_conformance_test import two_listeners
from h2_mirror import Mirror
from harness import DemoOrigin, EndToEnd, Node, node_config
from http_client import Connection as Http1


class Semantics(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mirror = Mirror()
        cls.addClassCleanup(cls.mirror.stop)
        cls.edge = cls.start(Node("edge", two_listeners(cls.mirror.port, cls.folder, name="edge"), cls.folder))
        cls.port, cls.tls_port = cls.edge.ports

    def connect(self, **options):
        connection = Connection(self.port, timeout=10.0, **options)
        self.addCleanup(connection.close)
        return connection

    def asked(self, *extra, stream=1, connection=None, **of):
        """Sends a request; what the origin got."""
        c = connection or self.connect()
        c.send(c.request(stream, *extra, **{"path": "/x", **of}))
        return json.loads(bytes(c.response(stream, 200).body))

    def values(self, request, name):
        return [v for n, v in request["fields"] if n == name]

    def test_the_request_line_and_host(self):
        request = self.asked(path="/a/b?c=d&e", authority="shop.example:8080")
        self.assertEqual(request["line"], "GET /a/b?c=d&e HTTP/1.1")
        self.assertEqual(self.values(request, "host"), ["shop.example:8080"])
        self.assertFalse([n for n, _ in request["fields"] if n.startswith(":")], request)
        self.assertRegex(", ".join(self.values(request, "via")), r"\b2(\.0)? ")

    def test_host_without_authority(self):
        c = self.connect()
        c.send(c.request(1, ("host", AUTHORITY), path="/x", authority=None))
        request = json.loads(bytes(c.response(1, 200).body))
        self.assertEqual(self.values(request, "host"), [AUTHORITY])

    def test_cookies_are_one_field_again(self):
        request = self.asked(("cookie", "a=1"), ("x-between", "y"), ("cookie", "b=2"), ("cookie", "c=3"))
        self.assertEqual(self.values(request, "cookie"), ["a=1; b=2; c=3"])

    def test_fields_arrive_as_they_are(self):
        request = self.asked(("x-empty", ""), ("x-tab", "a\tb"), ("x-latin", "caf\xe9"), ("x-twice", "1"), ("x-twice", "2"))
        for name, value in (("x-empty", [""]), ("x-tab", ["a\tb"]), ("x-latin", ["caf\xe9"])):
            self.assertEqual(self.values(request, name), value)
        self.assertEqual(", ".join(self.values(request, "x-twice")), "1, 2")

    def test_bodies(self):
        for length, fields in ((0, ()), (5, (("content-length", "5"),)), (5, ()), (60_000, ())):
            with self.subTest(length=length, fields=fields):
                c, body = self.connect(), b"z" * length
                frames = [h2.data(1, body[at:at + 9000]) for at in range(0, length, 9000)]
                c.send(c.request(1, *fields, end=False, method="POST", path="/x"), *frames, h2.data(1, b"", h2.END_STREAM))
                request = json.loads(bytes(c.response(1, 200).body))
                self.assertEqual(request["body"], body.decode())
                framing = self.values(request, "content-length") + self.values(request, "transfer-encoding")
                self.assertIn(len(framing), (1,) if length else (0, 1))

    def test_a_body_that_is_cut_never_counts_as_whole(self):
        ways = {"/cut/reset": h2.rst_stream(1), "/cut/too-long": h2.data(1, b"more than that", h2.END_STREAM),
                "/cut/too-short": h2.data(1, b"?", h2.END_STREAM), "/cut/hang-up": b""}
        for path, end in ways.items():
            c = self.connect()
            c.send(c.post(1, ("content-length", "10"), path=path), h2.data(1, b"half"))
            self.assertTrue(self.mirror.wait(lambda m, path=path: any(path in head for head in m.heads)), path)
            before = self.mirror.broken
            c.send(end)
            c.close()
            self.assertTrue(self.mirror.wait(lambda m, before=before: m.broken > before), path)
        self.assertFalse([r for r in self.mirror.seen if "/cut/" in r["line"]])

    def test_who_sends_no_more_gets_what_it_asked_for(self):
        c = self.connect()
        c.send(c.request(1, path="/last"), c.request(3, path="/last"))
        c.half_close()
        for stream in (1, 3):
            c.response(stream, 200)
        c.wait_closed()

    def test_nothing_is_smuggled(self):
        """Each of these holds a second request for an origin that would believe it. None of them reaches one."""
        tricks = (("x-a", "b\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x"), ("x-a\r\n\r\nGET /smuggled HTTP/1.1\r\nx", "b"),
                  ("transfer-encoding", "chunked"), ("content-length", "0"), ("content-length", "4, 4"),
                  ("transfer-encoding", "identity"), ("connection", "content-length"))
        body = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
        for name, value in tricks:
            with self.subTest(name=name, value=value):
                c = self.connect()
                c.send(c.post(1, (name, value), body=body, path="/trick"))
                self.assertTrue(self.was_refused(c), c.story())
                c.alive()
        for path in ("/x HTTP/1.1\r\nHost: y\r\n\r\nGET /smuggled", "/x\r\nGET /smuggled"):
            c = self.connect()
            c.send(c.request(path=path))
            self.assertTrue(self.was_refused(c), path)
        for method in ("GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\nGET", "GET\r\nx"):
            c = self.connect()
            c.send(c.request(method=method))
            self.assertTrue(self.was_refused(c), method)
        self.asked(path="/after-tricks")
        self.assertFalse([h for h in self.mirror.heads if "smuggled" in h])

    def was_refused(self, c):
        state = c.streams[1]
        c.wait(lambda: state.error is not None or state.ended or c.goaways, "a refusal")
        return state.error == h2.PROTOCOL_ERROR or state.status == 400

    def test_the_response_is_clean(self):
        c = self.connect()
        for stream in (1, 3):
            c.send(c.request(stream, path="/chunked"))
            state = c.response(stream, 200)
            self.assertEqual(json.loads(bytes(state.body))["line"], "GET /chunked HTTP/1.1")
            names = [n for n, _ in state.fields]
            self.assertIn("x-mixed-case", names)
            self.assertFalse({"connection", "keep-alive", "transfer-encoding", "x-hop", "proxy-connection"} & set(names), names)
            self.assertFalse([n for n in names + [n for n, _ in state.trailers] if n != n.lower()])

    def test_one_cache_for_both_protocols(self):
        with Http1(self.port, host=AUTHORITY) as http1:
            first = http1.get("/kept/1")
        c = self.connect()
        c.send(c.request(1, path="/kept/1"), c.request(3, path="/kept/2"))
        self.assertIn("; hit", c.response(1, 200).field("cache-status"))
        self.assertEqual(bytes(c.streams[1].body), first.body)
        c.response(3, 200)
        with Http1(self.port, host=AUTHORITY) as http1:
            self.assertIn("; hit", http1.get("/kept/2").field("cache-status"))

    def test_streams_do_not_wait_for_each_other(self):
        c = self.connect(settings=((h2.INITIAL_WINDOW_SIZE, 0),))
        c.send(c.request(1, path="/kept/waiting"), c.request(3, path="/kept/waiting"), c.request(5, path="/x", method="HEAD"))
        c.response(5, 200)
        c.send(h2.window_update(3, 60_000))
        c.response(3, 200)
        self.assertFalse(c.streams[1].ended)
        c.send(h2.window_update(1, 60_000))
        self.assertEqual(c.response(1, 200).body, c.streams[3].body)

    def test_a_hundred_streams(self):
        c = self.connect()
        streams = range(1, 200, 2)
        c.send(h2.window_update(0, 1 << 24), *(c.request(n, path=f"/x/{n}") for n in streams))
        for n in streams:
            self.assertEqual(json.loads(bytes(c.response(n, 200).body))["line"], f"GET /x/{n} HTTP/1.1")

    def test_the_window_holds_what_the_origin_does_not_take(self):
        """An origin that reads nothing: no more than a window is taken from the client, and beyond it is an error."""
        c = self.connect()
        c.send(c.post(1, path="/deaf"), h2.data(1, b"x" * h2.MAX_FRAME) * 3)
        self.assertTrue(self.mirror.wait(lambda m: any("/deaf" in h for h in m.heads)))
        c.send(h2.data(1, b"x" * h2.MAX_FRAME) * 4096)
        c.wait(lambda: c.streams[1].error is not None or c.goaways, "FLOW_CONTROL_ERROR")
        code = c.streams[1].error if c.streams[1].error is not None else c.goaways[-1].error
        self.assertEqual(code, h2.FLOW_CONTROL_ERROR, c.story())

    def test_alpn(self):
        for offered, chosen in ((("h2", "http/1.1"), "h2"), (("http/1.1", "h2"), "h2"), (("http/1.1",), "http/1.1"), ((), None)):
            with self.subTest(offered=offered):
                context = tls_context(*offered)
                if not offered:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                with socket.create_connection(("127.0.0.1", self.tls_port), 10) as plain, \
                        context.wrap_socket(plain, server_hostname=AUTHORITY) as tls:
                    self.assertEqual(tls.selected_alpn_protocol(), chosen)
                    if chosen != "h2":
                        tls.sendall(b"GET /x HTTP/1.1\r\nHost: e2e.example\r\nConnection: close\r\n\r\n")
                        self.assertTrue(tls.recv(100).startswith(b"HTTP/1.1 200 "))

    def test_http_1_on_the_same_port(self):
        upgrade = "GET /x HTTP/1.1\r\nHost: e2e.example\r\nConnection: close, Upgrade, HTTP2-Settings\r\n" \
                  "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
        for head in ("GET /x HTTP/1.1\r\nHost: e2e.example\r\nConnection: close\r\n\r\n", upgrade):
            with socket.create_connection(("127.0.0.1", self.port), 10) as plain:
                plain.sendall(head.encode())
                self.assertTrue(plain.recv(100).startswith(b"HTTP/1.1 200 "))

    def test_what_the_server_announces(self):
        settings = self.connect().settings
        self.assertEqual(settings[h2.MAX_CONCURRENT_STREAMS], 128)
        self.assertNotEqual(settings.get(h2.ENABLE_PUSH, 0), 1)
        self.assertGreaterEqual(settings.get(h2.MAX_HEADER_LIST_SIZE, 1 << 20), 16384)
        self.assertEqual(settings.get(h2.ENABLE_CONNECT_PROTOCOL, 0), 0)

    def test_the_longest_fields_and_the_431_beyond(self):
        c = self.connect()
        c.send(c.request(1, ("x-long", "v" * 15_000)))
        c.response(1, 200)
        block = c.block(("x-long", "v" * 40_000))
        parts = [block[at:at + h2.MAX_FRAME] for at in range(0, len(block), h2.MAX_FRAME)]
        c.send(h2.headers(3, parts[0], h2.END_STREAM), *(h2.continuation(3, p, 0) for p in parts[1:-1]), h2.continuation(3, parts[-1]))
        c.response(3, 431)
        c.send(c.request(5))
        c.response(5, 200)


class Ending(EndToEnd):
    """SIGTERM: clients are told, what has begun is finished, and the connection ends in order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start(DemoOrigin(cls.folder))
        cls.edge = cls.start(Node("ending", node_config(cls.origin.port, name="ending"), cls.folder))

    def test_goaway_and_the_last_responses(self):
        with Connection(self.edge.port, timeout=15.0) as idle, Connection(self.edge.port, timeout=15.0) as busy:
            busy.send(busy.request(1, path="/drip?bytes=3000&chunk=100&ms=50"))
            busy.head(1)
            self.edge.send(signal.SIGTERM)
            self.assertIn(idle.goaway(h2.NO_ERROR).last_stream, (0, h2.MAX_WINDOW))
            self.assertEqual(len(busy.response(1, 200).body), 3000)
            self.assertEqual(busy.goaway(h2.NO_ERROR).last_stream, 1)
        self.assertEqual(self.edge.wait(20), 0)


if __name__ == "__main__":
    harness.main()
