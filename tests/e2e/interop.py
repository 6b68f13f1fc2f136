"""What must hold whichever web server is the origin: client → edge → regional → server, all separate programs.

The interop_*_test.py say which server; real_origin.py says which URLs it has. What Brink answers is compared with the
files and with what the same server says when it is asked directly; what the server was asked, with its own access log.
"""

import email.utils
import gzip
import hashlib
import random
import subprocess

from harness import SANITIZED, EndToEnd
from http_client import Connection, byteranges
from real_origin import write_file
from real_tree import ROOTS, choose

FILES, BYTES = (150, 12 << 20) if SANITIZED else (500, 32 << 20)
GZIP = {"Accept-Encoding": "gzip"}


def result(answer):
    """The edge's own member of Cache-Status."""
    return (answer.field("cache-status") or "").rsplit(", ", 1)[-1]


class Interop(EndToEnd):
    ranges_in_parts = True  # the server itself answers several ranges with multipart/byteranges

    @classmethod
    def make_origin(cls, roots, content):
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.content = cls.folder / "content"
        cls.content.mkdir()
        noise = random.Random(7)
        cls.made = {
            "page.html": b"".join(b"<p>Paragraph %d of a page that compresses well.</p>\n" % i for i in range(900)),
            "style.css": b"body { margin: 0 }\n" * 40,
            "data.bin": noise.randbytes(300_000),
            "tiny.txt": b"tiny\n",
            "empty.txt": b"",
            "form.txt": b"a form\n",
        }
        for name, body in cls.made.items():
            write_file(cls.content / name, body)
        cls.origin = cls.start(cls.make_origin(ROOTS, cls.content))
        cls.regional = cls.node("regional", cls.origin.port, role="regional")
        cls.edge = cls.node("edge", cls.origin.port, regional=[cls.regional.port])

    def setUp(self):
        self.client = Connection(self.edge.port)
        self.direct = Connection(self.origin.port)
        self.addCleanup(self.client.close)
        self.addCleanup(self.direct.close)
        self.seen = len(self.origin.requests())

    def asked(self):
        """What the server was asked since this was last called."""
        records = self.origin.requests()
        new, self.seen = records[self.seen:], len(records)
        return new

    def ask(self, path, method="GET", body=b"", **fields):
        return self.client.request(path, method, [(n.replace("_", "-"), v) for n, v in fields.items()], body)

    def ask_directly(self, path, method="GET", **fields):
        answer = self.direct.request(path, method, [(n.replace("_", "-"), v) for n, v in fields.items()])
        self.asked()
        return answer

    def same(self, answer, direct, names, about):
        self.assertEqual(answer.status, direct.status, f"{about}: {answer} {direct}")
        self.assertTrue(answer.body == direct.body, f"{about}: another body: {answer} {direct}")
        for name in names:
            self.assertEqual(answer.field(name), direct.field(name), f"{about}: {name}")

    def test_01_a_tree_twice_and_a_request_a_file(self):
        files = choose(FILES, BYTES)
        for turn in ("first", "second"):
            for file in files:
                digest = hashlib.sha256()
                answer = self.client.request(file.url, sink=digest.update)
                self.assertEqual((answer.status, digest.hexdigest()), (200, file.digest), f"{file.url}: {answer}")
                self.assertIn("fwd=uri-miss" if turn == "first" else "; hit", result(answer), file.url)
            asked = self.asked()
            if turn == "first":
                self.assertEqual(sorted(r["uri"] for r in asked), sorted(f.url for f in files))
                self.assertEqual(len({r["connection"] for r in asked}), 1, "connections to the server are not kept")
            else:
                self.assertEqual(asked, [])

    def test_02_conditions_are_answered_from_the_store(self):
        whole = self.ask("/files/page.html?02")
        self.asked()
        tag, modified = whole.field("etag"), whole.field("last-modified")
        for fields in ({"If_None_Match": tag}, {"If_None_Match": f"W/{tag}"}, {"If_None_Match": f'"other", {tag}'},
                       {"If_Modified_Since": modified}):
            answer = self.ask("/files/page.html?02", **fields)
            self.same(answer, self.ask_directly("/files/page.html?02", **fields), ("etag", "cache-control"), fields)
            self.assertEqual(answer.status, 304)
        before = email.utils.formatdate(email.utils.mktime_tz(email.utils.parsedate_tz(modified)) - 1, usegmt=True)
        for fields in ({"If_None_Match": '"other"'}, {"If_Modified_Since": before},
                       {"If_None_Match": '"other"', "If_Modified_Since": modified}):
            answer = self.ask("/files/page.html?02", **fields)
            self.same(answer, self.ask_directly("/files/page.html?02", **fields), ("etag", "last-modified"), fields)
            self.assertEqual(answer.status, 200)
        # Not what nginx and Apache say: they want both to hold. RFC 9110 section 13.1.3: a date beside a tag is ignored.
        self.assertEqual(self.ask("/files/page.html?02", If_None_Match=tag, If_Modified_Since=before).status, 304)
        self.assertEqual(self.asked(), [])

    def test_03_each_use_is_validated_with_the_servers_own_validators(self):
        for path, field in (("/checked/note.txt", "if_none_match"), ("/dated/note.txt", "if_modified_since")):
            write_file(self.content / "note.txt", b"the first text\n", age_s=7200)
            first = self.ask(path)
            validator = first.field("etag" if field == "if_none_match" else "last-modified")
            self.asked()
            for _ in range(3):
                answer = self.ask(path)
                self.assertEqual((answer.status, answer.body), (200, b"the first text\n"), answer)
                self.assertIn("fwd=stale", result(answer))
                (record,) = self.asked()
                self.assertEqual((record["status"], record[field]), (304, validator), path)
            answer = self.ask(path, If_Modified_Since=first.field("last-modified"))
            self.assertEqual((answer.status, answer.body, self.asked()[0]["status"]), (304, b"", 304), path)
            write_file(self.content / "note.txt", b"the second text, longer\n", age_s=3600)
            answer = self.ask(path)
            self.assertEqual((answer.status, answer.body), (200, b"the second text, longer\n"), answer)
            self.assertNotEqual(answer.field("last-modified"), first.field("last-modified"))
            self.assertEqual([r["status"] for r in self.asked()], [200], path)
            answer = self.ask(path)
            self.assertEqual((answer.body, self.asked()[0]["status"]), (b"the second text, longer\n", 304), path)

    def test_04_head(self):
        names = ("content-length", "content-type", "etag", "last-modified", "cache-control")
        for name in self.made:
            cold = self.ask(f"/files/{name}?04", "HEAD")
            self.assertEqual([r["method"] for r in self.asked()], ["HEAD"], "a HEAD of what is not stored goes as HEAD")
            self.same(cold, self.ask_directly(f"/files/{name}?04", "HEAD"), names, name)
            whole = self.ask(f"/files/{name}?04")
            self.assertEqual((whole.status, whole.body), (200, self.made[name]))
            self.asked()
            stored = self.ask(f"/files/{name}?04", "HEAD")
            self.assertIn("; hit", result(stored))
            # (Of an empty file Apache tells the length only where there is a body.)
            self.same(stored, cold, [n for n in names if cold.field(n)], name)
        self.assertEqual(self.asked(), [])

    def test_05_ranges(self):
        for name in ("data.bin", "page.html", "tiny.txt"):
            path, body = f"/files/{name}?05", self.made[name]
            size = len(body)
            self.assertEqual(self.ask(path).body, body)
            self.asked()
            for spec in ("bytes=0-0", "bytes=1-3", f"bytes={size - 1}-", "bytes=-2", f"bytes=2-{size + 50}", f"bytes={size}-"):
                answer = self.ask(path, Range=spec)
                direct = self.ask_directly(path, Range=spec)
                self.assertEqual(answer.status, direct.status, f"{name} {spec}")
                if answer.status == 206:
                    self.same(answer, direct, ("content-range", "content-length", "content-type"), f"{name} {spec}")
                else:  # Apache does not tell the length
                    self.assertEqual((answer.status, answer.field("content-range")), (416, f"bytes */{size}"))
            tag = self.ask(path, "HEAD").field("etag")
            self.assertEqual(self.ask(path, Range="bytes=1-2", If_Range=tag).body, body[1:3])
            self.assertEqual(self.ask(path, Range="bytes=1-2", If_Range='"other"').body, body)
        several = "bytes=0-9,1000-1099,-20"
        answer = self.ask("/files/data.bin?05", Range=several)
        parts = byteranges(answer)
        self.assertEqual(answer.status, 206)
        self.assertEqual([p for _, p in parts], [self.made["data.bin"][s] for s in (slice(10), slice(1000, 1100), slice(-20, None))])
        if self.ranges_in_parts:
            self.assertEqual(parts, byteranges(self.ask_directly("/files/data.bin?05", Range=several)))
        self.assertEqual(self.asked(), [], "a stored response's ranges cost the server nothing")

    def test_06_a_range_of_what_is_not_stored(self):
        answer = self.ask("/files/data.bin?06", Range="bytes=100-199")
        self.assertEqual((answer.status, answer.body), (206, self.made["data.bin"][100:200]), answer)
        self.assertEqual(answer.field("content-range"), "bytes 100-199/300000")
        self.assertEqual(self.ask("/files/data.bin?06", Range="bytes=-100").body, self.made["data.bin"][-100:])
        whole = self.ask("/files/data.bin?06")
        self.assertEqual((whole.status, whole.body == self.made["data.bin"]), (200, True))
        self.asked()
        self.assertIn("; hit", result(self.ask("/files/data.bin?06")))
        self.assertEqual(self.asked(), [])

    def test_07_redirects_and_what_is_not_there(self):
        for path, status, stored in (("/moved/page.html", 301, True), ("/absent", 404, True), ("/nowhere/x", 404, False)):
            direct = self.ask_directly(path)
            for turn in (1, 2):
                answer = self.ask(path)
                self.assertEqual(answer.status, status)
                self.same(answer, direct, ("location", "content-type", "content-length"), path)
                self.assertEqual([r["status"] for r in self.asked()], [] if stored and turn == 2 else [status], f"{path} {turn}")

    def test_08_variants_that_the_server_compresses(self):
        body = self.made["page.html"]
        packed = self.ask("/packed/page.html?08", **GZIP)
        self.assertEqual((packed.status, packed.field("content-encoding")), (200, "gzip"), packed)
        self.assertEqual(gzip.decompress(packed.body), body)
        self.assertLess(len(packed.body), len(body))
        self.assertIn("accept-encoding", packed.field("vary").lower())
        plain = self.ask("/packed/page.html?08")
        self.assertEqual((plain.status, plain.field("content-encoding"), plain.body == body), (200, None, True), plain)
        self.asked()
        for fields, first in ((GZIP, packed), ({"Accept-Encoding": "br;q=0, gzip;q=1"}, packed), ({}, plain),
                              ({"Accept-Encoding": "identity"}, plain), ({"Accept-Encoding": "gzip;q=0"}, plain)):
            again = self.ask("/packed/page.html?08", **fields)
            self.assertIn("; hit", result(again), fields)
            self.same(again, first, ("content-encoding", "etag", "vary", "content-type"), fields)
            condition = self.ask("/packed/page.html?08", **fields, If_None_Match=first.field("etag"))
            self.assertEqual((condition.status, condition.field("etag")), (304, first.field("etag")), fields)
        part = self.ask("/packed/page.html?08", **GZIP, Range="bytes=10-19")
        self.assertEqual((part.status, part.body), (206, packed.body[10:20]))
        self.assertEqual(self.ask("/packed/page.html?08", "HEAD", **GZIP).field("content-encoding"), "gzip")
        self.assertEqual(self.asked(), [])

    def test_09_whichever_variant_came_first(self):
        """Each client gets a coding that it can decode, and in the end nobody is asked."""
        for first, then in (({}, GZIP), (GZIP, {})):
            path = f"/packed/page.html?09-{len(first)}"
            for turn, fields in enumerate((first, then, first, then, then, first)):
                answer = self.ask(path, **fields)
                self.unpacked(answer, fields, "page.html")
                self.assertEqual(len(self.asked()), 1 if turn < 2 else 0, f"{turn} {fields} {answer}")

    def unpacked(self, answer, fields, name):
        coding = "gzip" if fields else None
        self.assertEqual((answer.status, answer.field("content-encoding")), (200, coding), f"{fields} {answer}")
        content = gzip.decompress(answer.body) if coding else answer.body
        self.assertTrue(content == self.made[name], f"{fields} {answer}")

    def test_09_compressed_variants_are_validated(self):
        """What a client cannot decode it never gets, whatever a 304 says: nginx's names the uncompressed variant."""
        for first, then in (({}, GZIP), (GZIP, {})):
            path = f"/packed-checked/page.html?09-{len(first)}"
            for fields in (first, then, first, then, then, first):
                self.unpacked(self.ask(path, **fields), fields, "page.html")
            statuses = [r["status"] for r in self.asked()]
            self.assertEqual(set(statuses), {200, 304})

    def test_10_changes_through_the_cache(self):
        path = "/files/changed.txt"
        self.assertIn(self.ask(path, "PUT", body=b"version 1\n").status, (201, 204))
        for version, body in enumerate((b"version 2, longer\n", b"version 3, longer still\n"), 2):
            before = self.ask(path)
            self.assertIn("; hit", result(self.ask(path)))
            self.asked()
            self.assertIn(self.ask(path, "PUT", body=body).status, (201, 204))
            after = self.ask(path)
            self.assertEqual((after.status, after.body), (200, body))
            self.assertNotEqual(before.body, body)
            self.assertIn("; hit", result(self.ask(path)))
            self.assertEqual([r["method"] for r in self.asked()], ["PUT", "GET"], version)
        refused = self.ask("/files/no/such/folder/x", "DELETE")
        self.assertGreaterEqual(refused.status, 400)
        self.assertEqual(self.ask(path, "DELETE").status, 204)
        self.assertEqual(self.ask(path).status, 404)

    def test_11_post_passes_and_invalidates(self):
        self.assertEqual(self.ask("/form").body, b"a form\n")
        self.assertIn("; hit", result(self.ask("/form")))
        self.asked()
        answer = self.ask("/form", "POST", body=b"name=Ada&answer=42")
        self.assertIn(answer.status, (200, 204))
        self.assertEqual(self.ask("/form").body, b"a form\n")
        self.assertIn("; hit", result(self.ask("/form")))
        self.assertEqual([r["method"] for r in self.asked()], ["POST", "GET"])

    def test_12_uploads_that_wait_for_100_continue(self):
        source = self.folder / "upload.bin"
        source.write_bytes(random.Random(12).randbytes(3_000_000))
        for name, how in (("expected.bin", ["-T", source, "-H", "Expect: 100-continue"]),
                          ("chunked.bin", ["-T", "-", "-H", "Expect: 100-continue"])):
            with open(source, "rb") as sink:
                done = subprocess.run(["curl", "-sv", "--max-time", "30", *how, f"http://127.0.0.1:{self.edge.port}/files/{name}"],
                                      stdin=sink, capture_output=True, timeout=60)
            said = done.stderr.decode(errors="replace")
            self.assertEqual(done.returncode, 0, said)
            self.assertIn("< HTTP/1.1 100 Continue", said)
            self.assertRegex(said, r"(?m)^< HTTP/1.1 20[14] ")
            self.assertTrue((self.content / name).read_bytes() == source.read_bytes(), f"{name}: another content")
            self.client.host = f"127.0.0.1:{self.edge.port}"
            self.assertTrue(self.ask(f"/files/{name}").body == source.read_bytes(), f"{name}: another body")

    def test_13_one_connection_carries_all_kinds(self):
        """Whatever an answer is like (no body, no length, an error), the connection to the server carries the next.

        (But for a POST that nginx answers before the content has left: who leaves off there has to close.)
        """
        for turn in range(2):
            for path, method, fields in (
                    ("/files/tiny.txt", "GET", {}), ("/files/empty.txt", "GET", {}), ("/files/data.bin", "HEAD", {}),
                    ("/checked/tiny.txt", "GET", {}), ("/checked/tiny.txt", "GET", {}), ("/nowhere", "GET", {}),
                    ("/packed/style.css", "GET", GZIP), ("/moved/x", "GET", {}), ("/nowhere", "HEAD", {}),
                    ("/files/put.txt", "PUT", {}), ("/files/put.txt", "GET", {}), ("/files/put.txt", "DELETE", {})):
                self.ask(f"{path}?13-{turn}", method, b"some content" if method == "PUT" else b"", **fields)
        asked = self.asked()
        self.assertGreaterEqual(len(asked), 24)
        self.assertEqual(len({r["connection"] for r in asked}), 1, asked)
