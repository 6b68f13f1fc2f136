"""The command line: `brink check` says everything that is wrong at once and where; exit statuses mean what they say."""

import os
import re
import socket
import subprocess

import harness
from harness import BRINK, EndToEnd, ROOT, node_config

WRONG = """\
node:
  name: shop-1
  colour: red
listen:
  - address: nowhere
cache:
  memory: lots
sites:
  - name: shop
    host: [shop.example.com]
    origin:
      servers: ["ftp://10.0.0.5"]
"""
# Line → what the message must name.
MISTAKES = {3: "colour", 5: "address", 7: "memory", 10: "host", 12: "servers"}


class Check(EndToEnd):
    def brink(self, *arguments):
        environment = {**os.environ, "BRINK_ADMIN_TOKEN": "of-a-test", "BRINK_SHOP_TOKEN": "of-another"}
        return subprocess.run([BRINK, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, env=environment)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def test_every_mistake_at_once_with_its_place(self):
        path = self.write("wrong.yaml", WRONG)
        for command in ("check", "serve"):
            with self.subTest(command=command):
                done = self.brink(command, "--config", path)
                self.assertEqual(done.returncode, 2, done)
                said = done.stdout + done.stderr
                for line, word in MISTAKES.items():
                    self.assertRegex(said, rf"(?m)^{re.escape(str(path))}:{line}:\d+: error: .*{word}")

    def test_good_files_are_good(self):
        path = self.write("good.yaml", node_config(8000))
        done = self.brink("check", "--config", path)
        self.assertEqual(done.returncode, 0, done)

    def test_what_ships_with_brink_is_good(self):
        shipped = sorted((ROOT / "config/deploy/compose").glob("*.yaml"))
        self.assertTrue(shipped)
        for path in shipped:
            with self.subTest(path=path.name):
                done = self.brink("check", "--config", path)
                self.assertEqual(done.returncode, 0, done)

    def test_usage_and_configuration_are_2(self):
        for arguments in ([], ["surprise"], ["serve"], ["serve", "--config", self.folder / "missing.yaml"],
                          ["check", "--config", self.folder], ["origin", "--listen", "nowhere"], ["serve", "--surprise"]):
            with self.subTest(arguments=arguments):
                done = self.brink(*arguments)
                self.assertEqual(done.returncode, 2, done)
                self.assertNotEqual(done.stderr, "")

    def test_help_and_version_are_0(self):
        for arguments in (["--help"], ["--version"], ["serve", "--help"]):
            with self.subTest(arguments=arguments):
                done = self.brink(*arguments)
                self.assertEqual((done.returncode, done.stderr), (0, ""), done)
                self.assertRegex(done.stdout, "(?i)brink")

    def test_an_address_in_use_is_1_and_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            path = self.write("taken.yaml", node_config(8000).replace("address: 127.0.0.1:0", f"address: 127.0.0.1:{port}", 1))
            done = self.brink("serve", "--config", path)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(f"127.0.0.1:{port}", done.stderr)


if __name__ == "__main__":
    harness.main()
