"""A bounded, repeatable choice of the files that Debian's packages put on every machine that builds Brink."""

import hashlib
import os
import pathlib
import urllib.parse

# First path segment → folder: documentation, C++ headers, Perl, CMake's modules, and the compiler's own large programs.
ROOTS = {
    "doc": "/usr/share/doc",
    "boost": "/usr/include/boost",
    "perl": "/usr/share/perl",
    "cmake": "/usr/share/cmake-3.25",
    "gcc": "/usr/lib/gcc",
}
LARGEST_BYTES = 48 << 20


class File:
    """One file as the origin has it: its URL path, its bytes' length and SHA-256."""

    def __init__(self, url, path):
        self.url, self.path = url, path
        self.content = pathlib.Path(path).read_bytes()
        self.size = len(self.content)
        self.digest = hashlib.sha256(self.content).hexdigest()


def _walk(name, root):
    for folder, folders, files in os.walk(root):
        folders.sort()
        for file in sorted(files):
            path = os.path.join(folder, file)
            if not os.path.islink(path) and os.access(path, os.R_OK) and os.path.getsize(path) <= LARGEST_BYTES:
                relative = os.path.relpath(path, root)
                yield f"/{name}/" + urllib.parse.quote(relative, safe="/+~!$&'()*,;=:@"), path, os.path.getsize(path)


def choose(count, total_bytes):
    """About `count` files, evenly over all folders, of at most `total_bytes`, the two largest that fit among them."""
    found = [f for name, root in sorted(ROOTS.items()) for f in _walk(name, root)]
    step = max(1, len(found) // count)
    chosen, total = {}, 0
    by_size = sorted(found, key=lambda f: (-f[2], f[0]))
    for url, path, size in by_size[:2] + found[::step]:
        if url not in chosen and total + size <= total_bytes:
            chosen[url] = path
            total += size
    return [File(url, path) for url, path in sorted(chosen.items())]
