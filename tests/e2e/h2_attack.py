"""A node under attack: attackers with addresses of their own, and a bystander that must not notice."""

import itertools
import re
import threading
import urllib.request

import h2_frames as h2
import harness
from h2_client import Connection, Unexpected
from harness import DemoOrigin, EndToEnd

MEMORY_MOST = 160 << 20     # of the whole node with all attacks behind it
ADDRESSES = itertools.count(2)
CALM = (h2.ENHANCE_YOUR_CALM,)


class Bystander(threading.Thread):
    """One connection that asks again and again, and is answered every time."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.error = port, None
        self.ending, self.answered = threading.Event(), threading.Semaphore(0)

    def run(self):
        try:
            while not self.ending.is_set():
                self.ask()
        except Exception as error:
            self.error = error

    def ask(self):
        """On one connection, until the end; or until the server has closed it in order before it took up a request."""
        with Connection(self.port, timeout=20.0) as c:
            c.send(h2.window_update(0, h2.MAX_WINDOW - h2.DEFAULT_WINDOW))
            for stream in itertools.count(1, 2):
                c.send(c.request(stream, path="/bytes/500"))
                try:
                    assert len(c.response(stream, 200).body) == 500
                except Unexpected:
                    if c.closed and not c.failed() and c.goaways and c.goaways[-1].last_stream < stream:
                        return
                    raise
                self.answered.release()
                if self.ending.wait(0.02):
                    return

    def __enter__(self):
        self.start()
        self.answered.acquire(timeout=30)
        return self

    def still_served(self):
        """Answered once more from now on."""
        while self.answered.acquire(blocking=False):
            pass
        return self.answered.acquire(timeout=20) and self.answered.acquire(timeout=20)

    def __exit__(self, kind, *_):
        self.ending.set()
        self.join(30)
        if kind is None and self.error:
            raise AssertionError(f"the bystander was not served: {self.error}")


class Attacked(EndToEnd):
    """A node under attack."""
    extra = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start(DemoOrigin(cls.folder))
        cls.edge = cls.node("attacked", cls.origin.port, memory="64MiB", extra=cls.extra)
        cls.attackers = {}

    def tearDown(self):
        self.assertTrue(self.edge.running(), "the node ended")
        if not harness.SANITIZED:
            self.assertLess(self.edge.peak_memory(), MEMORY_MOST, "the attack was paid for in memory")

    def counted(self, limit):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.edge.admin_port}/metrics", timeout=20) as answer:
            metrics = answer.read().decode()
        return sum(int(n) for n in re.findall(rf'^brink_edge_limit_total{{limit="(?:{limit})"}} (\d+)', metrics, re.MULTILINE))

    def attacker(self, limit, **options):
        address = f"127.0.0.{next(ADDRESSES)}"
        self.attackers.setdefault(limit, []).append(address)
        connection = Connection(self.edge.port, source=address, timeout=15.0, **options)
        self.addCleanup(connection.close)
        return connection

    def flood(self, c, frames, most=3000, at_once=10):
        """Sends frames(0), frames(1) … until the connection ends; how many were sent."""
        for sent in range(0, most, at_once):
            c.send(b"".join(frames(n) for n in range(sent, sent + at_once)))
            if not c.poll():
                return sent + at_once
        return most

    def cut(self, limit, attack, codes=CALM, logged=True, **options):
        """The attacker is told one of the codes and cut off, counted and named; a bystander does not notice."""
        before = self.counted(limit)
        with Bystander(self.edge.port) as bystander:
            c = self.attacker(limit, **options)
            attack(c)
            c.goaway(*codes)
            with Connection(self.edge.port, timeout=20.0) as other:
                other.send(other.request())
                other.response(1, 200)
            self.assertTrue(bystander.still_served(), bystander.error)
        self.assertGreater(self.counted(limit), before, f"not counted as {limit}: {c.story()}")
        if logged:
            self.named_in_log(limit)
        return c

    def named_in_log(self, limit):
        """Lines of one kind are limited, so one attacker of several is enough."""
        addresses = "|".join(map(re.escape, self.attackers[limit]))
        self.edge.wait_for(rf"HTTP/2 connection of (?:{addresses})\b", timeout=10)
