#!/usr/bin/env python3
"""docs/http-behaviour.md, made from the cases: each sentence that a case proves, by the section that it cites.

    python3 tests/cases/behaviour_page.py              fails when the committed page says something else
    BRINK_UPDATE_DOCS=1 python3 tests/cases/behaviour_page.py      writes it anew
"""

import difflib
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "cases"
PAGE = ROOT / "docs" / "http-behaviour.md"

# In the order of the page.
STANDARDS = {
    "9111": "HTTP Caching",
    "9110": "HTTP Semantics",
    "9112": "HTTP/1.1",
    "5861": "Stale Content",
    "8246": "Immutable Responses",
    "8297": "Early Hints",
    "9211": "Cache-Status",
    "9213": "Targeted Cache Control",
    "9875": "Cache Groups",
    "8586": "CDN-Loop",
    "9209": "Proxy-Status",
    "7239": "Forwarded",
    "6585": "Additional Status Codes",
}
OWN = "Decisions of Brink's own"
AREAS = {
    "b": "The basics",
    "c": "A site's rules",
    "v": "Variants",
    "k": "Collapsing",
    "s": "Stale responses",
    "l": "Limits",
    "f": "Framing",
    "p": "Purging",
    "u": "Upgrades",
    "x": "Upstreams that fail",
    "t": "Tiers",
    "r": "Reloading",
}

INTRO = """\
# What Brink does with HTTP

Every line is a case: a script of clients, upstreams and a clock that is played against the real program, alone and behind
a regional node, and within one process under a virtual clock ([how](../tests/cases/README.md)). A line without a note
holds in all of these settings. Clients speak HTTP/1.1 and HTTP/2, each in clear text and with TLS; what is HTTP/1.1's own (its
framing, its versions, its connections) is not played over HTTP/2. A line stands under the first section that it cites.

This page is made from the cases (tests/cases/behaviour_page.py); a test compares them.
"""


class Case:
    def __init__(self, path):
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines()
        self.title = lines[0]
        self.citation = lines[1].removeprefix("# ")
        only = next((line for line in lines if line.startswith("only: ")), "")
        self.note = only.removeprefix("only: ")

    def standards(self):
        """[(number, sections)] in the order of the citation: `RFC 9111 §4.2, §5.1; RFC 9110 §8`."""
        found = []
        for part in self.citation.split(";"):
            match = re.match(r"\s*RFC (\d+)(.*)$", part)
            if match:
                found.append((match[1], re.findall(r"§(\d+(?:\.\d+)*)", match[2])))
        return found

    def place(self):
        """(chapter, section) to stand under."""
        for number, sections in self.standards():
            if number in STANDARDS:
                return number, sections[0] if sections else ""
        area = self.path.name[0]
        if area not in AREAS or self.standards():
            sys.exit(f"{self.path}: cites no standard that this page knows, and belongs to none of its areas")
        return OWN, area

    def line(self, chapter, section):
        also = []
        for number, sections in self.standards():
            rest = [f"§{s}" for s in sections if (number, s) != (chapter, section)]
            same = number == chapter
            if rest or not same:
                also.append(" ".join(([] if same else [f"RFC {number}"]) + [", ".join(rest)]).strip())
        notes = [f"also {'; '.join(also)}"] if also else []
        if self.note:
            notes.append(f"{self.note} only")
        link = os.path.relpath(self.path, PAGE.parent).replace(os.sep, "/")
        title = self.title.replace("[", "\\[").replace("]", "\\]").replace("<", "&lt;")
        return f"- [{title}]({link})" + (f" ({'; '.join(notes)})" if notes else "")


def numbers(section):
    return [int(part) for part in section.split(".") if part]


def read_cases():
    paths = sorted(CASES.glob("*.case")) + sorted((CASES / "rfc").glob("*.case"))
    return [Case(path) for path in paths]


def make_page(cases):
    chapters = {}
    for case in cases:
        chapter, section = case.place()
        chapters.setdefault(chapter, {}).setdefault(section, []).append(case)
    out = [INTRO]
    for chapter in [*STANDARDS, OWN]:
        if chapter not in chapters:
            continue
        out.append(f"## {OWN}" if chapter == OWN else f"## RFC {chapter}: {STANDARDS[chapter]}")
        order = list(AREAS).index if chapter == OWN else numbers
        for section in sorted(chapters[chapter], key=order):
            if section:
                url = f"https://www.rfc-editor.org/rfc/rfc{chapter}#section-{section}"
                out.append(f"### {AREAS[section]}" if chapter == OWN else f"### [§{section}]({url})")
            lines = [case.line(chapter, section) for case in chapters[chapter][section]]
            out.append("\n".join(lines))
    return "\n\n".join(part.rstrip("\n") for part in out) + "\n"


def main():
    made = make_page(read_cases())
    if os.environ.get("BRINK_UPDATE_DOCS"):
        PAGE.write_text(made, encoding="utf-8")
        return 0
    there = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if made == there:
        return 0
    sys.stdout.writelines(difflib.unified_diff(
        there.splitlines(keepends=True), made.splitlines(keepends=True), "docs/http-behaviour.md", "the cases"))
    print("\ndocs/http-behaviour.md differs from the cases: BRINK_UPDATE_DOCS=1 python3 tests/cases/behaviour_page.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
