"""Purges as other products' clients send them, each as the curl command of that product's users or as the request that its
published client library sends:

fastly/fastly-js src/api/PurgeApi.js, cloudflare/cloudflare-typescript src/resources/cache/cache.ts,
magento/magento2 app/code/Magento/CacheInvalidate/Model/PurgeCache.php, wp-media/wp-rocket inc/functions/varnish.php,
FriendsOfSymfony/FOSHttpCache src/ProxyClient/Varnish.php.
"""

import json
import os
import subprocess

import harness
from harness import DemoOrigin, EndToEnd, Node, node_config

SECRET = "e2e-purge-clients-secret"
PRODUCT = "/product/7"


class PurgeClients(EndToEnd):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.environ["BRINK_E2E_PURGE_TOKEN"] = SECRET
        cls.origin = cls.start(DemoOrigin(cls.folder))
        config = node_config(cls.origin.port, name="edge",
                             extra="purge: { methods: { allow_from: [127.0.0.0/8] } }\n")
        config = config.replace("admin:\n  address: 127.0.0.1:0\n", """\
admin:
  address: 127.0.0.1:0
  tokens: [{ name: cms, token_env: BRINK_E2E_PURGE_TOKEN, may: [purge], sites: [e2e] }]
""")
        cls.edge = cls.start(Node("edge", config, cls.folder))
        cls.data = f"http://127.0.0.1:{cls.edge.port}"
        cls.admin = f"http://127.0.0.1:{cls.edge.admin_port}"

    def curl(self, *arguments):
        """Status and body."""
        command = ["curl", "-sS", "--max-time", "30", "-w", "\n%{http_code}", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stderr.decode(errors='replace')}")
        body, _, status = done.stdout.decode().rpartition("\n")
        return int(status), body

    def cache_status(self, path):
        command = ["curl", "-sS", "-o", "/dev/null", "-D", "-", f"{self.data}{path}"]
        head = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.decode().lower()
        return next(line for line in head.split("\r\n") if line.startswith("cache-status:"))

    def purges(self, path, *arguments, expected=200):
        """Puts `path` into the cache, runs curl, and looks that it has gone. The answer's body."""
        self.cache_status(path)
        self.assertIn("; hit", self.cache_status(path))
        status, body = self.curl(*arguments)
        self.assertEqual(status, expected, body)
        self.assertNotIn("; hit", self.cache_status(path), body)
        return body

    def tag(self):
        """A tag that the demo origin gives its product."""
        command = ["curl", "-sS", "-o", "/dev/null", "-D", "-", f"http://127.0.0.1:{self.origin.port}{PRODUCT}"]
        head = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.decode()
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n") if ": " in line)
        for name in ("surrogate-key", "xkey", "cache-tag"):
            if name in fields:
                return fields[name].replace(",", " ").split()[0]
        raise AssertionError(head)

    def test_fastly(self):
        tag, key = self.tag(), f"Fastly-Key: {SECRET}"
        body = self.purges(PRODUCT, "-X", "POST", "-H", key, "-H", "Accept: application/json",
                           f"{self.admin}/service/e2e/purge/{tag}")
        self.assertEqual(json.loads(body)["status"], "ok")
        body = self.purges(PRODUCT, "-X", "POST", "-H", key, "-H", f"Surrogate-Key: {tag} other",
                           f"{self.admin}/service/e2e/purge")
        self.assertEqual(set(json.loads(body)), {tag, "other"})
        self.purges(PRODUCT, "-H", key, "-H", "Content-Type: application/json",
                    "-d", json.dumps({"surrogate_keys": [tag]}), f"{self.admin}/service/e2e/purge")
        self.purges(PRODUCT, "-X", "POST", "-H", key, f"{self.admin}/service/e2e/purge_all")
        self.purges(PRODUCT, "-X", "POST", "-H", key, f"{self.admin}/purge/127.0.0.1:{self.edge.port}{PRODUCT}")
        status, body = self.curl("-X", "POST", "-H", "Fastly-Key: wrong", f"{self.admin}/service/e2e/purge_all")
        self.assertEqual((status, json.loads(body)["msg"]), (401, "unauthorized"))

    def test_cloudflare(self):
        url = f"{self.admin}/client/v4/zones/e2e/purge_cache"
        bearer = ("-H", f"Authorization: Bearer {SECRET}", "-H", "Content-Type: application/json")
        host = f"127.0.0.1:{self.edge.port}"
        for what in ({"files": [f"https://{host}{PRODUCT}"]}, {"files": [{"url": f"http://{host}{PRODUCT}", "headers": {}}]},
                     {"tags": [self.tag()]}, {"hosts": [host]}, {"prefixes": [f"{host}/product"]},
                     {"purge_everything": True}):
            answer = json.loads(self.purges(PRODUCT, *bearer, "-d", json.dumps(what), url))
            self.assertEqual((answer["success"], answer["errors"], answer["messages"]), (True, [], []), what)
            self.assertTrue(answer["result"]["id"])
        status, body = self.curl(*bearer, "-d", "{}", url)
        self.assertEqual((status, json.loads(body)["errors"][0]["code"]), (400, 1012))

    def test_varnish(self):
        self.purges(PRODUCT, "-X", "PURGE", f"{self.data}{PRODUCT}")
        self.purges(PRODUCT, "-X", "PURGE", "-H", f"xkey-purge: {self.tag()}", f"{self.data}/")
        self.purges(PRODUCT, "-X", "PURGE", "-H", "X-Purge-Method: default", f"{self.data}{PRODUCT}")
        self.purges(PRODUCT, "-X", "PURGE", "-H", "X-Purge-Method: regex", f"{self.data}/.*")
        self.purges(PRODUCT, "-X", "PURGE", "-H", f"X-Magento-Tags-Pattern: ((^|,){self.tag()}(,|$))", f"{self.data}/")
        self.purges(PRODUCT, "-X", "BAN", "-H", "X-Host: .*", "-H", "X-Url: .*", "-H", "X-Content-Type: .*",
                    "-H", f"X-Cache-Tags: ({self.tag()})(,.+)?$", f"{self.data}/")
        self.purges(PRODUCT, "-X", "PURGEKEYS", "-H", f"xkey-softpurge: {self.tag()}", f"{self.data}/")
        status, body = self.curl("-X", "PURGE", "-H", "X-Forwarded-For: 127.0.0.1", f"{self.data}{PRODUCT}")
        self.assertEqual(status, 405, body)
        self.assertFalse([url for url in self.origin.requests() if "PURGE" in url or "BAN" in url])


if __name__ == "__main__":
    harness.main()
