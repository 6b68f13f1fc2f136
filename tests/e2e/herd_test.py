"""Ten thousand clients ask two edges for one cold key at once: one request reaches the origin, everybody is answered."""

import json
import os
import subprocess

import harness
from harness import HERD, EndToEnd, DemoOrigin, SANITIZED

CONNECTIONS = int(os.environ.get("BRINK_HERD_CONNECTIONS", 1_000 if SANITIZED else 10_000))
# Long enough for every request of the herd to be in before the first answer exists.
SLOW = "/slow?ms=8000" if SANITIZED else "/slow?ms=2000"


class Herd(EndToEnd):
    def test_one_request_reaches_the_origin(self):
        origin = self.start(DemoOrigin(self.folder))
        regional = self.node("regional", origin.port, role="regional")
        edges = [self.node(f"edge-{i}", origin.port, regional=[regional.port]) for i in (1, 2)]
        command = [HERD, "--path", SLOW, "--connections", str(CONNECTIONS), "--timeout", "90"]
        for edge in edges:
            command += ["--target", f"127.0.0.1:{edge.port}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=110)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        result = json.loads(done.stdout)
        print("\n" + json.dumps(result), flush=True)
        self.assertEqual((result["ok"], result["failed"]), (CONNECTIONS, 0), result)
        self.assertEqual(result["bodies"], 1, "not everybody got the same body")
        self.assertGreater(result["body_bytes"], 0)
        self.assertEqual(origin.requests().get(SLOW), 1)


if __name__ == "__main__":
    harness.main()
