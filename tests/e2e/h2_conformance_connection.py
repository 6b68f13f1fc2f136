"""Beyond the public suite, frames and connections: RFC 9113 sections 3 to 7, RFC 7541, RFC 9218."""

import h2_frames as h2
import h2_hpack as hpack
from h2_case import Case, alive, alive_or_closed, answered, closed, connection_error, refused, stream_error
from h2_client import Unexpected
from h2_conformance_generic import DUMMY, TRAILERS

protocol_error = connection_error(h2.PROTOCOL_ERROR)
frame_size_error = connection_error(h2.FRAME_SIZE_ERROR)
compression_error = connection_error(h2.COMPRESSION_ERROR)
BIG = "/bytes/200000"
CHUNK = b"x" * h2.MAX_FRAME


def _begin(*frames):
    """A connection that begins with the preface and these frames in one piece, not waiting for the server's."""
    return lambda c: h2.PREFACE + b"".join(f(c) if callable(f) else f for f in frames)


def _byte_by_byte(c):
    for byte in h2.PREFACE + h2.settings() + c.request():
        c.send(bytes([byte]))


def _then(*frames):
    """A request, its whole response, and then these frames: the connection goes on."""
    def act(c):
        c.send(c.request())
        c.response()
        return b"".join(frames)
    return act


def _within_block(intruder):
    return lambda c: h2.headers(1, c.block(), h2.END_STREAM) + intruder + h2.continuation(1, DUMMY)


def _split(c):
    """A header block in eight frames, cut anywhere. (More is what a CONTINUATION flood looks like.)"""
    block = c.block()
    cuts = [0, 1, 2, 9, 10, 20, len(block) - 2, len(block) - 1, len(block)]
    parts = [block[a:b] for a, b in zip(cuts, cuts[1:])]
    return h2.headers(1, parts[0], h2.END_STREAM) + b"".join(
        h2.continuation(1, part, h2.END_HEADERS if part is parts[-1] else 0) for part in parts[1:])


def _reset_by_the_server(*frames):
    """A malformed request whose body was still to come; once it is reset, what had been under way."""
    def act(c):
        c.send(c.request(1, ("X-Upper", "x"), end=False))
        c.stream_error(1, h2.PROTOCOL_ERROR)
        return b"".join(frames) + c.request(3)
    return act


def _many_streams(c):
    numbers = (1, 3, 7, 101, 65537)
    c.send(b"".join(c.request(n) for n in numbers))
    for n in numbers:
        c.response(n, 200)


def _streams_one_after_the_other(c):
    for n in range(1, 2 * c.settings[h2.MAX_CONCURRENT_STREAMS] + 40, 2):
        c.send(c.request(n, method="HEAD"))
        c.response(n, 200)


def _last_stream(c):
    """GOAWAY names the last stream that was taken up."""
    c.send(c.request(1), c.request(5))
    c.response(1)
    c.response(5)
    c.send(h2.ping(bytes(7)))
    last = c.goaway(h2.FRAME_SIZE_ERROR).last_stream
    if last != 5:
        raise Unexpected("5 as GOAWAY's last stream", last)


def _connection_window(c):
    """With a large window for the stream, the connection's 65,535 bytes bind; then one byte more at a time."""
    c.send(h2.settings((h2.INITIAL_WINDOW_SIZE, 1 << 20)))
    c.wait_acknowledged(2)
    c.send(c.request(path=BIG))
    state = c.streams[1]
    c.wait(lambda: len(state.body) >= h2.DEFAULT_WINDOW, "the whole window's DATA")
    c.alive()
    c.send(h2.window_update(0, 1))
    c.wait(lambda: len(state.body) > h2.DEFAULT_WINDOW, "one byte more")
    c.alive()
    if len(state.body) != h2.DEFAULT_WINDOW + 1:
        raise Unexpected("65,536 bytes of DATA", len(state.body))
    c.send(h2.window_update(0, 1 << 20))
    if len(c.response(1, 200).body) != 200_000:
        raise Unexpected("200,000 bytes", len(state.body))


