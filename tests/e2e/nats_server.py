"""A real nats-server with JetStream as an end-to-end test's purge log: its own store, killed and started again by pid."""

import pathlib
import re
import shutil
import signal

from harness import Process

PROGRAM = shutil.which("nats-server") or "/usr/sbin/nats-server"


class NatsServer(Process):
    """On a free port; `folder`/nats-store is what a later one with the same folder goes on with."""

    def __init__(self, folder, name="nats"):
        config = pathlib.Path(folder) / f"{name}.conf"
        store = pathlib.Path(folder) / "nats-store"
        config.write_text(f'host: 127.0.0.1\nport: -1\njetstream {{ store_dir: "{store}" }}\n')
        super().__init__(name, [PROGRAM, "-c", config], pathlib.Path(folder) / f"{name}.log")

    def ready(self):
        self.wait_for(r"Server is ready")
        self.port = int(re.search(r"client connections on 127\.0\.0\.1:(\d+)", self.output())[1])
        return self

    def stop(self, number=signal.SIGINT, timeout=20.0):
        """nats-server's status after SIGTERM is 1, as if it had failed; after SIGINT it is 0."""
        return super().stop(number, timeout)
