"""Debian's nginx as an origin: its own configuration and folder, one process, a counted log."""

import pathlib
import shutil

from real_origin import Origin, free_port

# Of the http block, in place of those that only root may write to.
TEMPORARY_PATHS = """\
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
"""

CONFIG = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
events {{ worker_connections 4096; }}
http {{
  log_format counted escape=json '{{"method":"$request_method","uri":"$request_uri","status":"$status",'
    '"range":"$http_range","if_none_match":"$http_if_none_match","if_modified_since":"$http_if_modified_since",'
    '"connection":"$remote_port","bytes":"$body_bytes_sent"}}';
  access_log {folder}/nginx-access.log counted;
""" + TEMPORARY_PATHS + """\
  client_max_body_size 64m;
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  sendfile on;
  gzip off;
  keepalive_timeout 60s;
  keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{port};
    listen 127.0.0.1:{h2c_port} http2;
    expires 1h;
{locations}
  }}
}}
"""

# real_origin.py says what each is for. Requests of a proxy carry Via: nginx compresses for them only when told.
CONTENT = """\
    location /files/ {{ alias {content}/; dav_methods PUT DELETE; }}
    location /checked/ {{ alias {content}/; expires off; add_header Cache-Control no-cache; }}
    location /dated/ {{ alias {content}/; etag off; expires off; add_header Cache-Control no-cache; }}
    location /packed/ {{ alias {content}/; gzip on; gzip_types *; gzip_vary on; gzip_proxied any; gzip_min_length 1; }}
    location /packed-checked/ {{
      alias {content}/; gzip on; gzip_types *; gzip_vary on; gzip_proxied any; gzip_min_length 1;
      expires off; add_header Cache-Control no-cache;
    }}
    location /moved/ {{ rewrite ^/moved/(.*)$ /files/$1 permanent; }}
    location = /absent {{ expires off; add_header Cache-Control max-age=60 always; return 404 "not here\\n"; }}
    location = /form {{
      default_type text/plain;
      if ($request_method = POST) {{ return 204; }}
      return 200 "a form\\n";
    }}
    location /listing/ {{ alias {content}/; autoindex on; expires off; }}
"""


class Nginx(Origin):
    """`roots` maps a first path segment to the folder it serves; `content` is the folder of real_origin's URLs.

    `h2c_port` speaks HTTP/2 in clear text by prior knowledge.
    """

    def __init__(self, folder, roots, content=None):
        self.folder = pathlib.Path(folder) / "nginx"
        self.folder.mkdir()
        self.access_log = self.folder / "nginx-access.log"
        self.port, self.h2c_port = free_port(), free_port()
        locations = "\n".join(f"    location /{name}/ {{ alias {path}/; }}" for name, path in roots.items())
        if content:
            locations += "\n" + CONTENT.format(content=content)
        config = self.folder / "nginx.conf"
        config.write_text(
            CONFIG.format(folder=self.folder, port=self.port, h2c_port=self.h2c_port, locations=locations))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        super().__init__("nginx", [program, "-p", self.folder, "-c", config, "-e", self.folder / "nginx-error.log"],
                         self.folder / "stderr.log")

    def ready(self):
        return self.wait_for_port(self.folder / "nginx-error.log")
