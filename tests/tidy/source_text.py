"""What the rules of tidy read: the tracked files, and C++ text without its comments, literals and directives."""

import bisect
import pathlib
import re
import subprocess

CPP_SUFFIXES = {".h", ".cc"}
PRODUCT = ("config", "edge", "origin", "tiered", "purge")


def tracked_files(root):
    """Paths under git (tracked, or new and not ignored), relative to `root`, that still exist."""
    out = subprocess.run(
        ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        check=True, capture_output=True).stdout
    paths = sorted({pathlib.PurePosixPath(p.decode()) for p in out.split(b"\0") if p})
    return [p for p in paths if (root / p).is_file()]


_TOKEN = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|(?:u8|[uUL])?R"(?P<delim>[^()\\\s]{0,16})\(.*?\)(?P=delim)"'
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'",
    re.DOTALL)
_DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n\\]|\\\n|\\.)*', re.MULTILINE)


def _blank(text, keep_quotes=False):
    """`text` with every character but line ends made a space, so that offsets and lines stay."""
    blank = re.sub(r"[^\n]", " ", text)
    if keep_quotes and len(text) >= 2:
        return text[0] + blank[1:-1] + text[-1]
    return blank


class CppText:
    """One C++ file in two views of the same length: as written, and `code` without comments and literals."""

    def __init__(self, text):
        self.text = text
        self.code = _TOKEN.sub(
            lambda m: _blank(m[0], keep_quotes=m[0][0] in "\"'"), text)
        # Function bodies are found in what remains without preprocessor lines (macros may hold odd braces).
        self.without_directives = _DIRECTIVE.sub(lambda m: _blank(m[0]), self.code)
        self._line_starts = [0] + [m.end() for m in re.finditer("\n", text)]

    def line_of(self, offset):
        return bisect.bisect_right(self._line_starts, offset)

    def line_count(self):
        return self.text.count("\n") + (0 if self.text.endswith("\n") or not self.text else 1)

    def includes(self):
        """(line, path) of every #include "path" that is not in a comment."""
        found = []
        for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*("|<)([^">\n]+)[">]', self.text, re.MULTILINE):
            # In the code view the directive's own word remains unless a comment held it.
            if "include" in self.code[match.start():match.end()]:
                found.append((self.line_of(match.end()), match[1] == '"', match[2]))
        return found
