"""Who may call the API, and what is kept of who did: tokens in files, their rates, the audit log."""

import json
import os
import subprocess
import urllib.error
import urllib.request

import harness
from harness import BRINK, DemoOrigin, EndToEnd, Node, node_config
from http_client import Connection


def ask(port, method, path, token="", body=None):
    """Status, text and fields of a call to an admin listener."""
    fields = {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, method=method, headers=fields)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


class Audit(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start(DemoOrigin(cls.folder))
        cls.secret = cls.folder / "ops.token"
        cls.write_secret("first secret of operations".replace(" ", "-"))

    @classmethod
    def write_secret(cls, secret):
        cls.secret.write_text(secret + "\n")
        cls.secret.chmod(0o600)
        cls.ops = secret

    def config(self, name, rate=1000):
        text = node_config(self.origin.port, name=name, extra=f"purge:\n  path: {self.folder}/{name}.purges\n"
                           "  methods: {allow_from: [127.0.0.0/8]}\n")
        return text.replace("admin:\n", "admin:\n  tokens:\n"
                            f"    - {{name: ops, token_file: {self.secret}, may: [read, purge, operate], rate: {rate}}}\n")

    def audited(self, node, *arguments):
        return subprocess.run([BRINK, "audit", "--admin", f"http://127.0.0.1:{node.admin_port}", *arguments],
                              env=dict(os.environ, BRINK_ADMIN_TOKEN=self.ops), capture_output=True, text=True, timeout=60)

    def check(self, *files):
        return subprocess.run([BRINK, "audit", "--check", *map(str, files)], capture_output=True, text=True, timeout=60)

    def test_every_action_is_a_line_of_an_unbroken_chain(self):
        node = self.start(Node("chained", self.config("chained"), self.folder))
        status, text, _ = ask(node.admin_port, "POST", "/v1/purges", self.ops, {"tags": ["a"], "reason": "sale"})
        self.assertEqual(status, 200, text)
        purge = json.loads(text)
        self.assertEqual(ask(node.admin_port, "POST", "/v1/purges", "wrong", {"all": True})[0], 401)
        with Connection(node.port, host="shop.test") as client:
            self.assertEqual(client.request("/product/7", method="PURGE").status, 200)
        node.stop()
        node = self.start(Node("chained", self.config("chained"), self.folder))
        self.assertEqual(ask(node.admin_port, "PUT", "/v1/sites/e2e/version", self.ops, {"version": "2"})[0], 200)
        lines = self.wait_for_lines(node, 4)
        self.assertEqual([(each["who"], each["call"].split()[0], each["status"]) for each in lines],
                         [("ops", "POST", 200), (None, "POST", 401), ("purge.methods", "PURGE", 200), ("ops", "PUT", 200)])
        self.assertEqual(lines[0]["result"], {"id": purge["id"], "sequence": purge["sequence"], "state": "done"})
        self.assertEqual((lines[0]["reason"], lines[0]["from"], lines[0]["node"]), ("sale", "127.0.0.1", "chained"))
        self.assertIn("ops from 127.0.0.1: POST /v1/purges", self.audited(node).stdout)
        file = self.folder / "audit-chained.log"
        self.assertIn("4 lines, unbroken", self.check(file).stdout)
        kept = file.read_text()
        changed = self.folder / "changed.log"
        changed.write_text(kept.replace('"who":"ops"', '"who":"eve"', 1))
        answer = self.check(changed)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("changed.log:1: the chain is broken", answer.stderr)
        changed.write_text("".join(line + "\n" for line in kept.splitlines() if '"PURGE' not in line))
        self.assertIn("lines are missing", self.check(changed).stderr)

    def wait_for_lines(self, node, count):
        """The lines are written behind the answers."""
        for _ in range(300):
            lines = [json.loads(line) for line in self.audited(node, "--all", "--json").stdout.splitlines()]
            if len(lines) >= count:
                break
        return lines

    def test_a_token_is_rotated_by_a_reload(self):
        node = self.start(Node("rotated", self.config("rotated"), self.folder))
        old = self.ops
        self.write_secret("second-secret-of-operations")
        self.assertEqual(ask(node.admin_port, "GET", "/v1/stats", self.ops)[0], 401)
        self.assertEqual(ask(node.admin_port, "POST", "/v1/reload", old)[0], 200)
        self.assertEqual(ask(node.admin_port, "GET", "/v1/stats", old)[0], 401)
        self.assertEqual(ask(node.admin_port, "GET", "/v1/stats", self.ops)[0], 200)

    def test_a_token_has_a_rate(self):
        node = self.start(Node("rated", self.config("rated", rate=1), self.folder))
        answers = [ask(node.admin_port, "GET", "/v1/stats", self.ops) for _ in range(50)]
        refused = [answer for answer in answers if answer[0] == 429]
        self.assertTrue(refused, "50 calls and no refusal")
        self.assertEqual(json.loads(refused[0][1])["code"], "rate-limited")
        self.assertEqual(refused[0][2]["Retry-After"], "1")


if __name__ == "__main__":
    harness.main()
