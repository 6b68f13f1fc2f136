"""Thousands of real files through two tiers: client → edge → regional → nginx, all separate programs.

The first crawl costs the origin one request a file, the second none, and every body is the file's, byte for byte;
so are ranges, HEAD and conditional requests.
"""

import email.utils
import hashlib
import multiprocessing
import random

import harness
from harness import EndToEnd, SANITIZED
from http_client import Connection, byteranges
from nginx_origin import Nginx
from real_tree import ROOTS, choose

FILES, BYTES = (500, 80 << 20) if SANITIZED else (3400, 160 << 20)
CLIENTS = 4


def crawl(port, files, seed, results):
    """Asks for every file in an order of its own; puts the list of what was wrong and the Cache-Status values counted."""
    wrong, hits = [], 0
    order = list(files)
    random.Random(seed).shuffle(order)
    with Connection(port) as connection:
        for file in order:
            try:
                digest = hashlib.sha256()
                answer = connection.request(file.url, sink=digest.update)
                if answer.status != 200 or answer.length != file.size or digest.hexdigest() != file.digest:
                    wrong.append(f"{file.url}: {answer}")
                hits += "; hit" in (answer.field("cache-status") or "").rsplit(",", 1)[-1]
            except Exception as error:  # reported with its URL; the other files still count
                wrong.append(f"{file.url}: {error!r}")
                connection.close()
    results.put((wrong, hits))


