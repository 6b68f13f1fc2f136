#!/usr/bin/env python3
"""tidy's own test: snippets that must be found, and their look-alikes that must not be."""

import pathlib
import unittest

import rules
from functions import functions
from source_text import CppText

Path = pathlib.PurePosixPath


def lines(count):
    return "".join(f"  step({i});\n" for i in range(count))


def lengths(text):
    return {name: length for name, _, length in functions(CppText(text))}


class Includes(unittest.TestCase):
    def found(self, path, text, known=True):
        return [m for _, m in rules.check_includes(Path(path), CppText(text), lambda _: known)]

    def test_arrows_that_turn_back_are_found(self):
        for path, target in (("config/loader.cc", "origin/client.h"), ("config/runtime/log.cc", "config/options.h"),
                             ("origin/client.cc", "edge/node.h"), ("origin/client.cc", "tiered/ring.h"),
                             ("tiered/ring.cc", "edge/cache/key.h"), ("purge/log.cc", "origin/client.h"),
                             ("edge/cache/key.h", "config/options.h"), ("edge/cache/key.h", "edge/store/store.h"),
                             ("edge/store/store.h", "edge/flow.h"), ("edge/store/store.h", "purge/log.h"),
                             ("edge/flow.cc", "tests/support/net.h"), ("cmake/asio.cc", "config/options.h")):
            with self.subTest(path=path, target=target):
                self.assertEqual(len(self.found(path, f'#include "{target}"\n')), 1)

    def test_arrows_of_the_table_pass(self):
        for path, target in (("config/loader.cc", "config/runtime/log.h"), ("origin/client.cc", "config/options.h"),
                             ("tiered/ring.cc", "origin/upstream.h"), ("edge/cache/key.cc", "config/runtime/clock.h"),
                             ("edge/store/memory.cc", "edge/cache/key.h"), ("edge/store/memory.cc", "purge/target.h"),
                             ("edge/flow.cc", "tiered/ring.h"), ("tests/unit/cache_key.cc", "edge/cache/key.h"),
                             ("loadtest/herd.cc", "config/runtime/error.h")):
            with self.subTest(path=path, target=target):
                self.assertEqual(self.found(path, f'#include "{target}"\n'), [])

    def test_io_in_the_cache_and_paths_that_lead_nowhere_are_found(self):
        self.assertEqual(len(self.found("edge/cache/key.cc", "#include <boost/asio/post.hpp>\n#include <fstream>\n")), 2)
        self.assertEqual(len(self.found("edge/flow.cc", '#include "flow.h"\n', known=False)), 1)
        self.assertEqual(len(self.found("stuff/a.cc", "int x;\n")), 1)

    def test_a_source_begins_with_its_header(self):
        def found(text):
            return list(rules.check_own_header_first(Path("edge/a.cc"), CppText(text), {"edge/a.h"}.__contains__))
        self.assertEqual(found('// Why.\n#include "edge/a.h"\n\n#include <map>\n'), [])
        self.assertEqual(len(found('#include <map>\n#include "edge/a.h"\n')), 1)
        self.assertEqual(len(found("int x;\n")), 1)

    def test_comments_include_nothing(self):
        self.assertEqual(self.found("config/a.h", '// #include "edge/node.h"\n/*\n#include "edge/node.h"\n*/\n'), [])


class Sizes(unittest.TestCase):
    def found(self, path, text):
        return [m for _, m in rules.check_sizes(Path(path), CppText(text))]

    def test_hard_limits(self):
        self.assertEqual(self.found("edge/a.h", "int x;\n" * 300), [])
        self.assertEqual(len(self.found("edge/a.h", "int x;\n" * 301)), 1)
        self.assertEqual(self.found("edge/a.cc", "int x;\n" * 600), [])
        self.assertEqual(len(self.found("edge/a.cc", "int x;\n" * 601)), 1)

    def test_long_functions_of_every_form_are_found(self):
        for head in ("void f()", "int Foo::bar(const std::map<int, int>& m) const noexcept", "auto f() -> Result<int>",
                     "template <class T>\nvoid f(T t)", "static struct Reply make(int a)", "TEST(Suite, Name)",
                     "Foo::Foo(int a) : a_{a}, b_(2), c_{{1, 2}}", "bool operator==(const A& a, const A& b)",
                     "net::awaitable<void> session(Stream stream,\n                              Shard& shard)"):
            with self.subTest(head=head):
                self.assertEqual(len(self.found("edge/a.cc", f"{head} {{\n{lines(70)}}}\n")), 1)
                self.assertEqual(self.found("edge/a.cc", f"{head} {{\n{lines(60)}}}\n"), [])

    def test_inside_classes_and_namespaces(self):
        text = f"namespace a {{\nclass B : public C<int(int)> {{\n public:\n  int f(int x) const override {{\n{lines(70)}  }}\n}};\n}}\n"
        self.assertEqual(lengths(text), {"f": 72})

    def test_soft_sizes_are_counted(self):
        self.assertEqual(rules.soft_sizes(Path("a.cc"), CppText(f"void f() {{\n{lines(50)}}}\n")), (0, 1))
        self.assertEqual(rules.soft_sizes(Path("a.h"), CppText("int x;\n" * 250)), (1, 0))

    def test_what_is_no_function(self):
        for text in (f"constexpr Row kTable[] = {{\n{lines(80)}}};\n", f"enum class Reason {{\n{lines(80)}}};\n",
                     f"struct alignas(64) Foo {{\n{lines(80)}}};\n", f"namespace a::b {{\n{lines(80)}}}\n",
                     f"const std::vector<Case> kCases{{\n{lines(80)}}};\n", f"#define F(x) {{ \\\n  g(x)\nint y;\n",
                     f'const char* text = R"(f() {{\n{lines(80)}}})";\n', f"// f() {{\n{lines(80)}// }}\n"):
            with self.subTest(text=text[:30]):
                self.assertEqual(self.found("edge/a.cc", text), [])

    def test_literals_with_braces_disturb_nothing(self):
        text = "int f() {\n  g('{', \"}}{\", 1'000'000, L'\\'');\n  if (x) {\n    y();\n  }\n}\nint h() { return 1; }\n"
        self.assertEqual(lengths(text), {"f": 6, "h": 1})


