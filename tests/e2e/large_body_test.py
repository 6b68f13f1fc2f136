"""A body larger than every cache passes through two tiers: every byte right, and memory stays under its ceiling."""

import hashlib
import threading

import harness
from harness import EndToEnd, DemoOrigin, SANITIZED
from http_client import Connection

MIB = 1 << 20
BODY, MEMORY = (96 * MIB, 32 * MIB) if SANITIZED else (1024 * MIB, 256 * MIB)
# Code, stacks, read buffers, the allocator's slack: what a node may take beside its cache.
OVERHEAD = 64 * MIB


def expected_digest(length):
    """SHA-256 of the demo origin's /bytes/N: byte i is the XOR of the eight bytes of i (origin/demo_origin.h)."""
    block = bytes((i ^ i >> 8) & 0xFF for i in range(1 << 16))
    flipped = [block.translate(bytes(b ^ x for b in range(256))) for x in range(256)]
    digest = hashlib.sha256()
    for high in range(0, (length + 0xFFFF) >> 16):
        x = high ^ high >> 16
        digest.update(flipped[(x ^ x >> 8) & 0xFF][:length - (high << 16)])
    return digest.hexdigest()


class LargeBody(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start(DemoOrigin(cls.folder))
        memory = f"{MEMORY // MIB}MiB"
        cls.regional = cls.node("regional", cls.origin.port, role="regional", memory=memory)
        cls.edge = cls.node("edge", cls.origin.port, regional=[cls.regional.port], memory=memory)

    def fetch(self, path, digests):
        digest = hashlib.sha256()
        with Connection(self.edge.port, timeout=120) as client:
            answer = client.request(path, sink=digest.update)
        digests.append((answer.status, answer.length, digest.hexdigest()))

    def test_1_every_byte_is_right(self):
        digests = []
        self.fetch(f"/bytes/{BODY}", digests)
        self.assertEqual(digests, [(200, BODY, expected_digest(BODY))])

    def test_2_several_large_bodies_at_once(self):
        length = BODY // 8
        digests = []
        threads = [threading.Thread(target=self.fetch, args=(f"/bytes/{length}?n={i % 2}", digests)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(digests, [(200, length, expected_digest(length))] * 4)

    def test_3_far_more_than_the_cache_holds_passes_through_it(self):
        length = MEMORY // 16
        expected = (200, length, expected_digest(length))
        for i in range(32):
            digests = []
            self.fetch(f"/bytes/{length}?churn={i}", digests)
            self.assertEqual(digests, [expected])
        with Connection(self.edge.port) as client:
            last = client.request(f"/bytes/{length}?churn=31", method="HEAD")
            self.assertIn("; hit", last.field("cache-status"), "nothing of it was stored")

    def test_4_memory_stayed_under_its_ceiling(self):
        for node in (self.edge, self.regional):
            peak = node.peak_memory()
            print(f"{node.name}: {peak / MIB:.0f} MiB at most, cache {MEMORY // MIB} MiB", flush=True)
            if not SANITIZED:  # their own memory would be what is measured
                self.assertLess(peak, MEMORY + OVERHEAD, f"{node.name} held too much")


if __name__ == "__main__":
    harness.main()
