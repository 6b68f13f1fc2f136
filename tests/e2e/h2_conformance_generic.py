"""What every HTTP/2 server must accept: the public suite's groups "generic" and "hpack", in its order."""

import h2_frames as h2
import h2_hpack as hpack
from h2_case import Case, alive, alive_or_closed, answered, connection_error

USER_AGENT = 58  # its index in the static table


def _held(c, *frames):
    """A request whose response has no window, then `frames`, then one byte of window: the response must go on."""
    c.send(h2.settings((h2.INITIAL_WINDOW_SIZE, 0)), c.request(), *frames, h2.window_update(1, 1))
    c.first_data(1, 1)


def _priority_on_closed(c):
    c.send(c.request())
    c.response()
    return h2.priority(1, weight=256)


def _empty_response(c):
    """A HEAD: the response's HEADERS end the stream."""
    c.send(c.request(method="HEAD"))
    assert not c.response().body


def _settings(c):
    before = c.acknowledged
    c.send(h2.settings((h2.HEADER_TABLE_SIZE, 4096), (h2.ENABLE_PUSH, 1), (h2.MAX_CONCURRENT_STREAMS, 100),
                       (h2.INITIAL_WINDOW_SIZE, 65535), (h2.MAX_FRAME_SIZE, 16384), (h2.MAX_HEADER_LIST_SIZE, 100)))
    c.wait_acknowledged(before + 1)


def _with(field):
    """A request whose header block ends with `field`, as it is encoded."""
    return lambda c: h2.headers(1, c.block() + field)


def _begun_with(update):
    return lambda c: h2.headers(1, update + c.block())


def _continued(*blocks):
    """A request whose header block goes on in CONTINUATION frames."""
    def act(c):
        frames = [h2.continuation(1, block, 0) for block in blocks[:-1]] + [h2.continuation(1, blocks[-1])]
        return h2.headers(1, c.block(), h2.END_STREAM) + b"".join(frames)
    return act


def _dynamic(c):
    """A field that goes into the dynamic table, and then by its index there."""
    first = hpack.literal("x-test", "kept", hpack.INCREMENTAL)
    return h2.headers(1, c.block() + first + hpack.indexed(62))


DUMMY = hpack.literal("x-dummy", "x" * 4000)
TRAILERS = hpack.block([("x-test", "ok")])

