#!/usr/bin/env python3
"""Checks the structure of the tree: who includes whom, sizes, banned calls, words, and that every test is run.

    tests/tidy/tidy.py [--build build/release]    exit status 0 = all of it holds, 1 = findings on stdout

Reads the files that git knows or would add. With a build folder it also compares the tests with the compile database.
"""

import argparse
import json
import pathlib
import sys

import rules
from source_text import CPP_SUFFIXES, CppText, tracked_files

TEXT_SUFFIXES = {".h", ".cc", ".py", ".sh", ".cmake", ".txt", ".md", ".yaml", ".yml", ".json", ".case", ".js", ".css",
                 ".html", ".lua", ".conf"}
TEXT_NAMES = {"Makefile", "Dockerfile", "run"}
SELF = "tests/tidy/"  # the rules and their fixtures spell out what they forbid


def compiled_files(root, build):
    """Relative paths of what the compile database compiles, or None where there is none."""
    database = (build / "compile_commands.json") if build else None
    if database is None or not database.is_file():
        return None
    files = set()
    for command in json.loads(database.read_text()):
        path = pathlib.Path(command["directory"], command["file"]).resolve()
        if path.is_relative_to(root):
            files.add(path.relative_to(root).as_posix())
    return files


def check_file(root, path, exists):
    """Findings of one file: (path, line, message) each, and the counts of what is between aim and limit."""
    findings, soft = [], (0, 0)
    text = (root / path).read_text(encoding="utf-8", errors="replace")
    checks = []
    if not str(path).startswith(SELF):
        checks.append(rules.check_text(path, text))
    if path.suffix in CPP_SUFFIXES:
        source = CppText(text)
        checks += [rules.check_includes(path, source, exists), rules.check_sizes(path, source),
                   rules.check_banned(path, source), rules.check_words(path, source), rules.check_header(path, source),
                   rules.check_own_header_first(path, source, exists)]
        soft = rules.soft_sizes(path, source)
    if path.suffix == ".py" and not str(path).startswith(SELF):
        checks.append(rules.check_python_test(path, text))
    for check in checks:
        findings += [(path, line, message) for line, message in check]
    return findings, soft


def check_tree(root, build):
    paths = tracked_files(root)
    known = {str(p) for p in paths}
    findings, soft_files, soft_functions = [], 0, 0
    for path in paths:
        if path.suffix in TEXT_SUFFIXES or path.name in TEXT_NAMES:
            found, (files, functions) = check_file(root, path, known.__contains__)
            findings += found
            soft_files += files
            soft_functions += functions

    def cmake_text(folder):
        listing = root / folder / "CMakeLists.txt"
        return listing.read_text() if listing.is_file() else ""

    findings += rules.check_registered(paths, compiled_files(root, build), cmake_text)
    findings += rules.check_runtime_headers(paths)
    return findings, len(paths), soft_files, soft_functions


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, help="build folder whose compile database is compared with the tests")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    args = parser.parse_args()
    findings, files, soft_files, soft_functions = check_tree(args.root.resolve(), args.build)
    for path, line, message in findings:
        print(f"{path}:{line}: {message}")
    print(f"tidy: {files} files, {len(findings)} findings; "
          f"longer than aimed at, within the limit: {soft_files} files, {soft_functions} functions")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
