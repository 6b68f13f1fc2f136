"""A small HTTP/1.1 client that hides nothing: one connection, one request after the other, exact bytes."""

import socket


class HttpError(Exception):
    """The answer was cut, or is not HTTP."""


class Response:
    """Status, fields in order (names lower-case), and the body unless it went to a sink."""

    def __init__(self, status, fields):
        self.status = status
        self.fields = fields
        self.body = b""
        self.length = 0

    def field(self, name):
        """All lines of a field joined as RFC 9110 section 5.3 allows, or None."""
        values = [v for n, v in self.fields if n == name]
        return ", ".join(values) if values else None

    def __repr__(self):
        return f"<{self.status} {self.fields} {self.length} bytes>"


def byteranges(answer):
    """The parts of a multipart/byteranges body: [(Content-Range, bytes)]."""
    boundary = answer.field("content-type").split("boundary=", 1)[1].strip('"').encode()
    parts = []
    for part in (b"\r\n" + answer.body).split(b"\r\n--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head.decode().strip().split("\r\n"))
        parts.append((fields["content-range"], content))
    return parts


class Connection:
    """Keeps one connection to `port`; opened at the first request, and again after the server closed it."""

    def __init__(self, port, host="e2e.example", timeout=30.0):
        self.port, self.host, self.timeout = port, host, timeout
        self._socket, self._buffer = None, b""

    def close(self):
        if self._socket:
            self._socket.close()
        self._socket, self._buffer = None, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def request(self, path, method="GET", fields=(), body=b"", sink=None):
        """One request and its whole response. `sink(chunk)` takes the body as it arrives instead of Response.body."""
        self.send(path, method, fields, body)
        return self.receive(method, sink)

    def get(self, path, **kwargs):
        return self.request(path, fields=tuple(kwargs.items()))

    def send(self, path, method="GET", fields=(), body=b""):
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), self.timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.host}"]
        head += [f"{n}: {v}" for n, v in fields]
        if body:
            head.append(f"Content-Length: {len(body)}")
        self._socket.sendall("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)

    def receive(self, method="GET", sink=None):
        response = self._head()
        while 100 <= response.status < 200:
            response = self._head()
        chunks = []
        take = sink or chunks.append
        if method == "HEAD" or response.status in (204, 304):
            pass
        elif (response.field("transfer-encoding") or "").lower() == "chunked":
            response.length = self._chunked(take)
        elif response.field("content-length") is not None:
            response.length = int(response.field("content-length"))
            self._exactly(response.length, take)
        else:
            response.length = self._to_end(take)
        if (response.field("connection") or "").lower() == "close":
            self.close()
        response.body = b"".join(chunks)
        return response

    def _more(self):
        data = self._socket.recv(262144)
        if not data:
            raise HttpError("the connection was closed in the middle of a response")
        return data

    def _until(self, mark):
        while (at := self._buffer.find(mark)) < 0:
            self._buffer += self._more()
        found, self._buffer = self._buffer[:at], self._buffer[at + len(mark):]
        return found

    def _head(self):
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ", 2)[:2]
        if not version.startswith("HTTP/1."):
            raise HttpError(f"not HTTP: {lines[0]!r}")
        fields = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            fields.append((name.lower(), value.strip()))
        return Response(int(status), fields)

    def _exactly(self, count, take):
        if self._buffer:
            first, self._buffer = self._buffer[:count], self._buffer[count:]
            take(first)
            count -= len(first)
        if count >= 1 << 20:
            self._exactly_large(count, take)
            return
        while count:
            data = self._more()
            if len(data) > count:
                data, self._buffer = data[:count], data[count:]
            take(data)
            count -= len(data)

    def _exactly_large(self, count, take):
        """Into one buffer, again and again: a gigabyte costs no allocation."""
        buffer = memoryview(bytearray(min(count, 1 << 20)))
        while count:
            got = self._socket.recv_into(buffer[:min(count, len(buffer))])
            if not got:
                raise HttpError(f"the connection was closed, {count} bytes of the body were missing")
            take(bytes(buffer[:got]))
            count -= got

    def _chunked(self, take):
        total = 0
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            self._exactly(size, take)
            self._until(b"\r\n")
            total += size
        while self._until(b"\r\n"):
            pass
        return total

    def _to_end(self, take):
        total = 0
        data, self._buffer = self._buffer, b""
        while True:
            if data:
                take(data)
                total += len(data)
            data = self._socket.recv(262144)
            if not data:
                self.close()
                return total
