"""SIGTERM ends a node without breaking a request; SIGHUP gives it a new configuration without dropping anything."""

import signal
import socket
import threading
import time

import harness
from harness import EndToEnd, DemoOrigin, Node, node_config
from http_client import Connection


class Signals(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = cls.start(DemoOrigin(cls.folder))

    def wait_until(self, condition, what, timeout=15.0):
        deadline = time.monotonic() + timeout
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"not within {timeout} s: {what}")
            time.sleep(0.02)

    def asked(self, path, times=1):
        self.wait_until(lambda: self.origin.requests().get(path, 0) >= times, f"{path} at the origin")

    def test_sigterm_lets_requests_finish(self):
        for number, name in ((signal.SIGTERM, "term"), (signal.SIGINT, "int")):
            with self.subTest(signal=name):
                node = self.node(f"drain-{name}", self.origin.port)
                path = f"/slow?ms=1500&{name}"
                answers = []
                idle = Connection(node.port)
                self.assertEqual(idle.get("/slow?ms=0").status, 200)
                client = Connection(node.port)
                thread = threading.Thread(target=lambda: answers.append(client.get(path)))
                thread.start()
                self.asked(path)
                node.send(number)
                thread.join()
                self.assertEqual([a.status for a in answers], [200])
                self.assertEqual(answers[0].field("connection"), "close", "a draining node keeps no connection")
                self.assertEqual(node.wait(15), 0)
                with self.assertRaises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", node.port), 2)
                idle.close()

    def test_sigterm_waits_no_longer_than_the_grace(self):
        config = node_config(self.origin.port, name="grace").replace("role: edge", "role: edge\n  shutdown_grace: 1s")
        node = self.start(Node("grace", config, self.folder))
        client = Connection(node.port)
        client.send("/slow?ms=60000")
        self.asked("/slow?ms=60000")
        node.send(signal.SIGTERM)
        self.assertEqual(node.wait(20), 0)
        client.close()

    def test_sighup_keeps_connections_and_stored_responses(self):
        other = self.start(DemoOrigin(self.folder, "other-origin"))
        node = self.node("reload", self.origin.port)
        with Connection(node.port) as client:
            first = client.get("/bytes/1000")
            connection = client._socket
            self.assertEqual(first.status, 200)
            node.config.write_text(node.config.read_text().replace(f":{self.origin.port}", f":{other.port}"))
            node.send(signal.SIGHUP)
            # The new configuration is in force when a URL never asked for comes from the other origin.
            numbers = iter(range(10_000))
            self.wait_until(lambda: client.get(f"/bytes/10?{next(numbers)}").status == 200
                            and sum(n for url, n in other.requests().items() if url.startswith("/bytes/10?")), "the reload")
            again = client.get("/bytes/1000")
            self.assertEqual((again.status, again.body), (200, first.body))
            self.assertIn("; hit", again.field("cache-status"))
            self.assertIs(client._socket, connection, "the connection was dropped")
            self.assertEqual(other.requests().get("/bytes/1000"), None)

    def test_sighup_with_an_invalid_file_changes_nothing(self):
        node = self.node("refuse", self.origin.port)
        good = node.config.read_text()
        with Connection(node.port) as client:
            self.assertEqual(client.get("/bytes/500").status, 200)
            connection = client._socket
            refused = {"an unknown key": good + "surprise: 1\n", "no YAML": good + "a: [\n",
                       "another name": good.replace("name: refuse", "name: renamed")}
            for number, (what, text) in enumerate(refused.items(), 1):
                node.config.write_text(text)
                node.send(signal.SIGHUP)
                node.wait_for(r"(?i)^.*reload.*(?:refused|rejected|fail|kept|stays|unchanged).*$", count=number)
                self.assertTrue(node.running(), what)
                self.assertIn("; hit", client.get("/bytes/500").field("cache-status"), what)
            self.assertRegex(node.output(), rf"{node.config}:\d+:\d+: error: .*surprise")
            self.assertIs(client._socket, connection, "the connection was dropped")
            node.config.write_text(good)
            node.send(signal.SIGHUP)
            self.assertEqual(client.get(f"/bytes/501").status, 200)


if __name__ == "__main__":
    harness.main()
