"""What a diff says in code: comments, docstrings and blank lines stripped, tests inside sources told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from kb.analysis.file_views import FileView
from kb.analysis.languages import CPP, JAVA, PYTHON, RUST, SCRIPT

if TYPE_CHECKING:
    from kb.patch import Hunk

_TRIPLE = re.compile(r'"""|\'\'\'')
_TRIPLE_START = re.compile(r'\s*[rRbBuUfF]{0,2}("""|\'\'\')')
_CODE = re.compile(
    r"#|@\w|(if|elif|for|while|with|def|class|try|except|else|async)\b.*:$|(import|from) [\w.]+( import .+)?$"
    r"|(return|raise|yield|await|assert|del|global)\b.*[^.]$|[\w.\[\]\"', ]+ ?([-+*/|&]|//|: ?[\w.\[\], |]+)?= ?\S|[\w.]+\(.*[(),\[]$"
)
_RUST_TESTS = re.compile(r"\s*(#\[cfg\((all\()?test\b|#\[(tokio::)?test\b|(pub\s+)?mod\s+tests?\b)")
_BLOCK_LANGUAGES = (RUST, CPP, JAVA, SCRIPT)


@dataclass(slots=True)
class CodeLines:
    """(text, line number) of code; `comments` counts comment and docstring lines; `tests` inside sources."""

    added: list[tuple[str, int]] = field(default_factory=list)
    removed: list[tuple[str, int]] = field(default_factory=list)
    comments_added: int = 0
    comments_removed: int = 0
    tests: int = 0


def rust_tests_begin(text: str, following: Iterable[str] = ()) -> bool:
    """Whether the tests of a Rust file, which stand at its end, begin with a line.

    `mod tests;` and a `use` for tests are declarations at its head: the product follows them."""
    if not _RUST_TESTS.match(text):
        return False
    item = next((line for line in chain([text], following) if line.rstrip()[-1:] != "]"), "")
    return not item.rstrip().endswith(";") and not item.lstrip().startswith("use ")


def code_lines(view: FileView) -> CodeLines:
    """The code lines that a file's diff adds and removes."""
    found = CodeLines()
    language = view.language
    in_tests = False
    for hunk in view.hunks:
        if language is RUST:
            in_tests = in_tests or rust_tests_begin(hunk.section)
        for mark in "+-":
            in_tests_now = _side(hunk, view, mark, found, in_tests)
            if mark == "+":
                tests_after = in_tests_now
        in_tests = tests_after
    return found


def _side(hunk: Hunk, view: FileView, mark: str, found: CodeLines, in_tests: bool) -> bool:
    language = view.language
    python = language is PYTHON
    line_comments = language.line_comments if language else ("#",)
    blocks = bool(language and language.block_comments)
    in_block = _starts_in_docstring(hunk, mark) if python else False
    quote = '"""'
    target = found.added if mark == "+" else found.removed
    comments = 0
    for place, line in enumerate(hunk.lines):
        kind = line.kind
        if kind != mark and kind != " ":
            continue
        text = line.text
        stripped = text.strip()
        comment = False
        if not stripped:
            continue
        if python:
            if in_block:
                comment = True
                if quote in text:
                    in_block = False
            elif (start := _TRIPLE_START.match(text)) is not None:
                comment = True
                quote = start[1]
                if text.count(quote) == 1:
                    in_block = True
            elif stripped[0] == "#":
                comment = True
            elif '"""' in text and text.count('"""') == 1:
                # an assigned text: its lines are data, not documentation; leave them as code
                pass
        else:
            if in_block:
                comment = True
                if "*/" in text or "-->" in text:
                    in_block = False
            elif stripped.startswith(line_comments):
                comment = True
            elif blocks and stripped.startswith(("/*", "<!--")):
                comment = True
                in_block = "*/" not in text and "-->" not in text
            elif blocks and (stripped == "*" or stripped.startswith(("* ", "*/"))):
                comment = True
            if language is RUST and not in_tests:
                rest = (hunk.lines[later] for later in range(place + 1, len(hunk.lines)))
                in_tests = rust_tests_begin(
                    text, (at.text for at in rest if at.kind in (mark, " "))
                )
        if kind != mark:
            continue
        if comment:
            comments += 1
        elif in_tests:
            found.tests += 1
        else:
            number = (line.new_line if mark == "+" else line.old_line) or 0
            target.append((text, number))
    if mark == "+":
        found.comments_added += comments
    else:
        found.comments_removed += comments
    return in_tests


def _starts_in_docstring(hunk: Hunk, mark: str) -> bool:
    """Whether a hunk of Python begins inside a docstring, told by its first triple quote."""
    before = ""
    for place, line in enumerate(hunk.lines):
        if line.kind != mark and line.kind != " ":
            continue
        text = line.text
        if _TRIPLE.search(text):
            stripped = text.strip()
            if _TRIPLE_START.match(text):
                if stripped not in ('"""', "'''"):
                    return False
                if before:
                    return before[-1] not in ":(=,[{"
                # The first line that is shown: code after it says that a docstring ends there.
                rest = (
                    later.text for later in hunk.lines[place + 1 :] if later.kind in (mark, " ")
                )
                return bool(_CODE.match(next(filter(None, map(str.strip, rest)), "")))
            return text.count('"""') == 1 and stripped.endswith(('"""', "'''")) and "=" not in text
        if text.strip():
            before = text.strip()
    return False
