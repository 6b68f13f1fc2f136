"""What HTTP/2 servers must refuse, and how: the public suite's group "http2" in its order (RFC 7540's section numbers).

Some of it RFC 9113 has made optional (a frame on a closed stream may be ignored, PRIORITY's content is); Brink does as asked.
"""

import h2_frames as h2
import h2_hpack as hpack
from h2_case import Case, alive, alive_or_closed, answered, closed, connection_error, stream_error
from h2_conformance_generic import DUMMY, TRAILERS

protocol_error = connection_error(h2.PROTOCOL_ERROR)
frame_size_error = connection_error(h2.FRAME_SIZE_ERROR)
flow_control_error = connection_error(h2.FLOW_CONTROL_ERROR)
stream_closed = stream_error(h2.STREAM_CLOSED)
NO_END = h2.END_STREAM                   # HEADERS flags without END_HEADERS
TEST = h2.data(1, b"test", h2.END_STREAM)


def _after_response(frames):
    """A stream that both sides have ended, and then `frames(c)`."""
    def act(c):
        c.send(c.request())
        c.response()
        return frames(c)
    return act


def _after_reset(frames):
    return lambda c: c.post(1) + h2.rst_stream(1) + frames(c)


def _too_many_streams(c):
    limit = c.settings[h2.MAX_CONCURRENT_STREAMS]
    c.send(h2.settings((h2.INITIAL_WINDOW_SIZE, 0)))
    c.wait_acknowledged(2)
    c.send(b"".join(c.request(2 * n + 1) for n in range(limit + 1)))
    c.stream_error(2 * limit + 1, h2.PROTOCOL_ERROR, h2.REFUSED_STREAM)


def _window_of_one(*settings):
    def act(c):
        c.send(h2.settings(*settings))
        c.wait_acknowledged(2)
        c.send(c.request())
        c.first_data(1, 1)
    return act


def _window_changes(c):
    c.send(h2.settings((h2.INITIAL_WINDOW_SIZE, 0)))
    c.wait_acknowledged(2)
    c.send(c.request(), h2.settings((h2.INITIAL_WINDOW_SIZE, 1)))
    c.first_data(1, 1)


def _negative_window(c):
    c.send(h2.settings((h2.INITIAL_WINDOW_SIZE, 3)))
    c.wait_acknowledged(2)
    c.send(c.request())
    c.first_data(1, 3)
    c.send(h2.settings((h2.INITIAL_WINDOW_SIZE, 2)))
    c.wait_acknowledged(3)
    c.send(h2.window_update(1, 2))
    c.nth_data(1, 1, 1)


def _preface(c):
    c.send(h2.PREFACE, h2.settings((h2.INITIAL_WINDOW_SIZE, h2.DEFAULT_WINDOW)))
    c.wait(lambda: c.settings is not None, "SETTINGS")


def _pongs(c):
    """An acknowledgement that nobody asked for, then a PING: only that is answered."""
    c.send(h2.ping(b"unasked!", h2.ACK))
    c.alive(b"askedfor")
    assert c.pongs == [b"askedfor"], c.pongs


