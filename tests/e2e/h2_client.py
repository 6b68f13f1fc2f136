"""An HTTP/2 client for tests: sends any bytes, keeps everything that came, and says what was expected instead.

A Connection reads only while a test waits for something, never by itself; every wait has a bound. Frames that came are
kept by stream, so it does not matter in which order a test asks for them.
"""

import collections
import socket
import ssl
import time

import h2_frames as h2
import h2_hpack as hpack

AUTHORITY = "e2e.example"
PATH = "/bytes/1000"      # what a plain request asks for; its body is longer than any window the cases set
TIMEOUT = 5.0             # for what should come at once; only a failure takes so long


class Unexpected(AssertionError):
    """Something else came, or nothing."""

    def __init__(self, expected, got):
        super().__init__(f"expected {expected}; got {got}")
        self.expected, self.got = expected, got


class Stream:
    """What came on one stream."""

    def __init__(self):
        self.status, self.fields, self.trailers, self.early = None, [], [], []
        self.body, self.lengths = bytearray(), []   # lengths: of each DATA frame's payload
        self.ended, self.error = False, None

    def field(self, name):
        values = [v for n, v in self.fields if n == name]
        return ", ".join(values) if values else None

    def take(self, fields):
        """A decoded header block: 1xx, final response, or trailers."""
        status = dict(fields).get(":status")
        if status is None or self.status is not None:
            self.trailers = fields
        elif status.startswith("1"):
            self.early.append((int(status), fields))
        else:
            self.status, self.fields = int(status), fields


