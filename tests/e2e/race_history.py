"""What clients and purgers of the purge race saw, and the judgement of it.

The promise (docs/purging.md): after a hard purge was acknowledged with wait=all, no request that starts later gets content
from before it. Times are of one monotonic clock in one process: a response's `start` is taken before its first byte is
sent, an acknowledgement's `at` after its last byte has come.
"""

import bisect
import collections

Seen = collections.namedtuple("Seen", "start end node path version hit status cache_status")
# `floors`: by path, the version that the origin had before the purge was sent. `soft` ones only make stale.
Purge = collections.namedtuple("Purge", "sent at via what floors soft id receipts")


class History:
    def __init__(self):
        self.responses, self.purges, self.faults = [], [], []  # list.append is atomic
        self.confirmed_by_origin = 0

    def violations(self, pages):
        """[(Seen, Purge)]: each response that is older than a purge acknowledged before its request started."""
        hard = self._by_page(lambda purge, path: not purge.soft)
        # What may not be stale is validated after a soft purge; a validator of one version cannot confirm another.
        both = self._by_page(lambda purge, path: not pages[path].may_be_stale and pages[path].etag == "each")
        out = []
        for seen in self.responses:
            for known in (hard, both):
                before, purges = known.get(seen.path, ((), ()))
                place = bisect.bisect_left(before, seen.start)
                if place and purges[place - 1].floors[seen.path] > seen.version:
                    out.append((seen, purges[place - 1]))
                    break
        judged = [each for each in out if not self._origin_confirmed(each[0], pages)]
        self.confirmed_by_origin = len(out) - len(judged)
        return judged

    @staticmethod
    def _origin_confirmed(seen, pages):
        """A node that has lost the log asks the origin; one whose ETag is that of an older version as well says
        "unchanged" to it, and is believed (docs/purging.md, "What the guarantee costs in a partition")."""
        asked_last = seen.cache_status.rpartition(",")[2]
        return pages[seen.path].etag == "shared" and "fenced" in asked_last and "fwd-status=304" in asked_last

    def _by_page(self, counts):
        """By path: times, and at each the purge with the highest floor so far."""
        out = {}
        for purge in sorted(self.purges, key=lambda each: each.at):
            for path, floor in purge.floors.items():
                if not counts(purge, path):
                    continue
                times, highest = out.setdefault(path, ([], []))
                if not highest or floor > highest[-1].floors[path]:
                    times.append(purge.at)
                    highest.append(purge)
        return out

    def explain(self, seen, purge, began):
        """The violation with what happened around it, times in seconds since the race began."""
        lines = [f"VIOLATION {seen.path} at {seen.node}: version {seen.version}, the purge's was {purge.floors[seen.path]}",
                 f"  request {seen.start - began:.4f} … {seen.end - began:.4f}, {seen.status}, {seen.cache_status}",
                 f"  purge   {purge.sent - began:.4f} … {purge.at - began:.4f} {'soft' if purge.soft else 'hard'} "
                 f"{purge.what} via {purge.via}, {purge.id}, receipts {purge.receipts}"]
        near = [(each.at, f"purge of it: {each.what}, {each.floors[seen.path]}, sent {each.sent - began:.4f}, {each.id}")
                for each in self.purges if seen.path in each.floors and -3 < each.at - seen.start < 1]
        here = [each for each in self.responses
                if (each.path, each.node) == (seen.path, seen.node) and -3 < each.start - seen.start < 0.2]
        fetched = [each for each in here if not each.hit or each is seen]
        near += [(each.start, f"response: {each.version}, until {each.end - began:.4f}, {each.cache_status}")
                 for each in fetched[-30:]]
        near += [(at, f"fault: {what}") for at, what in self.faults if -8 < at - seen.start < 0.2]
        lines += [f"    {at - began:9.4f} {text}" for at, text in sorted(near)[-60:]]
        return "\n".join(lines)
