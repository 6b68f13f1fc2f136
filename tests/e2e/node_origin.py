"""Node.js as an origin: node_server.mjs, one process, a counted log."""

import json
import pathlib
import shutil

from real_origin import Origin


class Node(Origin):
    """`roots` maps a first path segment to the folder it serves; `content` is the folder of real_origin's URLs.

    `hasty_port` is the same application, but it closes a connection a moment after an answer.
    """

    def __init__(self, folder, roots, content):
        self.folder = pathlib.Path(folder) / "node"
        self.folder.mkdir()
        self.access_log = self.folder / "access.log"
        self.access_log.touch()
        arguments = {"log": str(self.access_log), "content": str(content), "roots": {n: str(p) for n, p in roots.items()}}
        script = pathlib.Path(__file__).with_name("node_server.mjs")
        super().__init__("node", [shutil.which("node") or "/usr/bin/node", script, json.dumps(arguments)],
                         self.folder / "stderr.log")

    def ready(self):
        self.port, self.hasty_port = map(int, self.wait_for(r"^listening on (\d+) (\d+)")[0])
        return self
