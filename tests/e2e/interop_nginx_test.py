"""Debian's nginx as the origin behind two tiers: see interop.py."""

import harness
import interop
from http_client import Connection
from nginx_origin import Nginx


class InteropNginx(interop.Interop):
    @classmethod
    def make_origin(cls, roots, content):
        return Nginx(cls.folder, roots, content)

    def test_20_a_page_without_length_that_is_made_on_request(self):
        direct = self.ask_directly("/listing/")
        self.assertEqual(direct.field("transfer-encoding"), "chunked")
        for _ in range(2):
            answer = self.ask("/listing/")
            self.same(answer, direct, ("content-type",), "a listing")
            self.assertEqual([r["status"] for r in self.asked()], [200], "nothing says that a listing stays fresh")

    def test_21_http2_in_clear_text(self):
        config = harness.node_config(0, name="h2c").replace("http://127.0.0.1:0", f"http+h2c://127.0.0.1:{self.origin.h2c_port}")
        node = self.start(harness.Node("h2c", config, self.folder))
        with Connection(node.port) as client:
            for name, body in self.made.items():
                for turn in (1, 2):
                    answer = client.get(f"/files/{name}?21")
                    self.assertEqual((answer.status, answer.body == body), (200, True), f"{name}: {answer}")
                    self.assertEqual(len(self.asked()), 2 - turn, f"{name}, turn {turn}")
                self.assertEqual(client.request(f"/files/{name}?21b", "HEAD").status, 200)
                self.assertEqual(client.get(f"/checked/{name}?21").body, body)
                self.asked()
                self.assertEqual(client.get(f"/checked/{name}?21").body, body)
                self.assertEqual([r["status"] for r in self.asked()], [304], name)


if __name__ == "__main__":
    harness.main()
