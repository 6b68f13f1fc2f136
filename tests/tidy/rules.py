"""The rules of tidy. Each takes a path (relative to the root) and what it holds, and yields (line, message)."""

import re

from functions import functions
from source_text import PRODUCT

# DESIGN.md section 2: what a folder may include of ours, longest prefix first; its own folder goes without saying.
ALL = ("config/", "edge/", "origin/", "tiered/", "purge/", "tests/", "loadtest/")
INCLUDE_TABLE = (
    ("config/runtime/", ()),
    ("config/", ("config/",)),
    ("edge/cache/", ("config/runtime/",)),
    ("edge/store/", ("config/runtime/", "edge/cache/", "purge/target.h")),
    ("edge/", ("config/", "edge/", "origin/", "tiered/", "purge/")),
    ("tiered/", ("config/", "origin/")),
    ("origin/", ("config/",)),
    ("purge/", ("config/",)),
    ("tests/", ALL),
    ("loadtest/", ALL),
    ("cmake/", ()),
)
# The cache is pure functions: no I/O, no clock, no configuration files.
NO_IO_IN_CACHE = re.compile(
    r'^(boost/(asio|beast)|curl/|nghttp2/|yaml-cpp/|openssl/|sys/|netinet/|unistd|fstream|iostream|filesystem|thread|mutex)')

LINES_SOFT = {".h": 200, ".cc": 400}
LINES_HARD = {".h": 300, ".cc": 600}
FUNCTION_SOFT, FUNCTION_HARD = 40, 70
TEST_HARD = 100  # a test is often one table of rows
GENERATED = ("brink_revision.h",)  # written into the build folder
RUNTIME_HEADERS = 8

# (what is banned, where it may stand all the same, where it is banned, what to do instead)
CODE = PRODUCT + ("tests",)
BANNED = (
    (r'\b(?:system_clock|steady_clock|high_resolution_clock)\s*::\s*now\b', ("config/runtime/clock.h",), CODE,
     "clocks are read in config/runtime/clock.h only; take a `const Clock&`"),
    (r'\b(?:gettimeofday|clock_gettime)\s*\(|\bstd::time\s*\(|(?<![\w:.>])time\s*\(\s*(?:0|nullptr|NULL|&)', (), CODE,
     "clocks are read in config/runtime/clock.h only; take a `const Clock&`"),
    (r'\bstd::random_device\b|\bstd::mt19937|\bstd::rand\b|(?<![\w:.>])s?rand\s*\(', ("config/runtime/random.h",), PRODUCT,
     "randomness comes from config/runtime/random.h"),
    (r'\bstd::(?:cout|cerr|clog)\b', (), PRODUCT, "no iostreams in the product: log, or fmt::print in a command"),
    (r'(?<![\w:])(?:std::)?(?:v?f?printf|puts|putchar)\s*\(', ("config/runtime/error.cc",), PRODUCT,
     "no printf in the product: log, or fmt::print"),
    (r'\bsleep_(?:for|until)\b|(?<![\w.>])(?:u|nano)?sleep\s*\(', (), CODE, "nothing sleeps: use a timer, or the injected clock"),
    (r'(?:\w|\])(?:\.|->)detach\s*\(\s*\)', (), CODE, "no detached threads: join them"),
    (r'(?<![\w:.>])(?:std::)?(?:gets|strcpy|strcat|sprintf|vsprintf|strtok|tmpnam|mktemp)\s*\(', (), CODE,
     "unbounded or stateful C function"),
    (r'\busing\s+namespace\s+std\s*;', (), CODE + ("loadtest",), "no `using namespace std`"),
    (r'\bDISABLED_\w+|\bGTEST_SKIP\b', (), ("tests",), "no skipped or disabled tests"),
)
# STYLE: say what RFC 9111 says. Identifiers only; strings may say what a protocol says (Cache-Status' "ttl").
WORDS = (
    (r'\b\w*(?<![a-z])ttl(?!_s\b|[a-z])\w*', "freshness_lifetime (RFC 9111 §4.2.1), or ttl_s for what Cache-Status says (RFC 9211)"),
    (r'\b\w*coalesc\w*', "collapse (RFC 9111 §4)"),
    (r'\b\w*flavour\w*', "variant (RFC 9111 §4.1)"),
    (r'\b\w*(?:in|out)bound\w*', "client and upstream"),
    (r'\b(?:cache_?entry|cached_?object|CacheEntry|CachedObject)\w*', "StoredResponse (RFC 9111 §3)"),
    (r'\burl_key\w*|\betag_str\w*', "CacheKey, entity_tag"),
)
UNFINISHED = re.compile(r'\b(?:TODO|FIXME|XXX|HACK)\b')
# Somebody's machine: home folders and work folders. (System paths such as /var/lib/brink are the product's business.)
MACHINE_PATH = re.compile(r'(?<![\w.$}/-])/(?:work|home/\w+|root|Users/\w+|mnt/\w+)/\w')


