"""Beyond the public suite, messages: which requests are malformed, and which are not (RFC 9113 section 8)."""

import h2_frames as h2
import h2_hpack as hpack
from h2_case import Case, alive, answered, malformed, refused, rejected
from h2_client import AUTHORITY, Unexpected
from h2_conformance_generic import TRAILERS

TEST = h2.data(1, b"test", h2.END_STREAM)
ANY = range(200, 600)


def _fields(*fields):
    """A request of these fields and no others."""
    return lambda c: h2.headers(1, hpack.block(fields))


def _extra(name, value):
    return lambda c: c.request(1, (name, value))


def _with(**pseudo):
    return lambda c: c.request(1, **pseudo)


def _trailers(*fields, flags=h2.END_HEADERS | h2.END_STREAM):
    return lambda c: c.post(1) + h2.data(1, b"test") + h2.headers(1, hpack.block(fields), flags)


def _host(authority, *hosts):
    return lambda c: c.request(1, *(("host", h) for h in hosts), authority=authority)


def _expect_continue(c):
    """100 or the final response comes before the body does."""
    c.send(c.post(1, ("expect", "100-continue"), ("content-length", "4")))
    state = c.streams[1]
    c.wait(lambda: state.early or state.status, "100, or a final response")
    if state.early and state.early[0][0] != 100:
        raise Unexpected("100", state.early)
    c.send(TEST)
    c.response(1)


def _lower_case(c):
    """What the server sends obeys its own rules: lower-case names, no connection-specific fields, :status alone."""
    c.send(c.request())
    fields = c.response(1, 200).fields
    names = [name for name, _ in fields]
    wrong = [n for n in names if n != n.lower() or n in ("connection", "keep-alive", "transfer-encoding", "upgrade")]
    if wrong or names[0] != ":status" or any(n.startswith(":") for n in names[1:]):
        raise Unexpected(":status and then fields that HTTP/2 allows", fields)


def _head(c):
    c.send(c.request(method="HEAD"))
    state = c.response(1, 200)
    if state.body or state.field("content-length") not in ("1000", None):
        raise Unexpected("no content, and the length that GET has", state.fields)


def _not_modified(c):
    c.send(c.request(1))
    tag = c.response(1, 200).field("etag")
    dated = c.streams[1].field("last-modified")
    c.send(c.request(3, ("if-none-match", tag) if tag else ("if-modified-since", dated)))
    if c.response(3, 304).body:
        raise Unexpected("no content with 304", c.story())


def _range(c):
    c.send(c.request(1, ("range", "bytes=10-19")))
    if len(c.response(1, (206, 200)).body) not in (10, 1000):
        raise Unexpected("ten bytes", c.story())


def _long_path(c, length):
    """A request whose :path is longer than one frame."""
    block = c.block(path="/" + "a" * length)
    parts = [block[at:at + h2.MAX_FRAME] for at in range(0, len(block), h2.MAX_FRAME)]
    return h2.headers(1, parts[0], h2.END_STREAM) + b"".join(
        h2.continuation(1, part, h2.END_HEADERS if part is parts[-1] else 0) for part in parts[1:])


