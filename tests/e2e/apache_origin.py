"""Debian's Apache httpd as an origin: its own configuration and folder, one process, a counted log."""

import os
import pathlib
import pwd
import shutil

from real_origin import Origin, free_port

MODULES = ("mpm_event authz_core mime dir alias headers expires deflate filter env setenvif dav dav_fs autoindex "
           "reqtimeout log_forensic").split()

# real_origin.py says what each location is for.
CONFIG = """\
ServerRoot {folder}
PidFile {folder}/apache.pid
Listen 127.0.0.1:{port}
ServerName e2e.example
UseCanonicalName Off
{modules}
{user}
Mutex pthread
ErrorLog {folder}/error.log
LogFormat "{{\\"method\\":\\"%m\\",\\"uri\\":\\"%r\\",\\"status\\":\\"%>s\\",\\"range\\":\\"%{{Range}}i\\",\
\\"if_none_match\\":\\"%{{If-None-Match}}i\\",\\"if_modified_since\\":\\"%{{If-Modified-Since}}i\\",\
\\"connection\\":\\"%{{remote}}p\\"}}" counted
CustomLog {folder}/access.log counted
ForensicLog {folder}/forensic.log
TypesConfig /dev/null
AddType text/html .html
AddType text/css .css
AddType text/plain .txt
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
DocumentRoot {content}
DavLockDB {folder}/locks
<Directory />
  Require all granted
  AllowOverride None
</Directory>
ExpiresActive On
ExpiresDefault "access plus 1 hour"
{roots}
Alias /files {content}
<Location /files>
  Dav On
</Location>
Alias /checked {content}
<Location /checked>
  ExpiresActive Off
  Header set Cache-Control no-cache
</Location>
Alias /dated {content}
<Location /dated>
  FileETag None
  ExpiresActive Off
  Header set Cache-Control no-cache
</Location>
Alias /packed-checked {content}
<Location /packed-checked>
  SetOutputFilter DEFLATE
  ExpiresActive Off
  Header set Cache-Control no-cache
</Location>
Alias /packed {content}
<Location /packed/>
  SetOutputFilter DEFLATE
</Location>
Redirect permanent /moved /files
<Location /absent>
  ExpiresActive Off
  Header always set Cache-Control max-age=60
</Location>
Alias /form {content}/form.txt
Alias /listing {content}
<Location /listing>
  Options +Indexes
  ExpiresActive Off
</Location>
"""


class Apache(Origin):
    """`roots` maps a first path segment to the folder it serves; `content` is the folder of real_origin's URLs."""

    def __init__(self, folder, roots, content):
        self.folder = pathlib.Path(folder) / "apache"
        self.folder.mkdir()
        self.access_log = self.folder / "access.log"
        self.port = free_port()
        config = self.folder / "apache.conf"
        config.write_text(CONFIG.format(
            folder=self.folder, port=self.port, content=content, user=self._user(folder, content),
            modules="\n".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so" for m in MODULES),
            roots="\n".join(f"Alias /{name} {path}" for name, path in roots.items())))
        program = shutil.which("apache2") or "/usr/sbin/apache2"
        super().__init__("apache", [program, "-X", "-f", config], self.folder / "stderr.log")

    def _user(self, folder, content):
        """Apache refuses to serve as root: as root its files become another user's, and the way there passable."""
        if os.geteuid() != 0:
            return ""
        account = pwd.getpwnam("www-data")
        os.chmod(folder, 0o711)
        for path in (self.folder, pathlib.Path(content), *pathlib.Path(content).iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)
        return f"User {account.pw_name}\nGroup www-data"

    def ready(self):
        return self.wait_for_port(self.folder / "error.log")

    def requests(self):
        """Its threads write an access log's line whenever they get to it; the forensic log has a request before its answer."""
        begun = sum(line.startswith("+") for line in (self.folder / "forensic.log").read_text().splitlines())
        return self.wait_for_records(lambda records: len(records) >= begun)

    @staticmethod
    def _record(line):
        record = Origin._record(line)
        record["uri"] = record["uri"].split(" ")[1] if " " in record["uri"] else record["uri"]
        return record
