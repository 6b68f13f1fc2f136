"""Runs real programs for the end-to-end tests: brink's own, and nginx as an origin. Loopback, free ports, own folders.

What a test starts it stops: every Process ends with its Scratch, whatever the test's outcome. When a test fails, the
programs' logs are printed.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BRINK = os.environ.get("BRINK_BINARY", str(ROOT / "build/release/brink"))
HERD = os.environ.get("BRINK_HERD", str(ROOT / "build/release/herd"))
# Under a sanitizer everything is slower and larger: tests take smaller sizes and do not judge memory.
SANITIZED = os.environ.get("BRINK_SANITIZE", "") != ""
START_TIMEOUT = 30.0


class Process:
    """A program with its standard error in a file, watched for lines."""

    def __init__(self, name, arguments, log, environment=None):
        self.name, self.log = name, pathlib.Path(log)
        with open(self.log, "wb") as sink:
            self._child = subprocess.Popen(
                [str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                env={**os.environ, **(environment or {})})
        self.pid = self._child.pid

    def output(self):
        return self.log.read_text(errors="replace")

    def wait_for(self, pattern, timeout=START_TIMEOUT, count=1):
        """The list of matches once the log holds at least `count`; an error with the log when it ends before."""
        deadline = time.monotonic() + timeout
        while True:
            ended = self._child.poll() is not None
            found = re.findall(pattern, self.output(), re.MULTILINE)
            if len(found) >= count:
                return found
            if ended or time.monotonic() > deadline:
                state = f"ended with {self._child.returncode}" if ended else f"did not within {timeout} s"
                raise AssertionError(f"{self.name} should have printed {pattern!r}; it {state}:\n{self.output()[-4000:]}")
            time.sleep(0.02)

    def send(self, number):
        self._child.send_signal(number)

    def running(self):
        return self._child.poll() is None

    def wait(self, timeout=30.0):
        """The exit status; negative = the signal it died of."""
        return self._child.wait(timeout)

    def stop(self, number=signal.SIGTERM, timeout=20.0):
        if self.running():
            self.send(number)
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self.wait()
                raise AssertionError(f"{self.name} did not end within {timeout} s of signal {number}") from None
        return self._child.returncode

    def peak_memory(self):
        """VmHWM in bytes: the most physical memory it ever held."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


class Node(Process):
    """`brink serve` with a configuration text; knows the ports it was given."""

    def __init__(self, name, config, folder, environment=None):
        self.config = pathlib.Path(folder) / f"{name}.yaml"
        self.config.write_text(config)
        super().__init__(name, [BRINK, "serve", "--config", self.config], pathlib.Path(folder) / f"{name}.log", environment)

    def ready(self):
        self.wait_for(r"^brink: ready")
        listening = re.findall(r"^brink: listening on \S+:(\d+) \(listen\[(\d+)\]\)", self.output(), re.MULTILINE)
        self.ports = [int(p) for p, _ in sorted(listening, key=lambda m: int(m[1]))]
        self.port = self.ports[0]
        admin = re.search(r"^brink: admin on \S+:(\d+)", self.output(), re.MULTILINE)
        self.admin_port = int(admin[1]) if admin else 0
        return self


def certificate(folder):
    """Makes a certificate of its own for 127.0.0.1; the `tls` of a listener, as YAML."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=brink", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)
    return f"{{ certificate: {folder}/cert.pem, key: {folder}/key.pem }}"


class DemoOrigin(Process):
    """`brink origin` on a free port."""

    def __init__(self, folder, name="origin"):
        super().__init__(name, [BRINK, "origin", "--listen", "127.0.0.1:0"], pathlib.Path(folder) / f"{name}.log")

    def ready(self):
        self.port = int(self.wait_for(r"^brink: origin on \S+:(\d+)")[0])
        return self

    def requests(self):
        """How often each URL was asked, by the origin's own count."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_requests", timeout=20) as answer:
            return json.load(answer)["urls"]


def node_config(origin_port, *, name="node-1", pop="local", role="edge", regional=(), memory="256MiB", extra=""):
    """A complete node for one site "*" on free ports. `extra` is further YAML at the top level."""
    text = f"""\
node:
  name: {name}
  pop: {pop}
  role: {role}
listen:
  - address: 127.0.0.1:0
admin:
  address: 127.0.0.1:0
cache:
  memory: {memory}
sites:
  - name: e2e
    hosts: ["*"]
    origin:
      servers: ["http://127.0.0.1:{origin_port}"]
access_log: none
"""
    if regional:
        servers = ", ".join(f'"http://127.0.0.1:{port}"' for port in regional)
        text += f"tier:\n  regional: [{servers}]\n"
    return text + extra


class EndToEnd(unittest.TestCase):
    """A test case with a folder of its own and programs that end with it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="brink-e2e-"))
        cls.processes = []
        cls.failed = False
        cls.addClassCleanup(cls._end)
        watchdog = threading.Timer(float(os.environ.get("BRINK_E2E_WATCHDOG", "600")), cls._hung)
        watchdog.daemon = True
        watchdog.start()
        cls.addClassCleanup(watchdog.cancel)

    @classmethod
    def start(cls, process):
        cls.processes.append(process)
        return process.ready() if hasattr(process, "ready") else process

    @classmethod
    def node(cls, name, origin_port, **options):
        return cls.start(Node(name, node_config(origin_port, name=name, **options), cls.folder))

    @classmethod
    def _hung(cls):
        for process in cls.processes:
            print(f"== watchdog: {process.name}\n{process.output()[-3000:]}", file=sys.stderr)
        cls._kill()
        os._exit(3)

    @classmethod
    def _kill(cls):
        for process in cls.processes:
            if process.running():
                process.send(signal.SIGKILL)

    @classmethod
    def _end(cls):
        try:
            for process in reversed(cls.processes):
                status = process.stop()
                # A sanitizer's report is an exit status; an orderly end of every program is part of every test.
                if status != 0:
                    cls.failed = True
                    raise AssertionError(f"{process.name} ended with {status}:\n{process.output()[-6000:]}")
        finally:
            cls._kill()
            if cls.failed:
                for process in cls.processes:
                    print(f"== {process.name}\n{process.output()[-2000:]}", file=sys.stderr)
            shutil.rmtree(cls.folder, ignore_errors=True)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).failed = True


def main():
    unittest.main(verbosity=2)
