"""A player that seeks in a 2 GiB film over two tiers: right bytes, and at most one slice more than it asked for is moved."""

import os
import random
import re
import threading
import time
import urllib.request

import harness
from harness import EndToEnd
from http_client import Connection
from nginx_origin import Nginx

MIB = 1 << 20
FILM = 2048 * MIB
SLICE = MIB
SEED = 20261127


def make_film(path):
    """Sparse, with its own offset written all over it: bytes from somewhere else do not go unnoticed."""
    with open(path, "wb") as film:
        film.truncate(FILM)
        for offset in range(0, FILM, 256 * 1024):
            film.seek(offset)
            film.write(b"%016x" % offset * 4)


class Film(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        library = cls.folder / "films"
        library.mkdir()
        cls.path = library / "film.mp4"
        make_film(cls.path)
        cls.film = os.open(cls.path, os.O_RDONLY)
        cls.addClassCleanup(os.close, cls.film)
        cls.nginx = cls.start(Nginx(cls.folder, {"films": library}))
        cls.regional = cls.node("regional", cls.nginx.port, role="regional")
        cls.edge = cls.node("edge", cls.nginx.port, regional=[cls.regional.port])

    def metric(self, node, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{node.admin_port}/metrics", timeout=20) as page:
            text = page.read().decode()
        return int(float(re.search(rf"^{name} (\S+)", text, re.MULTILINE)[1]))

    def moved(self):
        """Body bytes that nginx and the regional node have sent so far, once nothing is under way."""
        deadline = time.monotonic() + 20
        while any(self.metric(node, "brink_edge_fetches_active") for node in (self.edge, self.regional)):
            self.assertLess(time.monotonic(), deadline, "a fetch goes on and on")
            time.sleep(0.002)
        return (sum(int(request["bytes"]) for request in self.nginx.requests()),
                self.metric(self.regional, "brink_edge_bytes_sent_total"))

    def seek(self, client, begin, length):
        answer = client.get("/films/film.mp4", Range=f"bytes={begin}-{begin + length - 1}")
        self.assertEqual((answer.status, answer.field("content-range")),
                         (206, f"bytes {begin}-{begin + length - 1}/{FILM}"))
        self.assertEqual(answer.body, os.pread(self.film, length, begin), f"bytes from {begin} on")
        return answer

    def test_1_a_seek_moves_at_most_one_slice_more(self):
        chance = random.Random(SEED)
        places = [(SLICE - 100, 200), (FILM - 10, 10), (5 * SLICE, SLICE), (7 * SLICE + 1, 3 * SLICE)]
        places += [(chance.randrange(FILM - 4 * MIB), chance.randrange(1, 3 * MIB)) for _ in range(40)]
        with Connection(self.edge.port) as client:
            for begin, length in places:
                before = self.moved()
                self.seek(client, begin, length)
                more = [after - start for after, start in zip(self.moved(), before)]
                self.assertLessEqual(max(more), length + SLICE, f"for {length} bytes from {begin} on: {more}")

    def test_2_a_place_seen_before_moves_nothing(self):
        with Connection(self.edge.port) as client:
            self.seek(client, 100 * SLICE + 10, 2 * SLICE)
            before = self.moved()
            answer = self.seek(client, 100 * SLICE + 500, SLICE)
            self.assertIn("; hit", answer.field("cache-status"))
            self.assertEqual(self.moved(), before)

    def test_3_a_player_that_leaves_stops_the_film(self):
        begin, wanted = 1000 * SLICE + 5000, 3 * SLICE
        before = self.moved()
        client = Connection(self.edge.port)
        client.send("/films/film.mp4", fields=[("Range", f"bytes={begin}-")])
        head = client._head()
        self.assertEqual(head.status, 206)
        got = client._buffer
        while len(got) < wanted:
            got += client._more()
        client.close()
        self.assertEqual(got[:wanted], os.pread(self.film, wanted, begin))
        # What was read, what socket buffers took, and a slice ahead of that.
        self.assertLess(self.moved()[0] - before[0], 40 * SLICE)

    def test_4_many_players_share_the_slices(self):
        failures = []

        def play(seed):
            chance = random.Random(seed)
            try:
                with Connection(self.edge.port, timeout=60) as client:
                    for _ in range(10):
                        self.seek(client, 1600 * SLICE + chance.randrange(8 * SLICE), chance.randrange(1, SLICE))
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        before = self.moved()
        players = [threading.Thread(target=play, args=(seed,)) for seed in range(8)]
        for player in players:
            player.start()
        for player in players:
            player.join()
        self.assertEqual(failures, [])
        self.assertLessEqual(self.moved()[0] - before[0], 10 * SLICE, "each of ten slices once")


if __name__ == "__main__":
    harness.main()