def _upload(c, padding=None, size=10 * h2.MAX_FRAME):
    """A body beyond every initial window: goes on as the server's WINDOW_UPDATEs allow, and is answered."""
    state, sent = c.streams[1], 0
    frame = h2.data(1, b"y" * 700, padding=padding)
    cost = len(frame) - 9
    c.send(c.post(1))
    while sent < size and not state.ended and state.error is None:
        room = lambda: min(c.granted(0), c.granted(1)) - sent
        c.wait(lambda: room() >= cost or state.ended or c.goaways, "WINDOW_UPDATE")
        count = max(1, min(room(), size - sent) // cost)
        c.send(frame * count)
        sent += cost * count
    c.send(h2.data(1, b"", h2.END_STREAM))
    c.response(1)


def _over_the_window(c):
    """More DATA than the window that the server gave. If it gives more meanwhile, fine; else it is an error."""
    frames = 8 * (c.granted(1) // h2.MAX_FRAME + 1)
    c.send(c.post(1), h2.data(1, CHUNK) * frames)
    state = c.streams[1]
    c.wait(lambda: min(c.granted(0), c.granted(1)) >= frames * h2.MAX_FRAME or state.ended or state.error is not None
           or c.goaways, "WINDOW_UPDATE for what was sent, or FLOW_CONTROL_ERROR")
    if state.error not in (None, h2.FLOW_CONTROL_ERROR, h2.NO_ERROR):
        raise Unexpected("FLOW_CONTROL_ERROR", c.story())


def _window_of_max(c):
    """Exactly 2^31-1 is allowed."""
    c.send(c.post(1), h2.window_update(1, h2.MAX_WINDOW - h2.DEFAULT_WINDOW),
           h2.window_update(0, h2.MAX_WINDOW - h2.DEFAULT_WINDOW))
    c.alive()


def _no_dynamic_table(c):
    """With SETTINGS_HEADER_TABLE_SIZE 0 the server's blocks must say so, and decode without a table."""
    c.send(h2.settings((h2.HEADER_TABLE_SIZE, 0)))
    c.wait_acknowledged(2)
    c.decoder.limit = 0
    for n in (1, 3, 5):
        c.send(c.request(n))
        c.response(n, 200)
    if c.decoder.capacity != 0:
        raise Unexpected("a dynamic table size update to 0", f"a table of {c.decoder.capacity}")


def _pongs_in_order(c):
    pings = [b"ping%04d" % n for n in range(20)]
    c.send(b"".join(map(h2.ping, pings)))
    c.wait(lambda: len(c.pongs) >= 20, "20 PINGs acknowledged")
    if c.pongs != pings:
        raise Unexpected("the acknowledgements in the order of the PINGs", c.pongs)


def _many_settings(c):
    c.send(h2.settings((h2.ENABLE_PUSH, 0)) * 10)
    c.wait_acknowledged(11)


def _table_shared(c):
    """An entry made by one stream's block is there for the next one's."""
    kept = hpack.literal("x-kept", "v" * 100, hpack.INCREMENTAL)
    c.send(h2.headers(1, c.block() + kept), h2.headers(3, c.block() + hpack.indexed(62)))
    c.response(1, 200)
    c.response(3, 200)
    c.alive()


def _table_after(first):
    """The block of a request that is refused counts for the table all the same (RFC 9113 section 4.3)."""
    def act(c):
        c.send(first(c), h2.headers(3, c.block() + hpack.indexed(62)))
        c.response(3, 200)
    return act


_KEPT = hpack.literal("x-kept", "v", hpack.INCREMENTAL)


def _priority_update(error, *frames):
    """RFC 9218 section 7.1 holds for who says that it takes part (SETTINGS_NO_RFC7540_PRIORITIES = 1); for others the
    frame is one they do not know."""
    def act(c):
        c.send(*[f(c) if callable(f) else f for f in frames])
        if error and c.settings.get(h2.NO_RFC7540_PRIORITIES) == 1:
            error(c)
        else:
            c.alive()
    return act


PREFACES = [
    Case("9113/3.4", "the preface may come in pieces", _byte_by_byte, answered(), handshake=False),
    Case("9113/3.4", "requests may come with the preface",
         _begin(h2.settings(), lambda c: c.request()), answered(), handshake=False),
    Case("9113/3.4", "a preface without SETTINGS is PROTOCOL_ERROR", _begin(h2.ping()), protocol_error, handshake=False),
    Case("9113/3.4", "HEADERS before SETTINGS are PROTOCOL_ERROR",
         _begin(lambda c: c.request()), protocol_error, handshake=False),
    Case("9113/3.4", "a preface that is wrong in its last bytes ends the connection",
         lambda c: h2.PREFACE[:-4] + b"XX\r\n" + h2.settings(), closed, handshake=False),
    Case("9113/3.4", "an acknowledgement of SETTINGS is no preface",
         _begin(h2.settings(flags=h2.ACK)), protocol_error, handshake=False),
]

FRAMES = [
    Case("9113/4.1", "unknown frames are ignored on streams that are idle, open or closed",
         _then(*(h2.frame(h2.UNKNOWN, 0xFF, n, b"?" * 20) for n in (0, 1, 3, 8))), alive),
    Case("9113/4.1", "an unknown frame may be empty, or as large as any", lambda c: h2.frame(h2.UNKNOWN, 0, 0)
         + h2.frame(h2.UNKNOWN, 0, 5, CHUNK), alive),
    Case("9113/4.1", "the reserved bit is ignored in HEADERS", lambda c: c.request(1 | 1 << 31), answered()),
    Case("9113/4.1", "undefined flags of HEADERS and DATA are ignored",
         lambda c: h2.headers(1, c.block(method="POST", path="/product/7"), h2.END_HEADERS | 0xD2)
         + h2.data(1, b"x", h2.END_STREAM | 0xF6), answered()),
    Case("9113/4.1", "ALTSVC and ORIGIN from a client are ignored",
         lambda c: h2.frame(0xA, 0, 0, b"\0\3foo") + h2.frame(0xC, 0, 0, b"\0\3foo"), alive),
    Case("9113/4.2", "an unknown frame beyond SETTINGS_MAX_FRAME_SIZE is FRAME_SIZE_ERROR",
         lambda c: h2.frame(h2.UNKNOWN, 0, 0, CHUNK + b"x"), frame_size_error),
    Case("9113/4.2", "SETTINGS beyond SETTINGS_MAX_FRAME_SIZE are FRAME_SIZE_ERROR",
         lambda c: h2.frame(h2.SETTINGS, 0, 0, bytes(6 * 2731)), frame_size_error),
    Case("9113/4.2", "CONTINUATION beyond SETTINGS_MAX_FRAME_SIZE is FRAME_SIZE_ERROR",
         lambda c: h2.headers(1, c.block(), h2.END_STREAM) + h2.continuation(1, CHUNK + b"x"), frame_size_error),
    Case("9113/4.2", "PING of 9 bytes is FRAME_SIZE_ERROR", lambda c: h2.ping(bytes(9)), frame_size_error),
    Case("9113/4.2", "WINDOW_UPDATE of 5 bytes is FRAME_SIZE_ERROR",
         lambda c: h2.frame(h2.WINDOW_UPDATE, 0, 0, bytes(5)), frame_size_error),
    Case("9113/4.2", "RST_STREAM of 5 bytes is FRAME_SIZE_ERROR",
         lambda c: c.post(1) + h2.frame(h2.RST_STREAM, 0, 1, bytes(5)), frame_size_error),
    Case("9113/4.2", "GOAWAY of 7 bytes is FRAME_SIZE_ERROR", lambda c: h2.frame(h2.GOAWAY, 0, 0, bytes(7)), frame_size_error),
    Case("9113/4.2", "an empty PING is FRAME_SIZE_ERROR", lambda c: h2.ping(b""), frame_size_error),
    Case("9113/4.3", "a header block may be cut into frames anywhere", _split, answered(200)),
    Case("9113/4.3", "HEADERS may be empty and all in CONTINUATION",
         lambda c: h2.headers(1, b"", h2.END_STREAM) + h2.continuation(1, c.block()), answered(200)),
    Case("9113/4.3", "an empty last CONTINUATION is accepted",
         lambda c: h2.headers(1, c.block(), h2.END_STREAM) + h2.continuation(1, b""), answered(200)),
    *(Case("9113/4.3", f"{name} of the same stream within a header block is PROTOCOL_ERROR", _within_block(intruder), protocol_error)
      for name, intruder in (("DATA", h2.data(1)), ("RST_STREAM", h2.rst_stream(1)), ("WINDOW_UPDATE", h2.window_update(1, 1)))),
    *(Case("9113/4.3", f"{name} within a header block is PROTOCOL_ERROR", _within_block(intruder), protocol_error)
      for name, intruder in (("PING", h2.ping()), ("SETTINGS", h2.settings()), ("GOAWAY", h2.goaway()),
                             ("a window for the connection", h2.window_update(0, 1)),
                             ("CONTINUATION of another stream", h2.continuation(3, DUMMY)))),
]

STREAMS = [
    Case("9113/5.1", "WINDOW_UPDATE and RST_STREAM on a closed stream are ignored",
         _then(h2.window_update(1, 10), h2.rst_stream(1), h2.rst_stream(1)), alive),
    Case("9113/5.1", "RST_STREAM twice is accepted", lambda c: c.post(1) + h2.rst_stream(1) * 2, alive),
    Case("9113/5.1", "after RST_STREAM the next stream is served", lambda c: c.post(1) + h2.rst_stream(1) + c.request(3),
         answered(200, stream=3)),
    Case("9113/5.1", "what was under way on a stream that the server has reset is ignored",
         _reset_by_the_server(h2.data(1, b"late") * 3, h2.headers(1, TRAILERS), h2.window_update(1, 5), h2.rst_stream(1)),
         answered(200, stream=3)),
    Case("9113/5.1", "a body that was under way on a stream that the server has reset is given back to the connection's window",
         _reset_by_the_server(h2.data(1, CHUNK) * 30), answered(200, stream=3)),
    Case("9113/5.1", "DATA after trailers is STREAM_CLOSED",
         lambda c: c.post(1) + h2.headers(1, TRAILERS) + h2.data(1, b"x"), stream_error(h2.STREAM_CLOSED)),
    Case("9113/5.1.1", "stream numbers may be left out", _many_streams, alive),
    Case("9113/5.1.1", "the largest stream number is accepted", lambda c: c.request(h2.MAX_WINDOW),
         answered(200, stream=h2.MAX_WINDOW)),
    Case("9113/5.1.2", "a stream that ended makes room for another", _streams_one_after_the_other, alive),
    Case("9113/5.4.1", "GOAWAY names the last stream that was taken up", _last_stream),
    Case("9113/6.1", "DATA that is padding only is accepted",
         lambda c: c.post(1) + h2.data(1, b"", h2.END_STREAM, padding=200), answered()),
    Case("9113/6.1", "a padding of 0 is accepted", lambda c: c.post(1) + h2.data(1, b"test", h2.END_STREAM, padding=0), answered()),
    Case("9113/6.1", "padded DATA without the length of its padding is FRAME_SIZE_ERROR or PROTOCOL_ERROR",
         lambda c: c.post(1) + h2.frame(h2.DATA, h2.PADDED, 1), connection_error(h2.FRAME_SIZE_ERROR, h2.PROTOCOL_ERROR)),
    Case("9113/6.1", "as much padding as payload is PROTOCOL_ERROR",
         lambda c: c.post(1) + h2.frame(h2.DATA, h2.PADDED, 1, b"\5four"), protocol_error),
    Case("9113/6.2", "HEADERS with padding and priority are accepted",
         lambda c: c.request(padding=255, priority=h2.dependency(weight=3)), answered(200)),
    Case("9113/6.2", "HEADERS that are too short for their priority are refused",
         lambda c: h2.frame(h2.HEADERS, 0x25, 1, bytes(4)), connection_error(h2.FRAME_SIZE_ERROR, h2.PROTOCOL_ERROR)),
    Case("9113/6.2", "HEADERS whose padding reaches into the priority are PROTOCOL_ERROR",
         lambda c: h2.frame(h2.HEADERS, 0x2D, 1, b"\x04" + bytes(7)), connection_error(h2.PROTOCOL_ERROR, h2.FRAME_SIZE_ERROR)),
    Case("9113/6.2", "a header block of nothing is malformed", lambda c: h2.headers(1, b""), refused(400)),
    Case("9113/6.3", "PRIORITY of 6 bytes is FRAME_SIZE_ERROR",
         lambda c: c.post(1) + h2.frame(h2.PRIORITY, 0, 1, bytes(6)), stream_error(h2.FRAME_SIZE_ERROR)),
]

CONTROL = [
    Case("9113/6.5", "empty SETTINGS are acknowledged", lambda c: h2.settings(), lambda c: c.wait_acknowledged(2)),
    Case("9113/6.5", "each SETTINGS frame is acknowledged", _many_settings),
    Case("9113/6.5.2", "SETTINGS_HEADER_TABLE_SIZE of 0 holds for the server's fields", _no_dynamic_table),
    Case("9113/6.5.2", "SETTINGS_MAX_FRAME_SIZE may be the largest; nobody must make use of it",
         lambda c: h2.settings((h2.MAX_FRAME_SIZE, (1 << 24) - 1)) + c.request(path=BIG),
         lambda c: c.wait(lambda: len(c.streams[1].body) >= h2.DEFAULT_WINDOW, "a window of DATA")),
    Case("9113/6.5.2", "SETTINGS_MAX_CONCURRENT_STREAMS of 0 from a client is accepted",
         lambda c: h2.settings((h2.MAX_CONCURRENT_STREAMS, 0)) + c.request(), answered(200)),
    Case("8441/3", "SETTINGS_ENABLE_CONNECT_PROTOCOL of 2 is PROTOCOL_ERROR, or means nothing here",
         lambda c: h2.settings((h2.ENABLE_CONNECT_PROTOCOL, 2)), lambda c: c.wait(
             lambda: c.acknowledged > 1 or (c.goaways and c.goaways[0].error == h2.PROTOCOL_ERROR), "either")),
    Case("9113/6.7", "PINGs are acknowledged in their order", _pongs_in_order),
    Case("9113/6.8", "after a client's GOAWAY its requests are still answered",
         lambda c: c.request() + h2.goaway(), lambda c: c.response(1, 200)),
    Case("9113/6.8", "GOAWAY may have debug data", lambda c: h2.goaway(debug=b"d" * 1000), alive_or_closed),
    Case("9113/6.8", "after GOAWAY and the last response the server ends the connection, or serves on",
         lambda c: h2.goaway() + c.request(), lambda c: c.wait(lambda: c.closed or c.streams[1].ended, "either")),
    Case("9113/6.9", "DATA waits for the connection's window", _connection_window),
    Case("9113/6.9", "a window of 2^31-1 is allowed", _window_of_max),
    Case("9113/6.9", "a body beyond the first window gets more of it", _upload),
    Case("9113/6.9", "padding is given back to the window", lambda c: _upload(c, padding=255)),
    Case("9113/6.9.1", "DATA beyond the window is FLOW_CONTROL_ERROR, unless the window grows meanwhile", _over_the_window),
    # The section wants a connection error; ending the stream, as the library does, harms nobody else.
    Case("9113/6.9.2", "SETTINGS that make an open stream's window exceed 2^31-1 are FLOW_CONTROL_ERROR",
         lambda c: c.post(1) + h2.window_update(1, 1 << 30) + h2.settings((h2.INITIAL_WINDOW_SIZE, h2.MAX_WINDOW)),
         stream_error(h2.FLOW_CONTROL_ERROR)),
    Case("9113/6.9.2", "SETTINGS do not change the connection's window",
         lambda c: h2.settings((h2.INITIAL_WINDOW_SIZE, h2.MAX_WINDOW)) + h2.window_update(0, h2.MAX_WINDOW - h2.DEFAULT_WINDOW),
         alive),
    Case("9113/6.9", "the reserved bit of WINDOW_UPDATE is ignored", lambda c: h2.window_update(0, 1 | 1 << 31), alive),
    Case("9113/8.4", "PUSH_PROMISE on an open stream is PROTOCOL_ERROR",
         lambda c: c.post(1) + h2.push_promise(1, 2, c.block()), protocol_error),
    Case("9113/8.4", "PUSH_PROMISE on stream 0 is PROTOCOL_ERROR", lambda c: h2.push_promise(0, 2, c.block()), protocol_error),
]

PRIORITIES = [
    Case("9218/5", "a priority field that does not parse is ignored", lambda c: c.request(1, ("priority", "u=99, ;;i=?7")), answered(200)),
    Case("9218/7.1", "PRIORITY_UPDATE of an open stream is accepted",
         _priority_update(None, lambda c: c.post(1), h2.priority_update(1, b"u=1, i"))),
    Case("9218/7.1", "PRIORITY_UPDATE of an idle stream is accepted", _priority_update(None, h2.priority_update(7, b"u=1"))),
    Case("9218/7.1", "a value that does not parse is ignored", _priority_update(None, h2.priority_update(1, b"\xff\0u==="))),
    Case("9218/7.1", "PRIORITY_UPDATE on a stream is PROTOCOL_ERROR",
         _priority_update(protocol_error, lambda c: c.post(1), h2.priority_update(1, b"u=1", on=1))),
    Case("9218/7.1", "PRIORITY_UPDATE of stream 0 is PROTOCOL_ERROR", _priority_update(protocol_error, h2.priority_update(0, b"u=1"))),
    Case("9218/7.1", "PRIORITY_UPDATE of a push that was never promised is PROTOCOL_ERROR",
         _priority_update(protocol_error, h2.priority_update(2, b"u=1"))),
    Case("9218/7.1", "PRIORITY_UPDATE of 3 bytes is FRAME_SIZE_ERROR",
         _priority_update(frame_size_error, h2.frame(h2.PRIORITY_UPDATE, 0, 0, bytes(3)))),
    Case("9218/2.1", "SETTINGS_NO_RFC7540_PRIORITIES of 2 is PROTOCOL_ERROR",
         lambda c: h2.settings((h2.NO_RFC7540_PRIORITIES, 2)), protocol_error),
]


def _field(field, expect):
    return lambda c: h2.headers(1, c.block() + field), expect


COMPRESSION = [
    Case("7541/2.3.3", "an index beyond an empty dynamic table is a decoding error", *_field(hpack.indexed(62), compression_error)),
    Case("7541/4.2", "three size updates at the beginning are accepted",
         lambda c: h2.headers(1, b"".join(map(hpack.table_size, (0, 100, 4096))) + c.block()), answered(200)),
    Case("7541/4.2", "a size update between fields is a decoding error",
         *_field(hpack.table_size(0) + hpack.literal("x-a", "b"), compression_error)),
    Case("7541/4.4", "an entry larger than the table empties it and is no error",
         lambda c: h2.headers(1, c.block() + _KEPT + hpack.literal("x-large", "v" * 5000, hpack.INCREMENTAL))
         + h2.headers(3, c.block()), answered(200, stream=3)),
    Case("7541/4.4", "an entry that was evicted is gone",
         lambda c: h2.headers(1, c.block() + _KEPT + hpack.literal("x-large", "v" * 5000, hpack.INCREMENTAL) + hpack.indexed(62)),
         compression_error),
    Case("7541/4.3", "a size of 0 empties the table",
         lambda c: h2.headers(1, c.block() + _KEPT) + h2.headers(3, hpack.table_size(0) + c.block() + hpack.indexed(62)),
         compression_error),
    Case("7541/5.1", "an integer beyond 32 bits is a decoding error", *_field(b"\xff" + b"\xff" * 9 + b"\x7f", compression_error)),
    Case("7541/5.1", "an integer that does not end is a decoding error", *_field(b"\xff\x80\x80", compression_error)),
    Case("7541/5.2", "a string that is longer than the block is a decoding error",
         *_field(b"\x00\x03x-a\x10short", compression_error)),
    Case("7541/5.2", "a length of 2^31 is a decoding error", *_field(b"\x00" + hpack.integer(1 << 31, 7) + b"x", compression_error)),
    Case("7541/5.2", "all 256 bytes have Huffman codes: a value with every printable one is accepted",
         *_field(hpack.literal("x-a", bytes(range(33, 127)) + bytes(range(128, 256)), coded=True), answered(200))),
    Case("7541/6.1", "an entry can be referenced by later streams", _table_shared),
    Case("7541/2.2", "a malformed request's block counts for the table",
         _table_after(lambda c: h2.headers(1, c.block(path="") + _KEPT)), alive),
    Case("7541/2.2", "the block of trailers on a stream that was reset counts for the table",
         _table_after(lambda c: c.post(1) + h2.window_update(1, h2.MAX_WINDOW) * 2 + h2.headers(1, _KEPT)), alive),
]

CONNECTION = PREFACES + FRAMES + STREAMS + CONTROL + PRIORITIES + COMPRESSION