def tls_context(*protocols):
    """A client's TLS that trusts anybody (the tests' certificates are made as they start)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols or ("h2",)))
    return context


class Connection:
    """One connection to a port of this machine. With `handshake`, prefaces and SETTINGS are exchanged at once."""

    def __init__(self, port, tls=None, timeout=TIMEOUT, handshake=True, settings=(), receive_buffer=None, source=None,
                 acknowledge=True):
        self.timeout, self.scheme = timeout, "https" if tls else "http"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(30.0)
        if source:
            self._socket.bind((source, 0))
        self._socket.connect(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = "%s:%d" % self._socket.getsockname()
        if tls:
            self._socket = tls.wrap_socket(self._socket, server_hostname=AUTHORITY)
        self._buffer, self.decoder, self._fragments = b"", hpack.Decoder(), None
        self.acknowledge = acknowledge  # whether SETTINGS and PING are answered
        self.seen = []               # every frame, in order
        self.streams = collections.defaultdict(Stream)
        self.settings, self.goaways, self.pongs = None, [], []
        self.acknowledged, self.closed, self.broken = 0, None, False
        if handshake:
            self.handshake(settings)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def half_close(self):
        """Nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def handshake(self, settings=()):
        self.send(h2.PREFACE, h2.settings(*settings))
        self.wait(lambda: self.settings is not None and self.acknowledged, "SETTINGS and the acknowledgement of ours")

    # Sending

    def send(self, *parts):
        """Bytes as they are. A connection that is gone is noted and no error: what came before it counts."""
        try:
            self._socket.sendall(b"".join(parts))
        except (ConnectionError, ssl.SSLError):
            self.broken = True
        except TimeoutError:
            raise Unexpected("that the server reads", "a full socket for 30 s") from None

    def fields(self, method="GET", path=PATH, authority=AUTHORITY, scheme=None, extra=()):
        """A request's fields; None leaves a pseudo-header field out."""
        pseudo = ((":method", method), (":scheme", scheme or self.scheme), (":path", path), (":authority", authority))
        return [(name, value) for name, value in pseudo if value is not None] + list(extra)

    def block(self, *extra, **of):
        return hpack.block(self.fields(extra=extra, **of))

    def request(self, stream=1, *extra, end=True, padding=None, priority=None, **of):
        """A HEADERS frame with a whole request, as bytes."""
        flags = h2.END_HEADERS | (h2.END_STREAM if end else 0)
        return h2.headers(stream, self.block(*extra, **of), flags, padding, priority)

    def post(self, stream, *extra, body=None, path="/product/7", **of):
        """A POST whose body is still to come, or is one DATA frame."""
        head = self.request(stream, *extra, end=False, method="POST", path=path, **of)
        return head if body is None else head + h2.data(stream, body, h2.END_STREAM)

    # Receiving

    def _receive(self, deadline):
        """Reads once; False when the time is over or the connection is."""
        left = deadline - time.monotonic()
        if self.closed or left <= 0:
            return False
        self._socket.settimeout(left)
        try:
            data = self._socket.recv(262144)
        except TimeoutError:
            return False
        except (ConnectionError, ssl.SSLError) as error:
            self.closed = f"closed ({type(error).__name__})"
            return False
        finally:
            self._socket.settimeout(30.0)
        if not data:
            self.closed = "closed"
            return False
        self._buffer += data
        while (taken := h2.take_frame(self._buffer))[0]:
            self._buffer = taken[1]
            self._take(taken[0])
        return True

    def _take(self, frame):
        if not self.seen and (frame.type != h2.SETTINGS or frame.flags & h2.ACK):
            raise Unexpected("SETTINGS as the server's first frame (RFC 9113 section 3.4)", frame)
        if len(frame.payload) > h2.MAX_FRAME:
            raise Unexpected("no frame beyond SETTINGS_MAX_FRAME_SIZE", frame)
        self.seen.append(frame)
        if self._fragments is not None and frame.type != h2.CONTINUATION:
            raise Unexpected("CONTINUATION", frame)
        handler = {h2.SETTINGS: self._take_settings, h2.PING: self._take_ping, h2.GOAWAY: self._take_goaway,
                   h2.RST_STREAM: self._take_reset, h2.DATA: self._take_data, h2.HEADERS: self._take_headers,
                   h2.CONTINUATION: self._take_headers}.get(frame.type)
        if handler:
            handler(frame)
        if frame.ends_stream():
            self.streams[frame.stream].ended = True

    def _take_settings(self, frame):
        if frame.flags & h2.ACK:
            self.acknowledged += 1
            return
        self.settings = {**(self.settings or {}), **frame.settings}
        if self.acknowledge:
            self.send(h2.settings(flags=h2.ACK))

    def _take_ping(self, frame):
        if frame.flags & h2.ACK:
            self.pongs.append(frame.payload)
        elif self.acknowledge:
            self.send(h2.ping(frame.payload, h2.ACK))

    def _take_goaway(self, frame):
        self.goaways.append(frame)

    def _take_reset(self, frame):
        self.streams[frame.stream].error = frame.error

    def _take_data(self, frame):
        stream = self.streams[frame.stream]
        if stream.status is None or stream.ended:
            raise Unexpected("DATA only between HEADERS and END_STREAM", frame)
        stream.body += frame.content
        stream.lengths.append(len(frame.payload))

    def _take_headers(self, frame):
        self._fragments = (self._fragments or b"") + frame.content
        if frame.flags & h2.END_HEADERS:
            fields = self.decoder.decode(self._fragments)
            self._fragments = None
            self.streams[frame.stream].take(fields)

    def granted(self, stream):
        """How many bytes of DATA the server has ever allowed on this stream; 0: on the connection."""
        updates = sum(int.from_bytes(f.payload, "big") & h2.MAX_WINDOW for f in self.seen
                      if f.type == h2.WINDOW_UPDATE and f.stream == stream)
        first = self.settings.get(h2.INITIAL_WINDOW_SIZE, h2.DEFAULT_WINDOW) if stream else h2.DEFAULT_WINDOW
        return first + updates

    def story(self):
        """What came since the handshake, in short."""
        said = [str(f) for f in self.seen if not (f.type == h2.SETTINGS)]
        for number, stream in self.streams.items():
            if stream.status:
                said.append(f"[stream {number}: {stream.status}]")
        if len(said) > 8:
            said = said[:4] + [f"… {len(said) - 8} more …"] + said[-4:]
        return ", ".join(said + [self.closed or "then silence"])

    def failed(self):
        """The GOAWAY of a connection error, if one came; an orderly one ends no stream that has begun."""
        return next((f for f in self.goaways if f.error != h2.NO_ERROR), None)

    def poll(self):
        """Takes what is there already. Whether the connection is still as good as any."""
        while self._receive(time.monotonic() + 0.001):
            pass
        return not (self.closed or self.broken or self.goaways)

    # Waiting: each returns what it waited for, or raises Unexpected.

    def wait(self, holds, expected, timeout=None):
        """Reads until `holds()`; what it returned."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while not (met := holds()):
            if not self._receive(deadline):
                if met := holds():
                    break
                raise Unexpected(expected, self.story())
        return met

    def wait_acknowledged(self, count):
        self.wait(lambda: self.acknowledged >= count, f"{count} acknowledgements of SETTINGS")

    def wait_closed(self, timeout=None):
        """The server ends the connection, with or without a GOAWAY."""
        return self.wait(lambda: self.closed, "the end of the connection", timeout)

    def goaway(self, *codes, timeout=None, then_closed=True):
        """A connection error: GOAWAY with one of the codes, and then the end."""
        expected = f"GOAWAY({' or '.join(map(h2.error_name, codes))})"
        frame = self.wait(lambda: self.goaways and self.goaways[-1], expected, timeout)
        if frame.error not in codes:
            raise Unexpected(expected, self.story())
        if then_closed:
            self.wait(lambda: self.closed, expected + " and then the end of the connection", timeout)
        return frame

    def stream_error(self, stream, *codes, timeout=None):
        """RST_STREAM with one of the codes; or the same as an error of the connection (RFC 9113 section 5.4.2)."""
        state, expected = self.streams[stream], f"RST_STREAM({' or '.join(map(h2.error_name, codes))}) on stream {stream}"
        self.wait(lambda: state.error is not None or self.failed(), expected, timeout)
        code = state.error if state.error is not None else self.failed().error
        if code not in codes:
            raise Unexpected(expected, self.story())
        return code

    def response(self, stream=1, status=None, timeout=None):
        """A whole response; with `status`, that one (a number, or several)."""
        state = self.streams[stream]
        expected = f"a whole response on stream {stream}" + (f" with status {status}" if status else "")
        self.wait(lambda: state.ended or state.error is not None or self.failed(), expected, timeout)
        allowed = status if isinstance(status, (tuple, range, type(None))) else (status,)
        if not state.ended or state.status is None or (allowed and state.status not in allowed):
            raise Unexpected(expected, self.story())
        return state

    def head(self, stream=1, timeout=None):
        """The response's HEADERS, whatever follows."""
        state, expected = self.streams[stream], f"HEADERS on stream {stream}"
        self.wait(lambda: state.status or state.error is not None or self.failed(), expected, timeout)
        if not state.status:
            raise Unexpected(expected, self.story())
        return state

    def first_data(self, stream, length):
        """The first DATA frame of a stream has this length."""
        return self.nth_data(stream, 0, length)

    def nth_data(self, stream, number, length):
        state, expected = self.streams[stream], f"DATA with {length} bytes as frame {number + 1} of stream {stream}"
        self.wait(lambda: len(state.lengths) > number, expected)
        if state.lengths[number] != length:
            raise Unexpected(expected, f"{state.lengths}: {self.story()}")

    def alive(self, opaque=b"still ok", timeout=None):
        """The connection answers a PING."""
        before = self.pongs.count(opaque)
        self.send(h2.ping(opaque))
        self.wait(lambda: self.pongs.count(opaque) > before, f"PING acknowledged with {opaque!r}", timeout)
