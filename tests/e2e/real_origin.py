"""What the real web servers have in common as origins: an access log that is read as records, and the same URLs.

Every server has real_tree's ROOTS, fresh for an hour, and a folder `content` that its tests write into, under

    /files/            fresh for an hour, strong ETag, Last-Modified; PUT and DELETE change it
    /checked/          the same files, `no-cache`
    /dated/            the same files, `no-cache`, without ETag
    /packed/           the same files, fresh for an hour, compressed by the server on request (so without length)
    /packed-checked/   the same, `no-cache`
    /moved/X           permanent redirect to /files/X, fresh for an hour
    /absent            404, fresh for a minute; any other unknown path is a 404 that says nothing of freshness
    /form              fresh for an hour; POST succeeds
"""

import json
import os
import pathlib
import socket
import time

from harness import Process
from http_client import Connection


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Origin(Process):
    """A server with `port` and `access_log`: a JSON object a line with the keys of `requests`."""

    _marks = 0

    def wait_for_port(self, errors, timeout=20):
        deadline = time.monotonic() + timeout
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except ConnectionRefusedError:
                if not self.running() or time.monotonic() > deadline:
                    said = errors.read_text() if errors.exists() else ""
                    raise AssertionError(f"{self.name} did not start: {self.output()}{said}") from None
                time.sleep(0.02)

    def requests(self):
        """Every request so far: method, uri, status, range, if_none_match, if_modified_since, connection (a number).

        A server writes a line after the last byte left. So a request of our own goes behind those that are asked
        about, and its line is waited for: these servers are one thread.
        """
        self._marks += 1
        mark = f"/mark-{self._marks}"
        with Connection(self.port) as direct:
            direct.get(mark)
        records = self.wait_for_records(lambda found: any(r["uri"] == mark for r in found))
        return [r for r in records if not r["uri"].startswith("/mark-")]

    def wait_for_records(self, complete, timeout=20):
        deadline = time.monotonic() + timeout
        while True:
            whole = self.access_log.read_text().rpartition("\n")[0]
            records = [self._record(line) for line in whole.splitlines()]
            if complete(records):
                return records
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} did not log all requests: {records[-5:]}")
            time.sleep(0.005)

    @staticmethod
    def _record(line):
        record = {name: "" if value == "-" else value for name, value in json.loads(line).items()}
        record["status"] = int(record["status"])
        return record


def write_file(path, content, age_s=86400):
    """A file that was last changed long ago, so that its date is no weak validator (RFC 9110 section 8.8.2.2)."""
    path = pathlib.Path(path)
    path.write_bytes(content)
    then = int(time.time()) - age_s
    os.utime(path, (then, then))