class Banned(unittest.TestCase):
    def found(self, path, text):
        return [m for _, m in rules.check_banned(Path(path), CppText(text))]

    def test_banned_calls_are_found(self):
        for call in ("std::chrono::system_clock::now()", "steady_clock::now()", "time(nullptr)", "clock_gettime(CLOCK_REALTIME, &t)",
                     "std::cout << 1", "std::this_thread::sleep_for(1ms)", "usleep(5)", "thread.detach()", "worker->detach()",
                     "std::printf(1)", "sprintf(b, c)", "strcpy(a, b)", "gets(a)", "using namespace std", "std::random_device d"):
            with self.subTest(call=call):
                self.assertEqual(len(self.found("edge/a.cc", f"void f() {{ {call}; }}\n")), 1)

    def test_their_homes_and_look_alikes_pass(self):
        self.assertEqual(self.found("config/runtime/clock.h", "return steady_clock::now();"), [])
        self.assertEqual(self.found("config/runtime/random.h", "std::random_device d;"), [])
        for text in ("// steady_clock::now()", '"std::cout"', "snprintf(b, n, c);", "clock.now();", "a.time(0);", "x.sleep(1);",
                     "using namespace std::chrono_literals;", "fmt::print(out, x);", "freshness_time(0);", "detach(x);"):
            with self.subTest(text=text):
                self.assertEqual(self.found("edge/a.cc", text + "\n"), [])

    def test_tests_neither_sleep_nor_skip(self):
        self.assertEqual(len(self.found("tests/unit/a.cc", "std::this_thread::sleep_for(1ms);")), 1)
        self.assertEqual(len(self.found("tests/unit/a.cc", "TEST(A, DISABLED_b) {}")), 1)
        self.assertEqual(len(list(rules.check_python_test(Path("tests/e2e/a.py"), "self.skipTest('later')"))), 1)


class Words(unittest.TestCase):
    def test_words_of_the_project(self):
        def found(path, text):
            return [m for _, m in rules.check_words(Path(path), CppText(text))]
        for text in ("int ttl = 1;", "int max_ttl;", "void coalesce();", "struct CacheEntry;", "int inbound_bytes;", "int url_key;"):
            with self.subTest(text=text):
                self.assertEqual(len(found("edge/a.cc", text)), 1)
        for text in ('write("ttl=");', "// ttl", "int throttle;", "int settle;", "int etag;", "int ttl_s;"):
            with self.subTest(text=text):
                self.assertEqual(found("edge/a.cc", text), [])

    def test_leftovers_and_machine_paths(self):
        # Put together here, so that no other search for leftovers stumbles over this file.
        for text in ("// TO" + "DO later", "# FIX" + "ME", "/ho" + "me/ann/brink", '"/wo' + 'rk/main"', "cd /ro" + "ot/x"):
            with self.subTest(text=text):
                self.assertEqual(len(list(rules.check_text(Path("a.md"), text))), 1)
        for text in ("/var/lib/brink/x", "${x}/home/a", "https://a.example/work/plan", "mastodon", "/usr/share/doc"):
            with self.subTest(text=text):
                self.assertEqual(list(rules.check_text(Path("a.md"), text)), [])

    def test_headers_have_guards(self):
        self.assertEqual(len(list(rules.check_header(Path("a.h"), CppText("int x;\n")))), 1)
        self.assertEqual(list(rules.check_header(Path("a.h"), CppText("#pragma once\nint x;\n"))), [])


class Registered(unittest.TestCase):
    def test_files_that_no_target_runs_are_found(self):
        def found(paths, compiled, cmake=""):
            return [str(p) for p, _, _ in rules.check_registered([Path(p) for p in paths], compiled, lambda _: cmake)]
        cc, py = "tests/unit/cache_key.cc", "tests/e2e/crawl_test.py"
        self.assertEqual(found([cc], {cc}), [])
        self.assertEqual(found([cc], set()), [cc])
        self.assertEqual(found([cc], None), [])
        self.assertEqual(found([py], None), [py])
        self.assertEqual(found([py], None, "brink_e2e(crawl 60)"), [])

    def test_runtime_stays_small(self):
        paths = [Path(f"config/runtime/{i}.h") for i in range(9)]
        self.assertEqual(len(list(rules.check_runtime_headers(paths))), 1)
        self.assertEqual(list(rules.check_runtime_headers(paths[:8])), [])


if __name__ == "__main__":
    unittest.main()
