"""Debian's nginx as an origin over a real tree of files: its own configuration and folder, one child, a counted log."""

import pathlib
import shutil
import socket
import time

from harness import Process

CONFIG = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
events {{ worker_connections 4096; }}
http {{
  log_format counted '$request_method $request_uri $status $http_range';
  access_log {folder}/nginx-access.log counted;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  sendfile on;
  gzip off;
  keepalive_timeout 60s;
  keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{port};
    expires 1h;
{locations}
  }}
}}
"""


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx(Process):
    """`roots` maps a first path segment to the folder it serves."""

    def __init__(self, folder, roots):
        self.folder = pathlib.Path(folder) / "nginx"
        self.folder.mkdir()
        self.access_log = self.folder / "nginx-access.log"
        self.port = _free_port()
        locations = "\n".join(f"    location /{name}/ {{ alias {path}/; }}" for name, path in roots.items())
        config = self.folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=self.folder, port=self.port, locations=locations))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        super().__init__("nginx", [program, "-p", self.folder, "-c", config, "-e", self.folder / "nginx-error.log"],
                         self.folder / "stderr.log")

    def ready(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except ConnectionRefusedError:
                if not self.running() or time.monotonic() > deadline:
                    errors = self.folder / "nginx-error.log"
                    raise AssertionError(f"nginx did not start: {self.output()}{errors.read_text()}") from None
                time.sleep(0.02)

    def requests(self):
        """Every request so far, one line each: method, URI, status, Range."""
        return self.access_log.read_text().splitlines()
