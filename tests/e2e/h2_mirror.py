"""An origin that tells what it was asked: the request line, every field in order, the body's length, the trailers.

HTTP/1.1 on a free port, one thread a connection. `seen` keeps every request that came whole, `broken` counts those that
did not, `heads` the heads.
"""

import json
import socketserver
import threading


class _Cut(Exception):
    """The connection ended within a request."""


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while self._one():
                pass
        except (_Cut, ConnectionError, ValueError):
            self.server.mirror.note_broken()

    def _line(self):
        line = self.rfile.readline(1 << 20)
        if not line.endswith(b"\r\n"):
            raise _Cut
        return line[:-2].decode("latin-1")

    def _fields(self):
        fields = []
        while line := self._line():
            name, _, value = line.partition(":")
            fields.append((name.lower(), value.strip(" ")))
        return fields

    def _read(self, length):
        data = self.rfile.read(length)
        if len(data) < length:
            raise _Cut
        return data

    def _body(self, fields):
        named = dict(fields)
        if named.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while size := int(self._line().split(";")[0], 16):
                body += self._read(size)
                self._line()
            return body, self._fields()
        return self._read(int(named.get("content-length", "0"))), []

    def _one(self):
        first = self.rfile.readline(1 << 20)
        if not first:
            return False
        if not first.endswith(b"\r\n"):
            raise _Cut
        line = first[:-2].decode("latin-1")
        fields = self._fields()
        self.server.mirror.note_head(line)
        if "/deaf" in line:  # reads no body and says nothing, until the test ends
            self.server.mirror.ending.wait(60)
            return False
        body, trailers = self._body(fields)
        request = {"line": line, "fields": fields, "body": body.decode("latin-1"), "trailers": trailers}
        self.server.mirror.note(request)
        self._answer(line, json.dumps(request).encode())
        return True

    def _answer(self, line, text):
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Mixed-Case: Yes\r\n"
        if "/chunked" in line:
            head += "Cache-Control: no-store\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\n" \
                    "Transfer-Encoding: chunked\r\nTrailer: X-After\r\n\r\n"
            body = b"%x\r\n%s\r\n0\r\nX-After: all\r\n\r\n" % (len(text), text)
        else:
            head += f"Cache-Control: {'max-age=60' if '/kept' in line else 'no-store'}\r\nContent-Length: {len(text)}\r\n\r\n"
            body = b"" if line.startswith("HEAD ") else text
        self.wfile.write(head.encode() + body)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        """A client that leaves early is what the tests do."""


class Mirror:
    def __init__(self):
        self.seen, self.heads, self.broken = [], [], 0
        self.ending = threading.Event()
        self._lock = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.mirror = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def note(self, request):
        with self._lock:
            self.seen.append(request)
            self._lock.notify_all()

    def note_head(self, line):
        with self._lock:
            self.heads.append(line)
            self._lock.notify_all()

    def note_broken(self):
        with self._lock:
            self.broken += 1
            self._lock.notify_all()

    def wait(self, holds, timeout=10.0):
        """Whether `holds(self)` came true in time."""
        with self._lock:
            return self._lock.wait_for(lambda: holds(self), timeout)

    def stop(self):
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()
