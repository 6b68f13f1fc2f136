"""The access log gives the same reasons as Cache-Status, and hears of what a body showed after the head had gone."""

import http.server
import json
import pathlib
import threading
import time

import harness
from harness import EndToEnd, Node, node_config
from http_client import Connection, HttpError

RESPONSES = {
    "/fresh": ([("Cache-Control", "max-age=60")], b"a"),
    "/private": ([("Cache-Control", "private")], b"a"),
    "/validated": ([("Cache-Control", "no-cache"), ("ETag", '"1"')], b"a"),
    "/large": ([("Cache-Control", "max-age=60")], b"x" * 20_000),
    "/grows": ([("Cache-Control", "max-age=60")], b"x" * 20_000),
    "/cut": ([("Cache-Control", "max-age=60")], b"x" * 1_000),
}


# Set when a client has seen the head and a first byte: what comes later, the head could not say.
first_byte_seen = threading.Event()


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        fields, body = RESPONSES[self.path]
        not_modified = self.path == "/validated" and self.headers.get("If-None-Match") == '"1"'
        self.send_response(304 if not_modified else 200)
        for name, value in fields:
            self.send_header(name, value)
        if self.path == "/grows":
            self.send_header("Transfer-Encoding", "chunked")
        elif not not_modified:
            self.send_header("Content-Length", str(len(body) + (1 if self.path == "/cut" else 0)))
        self.end_headers()
        if self.path == "/grows":
            self.wfile.write(b"1\r\nx\r\n")
            first_byte_seen.wait(10)
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        elif not not_modified:
            self.wfile.write(body)
        if self.path == "/cut":
            first_byte_seen.wait(10)
            self.close_connection = True

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Reasons(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        cls.addClassCleanup(cls.origin.server_close)
        cls.addClassCleanup(cls.origin.shutdown)
        threading.Thread(target=cls.origin.serve_forever, daemon=True).start()
        cls.log = pathlib.Path(cls.folder) / "access.log"
        config = node_config(cls.origin.server_address[1]).replace("access_log: none", f"access_log: {cls.log}")
        config = config.replace("  memory: 256MiB\n", "  memory: 256MiB\n  max_response: 10KiB\n")
        cls.edge = cls.start(Node("node-1", config, cls.folder))
        cls.lines_read = 0

    def next_line(self):
        """The access log's next line, at most ten seconds from now."""
        deadline = time.monotonic() + 10
        while True:
            lines = self.log.read_text().splitlines(keepends=True) if self.log.exists() else []
            if len(lines) > self.lines_read and lines[self.lines_read].endswith("\n"):
                type(self).lines_read += 1
                return json.loads(lines[self.lines_read - 1])
            self.assertLess(time.monotonic(), deadline, f"{len(lines)} lines, one more was due")
            time.sleep(0.02)

    def ask(self, path, cut=False):
        """(detail of Cache-Status or None, the log's line)."""
        first_byte_seen.clear()
        with Connection(self.edge.port) as client:
            if cut:
                with self.assertRaises((HttpError, ConnectionResetError)):
                    client.request(path, sink=lambda _: first_byte_seen.set())
                return None, self.next_line()
            answer = client.request(path, sink=lambda _: first_byte_seen.set())
            parts = answer.field("cache-status").split("; ")
            detail = [part.removeprefix("detail=") for part in parts if part.startswith("detail=")]
            return detail[0], self.next_line()

    def test_reasons(self):
        rows = [
            ("/fresh", "not-stored", "not-stored", "stored"),
            ("/fresh", "fresh", "fresh", None),
            ("/private", "not-stored/private", "not-stored", "private"),
            ("/validated", "not-stored/stored-to-validate", "not-stored", "stored-to-validate"),
            ("/validated", "response-no-cache/freshened", "response-no-cache", "freshened"),
            ("/large", "not-stored/too-large", "not-stored", "too-large"),
            # What the head could not know yet.
            ("/grows", "not-stored", "not-stored", "too-large"),
        ]
        for path, detail, reason, store_reason in rows:
            with self.subTest(path=path, detail=detail):
                seen, line = self.ask(path)
                self.assertEqual(seen, detail)
                self.assertEqual(line["target"], path)
                self.assertEqual(line["reason"], reason)
                self.assertEqual(line.get("store_reason"), store_reason)

    def test_cut_body_is_incomplete(self):
        _, line = self.ask("/cut", cut=True)
        self.assertEqual(line["reason"], "not-stored")
        self.assertEqual(line["store_reason"], "incomplete")
        self.assertTrue(line["cut"])


if __name__ == "__main__":
    harness.main()
