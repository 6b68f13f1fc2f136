"""A Node.js application (node_server.mjs) as the origin behind two tiers: see interop.py."""

import gzip
import hashlib
import json
import random
import socket
import subprocess
import threading

import harness
import interop
from http_client import Connection
from node_origin import Node


class InteropNode(interop.Interop):
    ranges_in_parts = False

    @classmethod
    def make_origin(cls, roots, content):
        return Node(cls.folder, roots, content)

    def twice(self, path):
        """A miss and a hit with the same body; returns the first answer."""
        first, second = self.ask(path), self.ask(path)
        self.assertEqual((first.status, second.status, first.body == second.body), (200, 200, True), f"{first} {second}")
        self.assertIn("; hit", interop.result(second))
        self.assertEqual(len(self.asked()), 1, path)
        return first

    def test_20_a_streamed_answer_without_length(self):
        expected = b"".join(b"piece %d " % i * 100 for i in range(20)) + b"the end\n"
        self.assertEqual(self.twice("/app/stream").body, expected)
        part = self.ask("/app/stream", Range="bytes=1000-1009")
        self.assertEqual((part.status, part.body, part.field("content-range")),
                         (206, expected[1000:1010], f"bytes 1000-1009/{len(expected)}"))

    def test_21_clients_meet_in_one_stream(self):
        bodies, clients = [], 8

        def fetch():
            with Connection(self.edge.port) as client:
                bodies.append(client.get("/app/stream?21").body)

        threads = [threading.Thread(target=fetch) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.assertEqual((len(bodies), len(set(bodies))), (clients, 1))
        self.assertEqual(len(self.asked()), 1)

    def test_22_a_body_that_ends_with_its_connection(self):
        self.assertRegex(self.twice("/app/closing").body, rb"^(closed after this \d+\n){1000}$")

    def test_23_trailers_do_no_harm(self):
        self.assertEqual(self.twice("/app/trailers").body, b"a body with a trailer\n")

    def test_24_early_hints(self):
        with socket.create_connection(("127.0.0.1", self.edge.port), 20) as raw:
            raw.sendall(b"GET /app/hints HTTP/1.1\r\nHost: e2e.example\r\nConnection: close\r\n\r\n")
            said = b""
            while data := raw.recv(65536):
                said += data
        interim, final = said.split(b"\r\n\r\n", 1)
        self.assertTrue(interim.startswith(b"HTTP/1.1 103 "), said)
        self.assertIn(b"</files/style.css>; rel=preload; as=style", interim)
        self.assertTrue(final.startswith(b"HTTP/1.1 200 "), said)
        self.assertNotIn(b"preload", final)
        self.assertTrue(final.endswith(b"after a hint\n"), said)

    def test_25_private_answers_and_each_cookie_in_its_line(self):
        first, second = self.ask("/app/login"), self.ask("/app/login")
        self.assertNotEqual(first.body, second.body)
        self.assertEqual([v for n, v in first.fields if n == "set-cookie"], ["a=1; Path=/", "b=2"])
        self.assertEqual(len(self.asked()), 2)

    def test_26_stale_while_revalidate(self):
        first = self.ask("/app/soon")
        answers = [first]
        while answers[-1].body == first.body:  # fresh for a second, then stale once or more, then the new one
            answers.append(self.ask("/app/soon"))
            self.assertEqual(answers[-1].status, 200)
            self.assertLess(int(answers[-1].field("age") or 0), 10, "it was never validated")
        self.assertTrue(any("fwd=stale" in interop.result(a) for a in answers[1:-1]), "nobody got a stale response meanwhile")

    def test_27_uploads_arrive_whole(self):
        content = random.Random(27).randbytes(5_000_000)
        file = self.folder / "sent.bin"
        file.write_bytes(content)
        expected = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for how in (["--data-binary", f"@{file}"], ["--data-binary", f"@{file}", "-H", "Expect: 100-continue"],
                    ["--data-binary", f"@{file}", "-H", "Transfer-Encoding: chunked"], ["--http1.0", "--data-binary", f"@{file}"],
                    ["-T", file, "-H", "Expect:"]):
            done = subprocess.run(["curl", "-sS", "--max-time", "30", *how, f"http://127.0.0.1:{self.edge.port}/app/upload"],
                                  capture_output=True, timeout=60)
            self.assertEqual((done.returncode, json.loads(done.stdout or b"{}")), (0, expected), f"{how} {done.stderr}")

    def test_28_a_rest_resource(self):
        for version in range(3):
            self.assertEqual(json.loads(self.twice("/app/item/1").body)["version"], version)
            for failing in ("GET", "HEAD"):
                self.assertEqual(self.ask("/app/item/1", failing).status, 200)
            self.assertEqual(self.ask("/app/item/1", "POST" if version else "PATCH", body=b"change").status, 201)
            self.asked()

    def test_30_one_weak_tag_for_all_codings(self):
        expected = b"a page of an application\n" * 100
        for first, then in ((interop.GZIP, {}), ({}, interop.GZIP)):
            path = f"/app/express?30-{len(first)}"
            for fields in (first, then, first, then):
                answer = self.ask(path, **fields)
                self.assertEqual(answer.field("content-encoding"), "gzip" if fields else None, f"{fields} {answer}")
                self.assertEqual(gzip.decompress(answer.body) if fields else answer.body, expected)
            self.assertEqual(len(self.asked()), 2, path)

    def test_29_a_server_that_closes_when_it_likes(self):
        """A moment after each answer, unannounced, sometimes under the next request: no client ever sees it."""
        node = self.node("hasty", self.origin.hasty_port)
        with Connection(node.port) as client:
            for turn in range(300):
                answer = client.get(f"/files/tiny.txt?29-{turn}")
                self.assertEqual((answer.status, answer.body), (200, b"tiny\n"), answer)
        asked = self.asked()
        self.assertEqual(len({r["uri"] for r in asked}), 300)
        connections = len({r["connection"] for r in asked})
        print(f"{connections} connections for 300 requests", flush=True)
        self.assertGreater(connections, 30, "nothing was closed")


if __name__ == "__main__":
    harness.main()
