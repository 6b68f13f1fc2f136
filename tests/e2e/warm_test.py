"""Warming through the built program: what is warmed is a hit for its first client, a purge with warm fetches what was asked
for most, sitemaps, rights, stopping, and the command line."""

import gzip
import http.server
import json
import re
import threading
import time
import urllib.error
import urllib.request

import harness
from harness import BRINK, EndToEnd, Node, Process
from http_client import Connection
from purge_test import call

BROWSER = (("Accept-Encoding", "gzip, deflate, br, zstd"), ("User-Agent", "Mozilla/5.0"))


class Origin:
    """Pages that the test may change, and that say how they were asked for. `hold`: answers wait until it is set."""

    def __init__(self):
        self.pages, self.asked, self.lock = {}, [], threading.Lock()
        self.hold = threading.Event()
        self.hold.set()
        self.busy = self.most_busy = 0
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                origin.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        with self.lock:
            self.asked.append((request.path, dict(request.headers)))
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
        self.hold.wait(60)
        status, fields, body = self.pages.get(request.path, (404, {}, b"not here"))
        with self.lock:
            self.busy -= 1
        request.send_response(status)
        for name, value in {"Cache-Control": "max-age=3600", "Vary": "Accept-Encoding", **fields}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def page(self, path, body, status=200, **fields):
        self.pages[path] = (status, {n.replace("_", "-"): v for n, v in fields.items()}, body)

    def count(self, path):
        with self.lock:
            return sum(1 for each, _ in self.asked if each == path)

    def end(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()


def config(port, *, warm="", admin="", hosts='["*"]', log="none", more=""):
    return f"""\
node: {{name: warm-1}}
listen: [{{address: "127.0.0.1:0"}}]
admin:
  address: 127.0.0.1:0
{admin}
cache:
  memory: 64MiB
  warm: {{{warm}}}
sites:
  - name: shop
    hosts: {hosts}
    origin: {{servers: ["http://127.0.0.1:{port}"]}}
{more}
access_log: {log}
"""


class Warming(EndToEnd):
    def setUp(self):
        self.origin = Origin()
        self.addCleanup(self.origin.end)

    def node(self, name, environment=None, **options):
        # The pace is a matter of the unit tests, on a clock of theirs.
        options.setdefault("warm", "rate: 2000")
        return self.start(Node(name, config(self.origin.port, **options), self.folder, environment))

    def wait(self, node, job, headers=None):
        """The job's last words."""
        deadline = time.monotonic() + 60
        while True:
            status, body = call(node.admin_port, "GET", f"/v1/warm/{job}", headers=headers)
            if status == 200 and body["state"] != "running":
                return body
            self.assertLess(time.monotonic(), deadline, body)
            time.sleep(0.02)

    def until(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def warm(self, node, **body):
        status, job = call(node.admin_port, "POST", "/v1/warm", body)
        self.assertEqual(status, 202, job)
        return self.wait(node, job["id"])

    def get(self, node, path):
        with Connection(node.port, host="shop.test") as client:
            return client.request(path, fields=BROWSER)

    def test_warmed_urls_are_hits_and_nobodys_requests(self):
        log = self.folder / "access.log"
        node = self.node("urls", log=log)
        for path in ("/a", "/b", "/c"):
            self.origin.page(path, path.encode())
        self.origin.page("/private", b"x", Cache_Control="private")
        job = self.warm(node, urls=["http://shop.test/a", "http://shop.test/b", "https://shop.test/c",
                                    "http://shop.test/private", "http://shop.test/gone"])
        self.assertEqual((job["state"], job["total"], job["stored"], job["not_stored"], job["failed"]), ("done", 5, 3, 1, 1))
        self.assertEqual(job["reasons"], {"private": 1, "status-404": 1})
        self.assertEqual(job["errors"], [{"url": "http://shop.test/gone", "detail": "the origin answered 404"}])
        for path in ("/a", "/b", "/c"):
            answer = self.get(node, path)
            self.assertIn("brink-warm-1; hit", answer.field("cache-status"))
            self.assertEqual((answer.body, self.origin.count(path)), (path.encode(), 1))
        asked = dict(self.origin.asked)["/a"]
        self.assertEqual(asked["User-Agent"], "brink-warm")
        self.assertNotIn("127.0.0.1", asked["X-Forwarded-For"])
        self.assertIn("gzip", asked["Accept-Encoding"])
        again = self.warm(node, urls=["http://shop.test/a"])
        self.assertEqual((again["fresh"], self.origin.count("/a")), (1, 1))
        with urllib.request.urlopen(f"http://127.0.0.1:{node.admin_port}/metrics", timeout=30) as answer:
            metrics = answer.read().decode()
        self.assertRegex(metrics, r'(?m)^brink_edge_warm_requests_total\{result="stored"\} 3$')
        self.assertRegex(metrics, r'(?m)^brink_edge_requests_total\{result="hit"\} 3$')
        self.assertRegex(metrics, r'(?m)^brink_edge_requests_total\{result="miss"\} 0$')
        self.until(lambda: log.exists() and len(log.read_text().splitlines()) >= 3)
        node.stop()
        self.assertEqual(sorted(json.loads(line)["target"] for line in log.read_text().splitlines()), ["/a", "/b", "/c"])

    def test_a_sitemap_its_index_and_gzip(self):
        node = self.node("sitemap", hosts="[shop.test]")
        for path in ("/1", "/2?a=b&c=d"):
            self.origin.page(path, b"page")
        self.origin.page("/sitemap.xml", b"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
                         b"<sitemap><loc>http://shop.test/plain.xml</loc></sitemap>"
                         b"<sitemap><loc>http://shop.test/packed.xml.gz</loc></sitemap>"
                         b"<sitemap><loc>http://elsewhere.test/s.xml</loc></sitemap></sitemapindex>")
        self.origin.page("/plain.xml", b"<urlset><url><loc>http://shop.test/1</loc></url>"
                         b"<url><loc>http://elsewhere.test/x</loc></url></urlset>")
        self.origin.page("/packed.xml.gz", gzip.compress(
            b"<urlset><url><loc>https://shop.test/2?a=b&amp;c=d</loc></url></urlset>"))
        job = self.warm(node, sitemap="http://shop.test/sitemap.xml")
        self.assertEqual((job["state"], job["total"], job["stored"], job["skipped"], job["errors"]), ("done", 2, 2, 2, []))
        for path in ("/1", "/2?a=b&c=d"):
            self.assertIn("; hit", self.get(node, path).field("cache-status"))
        missing = self.warm(node, sitemap="http://shop.test/nothing.xml")
        self.assertEqual((missing["state"], missing["why"]), ("failed", "sitemap: the origin answered 404"))

    def test_a_purge_with_warm_fetches_the_most_requested_again(self):
        node = self.node("purge", warm="rate: 2000, after_purge: 2")
        # A client would get what a soft purge has made stale at once; warming must not be content with that.
        fields = {path: {"Surrogate_Key": "page", "Cache_Control": "max-age=3600, stale-while-revalidate=600"}
                  for path in ("/top", "/middle")}
        fields["/rare"] = {"Surrogate_Key": "page"}
        for path, requests in (("/top", 6), ("/middle", 3), ("/rare", 1)):
            self.origin.page(path, b"old", **fields[path])
            for _ in range(requests + 1):
                self.get(node, path)
        for soft in (False, True):
            for path in ("/top", "/middle", "/rare"):
                self.origin.page(path, b"new-soft" if soft else b"new", **fields[path])
            status, purge = call(node.admin_port, "POST", "/v1/purges", {"tags": ["page"], "warm": True, "soft": soft})
            self.assertEqual(status, 200, purge)
            job = self.wait(node, purge["id"])
            self.assertEqual((job["state"], job["purge"], job["total"], job["stored"]), ("done", purge["id"], 2, 2))
            for path in ("/top", "/middle"):
                answer = self.get(node, path)
                self.assertIn("; hit", answer.field("cache-status"), path)
                self.assertEqual(answer.body, b"new-soft" if soft else b"new")
                for _ in range(5):  # so that they are the most requested next time as well
                    self.get(node, path)
            answer = self.get(node, "/rare")
            self.assertNotIn("; hit", answer.field("cache-status"))
            self.assertEqual(answer.body, b"new-soft" if soft else b"new")
        self.assertEqual(self.origin.count("/rare"), 3)

    def test_no_more_at_once_than_allowed_and_a_stopped_job_stops(self):
        node = self.node("stopped", warm="rate: 2000, concurrency: 2")
        self.origin.hold.clear()
        urls = [f"http://shop.test/{i}" for i in range(50)]
        for i in range(50):
            self.origin.page(f"/{i}", b"page")
        job = call(node.admin_port, "POST", "/v1/warm", {"urls": urls})[1]
        self.until(lambda: len(self.origin.asked) == 2)
        status, stopped = call(node.admin_port, "DELETE", f"/v1/warm/{job['id']}")
        self.assertEqual((status, stopped["state"], stopped["done"]), (200, "stopped", 0))
        self.origin.hold.set()
        self.until(lambda: call(node.admin_port, "GET", f"/v1/warm/{job['id']}")[1]["done"] == 2)
        other = self.warm(node, urls=["http://shop.test/49"])  # takes its turn behind whatever were left
        self.assertEqual(other["stored"], 1)
        self.assertEqual((len(self.origin.asked), self.origin.most_busy), (3, 2))
        self.assertEqual(call(node.admin_port, "DELETE", "/v1/warm/w-unknown")[1]["code"], "unknown-job")

    def test_a_node_that_warms_stops_at_once(self):
        node = self.node("stopping")
        self.origin.hold.clear()
        call(node.admin_port, "POST", "/v1/warm", {"urls": [f"http://shop.test/{i}" for i in range(100)]})
        self.until(lambda: self.origin.asked)
        self.assertEqual(node.stop(), 0)  # long before node.shutdown_grace, and before anybody has answered

    def test_a_response_that_never_ends_is_given_up(self):
        node = self.node("timeout", warm="rate: 2000, timeout: 300ms")
        self.origin.hold.clear()
        job = self.warm(node, urls=["http://shop.test/never"])
        self.assertEqual((job["state"], job["reasons"]), ("done", {"timed-out": 1}))

    def test_tokens_warm_only_their_sites(self):
        admin = ("  tokens:\n    - {name: ops, token_env: OPS, may: [read, purge], sites: [\"*\"]}\n"
                 "    - {name: ci, token_env: CI, may: [read, purge], sites: [blog]}\n"
                 "    - {name: eye, token_env: EYE, may: [read], sites: [\"*\"]}\n")
        more = f"  - {{name: blog, hosts: [blog.test], origin: {{servers: [\"http://127.0.0.1:{self.origin.port}\"]}}}}\n"
        node = self.node("tokens", {"OPS": "o" * 20, "CI": "c" * 20, "EYE": "e" * 20}, admin=admin, more=more,
                         hosts="[shop.test]")
        bearer = {name: {"Authorization": f"Bearer {name[0] * 20}"} for name in ("ops", "ci", "eye")}
        self.origin.page("/", b"page")

        def post(who, url):
            return call(node.admin_port, "POST", "/v1/warm", {"urls": [url]}, bearer[who])

        self.assertEqual(post("eye", "http://shop.test/")[1]["code"], "right-missing")
        status, refused = post("ci", "http://shop.test/")
        self.assertEqual((status, refused["code"]), (403, "site-not-allowed"))
        status, job = post("ci", "http://blog.test/")
        self.assertEqual((status, job["by"]), (202, "ci"))
        self.assertEqual(self.wait(node, job["id"], bearer["ci"])["stored"], 1)
        self.assertEqual(self.origin.count("/"), 1)
        status, job = post("ops", "http://shop.test/")
        self.assertEqual(status, 202)
        self.assertEqual(call(node.admin_port, "DELETE", f"/v1/warm/{job['id']}", headers=bearer["ci"])[0], 403)
        self.assertEqual(self.wait(node, job["id"], bearer["ops"])["stored"], 1)
        status, unknown = post("ops", "http://elsewhere.test/")
        self.assertEqual((status, unknown["code"]), (422, "unknown-host"))

    def brink(self, node, *arguments):
        name = f"brink-{len(self.processes)}"
        process = Process(name, [BRINK, *arguments, "--admin", f"http://127.0.0.1:{node.admin_port}"],
                          self.folder / f"{name}.log")
        return process.wait(60), process.output()

    def test_the_command_line(self):
        node = self.node("commands")
        self.origin.page("/a", b"page")
        status, said = self.brink(node, "warm", "http://shop.test/a")
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"done  1/1  stored 1  fresh 0  not stored 0  failed 0")
        status, said = self.brink(node, "warm", "http://shop.test/gone", "http://shop.test/a")
        self.assertEqual(status, 1, said)
        self.assertIn("http://shop.test/gone: the origin answered 404", said)
        status, said = self.brink(node, "warm", "--json", "http://shop.test/a")
        self.assertEqual((status, json.loads(said)["fresh"]), (0, 1))
        self.assertEqual(self.brink(node, "warm", "shop.test/a")[0], 2)
        self.assertEqual(self.brink(node, "warm")[0], 2)
        self.get(node, "/a")
        status, said = self.brink(node, "purge", "--url", "http://shop.test/a", "--warm")
        self.assertEqual(status, 0, said)
        purge = said.split()[0]
        self.until(lambda: call(node.admin_port, "GET", f"/v1/warm/{purge}")[0] == 200)
        status, said = self.brink(node, "warm", "--show", purge)
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"done  1/1  stored 1")
        self.assertIn("; hit", self.get(node, "/a").field("cache-status"))


