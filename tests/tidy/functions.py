"""Finds functions and their lengths in C++ laid out by clang-format: brace matching with a guess at what each opens.

A block counts as a function when nothing but namespaces, classes and extern blocks surround it and the text
before its brace has a parameter list. Lambdas and local blocks belong to the function around them.
"""

import re

_SCOPE = re.compile(r'^\s*(?:(?:inline\s+)?namespace\b|extern\s*"|export\b)')
_TYPE = re.compile(
    r'^\s*(?:template\s*<.*>\s*)?(?:typedef\s+)?(?:class|struct|union|enum)\b(?!.*\)\s*(?:const|noexcept|override)*\s*$)',
    re.DOTALL)
_ACCESS = re.compile(r'^\s*(?:(?:public|private|protected)\s*:\s*)+')
_NAME = re.compile(r'([~\w]+(?:::[~\w]+)*|operator\s*\S+?)\s*\(')


def _is_type(head):
    if not _TYPE.match(head):
        return False
    # "struct Foo make(int)" is a function; "struct alignas(64) Foo" and "class Foo : public Bar<int(int)>" are types.
    body = re.sub(r'alignas\s*\([^()]*\)', '', head)
    body = body.split(":", 1)[0] if re.search(r'[^:]:[^:]', body) else body
    return "(" not in re.sub(r'<[^<>]*>', '', body)


def _is_initialiser(head):
    """True when the brace opens a value (`kTable = {`, `Foo bar{`), not a body."""
    depth = 0
    for i, ch in enumerate(head):
        if ch in "([<":
            depth += 1
        elif ch in ")]>":
            depth = max(0, depth - 1)
        elif ch == "=" and depth == 0 and "operator" not in head[:i]:
            return True
    return "(" not in head


def functions(source):
    """Yields (name, first line, number of lines) for each function body, from its `{` to its `}`."""
    text = source.without_directives
    head_start = 0
    stack = []  # per open brace: (kind, offset, head, head_start)
    for match in re.finditer(r'[{};]', text):
        at, ch = match.start(), match[0]
        inside = bool(stack) and stack[-1][0] != "scope"
        if ch == "{":
            head = _ACCESS.sub("", text[head_start:at])
            if inside:
                kind = "inner"
            elif _SCOPE.match(head) or _is_type(head):
                kind = "scope"
            elif _is_initialiser(head) or _is_member_initialiser(head, text, at):
                kind = "value"
            else:
                kind = "function"
            stack.append((kind, at, head, head_start))
            if not inside:
                head_start = at + 1
        elif ch == "}":
            if not stack:
                continue
            kind, opened, head, started = stack.pop()
            if kind == "function":
                name = _NAME.search(head)
                first, last = source.line_of(opened), source.line_of(at)
                yield (name[1] if name else head.strip()[:40], first, last - first + 1)
            if kind == "value":
                head_start = started  # the head goes on behind a member initialiser
            elif kind != "inner":
                head_start = at + 1
        elif not inside:
            head_start = at + 1


def _is_member_initialiser(head, text, at):
    """`Foo::Foo() : a_{1}, b_{2} {`: the brace after a name in the initialiser list, closed before `,` or `{`."""
    if not re.search(r'\)\s*(?:noexcept\s*)?:[^:]', head) or not re.search(r'[\w>]\s*$', head):
        return False
    depth = 0
    for match in re.finditer(r'[{}]', text[at:]):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return bool(re.match(r'\s*(?:,|\{)', text[at + match.end():]))
    return False
