"""Core paths, missing tests, size: what may break and whether anybody would notice."""

from __future__ import annotations

from collections.abc import Mapping

from kb.analysis.facts import Facts
from kb.types import Risk

CORE_LINES = 10
TESTED_LINES = 10  # source lines from which a test is expected
LARGE_LINES = 1000
LARGE_FILES = 40
_UNTESTED_TYPES = ("refactor", "docs", "ci-config", "revert", "test", "dependency")
_NO_TEST_EXPECTED = (
    ".css",
    ".scss",
    ".less",
    ".html",
    ".pyi",
    ".proto",
    ".sql",
    ".d.ts",
    ".svg",
    ".tmpl",
    ".graphql",
)


def core_path(core_lines: Mapping[str, int]) -> list[Risk]:
    heavy = sorted(core_lines.items(), key=lambda item: (-item[1], item[0]))
    return [
        Risk("core-path", f"{path} ({lines})", path) for path, lines in heavy if lines >= CORE_LINES
    ]


def missing_tests(facts: Facts, types: tuple[str, ...]) -> list[Risk]:
    """Code that does something new or different, and no test file touched (one source file is enough)."""
    size = facts.size
    if types[0] in _UNTESTED_TYPES or size.test_lines or facts.files_by_role.get("test"):
        return []
    if facts.version_only or facts.imports_only or facts.mechanical >= 0.5:
        return []
    weighed: list[tuple[int, str, int]] = []
    for view in facts.views:
        code = facts.code.get(view.path)
        if code is None or view.path.endswith(_NO_TEST_EXPECTED):
            continue
        telling = [(text, line) for text, line in code.added if _telling(text)]
        if telling:
            weighed.append((len(telling), view.path, telling[0][1]))
    total = sum(count for count, _, _ in weighed)
    if total < TESTED_LINES:
        return []
    weighed.sort(key=lambda entry: (-entry[0], entry[1]))
    _count, path, line = weighed[0]
    more = f" +{len(weighed) - 1}" if len(weighed) > 1 else ""
    return [Risk("missing-tests", f"{path}{more}: +{total}", path, line)]


def _telling(text: str) -> bool:
    """Lines that act: no imports, brackets, bare annotations or log lines."""
    text = text.strip()
    return len(text) > 3 and not text.startswith(
        (
            "import ",
            "from ",
            "use ",
            "#include",
            "using ",
            "package ",
            "@",
            "export * ",
            "logger.",
            "log.",
            "print(",
        )
    )


def large(facts: Facts) -> list[Risk]:
    size = facts.size
    if size.source_added > LARGE_LINES or size.source_files > LARGE_FILES:
        return [Risk("large", f"+{size.source_added} / {size.source_files}")]
    return []