class Demo(EndToEnd):
    def test_each_node_warms_what_it_had_itself(self):
        demo = self.start(Process("demo", [BRINK, "demo", "--port-base", "18500"], self.folder / "demo.log"))
        demo.wait_for(r"^brink: ready")
        said = demo.output()
        fra, nyc = (int(re.search(rf"edge {name}-1\s+http://127\.0\.0\.1:(\d+)", said)[1]) for name in ("fra", "nyc"))
        admins = [int(p) for p in re.findall(r"http://127\.0\.0\.1:(\d+)/", re.search(r"Dashboards.*", said)[0])]
        for port, path in ((fra, "/product/7"), (nyc, "/product/7"), (nyc, "/product/8")):
            with Connection(port, host="shop.test") as client:
                client.request(path, fields=BROWSER)
        status, purge = call(admins[0], "POST", "/v1/purges", {"host": "shop.test", "warm": True, "wait": "all"})
        self.assertEqual(status, 200, purge)
        totals = {}
        deadline = time.monotonic() + 60
        for port in admins:
            while (job := call(port, "GET", f"/v1/warm/{purge['id']}")[1]).get("state") != "done":
                self.assertLess(time.monotonic(), deadline, job)
                time.sleep(0.02)
            self.assertEqual(job["failed"] + job["not_stored"], 0, job)
            totals[call(port, "GET", "/v1/nodes")[1]["nodes"][0]["name"]] = job["total"]
        # What the edges ask the regional node for before it has looked through its cache, it has fetched for them.
        del totals["regional-1"]
        self.assertEqual(totals, {"fra-1": 1, "nyc-1": 2})
        for port, path in ((fra, "/product/7"), (nyc, "/product/7"), (nyc, "/product/8")):
            with Connection(port, host="shop.test") as client:
                answer = client.request(path, fields=BROWSER)
                self.assertRegex(answer.field("cache-status"), r"brink-(fra|nyc)-1; hit; ttl=\d+; detail=fresh$")


if __name__ == "__main__":
    harness.main()
