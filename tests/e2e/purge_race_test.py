"""The purge race as a test: some seconds of it with a new seed each time, and proof that its checker can say no."""

import os
import sys
import time
import unittest

import purge_race
from harness import SANITIZED
from race_history import History, Purge, Seen
from race_origin import make_pages

SECONDS = float(os.environ.get("BRINK_RACE_SECONDS", "14"))
SEED = int(os.environ.get("BRINK_RACE_SEED", str(int(time.time()))))


def seen(page, start, version, cache_status="brink-edge-fra-1; hit"):
    return Seen(start, start + 0.1, "edge-fra-1", page.path, version, True, 200, cache_status)


def purge(page, at, floor, soft=False):
    return Purge(at - 0.1, at, "edge-fra-1", "{}", {page.path: floor}, soft, "p-1", "")


class Checker(unittest.TestCase):
    """Made-up histories."""

    def setUp(self):
        self.pages = {page.path: page for page in make_pages()}
        self.strict = next(p for p in self.pages.values() if p.etag == "each" and not p.may_be_stale)
        self.may_be_stale = next(p for p in self.pages.values() if p.may_be_stale)
        self.shared = next(p for p in self.pages.values() if p.etag == "shared")

    def found(self, purges, responses):
        history = History()
        history.purges += purges
        history.responses += responses
        return [response for response, _ in history.violations(self.pages)]

    def test_older_content_after_an_acknowledgement_is_found(self):
        old = seen(self.strict, 10.0, 4)
        self.assertEqual(self.found([purge(self.strict, 9.9, 5)], [old, seen(self.strict, 10.0, 5)]), [old])

    def test_a_request_that_started_before_may_have_it(self):
        self.assertEqual(self.found([purge(self.strict, 10.0, 5)], [seen(self.strict, 9.99, 4)]), [])

    def test_a_purge_that_was_acknowledged_late_takes_nothing_back(self):
        purges = [purge(self.strict, 9.0, 7), purge(self.strict, 9.5, 5)]
        old = seen(self.strict, 10.0, 6)
        self.assertEqual(self.found(purges, [old]), [old])

    def test_another_pages_purge_does_not_count(self):
        self.assertEqual(self.found([purge(self.may_be_stale, 9.0, 5)], [seen(self.strict, 10.0, 4)]), [])

    def test_a_soft_purge_leaves_what_may_be_stale(self):
        old = seen(self.strict, 10.0, 4)
        self.assertEqual(self.found([purge(self.strict, 9.0, 5, soft=True)], [old]), [old])
        self.assertEqual(self.found([purge(self.may_be_stale, 9.0, 5, soft=True)], [seen(self.may_be_stale, 10.0, 4)]), [])
        self.assertEqual(len(self.found([purge(self.may_be_stale, 9.0, 5)], [seen(self.may_be_stale, 10.0, 4)])), 1)

    def test_a_fenced_node_believes_its_origin_and_nobody_else_does(self):
        told = "brink-edge-fra-1; fwd=stale; fwd-status=304; detail=fenced/freshened"
        by_tier = "brink-regional; fwd=stale; fwd-status=304; detail=fenced/freshened, brink-edge-fra-1; hit; detail=fresh"
        self.assertEqual(self.found([purge(self.shared, 9.0, 5)], [seen(self.shared, 10.0, 4, told)]), [])
        self.assertEqual(len(self.found([purge(self.shared, 9.0, 5)], [seen(self.shared, 10.0, 4, by_tier)])), 1)
        self.assertEqual(len(self.found([purge(self.strict, 9.0, 5)], [seen(self.strict, 10.0, 4, told)])), 1)


class PurgeRace(unittest.TestCase):
    def test_no_request_gets_content_from_before_an_acknowledged_purge(self):
        race = purge_race.run_round(SEED, SECONDS)
        least = 1 if SANITIZED else 20  # slow as they are then, they race all the same
        self.assertGreaterEqual(race.figures["purges acknowledged"], least, "too few to say anything")
        self.assertGreaterEqual(race.figures["hits"], 25 * least, "too few to say anything")


if __name__ == "__main__":
    sys.setswitchinterval(0.0005)
    unittest.main(verbosity=2)