def folder_of(path):
    return str(path).split("/", 1)[0]


def check_includes(path, source, exists):
    name = str(path)
    own, allowed = next(((p, a) for p, a in INCLUDE_TABLE if name.startswith(p)), (None, None))
    if own is None:
        yield 1, f"{folder_of(path)}/ is not a folder of the design (DESIGN.md section 2)"
        return
    for line, quoted, target in source.includes():
        if not quoted:
            if own == "edge/cache/" and NO_IO_IN_CACHE.match(target):
                yield line, f"<{target}>: edge/cache is pure functions, without I/O, threads or clocks"
            continue
        beside = str(path.parent / target)
        if target in GENERATED or (own == "tests/" and "/" not in target and exists(beside)):
            continue
        if not exists(target):
            yield line, f'"{target}": include paths begin at the root, and this file is not there'
        elif not target.startswith((own,) + tuple(allowed)):
            yield line, f'"{target}": {own} may include only {", ".join(allowed) or "nothing of ours"} (DESIGN.md section 2)'


def check_own_header_first(path, source, exists):
    """Proves that the header compiles alone, for every header that has a .cc (tests/tidy/CMakeLists.txt does the rest)."""
    own = str(path.with_suffix(".h"))
    if path.suffix == ".cc" and exists(own):
        first = next(((line, target) for line, _, target in source.includes()), (1, None))
        if first[1] not in (own, path.with_suffix(".h").name):
            yield first[0], f'"{own}" comes first among the includes, so that it is known to compile alone'


def check_sizes(path, source):
    """Yields only what is past the hard limit; `soft_sizes` counts the rest."""
    lines, hard = source.line_count(), LINES_HARD[path.suffix]
    if lines > hard:
        yield hard + 1, f"{lines} lines; at most {hard} (aim at {LINES_SOFT[path.suffix]}): split it by what it owns"
    most = TEST_HARD if folder_of(path) == "tests" else FUNCTION_HARD
    for name, first, length in functions(source):
        if length > most:
            yield first, f"{name}() has {length} lines; at most {most} (aim at {FUNCTION_SOFT})"


def soft_sizes(path, source):
    """(files, functions) that are between the aim and the limit."""
    files = 1 if LINES_SOFT[path.suffix] < source.line_count() <= LINES_HARD[path.suffix] else 0
    return files, sum(1 for _, _, n in functions(source) if FUNCTION_SOFT < n)


def check_banned(path, source):
    for pattern, homes, folders, advice in BANNED:
        if str(path) in homes or folder_of(path) not in folders:
            continue
        for match in re.finditer(pattern, source.code):
            yield source.line_of(match.start()), f"{match[0].strip()}: {advice}"


def check_words(path, source):
    if folder_of(path) not in PRODUCT:
        return
    for pattern, instead in WORDS:
        for match in re.finditer(pattern, source.without_directives):
            yield source.line_of(match.start()), f"{match[0]}: the project's word is {instead}"


def check_header(path, source):
    if path.suffix == ".h" and "#pragma once" not in source.code:
        yield 1, "a header begins with #pragma once"


def check_text(path, text):
    """Rules for every tracked text file, whatever its language."""
    for number, line in enumerate(text.splitlines(), 1):
        unfinished = UNFINISHED.search(line)
        if unfinished:
            yield number, f"{unfinished[0]}: finish it, or open an issue"
        machine = MACHINE_PATH.search(line)
        if machine:
            yield number, f"{machine[0]}…: a path of somebody's machine"


def check_python_test(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r'\bskipTest\b|@unittest\.skip|\bexpectedFailure\b|\bSkipTest\b', line):
            yield number, "no skipped or disabled tests"


def check_registered(paths, compiled, cmake_text):
    """Every test is one that ctest runs: C++ tests are compiled, Python tests are named in their CMakeLists."""
    for path in paths:
        name = str(path)
        if not name.startswith("tests/"):
            continue
        if path.suffix == ".cc" and compiled is not None and name not in compiled:
            yield path, 1, "no target compiles this file: register it in its CMakeLists.txt"
        test = re.escape(path.name.removesuffix("_test.py"))
        if name.endswith("_test.py") and not re.search(rf"\b{test}\b", cmake_text(path.parent)):
            yield path, 1, "not in its folder's CMakeLists.txt: ctest does not run it"


def check_runtime_headers(paths):
    headers = [p for p in paths if str(p.parent) == "config/runtime" and p.suffix == ".h"]
    if len(headers) > RUNTIME_HEADERS:
        yield headers[-1], 1, f"config/runtime has {len(headers)} headers; at most {RUNTIME_HEADERS} (DESIGN.md section 2)"