NAMES = [
    *(Case("9113/8.2.1", f"a field name with {what} is malformed", _extra(name, "v"), malformed)
      for what, name in (("a space", "x a"), ("a colon within", "x:a"), ("NUL", "x\0a"), ("a line feed", "x\na"),
                         ("DEL", "x\x7fa"), ("a byte above 0x7f", "x\xe9a"), ("a quotation mark", 'x"a'), ("nothing in it", ""),
                         ("an upper-case letter in the middle", "x-Abc"))),
    *(Case("9113/8.2.1", f"a field value with {what} is malformed", _extra("x-a", value), malformed)
      for what, value in (("NUL", "a\0b"), ("a line feed", "a\nb"), ("a carriage return", "a\rb"), ("CR LF", "a\r\nb: c"),
                          ("a space before it", " a"), ("a space after it", "a "), ("a tab before it", "\ta"), ("a tab after it", "a\t"))),
    *(Case("9113/8.2.1", f"a field value with {what} is accepted", _extra("x-a", value), answered(200))
      for what, value in (("a tab within", "a\tb"), ("a byte above 0x7f", "a\xe9b"), ("nothing in it", ""))),
    *(Case("9113/8.2.2", f"{name} is malformed", _extra(name, value), malformed)
      for name, value in (("connection", "close"), ("proxy-connection", "keep-alive"), ("keep-alive", "timeout=5"),
                          ("transfer-encoding", "chunked"), ("upgrade", "websocket"), ("te", "gzip"))),
    Case("9113/8.2.2", "TE: trailers is accepted", _extra("te", "trailers"), answered(200)),
    Case("9113/8.2.3", "Cookie may come in several fields",
         lambda c: c.request(1, ("cookie", "a=1"), ("cookie", "b=2")), answered(200)),
]

PSEUDO = [
    Case("9113/8.3", "a pseudo-header field with an upper-case letter is malformed", _extra(":Path", "/"), malformed),
    Case("9113/8.3", "a pseudo-header field without a name is malformed", _extra(":", "x"), malformed),
    Case("9113/8.3", ":authority twice is malformed",
         lambda c: h2.headers(1, hpack.block([(":authority", AUTHORITY)]) + c.block()), malformed),
    *(Case("9113/8.3.1", f":path {path!r} is refused", _with(path=path), malformed)
      for path in ("bytes/1000", "*", "http://e2e.example/bytes/1000", "?q", "/a b", "/a\0b", "/a\nb", "/a\x7fb",
                   "/bytes/1000#part")),
    Case("9113/8.3.1", "OPTIONS * is answered", _with(method="OPTIONS", path="*"), answered(ANY)),
    Case("9113/8.3.1", "a :path with a query is answered", _with(path="/bytes/1000?a=b&c=%20"), answered(200)),
    Case("9113/8.3.1", "a :path beyond what is allowed is 414 or 431",
         lambda c: _long_path(c, 40000), refused(414, 431)),
    *(Case("9113/8.3.1", f":authority {authority!r} is refused", _with(authority=authority), malformed)
      for authority in ("", "user@e2e.example", "e2e.example/x", "e2e example", "e2e.example:port", "[::1",
                        "e2e\0example")),
    Case("9113/8.3.1", "neither :authority nor Host is refused", _with(authority=None), malformed),
    Case("9113/8.3.1", "Host in place of :authority is accepted", _host(None, AUTHORITY), answered(200)),
    Case("9113/8.3.1", "Host that says the same as :authority is accepted", _host(AUTHORITY, AUTHORITY), answered(200)),
    Case("9113/8.3.1", "Host that says other than :authority is refused", _host(AUTHORITY, "other.example"), malformed),
    Case("9113/8.3.1", "Host twice is refused", _host(None, AUTHORITY, "other.example"), malformed),
    Case("9113/8.3.1", "a port in :authority is accepted", _with(authority=AUTHORITY + ":8443"), answered(200)),
    *(Case("9113/8.3.1", f":method {method!r} is malformed", _with(method=method), malformed)
      for method in ("", "GE T", "GET\0", "GET\r\nx:y", "G@T")),
    Case("9113/8.3.1", "a method that nobody knows is answered", _with(method="FROBNICATE"), answered(ANY)),
    *(Case("9113/8.3.1", f":scheme {scheme!r} is refused", _with(scheme=scheme), malformed) for scheme in ("ht tp", "http\0")),
    Case("9113/8.3.1", "an empty :scheme is refused", lambda c: h2.headers(1, hpack.block(
        [(":method", "GET"), (":scheme", ""), (":path", "/bytes/1000"), (":authority", AUTHORITY)])), malformed),
    Case("9113/8.5", "CONNECT is refused", _fields((":method", "CONNECT"), (":authority", "e2e.example:443")), rejected),
    Case("9113/8.5", "CONNECT with :path and :scheme is malformed", _with(method="CONNECT"), rejected),
    Case("9113/8.5", "CONNECT without :authority is malformed", _fields((":method", "CONNECT")), rejected),
    Case("8441/4", "extended CONNECT that was not offered is malformed",
         lambda c: h2.headers(1, hpack.block(
             c.fields(method="CONNECT") + [(":protocol", "websocket")]), h2.END_HEADERS), rejected),
    Case("8441/4", ":protocol with GET is malformed", lambda c: h2.headers(1, hpack.block(
        c.fields() + [(":protocol", "websocket")])), malformed),
]