class Crawl(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        chosen = choose(FILES, BYTES)
        cls.cold, cls.files = chosen[7::40], [f for i, f in enumerate(chosen) if i % 40 != 7]
        cls.nginx = cls.start(Nginx(cls.folder, ROOTS))
        cls.regional = cls.node("regional", cls.nginx.port, role="regional", memory="640MiB")
        cls.edge = cls.node("edge-1", cls.nginx.port, regional=[cls.regional.port], memory="640MiB")
        cls.other_edge = cls.node("edge-2", cls.nginx.port, regional=[cls.regional.port], memory="640MiB")

    def crawl_with_clients(self, port, clients):
        """Every client asks for every file. Returns how many answers the edge gave from its own store."""
        results = multiprocessing.Queue()
        workers = [multiprocessing.Process(target=crawl, args=(port, self.files, seed, results)) for seed in range(clients)]
        for worker in workers:
            worker.start()
        outcomes = [results.get(timeout=300) for _ in workers]
        for worker in workers:
            worker.join()
        wrong = [line for lines, _ in outcomes for line in lines]
        self.assertEqual(wrong[:5], [], f"{len(wrong)} answers were wrong")
        return sum(hits for _, hits in outcomes)

    def sample(self, count, least=1):
        files = [f for f in self.files if f.size >= least]
        return files[:: max(1, len(files) // count)]

    def check(self, answer, status, body, about):
        self.assertEqual(answer.status, status, f"{about}: {answer}")
        self.assertEqual(hashlib.sha256(answer.body).hexdigest(), hashlib.sha256(body).hexdigest(), f"{about}: {answer}")

    def test_1_the_first_crawl_costs_the_origin_one_request_a_file(self):
        self.crawl_with_clients(self.edge.port, CLIENTS)
        asked = [request["uri"] for request in self.nginx.requests()]
        self.assertEqual(sorted(asked), sorted(f.url for f in self.files), "not exactly one request a file")
        print(f"{len(self.files)} files, {sum(f.size for f in self.files) >> 20} MiB, {CLIENTS} clients", flush=True)

    def test_2_the_second_crawl_costs_the_origin_nothing(self):
        before = len(self.nginx.requests())
        hits = self.crawl_with_clients(self.edge.port, CLIENTS)
        self.assertEqual(hits, CLIENTS * len(self.files), "not every answer of the second crawl is a hit")
        self.assertEqual(self.nginx.requests()[before:], [])

    def test_3_a_new_edge_costs_the_origin_nothing(self):
        before = len(self.nginx.requests())
        self.crawl_with_clients(self.other_edge.port, 1)
        self.assertEqual(self.nginx.requests()[before:], [])

    def test_4_ranges_from_the_store(self):
        before = len(self.nginx.requests())
        with Connection(self.edge.port) as client:
            for file in self.sample(60, least=200):
                size, data = file.size, file.content
                for spec, first, last in ((f"bytes=0-0", 0, 0), (f"bytes=10-{size // 2}", 10, size // 2),
                                          (f"bytes={size - 7}-", size - 7, size - 1), ("bytes=-9", size - 9, size - 1),
                                          (f"bytes=5-{size + 100}", 5, size - 1)):
                    answer = client.get(file.url, Range=spec)
                    self.check(answer, 206, data[first:last + 1], f"{file.url} {spec}")
                    self.assertEqual(answer.field("content-range"), f"bytes {first}-{last}/{size}")
                answer = client.get(file.url, Range=f"bytes=0-3,100-119,-5")
                self.assertEqual(answer.status, 206, f"{file.url}: {answer}")
                self.assertEqual(byteranges(answer),
                                 [(f"bytes {a}-{b}/{size}", data[a:b + 1]) for a, b in ((0, 3), (100, 119), (size - 5, size - 1))])
                answer = client.get(file.url, Range=f"bytes={size}-")
                self.assertEqual((answer.status, answer.field("content-range")), (416, f"bytes */{size}"))
        self.assertEqual(self.nginx.requests()[before:], [])

    def test_5_head_and_conditions_from_the_store(self):
        before = len(self.nginx.requests())
        with Connection(self.edge.port) as client:
            for file in self.sample(60):
                whole = client.get(file.url)
                self.check(whole, 200, file.content, file.url)
                head = client.request(file.url, method="HEAD")
                for name in ("content-length", "content-type", "etag", "last-modified", "expires", "cache-control"):
                    self.assertEqual(head.field(name), whole.field(name), f"{file.url} {name}")
                self.assertEqual((head.status, head.body), (200, b""))
                self.conditions(client, file, whole.field("etag"), whole.field("last-modified"))
        self.assertEqual(self.nginx.requests()[before:], [])

    def conditions(self, client, file, tag, modified):
        day_before = email.utils.formatdate(email.utils.mktime_tz(email.utils.parsedate_tz(modified)) - 86400, usegmt=True)
        for name, value in (("If-None-Match", tag), ("If-None-Match", f"W/{tag}"), ("If-None-Match", f'"other", {tag}'),
                            ("If-None-Match", "*"), ("If-Modified-Since", modified)):
            answer = client.request(file.url, fields=[(name, value)])
            self.assertEqual((answer.status, answer.body), (304, b""), f"{file.url} {name}: {value}")
            self.assertEqual(answer.field("etag"), tag)
        for name, value in (("If-None-Match", '"other"'), ("If-Modified-Since", day_before)):
            self.check(client.request(file.url, fields=[(name, value)]), 200, file.content, f"{file.url} {name}: {value}")
        if file.size >= 10:
            matching = client.request(file.url, fields=[("Range", "bytes=2-5"), ("If-Range", tag)])
            self.check(matching, 206, file.content[2:6], f"{file.url} If-Range")
            other = client.request(file.url, fields=[("Range", "bytes=2-5"), ("If-Range", '"other"')])
            self.check(other, 200, file.content, f"{file.url} If-Range of another")

    def test_6_ranges_of_what_was_never_fetched(self):
        with Connection(self.edge.port) as client:
            for file in [f for f in self.cold if f.size >= 100]:
                answer = client.get(file.url, Range="bytes=20-59")
                self.check(answer, 206, file.content[20:60], f"{file.url} cold range")
                self.assertEqual(answer.field("content-range"), f"bytes 20-59/{file.size}")
                self.check(client.get(file.url), 200, file.content, f"{file.url} after a cold range")
                self.check(client.get(file.url, Range="bytes=-30"), 206, file.content[-30:], f"{file.url} suffix")


if __name__ == "__main__":
    harness.main()