FRAMES = [
    Case("http2/3.5", "SETTINGS come first from the server", _preface, handshake=False),
    Case("http2/3.5", "an invalid preface ends the connection",
         lambda c: b"INVALID CONNECTION PREFACE\r\n\r\n", closed, handshake=False),

    Case("http2/4.1", "a frame of unknown type is ignored", lambda c: h2.frame(0x16, 0, 0, bytes(8)), alive),
    Case("http2/4.1", "an undefined flag is ignored", lambda c: h2.ping(b"flagged!", 0x16),
         lambda c: c.wait(lambda: c.pongs, "PING acknowledged")),
    Case("http2/4.1", "the reserved bit of the stream identifier is ignored",
         lambda c: h2.frame(h2.PING, 0, 1 << 31, b"reserved"), lambda c: c.wait(lambda: c.pongs, "PING acknowledged")),

    Case("http2/4.2", "a DATA frame of 2^14 bytes is accepted", lambda c: c.post(1, body=b"x" * h2.MAX_FRAME), answered()),
    Case("http2/4.2", "a DATA frame beyond SETTINGS_MAX_FRAME_SIZE is FRAME_SIZE_ERROR",
         lambda c: c.post(1, body=b"x" * (h2.MAX_FRAME + 1)), stream_error(h2.FRAME_SIZE_ERROR)),
    Case("http2/4.2", "a HEADERS frame beyond SETTINGS_MAX_FRAME_SIZE is a connection error FRAME_SIZE_ERROR",
         lambda c: h2.headers(1, c.block() + DUMMY * 5), frame_size_error),

    Case("http2/4.3", "a header block that does not decode is a connection error COMPRESSION_ERROR",
         lambda c: h2.headers(1, b"\x40", h2.END_HEADERS), connection_error(h2.COMPRESSION_ERROR)),
    Case("http2/4.3", "PRIORITY within a header block is PROTOCOL_ERROR",
         lambda c: h2.headers(1, c.block(), 0) + h2.priority(1) + h2.continuation(1, DUMMY), protocol_error),
    Case("http2/4.3", "HEADERS of another stream within a header block is PROTOCOL_ERROR",
         lambda c: h2.headers(1, c.block(), 0) + c.request(3) + h2.continuation(1, DUMMY), protocol_error),

    Case("http2/5.1", "idle: DATA is PROTOCOL_ERROR", lambda c: TEST, protocol_error),
    Case("http2/5.1", "idle: RST_STREAM is PROTOCOL_ERROR", lambda c: h2.rst_stream(1), protocol_error),
    Case("http2/5.1", "idle: WINDOW_UPDATE is PROTOCOL_ERROR", lambda c: h2.window_update(1, 100), protocol_error),
    Case("http2/5.1", "idle: CONTINUATION is PROTOCOL_ERROR", lambda c: h2.continuation(1, c.block()), protocol_error),
    Case("http2/5.1", "half-closed (remote): DATA is STREAM_CLOSED", lambda c: c.request() + TEST, stream_closed),
    Case("http2/5.1", "half-closed (remote): HEADERS is STREAM_CLOSED", lambda c: c.request() + c.request(), stream_closed),
    Case("http2/5.1", "half-closed (remote): CONTINUATION is STREAM_CLOSED or PROTOCOL_ERROR",
         lambda c: c.request() + h2.continuation(1, c.block()), stream_error(h2.STREAM_CLOSED, h2.PROTOCOL_ERROR)),
    Case("http2/5.1", "closed by RST_STREAM: DATA is STREAM_CLOSED", _after_reset(lambda c: TEST), stream_closed),
    Case("http2/5.1", "closed by RST_STREAM: HEADERS is STREAM_CLOSED", _after_reset(lambda c: c.request()), stream_closed),
    Case("http2/5.1", "closed by RST_STREAM: CONTINUATION is STREAM_CLOSED or PROTOCOL_ERROR",
         _after_reset(lambda c: h2.continuation(1, DUMMY)), stream_error(h2.STREAM_CLOSED, h2.PROTOCOL_ERROR)),
    Case("http2/5.1", "closed: DATA is a connection error STREAM_CLOSED",
         _after_response(lambda c: TEST), connection_error(h2.STREAM_CLOSED)),
    Case("http2/5.1", "closed: HEADERS is a connection error STREAM_CLOSED",
         _after_response(lambda c: c.request()), connection_error(h2.STREAM_CLOSED)),
    Case("http2/5.1", "closed: CONTINUATION is a connection error STREAM_CLOSED or PROTOCOL_ERROR",
         _after_response(lambda c: h2.continuation(1, DUMMY)), connection_error(h2.STREAM_CLOSED, h2.PROTOCOL_ERROR)),
    Case("http2/5.1.1", "a stream of even number is PROTOCOL_ERROR", lambda c: c.request(2), protocol_error),
    Case("http2/5.1.1", "a new stream with a lower number is PROTOCOL_ERROR",
         lambda c: c.request(5) + c.request(3), connection_error(h2.PROTOCOL_ERROR)),
    Case("http2/5.1.2", "a stream beyond SETTINGS_MAX_CONCURRENT_STREAMS is PROTOCOL_ERROR or REFUSED_STREAM",
         _too_many_streams),

    Case("http2/5.3.1", "HEADERS that depend on their own stream are PROTOCOL_ERROR",
         lambda c: c.request(priority=h2.dependency(on=1)), stream_error(h2.PROTOCOL_ERROR)),
    Case("http2/5.3.1", "PRIORITY that depends on its own stream is PROTOCOL_ERROR",
         lambda c: h2.priority(1, on=1), stream_error(h2.PROTOCOL_ERROR)),
    Case("http2/5.4.1", "after a connection error the connection is closed", lambda c: h2.frame(h2.PING, 0, 3, bytes(8)), closed),
    Case("http2/5.4.1", "a connection error is told with GOAWAY", lambda c: h2.frame(h2.PING, 0, 3, bytes(8)), protocol_error),
    Case("http2/5.5", "an unknown extension frame is ignored", lambda c: h2.frame(0x16, 0, 0, bytes(8)), alive),
    Case("http2/5.5", "an unknown extension frame within a header block is PROTOCOL_ERROR",
         lambda c: h2.headers(1, c.block(), NO_END) + h2.frame(0x16, 0, 0, bytes(8)), protocol_error),

    Case("http2/6.1", "DATA on stream 0 is PROTOCOL_ERROR", lambda c: h2.data(0, b"test", h2.END_STREAM), protocol_error),
    Case("http2/6.1", "DATA on a stream that is not open is STREAM_CLOSED",
         lambda c: c.request(method="POST", path="/product/7") + TEST, stream_closed),
    Case("http2/6.1", "DATA with more padding than payload is PROTOCOL_ERROR",
         lambda c: c.post(1, ("content-length", "4")) + h2.frame(h2.DATA, h2.PADDED | h2.END_STREAM, 1, b"\x06Test"), protocol_error),

    Case("http2/6.2", "HEADERS without END_HEADERS, then PRIORITY, is PROTOCOL_ERROR",
         lambda c: h2.headers(1, c.block(), 0) + h2.priority(1) + h2.continuation(1, DUMMY), protocol_error),
    Case("http2/6.2", "HEADERS without END_HEADERS, then HEADERS of another stream, is PROTOCOL_ERROR",
         lambda c: h2.headers(1, c.block(), 0) + c.request(3) + h2.continuation(1, DUMMY), protocol_error),
    Case("http2/6.2", "HEADERS on stream 0 are PROTOCOL_ERROR", lambda c: c.request(0), protocol_error),
    Case("http2/6.2", "HEADERS with more padding than payload are PROTOCOL_ERROR",
         lambda c: h2.frame(h2.HEADERS, 0xD, 1, bytes([len(c.block()) + 2]) + c.block()), protocol_error),

    Case("http2/6.3", "PRIORITY on stream 0 is PROTOCOL_ERROR", lambda c: h2.priority(0), protocol_error),
    Case("http2/6.3", "PRIORITY of other than 5 bytes is FRAME_SIZE_ERROR",
         lambda c: c.post(1) + h2.frame(h2.PRIORITY, 0, 1, bytes(4)), stream_error(h2.FRAME_SIZE_ERROR)),
    Case("http2/6.4", "RST_STREAM on stream 0 is PROTOCOL_ERROR", lambda c: h2.rst_stream(0), protocol_error),
    Case("http2/6.4", "RST_STREAM on an idle stream is PROTOCOL_ERROR", lambda c: h2.rst_stream(1), protocol_error),
    Case("http2/6.4", "RST_STREAM of other than 4 bytes is FRAME_SIZE_ERROR",
         lambda c: c.post(1) + h2.frame(h2.RST_STREAM, 0, 1, bytes(3)), frame_size_error),

    Case("http2/6.5", "an acknowledgement of SETTINGS with content is FRAME_SIZE_ERROR",
         lambda c: h2.settings((h2.MAX_CONCURRENT_STREAMS, 10), flags=h2.ACK), frame_size_error),
    Case("http2/6.5", "SETTINGS on a stream are PROTOCOL_ERROR", lambda c: h2.frame(h2.SETTINGS, 0, 1, bytes(6)), protocol_error),
    Case("http2/6.5", "SETTINGS of other than a multiple of 6 bytes are FRAME_SIZE_ERROR",
         lambda c: h2.frame(h2.SETTINGS, 0, 0, bytes(3)), frame_size_error),
    Case("http2/6.5.2", "SETTINGS_ENABLE_PUSH of 2 is PROTOCOL_ERROR", lambda c: h2.settings((h2.ENABLE_PUSH, 2)), protocol_error),
    Case("http2/6.5.2", "SETTINGS_INITIAL_WINDOW_SIZE of 2^31 is FLOW_CONTROL_ERROR",
         lambda c: h2.settings((h2.INITIAL_WINDOW_SIZE, 1 << 31)), flow_control_error),
    Case("http2/6.5.2", "SETTINGS_MAX_FRAME_SIZE below 2^14 is PROTOCOL_ERROR",
         lambda c: h2.settings((h2.MAX_FRAME_SIZE, 16383)), protocol_error),
    Case("http2/6.5.2", "SETTINGS_MAX_FRAME_SIZE of 2^24 is PROTOCOL_ERROR",
         lambda c: h2.settings((h2.MAX_FRAME_SIZE, 1 << 24)), protocol_error),
    Case("http2/6.5.2", "an unknown setting is ignored", lambda c: h2.settings((0xFF, 1)), alive),
    Case("http2/6.5.3", "values are taken in their order",
         _window_of_one((h2.INITIAL_WINDOW_SIZE, 100), (h2.INITIAL_WINDOW_SIZE, 1))),
    Case("http2/6.5.3", "SETTINGS are acknowledged at once", lambda c: h2.settings((h2.ENABLE_PUSH, 0)),
         lambda c: c.wait_acknowledged(2)),

    Case("http2/6.7", "PING is acknowledged", alive),
    Case("http2/6.7", "an acknowledgement of PING is not answered", _pongs),
    Case("http2/6.7", "PING on a stream is PROTOCOL_ERROR", lambda c: h2.frame(h2.PING, 0, 1, bytes(8)), protocol_error),
    Case("http2/6.7", "PING of other than 8 bytes is FRAME_SIZE_ERROR", lambda c: h2.ping(bytes(6)), frame_size_error),
    Case("http2/6.8", "GOAWAY on a stream is PROTOCOL_ERROR", lambda c: h2.frame(h2.GOAWAY, 0, 1, bytes(8)), protocol_error),

    Case("http2/6.9", "WINDOW_UPDATE of 0 on the connection is PROTOCOL_ERROR", lambda c: h2.window_update(0, 0), protocol_error),
    Case("http2/6.9", "WINDOW_UPDATE of 0 on a stream is PROTOCOL_ERROR",
         lambda c: c.post(1) + h2.window_update(1, 0), stream_error(h2.PROTOCOL_ERROR)),
    Case("http2/6.9", "WINDOW_UPDATE of other than 4 bytes is FRAME_SIZE_ERROR",
         lambda c: h2.frame(h2.WINDOW_UPDATE, 0, 0, bytes(3)), frame_size_error),
    Case("http2/6.9.1", "no more DATA than the window allows", _window_of_one((h2.INITIAL_WINDOW_SIZE, 1))),
    Case("http2/6.9.1", "a connection's window beyond 2^31-1 is FLOW_CONTROL_ERROR",
         lambda c: h2.window_update(0, h2.MAX_WINDOW) * 2, flow_control_error),
    Case("http2/6.9.1", "a stream's window beyond 2^31-1 is FLOW_CONTROL_ERROR",
         lambda c: c.post(1) + h2.window_update(1, h2.MAX_WINDOW) * 2, stream_error(h2.FLOW_CONTROL_ERROR)),
    Case("http2/6.9.2", "a changed SETTINGS_INITIAL_WINDOW_SIZE holds for open streams", _window_changes),
    Case("http2/6.9.2", "a window can become negative", _negative_window),
    Case("http2/6.9.2", "SETTINGS_INITIAL_WINDOW_SIZE beyond 2^31-1 is FLOW_CONTROL_ERROR",
         lambda c: h2.settings((h2.INITIAL_WINDOW_SIZE, 1 << 31)), flow_control_error),

    Case("http2/6.10", "several CONTINUATION frames are accepted",
         lambda c: h2.headers(1, c.block(), NO_END) + h2.continuation(1, DUMMY, 0) + h2.continuation(1, DUMMY), answered()),
    Case("http2/6.10", "CONTINUATION, then another frame within the block, is PROTOCOL_ERROR",
         lambda c: h2.headers(1, c.block(method="POST"), 0) + h2.continuation(1, DUMMY, 0) + TEST, protocol_error),
    Case("http2/6.10", "CONTINUATION on stream 0 is PROTOCOL_ERROR",
         lambda c: h2.headers(1, c.block(), NO_END) + h2.continuation(0, DUMMY), protocol_error),
    Case("http2/6.10", "CONTINUATION after HEADERS with END_HEADERS is PROTOCOL_ERROR",
         lambda c: c.request() + h2.continuation(1, DUMMY), protocol_error),
    Case("http2/6.10", "CONTINUATION after CONTINUATION with END_HEADERS is PROTOCOL_ERROR",
         lambda c: h2.headers(1, c.block(), NO_END) + h2.continuation(1, DUMMY) * 2, protocol_error),
    Case("http2/6.10", "CONTINUATION after DATA is PROTOCOL_ERROR",
         lambda c: h2.headers(1, c.block(method="POST"), 0) + TEST + h2.continuation(1, DUMMY), protocol_error),
]
_malformed = stream_error(h2.PROTOCOL_ERROR)


