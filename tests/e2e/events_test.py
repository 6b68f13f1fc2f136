"""Events that become purges, through the built program: Debezium's messages from a real nats-server, also while the node
is away; signed webhooks; dead letters."""

import base64
import hashlib
import hmac
import json
import os
import re
import time
import urllib.error
import urllib.request

import harness
from harness import DemoOrigin, EndToEnd, Node, node_config
from http_client import Connection
from nats_client import NatsClient
from nats_server import NatsServer

SECRET = "an end-to-end secret of the webhook"
STANDARD = "whsec_" + base64.b64encode(b"a standard secret of 24b").decode()
WITHIN = 60.0  # only a defect takes that long

EVENTS = """\
purge:
  path: {path}
  {more}
  events:
    - name: catalogue
      nats: {{ subject: "shop.public.products", durable: brink-e2e, server: "nats://127.0.0.1:{nats}" }}
      when: [{{ field: op, is: [c, u, d] }}]
      tags: ["product-{{after.id|before.id}}"]
    - name: deploy
      webhook: {{ secret_env: BRINK_E2E_WEBHOOK }}
      tags: ["product-{{id}}"]
    - name: pages
      webhook: {{ signature: standard, secret_env: BRINK_E2E_STANDARD }}
      urls: ["http://shop.test/{{+path}}"]
      site: e2e
"""