BODIES = [
    Case("9113/8.1", "END_STREAM may come in an empty DATA frame",
         lambda c: c.post(1) + h2.data(1, b"test") + h2.data(1, b"", h2.END_STREAM), answered()),
    Case("9113/8.1", "a body may be empty", lambda c: c.post(1, body=b""), answered()),
    Case("9113/8.1", "GET may have a body", lambda c: c.request(1, end=False) + TEST, answered()),
    Case("9113/8.1", "trailers may follow HEADERS at once", lambda c: c.post(1) + h2.headers(1, TRAILERS), answered()),
    Case("9113/8.1", "trailers may come in CONTINUATION frames",
         lambda c: c.post(1) + h2.data(1, b"test") + h2.headers(1, TRAILERS[:3], h2.END_STREAM)
         + h2.continuation(1, TRAILERS[3:]), answered()),
    Case("9113/8.1", "HEAD is answered without content", _head, alive),
    Case("9113/8.1", "304 has no content", _not_modified, alive),
    Case("9113/8.1", "a range of a response", _range, alive),
    Case("9113/8.1", "the server's own fields obey the rules", _lower_case, alive),
    Case("9110/10.1.1", "Expect: 100-continue is answered before the body", _expect_continue, alive),
    Case("9113/8.1", "a pseudo-header field in trailers is malformed", _trailers((":path", "/x")), malformed),
    Case("9113/8.1", "a field name that is malformed in trailers", _trailers(("X-Upper", "x")), malformed),
    Case("9113/8.1", "Connection in trailers is malformed", _trailers(("connection", "close")), malformed),
    Case("9113/8.1.1", "Content-Length with END_STREAM and no body is malformed",
         lambda c: c.request(1, ("content-length", "4"), method="POST", path="/product/7"), malformed),
    Case("9113/8.1.1", "less body than Content-Length says is malformed",
         lambda c: c.post(1, ("content-length", "10"), body=b"test"), malformed),
    Case("9113/8.1.1", "less body than Content-Length says, and trailers, is malformed",
         lambda c: c.post(1, ("content-length", "10")) + h2.data(1, b"test") + h2.headers(1, TRAILERS), malformed),
    Case("9113/8.1.1", "Content-Length that fits is accepted", lambda c: c.post(1, ("content-length", "4"), body=b"test"), answered()),
    Case("9113/8.1.1", "padding does not count for Content-Length",
         lambda c: c.post(1, ("content-length", "4")) + h2.data(1, b"test", h2.END_STREAM, padding=9), answered()),
    Case("9113/8.1.1", "Content-Length of 0 without a body is accepted",
         lambda c: c.request(1, ("content-length", "0"), method="POST", path="/product/7"), answered()),
    *(Case("9113/8.1.1", f"Content-Length {value!r} is malformed",
           lambda c, value=value: c.post(1, ("content-length", value), body=b"test"), malformed)
      for value in ("four", "-4", "+4", "4,4", "0x4", "4 ", "", "18446744073709551620")),
    Case("9113/8.1.1", "Content-Length twice with different values is malformed",
         lambda c: c.post(1, ("content-length", "4"), ("content-length", "5"), body=b"test"), malformed),
]


FIELDS = NAMES + PSEUDO + BODIES
