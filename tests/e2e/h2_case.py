"""What a case of HTTP/2 conformance is: a section, a sentence, what the client does, and what must come of it."""

import concurrent.futures
import traceback
from typing import Callable, NamedTuple, Optional

import h2_frames as h2
from h2_client import Unexpected


class Case(NamedTuple):
    """`act(connection)` may return bytes, which are sent; then `expect(connection)` must hold. `handshake` is False
    where the case begins with a connection on which nothing was said."""
    section: str
    sentence: str
    act: Callable
    expect: Optional[Callable] = None
    handshake: bool = True


class Failure(NamedTuple):
    number: str
    sentence: str
    expected: str
    got: str

    def __str__(self):
        return f"{self.number}: {self.sentence}\n    expected {self.expected}\n    got      {self.got}"


# What must come of it. Each makes a function of the connection.

def connection_error(*codes):
    """GOAWAY with one of the codes, and the end of the connection."""
    return lambda c: c.goaway(*codes)


def stream_error(*codes, stream=1):
    """RST_STREAM with one of the codes, or the connection's end with the same (RFC 9113 section 5.4.2)."""
    return lambda c: c.stream_error(stream, *codes)


def answered(status=None, stream=1):
    """A whole response, and the connection goes on."""
    def check(c):
        c.response(stream, status)
        c.alive()
    return check


def refused(*statuses, stream=1, codes=(h2.PROTOCOL_ERROR,)):
    """A stream error with one of the codes, or a response with one of the statuses (RFC 9113 section 8.1.1 allows one
    before the stream ends). Either is the stream's affair: the connection goes on."""
    def check(c):
        state = c.streams[stream]
        expected = " or ".join([f"RST_STREAM({h2.error_name(code)})" for code in codes] + [f"status {s}" for s in statuses])
        c.wait(lambda: state.error is not None or state.ended or c.goaways, expected)
        if c.goaways or not (state.status in statuses or (state.status is None and state.error in codes)):
            raise Unexpected(f"{expected} on stream {stream}", c.story())
        c.alive()
    return check


malformed = refused(400)
rejected = refused(400, 405, 421, 501)


def alive(c):
    c.alive()


def closed(c):
    c.wait_closed()


def alive_or_closed(c):
    """After a client's GOAWAY a server may answer PING or hang up."""
    c.send(h2.ping(b"goodbye?"))
    c.wait(lambda: c.pongs or c.closed, "PING acknowledged, or the end of the connection")


def numbered(cases):
    """[(number, case)]: the n-th case of its section is section/n."""
    counts, out = {}, []
    for case in cases:
        counts[case.section] = counts.get(case.section, 0) + 1
        out.append((f"{case.section}/{counts[case.section]}", case))
    return out


def run(number, case, connect):
    """None, or the Failure. `connect(handshake=...)` opens a connection to the server under test."""
    try:
        with connect(handshake=case.handshake) as c:
            said = case.act(c)
            if said:
                c.send(said)
            if case.expect:
                case.expect(c)
    except Unexpected as unexpected:
        return Failure(number, case.sentence, unexpected.expected, unexpected.got)
    except Exception:  # what else goes wrong must not hide the other cases
        return Failure(number, case.sentence, "no error in the case itself", traceback.format_exc(limit=4))
    return None


def run_all(cases, connect, only="", threads=16):
    """The failures of all cases whose number begins with `only`, in their order."""
    chosen = [row for row in numbered(cases) if row[0].startswith(only)]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(lambda row: run(*row, connect), chosen))
    return [failure for failure in results if failure]
