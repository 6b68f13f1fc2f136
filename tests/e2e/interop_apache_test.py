"""Debian's Apache httpd as the origin behind two tiers: see interop.py."""

import gzip

import harness
import interop
from apache_origin import Apache


class InteropApache(interop.Interop):
    @classmethod
    def make_origin(cls, roots, content):
        return Apache(cls.folder, roots, content)

    def test_20_the_form_of_apaches_entity_tags(self):
        """mod_deflate marks the tag of the compressed variant, and then does not know it again: 200, never 304."""
        path = "/packed-checked/style.css?20"
        first = self.ask(path, **interop.GZIP)
        self.assertRegex(first.field("etag"), r'^"[0-9a-f]+-[0-9a-f]+-gzip"$')
        self.asked()
        again = self.ask(path, **interop.GZIP)
        (record,) = self.asked()
        self.assertEqual((record["if_none_match"], record["status"]), (first.field("etag"), 200))
        self.assertEqual(gzip.decompress(again.body), self.made["style.css"])
        plain = self.ask("/checked/style.css?20")
        self.assertRegex(plain.field("etag"), r'^"[0-9a-f]+-[0-9a-f]+"$')

    def test_21_a_tag_that_is_weak_because_the_file_is_new(self):
        self.assertEqual(self.ask("/files/fresh.txt", "PUT", body=b"just written\n").status, 201)
        first = self.ask("/checked/fresh.txt")
        self.assertEqual(first.body, b"just written\n")
        answer = self.ask("/checked/fresh.txt", If_None_Match=first.field("etag"))
        self.assertIn(answer.status, (200, 304))
        self.assertIn(answer.body, (b"just written\n", b""))


if __name__ == "__main__":
    harness.main()
