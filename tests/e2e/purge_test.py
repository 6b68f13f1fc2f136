"""Purges through the built program: a node with a log in a file, restarted; a node that cannot have its file; the demo's
three nodes that share one log."""

import json
import re
import urllib.error
import urllib.request

import harness
from harness import BRINK, DemoOrigin, EndToEnd, Node, Process, node_config
from http_client import Connection


def call(port, method, path, body=None, headers=None):
    """Status and JSON of a call to an admin listener."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class OneNode(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start(DemoOrigin(cls.folder))

    def purging_node(self, name, path):
        return self.start(Node(name, node_config(self.origin.port, name=name, extra=f"purge:\n  path: {path}\n"), self.folder))

    def result(self, client, path):
        return client.get(path).field("cache-status")

    def test_a_purged_response_is_fetched_anew(self):
        node = self.purging_node("purging", self.folder / "one.purges")
        with Connection(node.port, host="shop.test") as client:
            self.assertIn("fwd=uri-miss", self.result(client, "/product/7"))
            self.assertIn("; hit", self.result(client, "/product/7"))
            status, answer = call(node.admin_port, "POST", "/v1/purges", {"url": "http://shop.test/product/7"})
            self.assertEqual(status, 200, answer)
            self.assertEqual(list(answer), ["id", "sequence", "state", "receipts"])
            self.assertEqual(answer["state"], "done")
            receipt = answer["receipts"][0]
            self.assertEqual((receipt["node"], receipt["state"], receipt["objects"]), ("purging", "applied", 1))
            self.assertIn("fwd=uri-miss", self.result(client, "/product/7"))
            self.assertIn("; hit", self.result(client, "/product/7"))
            self.assertEqual(call(node.admin_port, "POST", "/v1/purges", {"tags": ["product-7"], "wait": "all"})[0], 200)
            self.assertIn("fwd=uri-miss", self.result(client, "/product/7"))

    def test_the_log_survives_a_restart_and_a_kill(self):
        path = self.folder / "kept.purges"
        node = self.purging_node("kept", path)
        key = {"Idempotency-Key": "deploy 42"}
        first = call(node.admin_port, "POST", "/v1/purges", {"all": True, "reason": "release"}, key)[1]
        node.stop()
        node = self.purging_node("kept", path)
        status, found = call(node.admin_port, "GET", f"/v1/purges/{first['id']}")
        self.assertEqual(status, 200)
        self.assertEqual(found["receipts"], first["receipts"])
        self.assertEqual(found["request"]["reason"], "release")
        again = call(node.admin_port, "POST", "/v1/purges", {"all": True}, key)[1]
        self.assertEqual((again["id"], again["sequence"]), (first["id"], first["sequence"]))
        self.assertEqual(call(node.admin_port, "POST", "/v1/purges", {"host": "a"}, key)[0], 422)
        second = call(node.admin_port, "POST", "/v1/purges", {"host": "shop.test", "wait": "none"})[1]
        node.send(harness.signal.SIGKILL)
        node.wait()
        self.processes.remove(node)
        node = self.purging_node("kept", path)
        listed = call(node.admin_port, "GET", f"/v1/purges?after={first['sequence']}")[1]["purges"]
        self.assertEqual([each["id"] for each in listed], [second["id"]])

    def test_versions(self):
        node = self.purging_node("versions", self.folder / "versions.purges")
        self.assertEqual(call(node.admin_port, "PUT", "/v1/sites/e2e/version", {"version": "1"})[0], 200)
        self.assertEqual(call(node.admin_port, "PUT", "/v1/sites/e2e/version", {"version": "2"})[0], 200)
        status, answer = call(node.admin_port, "GET", "/v1/sites/e2e/version")
        self.assertEqual((status, answer["version"], answer["percent"], answer["previous"]), (200, "2", 100, "1"))
        status, answer = call(node.admin_port, "PUT", "/v1/sites/shop/version", {"version": "1"})
        self.assertEqual((status, answer["code"]), (404, "unknown-site"))

    def test_mistakes_are_explained(self):
        node = self.purging_node("mistakes", self.folder / "mistakes.purges")
        for body, status, code in (({"tag": "a"}, 422, "unknown-member"), ({}, 422, "one-selector"),
                                   ({"url": "/a"}, 422, "invalid-url"), ({"regex": "("}, 422, "invalid-regex")):
            with self.subTest(body=body):
                answer = call(node.admin_port, "POST", "/v1/purges", body)
                self.assertEqual((answer[0], answer[1]["code"]), (status, code))

    def test_two_nodes_never_share_a_file(self):
        path = self.folder / "shared.purges"
        self.purging_node("owner", path)
        second = Node("second", node_config(self.origin.port, name="second", extra=f"purge:\n  path: {path}\n"), self.folder)
        self.assertEqual(second.wait(), 1)
        self.assertIn("purge.log: nats", second.output())

    def test_metrics_and_readiness(self):
        node = self.purging_node("measured", self.folder / "measured.purges")
        with urllib.request.urlopen(f"http://127.0.0.1:{node.admin_port}/readyz", timeout=30) as answer:
            self.assertEqual(answer.read(), b"ready\n")
        call(node.admin_port, "POST", "/v1/purges", {"all": True})
        with urllib.request.urlopen(f"http://127.0.0.1:{node.admin_port}/metrics", timeout=30) as answer:
            metrics = answer.read().decode()
        self.assertRegex(metrics, r'(?m)^brink_purge_records_total\{kind="purge"\} 1$')
        self.assertRegex(metrics, r"(?m)^brink_purge_fenced 0$")


class Demo(EndToEnd):
    def test_a_purge_reaches_all_three_nodes(self):
        demo = self.start(Process("demo", [BRINK, "demo", "--port-base", "18300"], self.folder / "demo.log"))
        demo.wait_for(r"^brink: ready")
        said = demo.output()
        fra, nyc = (int(re.search(rf"edge {name}-1\s+http://127\.0\.0\.1:(\d+)", said)[1]) for name in ("fra", "nyc"))
        admins = [int(p) for p in re.findall(r"http://127\.0\.0\.1:(\d+)/", re.search(r"Dashboards.*", said)[0])]
        for port in (fra, nyc, fra, nyc):
            with Connection(port, host="shop.test") as client:
                client.get("/product/7")
        for port in (fra, nyc):
            with Connection(port, host="shop.test") as client:
                self.assertRegex(client.get("/product/7").field("cache-status"), r"^brink-(fra|nyc)-1; hit")
        status, counted = call(admins[0], "POST", "/v1/purges", {"tags": ["product-7"], "dry_run": True})
        self.assertEqual((status, counted["state"]), (200, "dry-run"), counted)
        self.assertEqual([(r["node"], r["objects"]) for r in counted["receipts"]], [("fra-1", 1), ("nyc-1", 1), ("regional-1", 1)])
        self.assertEqual(counted["receipts"][0]["samples"], ["http://shop.test/product/7"])
        shares = {pop["pop"]: pop["hit_share"] for pop in counted["pops"]}
        self.assertEqual((shares["fra"], shares["nyc"]), (1, 1))
        status, answer = call(admins[1], "POST", "/v1/purges", {"tags": ["product-7"], "wait": "all"})
        self.assertEqual((status, answer["state"]), (200, "done"))
        self.assertEqual([r["node"] for r in answer["receipts"]], ["fra-1", "nyc-1", "regional-1"])
        self.assertTrue(all(r["objects"] == 1 for r in answer["receipts"]), answer)
        with Connection(fra, host="shop.test") as client:
            self.assertIn("brink-regional-1; fwd=uri-miss", client.get("/product/7").field("cache-status"))
        for port in admins:
            self.assertEqual(call(port, "GET", f"/v1/purges/{answer['id']}")[1]["state"], "done")
            nodes = call(port, "GET", "/v1/nodes")[1]["nodes"]
            self.assertEqual(sorted(each["name"] for each in nodes), ["fra-1", "nyc-1", "regional-1"])
            self.assertTrue(all(each["applied"] >= answer["sequence"] and not each["fenced"] for each in nodes), nodes)


if __name__ == "__main__":
    harness.main()
