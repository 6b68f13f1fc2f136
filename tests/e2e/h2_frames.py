"""HTTP/2 frames as bytes (RFC 9113 sections 4 and 6, RFC 9218 section 7): made, also wrongly, and read.

Nothing here checks what it is given: a test wants to send what a decent client never would.
"""

import struct
from typing import NamedTuple

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_FRAME = 16384        # SETTINGS_MAX_FRAME_SIZE as long as nobody says otherwise
MAX_WINDOW = 2**31 - 1
DEFAULT_WINDOW = 65535

(DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION) = range(10)
PRIORITY_UPDATE = 0x10
UNKNOWN = 0xF5           # a type nobody has registered
TYPES = {DATA: "DATA", HEADERS: "HEADERS", PRIORITY: "PRIORITY", RST_STREAM: "RST_STREAM", SETTINGS: "SETTINGS",
         PUSH_PROMISE: "PUSH_PROMISE", PING: "PING", GOAWAY: "GOAWAY", WINDOW_UPDATE: "WINDOW_UPDATE",
         CONTINUATION: "CONTINUATION", PRIORITY_UPDATE: "PRIORITY_UPDATE"}

END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
WITH_PRIORITY = 0x20

ERRORS = ("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
          "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
          "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED")
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY,
 HTTP_1_1_REQUIRED) = range(14)

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
ENABLE_CONNECT_PROTOCOL, NO_RFC7540_PRIORITIES = 8, 9


def error_name(code):
    return ERRORS[code] if code < len(ERRORS) else f"error {code:#x}"


class Frame(NamedTuple):
    """One frame as it came."""
    type: int
    flags: int
    stream: int
    payload: bytes

    @property
    def error(self):
        """The code of RST_STREAM and GOAWAY."""
        return struct.unpack_from(">I", self.payload, 4 if self.type == GOAWAY else 0)[0]

    @property
    def last_stream(self):
        """GOAWAY: the last stream the other side has taken up."""
        return struct.unpack_from(">I", self.payload)[0] & MAX_WINDOW

    @property
    def content(self):
        """The payload of DATA, HEADERS, CONTINUATION without padding and priority."""
        start, end = 0, len(self.payload)
        if self.type in (DATA, HEADERS) and self.flags & PADDED:
            start, end = 1, end - self.payload[0]
        if self.type == HEADERS and self.flags & WITH_PRIORITY:
            start += 5
        return self.payload[start:end]

    @property
    def settings(self):
        """SETTINGS as a dictionary."""
        return dict(struct.unpack_from(">HI", self.payload, at) for at in range(0, len(self.payload), 6))

    def ends_stream(self):
        return self.type in (DATA, HEADERS) and bool(self.flags & END_STREAM)

    def __str__(self):
        text = f"{TYPES.get(self.type, f'type {self.type:#x}')}(stream {self.stream}, flags {self.flags:#x}, {len(self.payload)} bytes"
        if self.type in (RST_STREAM, GOAWAY) and len(self.payload) >= 4:
            text += f", {error_name(self.error)}"
        if self.type == GOAWAY and self.payload[8:]:
            text += f", {self.payload[8:]!r}"
        return text + ")"


def take_frame(buffer):
    """(first frame of the bytes, what follows it), or (None, buffer) while it is not complete."""
    if len(buffer) < 9:
        return None, buffer
    length = int.from_bytes(buffer[:3], "big")
    if len(buffer) < 9 + length:
        return None, buffer
    kind, flags, stream = struct.unpack_from(">BBI", buffer, 3)
    return Frame(kind, flags, stream & MAX_WINDOW, bytes(buffer[9:9 + length])), buffer[9 + length:]


def frame(kind, flags, stream, payload=b"", length=None):
    """Any frame. `length` says something else than how long the payload is; a stream above 2^31 sets the reserved bit."""
    said = len(payload) if length is None else length
    return said.to_bytes(3, "big") + struct.pack(">BBI", kind, flags, stream) + payload


def _padded(payload, padding):
    return payload if padding is None else bytes([padding]) + payload + bytes(padding)


def data(stream, payload=b"", flags=0, padding=None):
    return frame(DATA, flags | (PADDED if padding is not None else 0), stream, _padded(payload, padding))


def dependency(on=0, weight=16, exclusive=False):
    """The five bytes of PRIORITY. A weight is 1 to 256, as people say it."""
    return struct.pack(">IB", on | (0x80000000 if exclusive else 0), weight - 1)


def headers(stream, block, flags=END_HEADERS | END_STREAM, padding=None, priority=None):
    flags |= (PADDED if padding is not None else 0) | (WITH_PRIORITY if priority is not None else 0)
    return frame(HEADERS, flags, stream, _padded((priority or b"") + block, padding))


def continuation(stream, block, flags=END_HEADERS):
    return frame(CONTINUATION, flags, stream, block)


def priority(stream, **of):
    return frame(PRIORITY, 0, stream, dependency(**of))


def rst_stream(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def settings(*pairs, flags=0):
    return frame(SETTINGS, flags, 0, b"".join(struct.pack(">HI", key, value) for key, value in pairs))


def push_promise(stream, promised, block):
    return frame(PUSH_PROMISE, END_HEADERS, stream, struct.pack(">I", promised) + block)


def ping(opaque=b"\0" * 8, flags=0):
    return frame(PING, flags, 0, opaque)


def goaway(last=0, code=NO_ERROR, debug=b""):
    return frame(GOAWAY, 0, 0, struct.pack(">II", last, code) + debug)


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def priority_update(stream, value, on=0):
    return frame(PRIORITY_UPDATE, 0, on, struct.pack(">I", stream) + value)