def _misses(**pseudo):
    return lambda c: c.request(**pseudo)


def _twice(name):
    """A request in which one pseudo-header field comes twice."""
    def act(c):
        fields = c.fields()
        return h2.headers(1, hpack.block(sorted(fields + [f for f in fields if f[0] == name])))
    return act


MESSAGES = [
    Case("http2/7", "an unknown error code in GOAWAY is accepted", lambda c: h2.goaway(code=0xFF), alive_or_closed),
    Case("http2/7", "an unknown error code in RST_STREAM is accepted", lambda c: c.post(1) + h2.rst_stream(1, 0xFF), alive),
    Case("http2/8.1", "a second HEADERS without END_STREAM is PROTOCOL_ERROR",
         lambda c: c.post(1) + h2.data(1, b"test") + h2.headers(1, TRAILERS, h2.END_HEADERS), _malformed),
    Case("http2/8.1.2", "a field name with upper-case letters is PROTOCOL_ERROR", lambda c: c.request(1, ("X-TEST", "ok")), _malformed),
    Case("http2/8.1.2.1", "an unknown pseudo-header field is PROTOCOL_ERROR", lambda c: c.request(1, (":test", "ok")), _malformed),
    Case("http2/8.1.2.1", "a pseudo-header field of responses is PROTOCOL_ERROR",
         lambda c: c.request(1, (":status", "200")), _malformed),
    Case("http2/8.1.2.1", "a pseudo-header field in trailers is PROTOCOL_ERROR",
         lambda c: c.post(1) + h2.data(1, b"test") + h2.headers(1, hpack.block([(":method", "200")])), _malformed),
    Case("http2/8.1.2.1", "a pseudo-header field after a field is PROTOCOL_ERROR",
         lambda c: h2.headers(1, hpack.block([("x-test", "ok")]) + c.block()), _malformed),
    Case("http2/8.1.2.2", "Connection is PROTOCOL_ERROR", lambda c: c.request(1, ("connection", "keep-alive")), _malformed),
    Case("http2/8.1.2.2", "TE with other than trailers is PROTOCOL_ERROR",
         lambda c: c.request(1, ("trailers", "test"), ("te", "trailers, deflate")), _malformed),
    Case("http2/8.1.2.3", "an empty :path is PROTOCOL_ERROR", _misses(path=""), _malformed),
    Case("http2/8.1.2.3", "without :method it is PROTOCOL_ERROR", _misses(method=None), _malformed),
    Case("http2/8.1.2.3", "without :scheme it is PROTOCOL_ERROR",
         lambda c: h2.headers(1, hpack.block([f for f in c.fields() if f[0] != ":scheme"])), _malformed),
    Case("http2/8.1.2.3", "without :path it is PROTOCOL_ERROR", _misses(path=None), _malformed),
    Case("http2/8.1.2.3", ":method twice is PROTOCOL_ERROR", _twice(":method"), _malformed),
    Case("http2/8.1.2.3", ":scheme twice is PROTOCOL_ERROR", _twice(":scheme"), _malformed),
    Case("http2/8.1.2.3", ":path twice is PROTOCOL_ERROR", _twice(":path"), _malformed),
    Case("http2/8.1.2.6", "Content-Length other than the DATA frame's length is PROTOCOL_ERROR",
         lambda c: c.post(1, ("content-length", "1"), body=b"test"), _malformed),
    Case("http2/8.1.2.6", "Content-Length other than the DATA frames' sum is PROTOCOL_ERROR",
         lambda c: c.post(1, ("content-length", "1")) + h2.data(1, b"test") + h2.data(1, b"test", h2.END_STREAM), _malformed),
    Case("http2/8.2", "PUSH_PROMISE is PROTOCOL_ERROR", lambda c: h2.push_promise(1, 3, c.block()), protocol_error),
]