GENERIC = [
    Case("generic/1", "the client's preface is answered with SETTINGS", lambda c: None, alive),

    Case("generic/2", "PRIORITY on an idle stream is accepted", lambda c: h2.priority(1, weight=256), alive),
    Case("generic/2", "WINDOW_UPDATE on a half-closed (remote) stream is accepted", _held),
    Case("generic/2", "PRIORITY on a half-closed (remote) stream is accepted", lambda c: _held(c, h2.priority(1, weight=256))),
    Case("generic/2", "RST_STREAM on a half-closed (remote) stream is accepted",
         lambda c: c.request() + h2.rst_stream(1), alive),
    Case("generic/2", "PRIORITY on a closed stream is accepted", _priority_on_closed, alive),

    Case("generic/3.1", "a DATA frame is accepted", lambda c: c.post(1, body=b"test"), answered()),
    Case("generic/3.1", "several DATA frames are accepted",
         lambda c: c.post(1) + h2.data(1, b"test") + h2.data(1, b"test", h2.END_STREAM), answered()),
    Case("generic/3.1", "a DATA frame with padding is accepted",
         lambda c: c.post(1) + h2.data(1, b"test", h2.END_STREAM, padding=6), answered()),

    Case("generic/3.2", "a HEADERS frame is accepted", lambda c: c.request(), answered()),
    Case("generic/3.2", "a HEADERS frame with padding is accepted", lambda c: c.request(padding=6), answered()),
    Case("generic/3.2", "a HEADERS frame with priority is accepted",
         lambda c: c.request(priority=h2.dependency(weight=256)), answered()),

    Case("generic/3.3", "PRIORITY with weight 1 is accepted", lambda c: h2.priority(1, weight=1) + c.request(), answered()),
    Case("generic/3.3", "PRIORITY with weight 256 is accepted", lambda c: h2.priority(1, weight=256) + c.request(), answered()),
    Case("generic/3.3", "PRIORITY with a dependency is accepted", lambda c: h2.priority(3, on=1) + c.request(), answered()),
    Case("generic/3.3", "an exclusive PRIORITY is accepted", lambda c: h2.priority(1, exclusive=True) + c.request(), answered()),
    Case("generic/3.3", "PRIORITY opens no stream: one with a lower number may follow",
         lambda c: h2.priority(3, weight=256) + c.request(), answered()),

    Case("generic/3.4", "RST_STREAM is accepted", lambda c: c.post(1) + h2.rst_stream(1), alive),
    Case("generic/3.5", "SETTINGS are acknowledged", _settings),
    Case("generic/3.7", "PING is acknowledged with its content", alive),
    Case("generic/3.8", "GOAWAY is accepted", lambda c: h2.goaway(), alive_or_closed),
    Case("generic/3.9", "WINDOW_UPDATE on the connection is accepted", lambda c: h2.window_update(0, 1), alive),
    Case("generic/3.9", "WINDOW_UPDATE on a stream is accepted", _held),
    Case("generic/3.10", "a CONTINUATION frame is accepted", _continued(DUMMY), answered()),
    Case("generic/3.10", "several CONTINUATION frames are accepted", _continued(DUMMY, DUMMY), answered()),

    Case("generic/4", "GET is answered", lambda c: c.request(), answered()),
    Case("generic/4", "HEAD is answered, without content", _empty_response, alive),
    Case("generic/4", "POST is answered", lambda c: c.post(1, body=b"test"), answered()),
    Case("generic/4", "POST with trailers is answered",
         lambda c: c.post(1, ("trailer", "x-test")) + h2.data(1, b"test") + h2.headers(1, TRAILERS), answered()),

    Case("generic/5", "an indexed field is accepted", _dynamic, answered()),
    Case("generic/5", "a literal with incremental indexing, indexed name",
         _with(hpack.literal(USER_AGENT, "suite", hpack.INCREMENTAL)), answered()),
    Case("generic/5", "the same with Huffman coding",
         _with(hpack.literal(USER_AGENT, "suite", hpack.INCREMENTAL, coded=True)), answered()),
    Case("generic/5", "a literal with incremental indexing, new name",
         _with(hpack.literal("x-test", "suite", hpack.INCREMENTAL)), answered()),
    Case("generic/5", "the same with Huffman coding",
         _with(hpack.literal("x-test", "suite", hpack.INCREMENTAL, coded=True)), answered()),
    Case("generic/5", "a literal without indexing, indexed name", _with(hpack.literal(USER_AGENT, "suite")), answered()),
    Case("generic/5", "the same with Huffman coding", _with(hpack.literal(USER_AGENT, "suite", coded=True)), answered()),
    Case("generic/5", "a literal without indexing, new name", _with(hpack.literal("x-test", "suite")), answered()),
    Case("generic/5", "the same with Huffman coding", _with(hpack.literal("x-test", "suite", coded=True)), answered()),
    Case("generic/5", "a literal never indexed, indexed name",
         _with(hpack.literal(USER_AGENT, "suite", hpack.NEVER_INDEXED)), answered()),
    Case("generic/5", "the same with Huffman coding",
         _with(hpack.literal(USER_AGENT, "suite", hpack.NEVER_INDEXED, coded=True)), answered()),
    Case("generic/5", "a literal never indexed, new name",
         _with(hpack.literal("x-test", "suite", hpack.NEVER_INDEXED)), answered()),
    Case("generic/5", "the same with Huffman coding",
         _with(hpack.literal("x-test", "suite", hpack.NEVER_INDEXED, coded=True)), answered()),
    Case("generic/5", "a dynamic table size update is accepted", _begun_with(hpack.table_size(0)), answered()),
    Case("generic/5", "several dynamic table size updates are accepted",
         _begun_with(hpack.table_size(0) + hpack.table_size(4096)), answered()),
]

_decoding_error = connection_error(h2.COMPRESSION_ERROR)
_NAME = bytes([0]) + hpack.string("x-test", coded=True)


def _coded(raw):
    """A field x-test whose value is the Huffman-coded string `raw`."""
    return _with(_NAME + hpack.integer(len(raw), 7, 0x80) + raw)


HPACK = [
    Case("hpack/2.3.3", "an indexed field beyond both tables is a decoding error", _with(hpack.indexed(126)), _decoding_error),
    Case("hpack/2.3.3", "a literal whose name is beyond both tables is a decoding error",
         _with(hpack.literal(126, "suite")), _decoding_error),
    Case("hpack/4.2", "a table size update at the end of a block is a decoding error",
         _with(hpack.table_size(1)), _decoding_error),
    Case("hpack/5.2", "more than 7 bits of padding are a decoding error",
         _coded(hpack.huffman(b"test") + b"\xff"), _decoding_error),
    Case("hpack/5.2", "padding that is not ones is a decoding error",
         _coded(hpack.huffman_symbols(b"test", padding="0" * 4)), _decoding_error),
    Case("hpack/5.2", "EOS in a string is a decoding error",
         _coded(hpack.huffman_symbols([*b"te", hpack.EOS, *b"st"])), _decoding_error),
    Case("hpack/6.1", "an indexed field with index 0 is a decoding error", _with(hpack.indexed(0)), _decoding_error),
    Case("hpack/6.3", "a table size beyond SETTINGS_HEADER_TABLE_SIZE is a decoding error",
         _begun_with(hpack.table_size(1 << 30)), _decoding_error),
]
