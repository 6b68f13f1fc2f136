"""The origin of the purge race: pages whose content carries its version, served slowly at random.

A page's version is read when its request has come; the head and the body follow after delays of their own. So at any
moment answers are under way that are older than what the origin has now, as with any real origin.
"""

import random
import re
import socket
import threading
import time

BLOCK = 64  # bytes; each block of a body names its page and version, so that parts of two versions do not pass as one
HOST = "race.example"


class Page:
    """One URL. `etag`: "each" version has its own, "shared" by four versions in a row, or "none"."""

    def __init__(self, path, cache_control, etag="each", tags=(), field="Surrogate-Key", languages=("en",), size=BLOCK):
        self.path, self.cache_control, self.etag = path, cache_control, etag
        self.tags, self.field, self.languages, self.size = tags, field, languages, size
        self.version = 1
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://{HOST}{self.path}"

    @property
    def may_be_stale(self):
        return "stale" in self.cache_control

    def bump(self):
        with self.lock:
            self.version += 1
            return self.version

    # "de-at" is shown what "de" is: a tag of one variant may be right for another.
    def body(self, language, version):
        block = f"{self.path} {language[:2]} {version:08d} ".ljust(BLOCK - 1, ".")[:BLOCK - 1] + "\n"
        return block.encode() * (self.size // BLOCK)

    def etag_of(self, language, version):
        if self.etag == "none":
            return None
        return f'"{language[:2]}-{version if self.etag == "each" else version // 4}"'

    def head(self, language, version):
        lines = [f"Cache-Control: {self.cache_control}", "Content-Type: text/plain", "Accept-Ranges: bytes"]
        if tag := self.etag_of(language, version):
            lines.append(f"ETag: {tag}")
        if len(self.languages) > 1:
            lines.append("Vary: Accept-Language")
        lines.append(f"{self.field}: " + (", " if self.field == "Cache-Tag" else " ").join(self.tags))
        return lines


VERSION_IN = re.compile(rb"(\S+) (\S+) (\d{8}) \.*\n")


def version_in(page, language, body):
    """The version that a body (or a part of one that begins with a block) is of; None when it is of no single one."""
    found = VERSION_IN.match(body)
    if not found or len(body) % BLOCK:
        return None
    version = int(found[3])
    block = page.body(language, version)[:BLOCK]
    return version if body == block * (len(body) // BLOCK) else None


def make_pages():
    """Few, so that requests and purges meet; of every kind that purges treat differently."""
    long, short, soft = "max-age=3600", "max-age=1", "max-age=60, stale-while-revalidate=60, stale-if-error=60"
    swr = "max-age=1, stale-while-revalidate=30"
    fields = ("Surrogate-Key", "Cache-Tag", "xkey")
    kinds = [(long, "each"), (long, "shared"), (short, "each"), (short, "shared"), (soft, "each"), (soft, "shared"),
             (swr, "each"), (swr, "none"), (long, "none")]
    pages = []
    for number, (control, etag) in enumerate(kinds):
        folder = ("a", "b", "c")[number % 3]
        tags = (f"own-{number}", f"third-{number % 3}", f"half-{number % 2}")
        pages.append(Page(f"/{folder}/{number}", control, etag, tags, fields[number % 3]))
    pages.append(Page("/a/vary-1", long, "each", ("vary", "third-0"), "xkey", ("en", "de", "fr")))
    pages.append(Page("/b/vary-2", short, "shared", ("vary", "third-1"), "Cache-Tag", ("en", "de")))
    pages.append(Page("/b/vary-3", long, "shared", ("vary", "third-1"), "xkey", ("de", "de-at", "de-ch")))
    pages.append(Page("/c/film-1", long, "each", ("film", "third-2"), "Surrogate-Key", size=8 * 65536))
    pages.append(Page("/c/film-2", short, "each", ("film", "half-0"), "Cache-Tag", size=5 * 65536 + 7 * BLOCK))
    return pages


class Origin:
    """A thread per connection, keep-alive, 200, 206, 304 and 404."""

    def __init__(self, pages, seed):
        self.pages = {page.path: page for page in pages}
        self.requests = 0
        self._chance = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def end(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        buffer = b""
        with connection:
            try:
                while True:
                    while (at := buffer.find(b"\r\n\r\n")) < 0:
                        data = connection.recv(65536)
                        if not data:
                            return
                        buffer += data
                    head, buffer = buffer[:at].decode("latin-1"), buffer[at + 4:]
                    self._answer(connection, head)
            except OSError:
                return

    def _pause(self):
        """Mostly none, sometimes long enough for a purge to come and go."""
        draw = self._chance.random()
        if draw > 0.5:
            time.sleep(0.001 * (draw - 0.5) * 20 if draw < 0.95 else 0.1 * self._chance.random())

    def _answer(self, connection, head):
        self.requests += 1
        method, target = head.split(" ", 2)[:2]
        fields = {name.strip().lower(): value.strip() for name, _, value in (l.partition(":") for l in head.split("\r\n")[1:])}
        page = self.pages.get(target)
        if page is None or method not in ("GET", "HEAD"):
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        language = fields.get("accept-language", "en") if len(page.languages) > 1 else "en"
        version = page.version
        self._pause()
        lines, body = page.head(language, version), page.body(language, version)
        etag = page.etag_of(language, version)
        if etag and etag in [each.strip() for each in fields.get("if-none-match", "").split(",")]:
            connection.sendall("\r\n".join(["HTTP/1.1 304 Not Modified", *lines, "", ""]).encode())
            return
        status = "200 OK"
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", fields.get("range", ""))
        if wanted and etag and fields.get("if-range", etag) == etag and int(wanted[1]) < page.size:
            begin = int(wanted[1])
            end = min(page.size, int(wanted[2] or page.size) + 1)
            status = "206 Partial Content"
            lines.append(f"Content-Range: bytes {begin}-{end - 1}/{page.size}")
            body = body[begin:end]
        lines.append(f"Content-Length: {len(body)}")
        connection.sendall("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode())
        if method == "GET":
            self._pause()
            half = len(body) // 2
            connection.sendall(body[:half])
            self._pause()
            connection.sendall(body[half:])