def hub_signature(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def until(what, condition):
    """What `condition` gives once it is true; it asks a program each time."""
    deadline = time.monotonic() + WITHIN
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about within {WITHIN} s")
        time.sleep(0.05)


class Events(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.environ["BRINK_E2E_WEBHOOK"], os.environ["BRINK_E2E_STANDARD"] = SECRET, STANDARD
        cls.origin = cls.start(DemoOrigin(cls.folder))
        cls.server = cls.start(NatsServer(cls.folder))
        with NatsClient(cls.server.port) as nats:
            made = nats.request("$JS.API.STREAM.CREATE.SHOP", {"name": "SHOP", "subjects": ["shop.>"]})
            assert made and "error" not in made, made

    def config(self, name, more="retain: 1000"):
        events = EVENTS.format(path=self.folder / name / "purge.log", nats=self.server.port, more=more)
        return node_config(self.origin.port, name=name, extra=events)

    def serving(self, name):
        (self.folder / name).mkdir(exist_ok=True)
        node = self.start(Node(name, self.config(name), self.folder))
        until("the consumer", lambda: self.consumer().get("config"))
        return node

    def consumer(self):
        with NatsClient(self.server.port) as nats:
            return nats.request("$JS.API.CONSUMER.INFO.SHOP.brink-e2e") or {}

    def settled(self, sequence):
        def look():
            info = self.consumer()
            return info["num_ack_pending"] == 0 and info["ack_floor"]["stream_seq"] >= sequence
        until(f"the acknowledgement of message {sequence}", look)

    def publish(self, event):
        with NatsClient(self.server.port) as nats:
            return nats.publish("shop.public.products", event)

    def status(self, node, path):
        with Connection(node.port, host="shop.test") as client:
            return client.get(path).field("cache-status")

    def cached(self, node, path):
        self.status(node, path)
        self.assertIn("; hit", self.status(node, path))

    def call(self, node, method, path, body=None, **fields):
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{node.admin_port}{path}", data=body, method=method,
                                         headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def webhook(self, node, event, signature=None, **fields):
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.call(node, "POST", "/v1/events/deploy", body, X_Hub_Signature_256=signature or hub_signature(body),
                         **fields)

    def fenced(self, node):
        return [each["fenced"] for each in self.call(node, "GET", "/v1/nodes")[1]["nodes"]]

    def purges(self, node):
        return [each["request"] for each in self.call(node, "GET", "/v1/purges?limit=1000")[1]["purges"]
                if each["request"]["kind"] == "purge"]

    def metric(self, node, name, **labels):
        with urllib.request.urlopen(f"http://127.0.0.1:{node.admin_port}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        for line in text.splitlines():
            if line.startswith(name + "{") and all(f'{k}="{v}"' in line for k, v in labels.items()):
                return int(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no {name} {labels} in\n{text}")

    def test_changes_in_a_database(self):
        node = self.serving("cdc")
        for path in ("/product/7", "/product/8", "/product/9"):
            self.cached(node, path)
        self.publish({"before": None, "after": {"id": 7}, "source": {"table": "products"}, "op": "c"})
        self.publish({"schema": {"type": "struct"}, "payload": {"before": {"id": 8}, "after": None, "op": "d"}})
        self.settled(self.publish({"before": None, "after": {"id": 9}, "op": "r"}))  # a snapshot: not asked for
        self.assertNotIn("; hit", self.status(node, "/product/7"))
        self.assertNotIn("; hit", self.status(node, "/product/8"))
        self.assertIn("; hit", self.status(node, "/product/9"))
        self.assertEqual(self.metric(node, "brink_purge_events_total", subscription="catalogue", result="purged"), 2)
        self.assertEqual(self.metric(node, "brink_purge_events_total", subscription="catalogue", result="ignored"), 1)
        self.assertEqual(self.metric(node, "brink_purge_events_connected", subscription="catalogue"), 1)
        self.assertEqual({each["by"] for each in self.purges(node)}, {"event:catalogue"})
        self.settled(self.publish(b"no JSON"))
        letters = self.call(node, "GET", "/v1/events/catalogue/dead_letters")[1]
        self.assertEqual(letters["count"], 1)
        self.assertIn("not a JSON object", letters["dead_letters"][0]["reason"])
        self.assertRegex(letters["dead_letters"][0]["source"], r"^SHOP \d+$")
        node.stop()

    def test_events_while_the_node_is_away(self):
        node = self.serving("away")
        self.settled(self.publish({"after": {"id": 1}, "op": "u"}))
        before = len(self.purges(node))
        node.send(harness.signal.SIGKILL)
        node.wait()
        self.processes.remove(node)
        sequence = self.publish({"after": {"id": 7}, "op": "u"})
        waiting = self.consumer()
        self.assertEqual(waiting["num_pending"] + waiting["num_ack_pending"], 1)
        node = self.serving("away")
        self.settled(sequence)
        self.assertEqual([each["selector"]["tags"] for each in self.purges(node)[before:]], [["product-7"]])
        # The same messages once more, as after acknowledgements that were lost: no purge is added.
        count = len(self.purges(node))
        node.stop()
        with NatsClient(self.server.port) as nats:
            self.assertTrue(nats.request("$JS.API.CONSUMER.DELETE.SHOP.brink-e2e")["success"])
            made = nats.request("$JS.API.CONSUMER.DURABLE.CREATE.SHOP.brink-e2e", {
                "stream_name": "SHOP", "config": {
                    "durable_name": "brink-e2e", "ack_policy": "explicit", "filter_subject": "shop.public.products",
                    "deliver_policy": "by_start_sequence", "opt_start_seq": sequence}})
            self.assertNotIn("error", made)
        node = self.serving("away")
        self.settled(sequence)
        self.assertEqual(self.metric(node, "brink_purge_events_total", subscription="catalogue", result="purged"), 1)
        self.assertEqual(len(self.purges(node)), count)
        node.stop()

    def test_webhooks(self):
        node = self.serving("hooks")
        self.cached(node, "/product/7")
        status, answer = self.webhook(node, {"id": 7}, signature=hub_signature(b'{"id": 7}', "wrong"))
        self.assertEqual((status, answer["code"]), (401, "signature-wrong"))
        self.assertEqual(self.call(node, "POST", "/v1/events/deploy", b"{}")[1]["code"], "signature-missing")
        self.assertIn("; hit", self.status(node, "/product/7"))
        status, answer = self.webhook(node, {"id": 7}, X_GitHub_Delivery="delivery-1")
        self.assertEqual((status, answer["state"], len(answer["ids"])), (200, "done", 1), answer)
        self.assertNotIn("; hit", self.status(node, "/product/7"))
        self.assertEqual(self.webhook(node, {"id": 7}, X_GitHub_Delivery="delivery-1"), (status, answer))
        self.assertEqual(len(self.purges(node)), 1)
        status, found = self.call(node, "GET", f"/v1/purges/{answer['ids'][0]}")
        self.assertEqual((status, found["request"]["selector"]["tags"]), (200, ["product-7"]))
        status, answer = self.webhook(node, {"id": "7 everything"}, X_GitHub_Delivery="delivery-2")
        self.assertEqual((status, answer["code"]), (422, "dead-letter"))
        self.assertEqual(self.metric(node, "brink_purge_dead_letters", subscription="deploy"), 1)
        node.stop()
        node = self.serving("hooks")
        letters = self.call(node, "GET", "/v1/events/deploy/dead_letters")[1]["dead_letters"]
        self.assertEqual([each["event"] for each in letters], [{"id": "7 everything"}])
        self.assertEqual(self.webhook(node, {"id": 7}, X_GitHub_Delivery="delivery-1")[0], 200)
        self.assertEqual(len(self.purges(node)), 1, "known after a restart, too")
        node.stop()

    def test_standard_webhooks_and_urls(self):
        node = self.serving("pages")
        self.cached(node, "/product/7")

        def send(event, at, message="msg_1"):
            body = json.dumps(event).encode()
            digest = hmac.new(b"a standard secret of 24b", f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
            return self.call(node, "POST", "/v1/events/pages", body, webhook_id=message, webhook_timestamp=str(at),
                             webhook_signature="v1," + base64.b64encode(digest).decode())

        now = int(time.time())
        self.assertEqual(send({"path": "/product/7"}, now - 3600)[1]["code"], "signature-too-old")
        self.assertIn("; hit", self.status(node, "/product/7"))
        status, answer = send({"path": "/product/7"}, now)
        self.assertEqual((status, answer["state"]), (200, "done"), answer)
        self.assertNotIn("; hit", self.status(node, "/product/7"))
        node.stop()

    def test_reload(self):
        node = self.serving("reloaded")
        self.cached(node, "/product/7")
        node.config.write_text(self.config("reloaded").replace('"product-{id}"', '"product-{number}"'))
        status, answer = self.call(node, "POST", "/v1/reload", b"")
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.webhook(node, {"id": 7})[0], 422)
        self.assertEqual(self.webhook(node, {"number": 7})[0], 200)
        self.assertNotIn("; hit", self.status(node, "/product/7"))
        listed = self.call(node, "GET", "/v1/events")[1]["events"]
        self.assertEqual([each["name"] for each in listed], ["catalogue", "deploy", "pages"])
        self.assertEqual(listed[0]["source"]["nats"]["connected"], True)
        self.assertEqual((listed[1]["counts"]["purged"], listed[1]["counts"]["dead"]), (1, 1))
        node.config.write_text(self.config("reloaded").replace("{id}", "{id"))
        status, answer = self.call(node, "POST", "/v1/reload", b"")
        self.assertEqual(status, 422)
        self.assertTrue(re.search(r"purge\.events\[1\]\.tags\[0\]", answer["detail"]), answer)
        self.assertEqual(self.webhook(node, {"number": 8})[0], 200)
        node.stop()

    def test_two_nodes_that_share_a_log(self):
        """Each message is for one node, and its purge for both; without NATS a webhook is told to come again."""
        folder = self.folder / "deployment"
        folder.mkdir()
        server = self.start(NatsServer(folder))
        with NatsClient(server.port) as nats:
            nats.request("$JS.API.STREAM.CREATE.SHOP", {"name": "SHOP", "subjects": ["shop.>"]})
        nodes = []
        for name in ("fra-1", "nyc-1"):
            config = self.config(name).replace(f'server: "nats://127.0.0.1:{self.server.port}"', "stream: SHOP")
            config = config.replace("retain: 1000", f'log: nats\n  nats: {{ url: "nats://127.0.0.1:{server.port}" }}\n'
                                                    f"  dead_letters: {{ path: {self.folder / name}.jsonl }}")
            nodes.append(self.start(Node(name, config, self.folder)))
        with NatsClient(server.port) as nats:
            until("the consumer", lambda: "config" in nats.request("$JS.API.CONSUMER.INFO.SHOP.brink-e2e"))
            for node in nodes:
                until("both members, not fenced", lambda node=node: self.fenced(node) == [False, False])
                self.cached(node, "/product/7")
            for _ in range(20):
                nats.publish("shop.public.products", {"after": {"id": 7}, "op": "u"})
            until("both nodes to have all", lambda: all(len(self.purges(node)) == 20 for node in nodes))
        for node in nodes:
            until("the purge", lambda node=node: "; hit" not in self.status(node, "/product/7"))
        counts = [self.metric(node, "brink_purge_events_total", subscription="catalogue", result="purged") for node in nodes]
        self.assertEqual(sum(counts), 20, counts)
        server.send(harness.signal.SIGKILL)
        server.wait()
        self.processes.remove(server)
        status, answer = self.webhook(nodes[0], {"id": 7}, X_GitHub_Delivery="delivery-9")
        self.assertEqual((status, answer["code"]), (503, "log-unavailable"))
        for node in nodes:
            node.stop()


if __name__ == "__main__":
    harness.main()
