"""The public surface that a change moves: exported names, options, defaults, messages, docs, versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kb.analysis.file_views import FileView
from kb.analysis.flags import changed_defaults
from kb.analysis.source_lines import CodeLines
from kb.analysis.symbols import SymbolChanges
from kb.types import Flag, Symbol

_MINOR = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class VersionFloor:
    """A lowest supported version that moved, as written."""

    path: str
    line: int
    before: str
    after: str

    @property
    def patch_only(self) -> bool:
        """Only the third number moved (go 1.25.0 to 1.25.5): nobody loses support by it."""
        return _MINOR.findall(self.before)[:1] == _MINOR.findall(self.after)[:1]


@dataclass(frozen=True, slots=True)
class Surface:
    added: tuple[Symbol, ...] = ()
    removed: tuple[Symbol, ...] = ()
    changed: tuple[Symbol, ...] = ()
    flags: tuple[Flag, ...] = ()
    defaults: tuple[tuple[Flag, Flag], ...] = ()
    parameter_defaults: tuple[tuple[Symbol, str, str, str], ...] = ()  # symbol, name, from, to
    messages: tuple[tuple[str, str, int], ...] = ()  # error and warning texts: (text, path, line)
    deprecations: tuple[tuple[str, str, int], ...] = ()
    doc_lines: int = 0  # added to pages that came with the source change
    changelog: str = (
        ""  # what kind of entry came with it: "entry", "feature", "bugfix", "breaking", "docs" ...
    )
    changelog_lines: tuple[str, ...] = ()
    floors: tuple[VersionFloor, ...] = ()

    @property
    def moved(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.flags or self.defaults)


_MESSAGE = re.compile(
    r"""(?:\braise\s+\w[\w.]*\(|\bwarnings\.warn\(|\b(?:logger|log|logging)\.(?:warning|warn|error)\(|throw\s+new\s+\w+\(|errors\.New\(|fmt\.Errorf\(|
        panic!\(|bail!\(|anyhow!\(|new\s+\w*(?:Error|Exception)\(|throw\s+\w+\(|\.expect\(|report_error\()\s*(?:[rfb]{0,2})?["'`](?P<text>[^"'`]{8,200})""",
    re.VERBOSE,
)
_MESSAGE_WORDS = (
    "raise ",
    "warn",
    "error",
    "Error",
    "throw",
    "panic!",
    "bail!",
    "anyhow!",
    "xception",
    ".expect(",
)
_DEPRECATION = re.compile(
    r"""(?:\bDeprecationWarning|\bPendingDeprecationWarning|@deprecated\b|\#\[deprecated|//\s*Deprecated:|\[\[deprecated|@Deprecated\b|
        \bRemovedIn\w+|\*\s*@deprecated|\bdeprecated\s*=\s*(?:True|"))""",
    re.VERBOSE,
)
_FLOOR = re.compile(
    r"""^\s*["']?(?P<key>requires-python|python_requires|rust-version|go|node|minimumReleaseAge|maven\.compiler\.(?:source|release)|sourceCompatibility|
        targetCompatibility|CMAKE_CXX_STANDARD|swift-tools-version|php|ruby|required_ruby_version|msrv)["']?\s*[:= ]+\s*["']?(?P<value>[^"'\n,]*\d[^"'\n,]*)""",
    re.VERBOSE,
)
_FLOOR_FILES = (
    "pyproject.toml", "setup.py", "setup.cfg", "Cargo.toml", "go.mod", "package.json", "clippy.toml", "build.gradle",
    "build.gradle.kts", "pom.xml", "composer.json", "Package.swift", "CMakeLists.txt",
)  # fmt: skip
_CHANGELOG = re.compile(
    r"(^|/)(changelog|changes|history|news|release[-_]?notes?|releases|whatsnew)([-_.][\w.-]*)?$|(^|/)(changelog(\.d)?|changelogs|newsfragments|news|releasenotes/notes|\.changeset|changes)/[^/]+$",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(
    r"\.(?P<kind>feature|bugfix|breaking|removal|deprecation|doc|docs|improvement|misc|trivial|internal|contrib|packaging|security|"
    r"enhancement|added|changed|fixed|performance|vendor|process)(\.\d+)?\.(rst|md|txt)$"
)

_HEADING = re.compile(r"\s{0,3}(#{1,6}\s+|\*\*)(?P<words>[^*#]{2,60}?)\W*$")
_ENTRY_MARK = re.compile(
    r"\s*[-*+]\s*\W{0,3}(?P<word>[A-Z][A-Z ]{2,20})\b\W{0,2}[\]:*]"
)  # "* [FEATURE] ..."
_BREAKING_MARK = re.compile(
    r"\*{1,3}\s?breaking|\bbreaking( change)?\s*[:!\]*]|\[breaking|\bBREAKING\b", re.IGNORECASE
)
_KIND_NAMES = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("internal", r"\b(internal|misc\w*|chore|maintenance|refactor\w*|infrastructure|ci|tests?|dependenc(y|ies)|contribut\w*)\b"),
        ("breaking", r"\b(breaking|incompatible)\b|不兼容"),
        ("security", r"\b(security|vulnerabilit(y|ies))\b|安全"),
        ("removal", r"\bremov(ed|als?)\b"),
        ("deprecation", r"\bdeprecat(ed|ions?)\b|弃用"),
        ("bugfix", r"\b(bug ?-?fix(es)?|bugs?|fix(e[sd])?)\b|修复"),
        ("performance", r"\b(performance|perf)\b|性能"),
        ("docs", r"\b(docs?|documentation|documented)\b|文档"),
        ("feature", r"\b(new|features?|added|enhancements?)\b|新特性|新功能|新增"),
    )
)  # fmt: skip


def surface_of(
    views: tuple[FileView, ...],
    symbols: SymbolChanges,
    flags: tuple[Flag, ...],
    code: Mapping[str, CodeLines],
) -> Surface:
    messages: list[tuple[str, str, int]] = []
    deprecations: list[tuple[str, str, int]] = []
    floors: list[VersionFloor] = []
    doc_lines = 0
    changelog = ""
    entries: list[str] = []
    has_source = any(view.role == "source" for view in views)
    for view in views:
        name = view.path.rsplit("/", 1)[-1]
        if view.role == "source" and view.path in code:
            removed_text = "\n".join(text for text, _ in code[view.path].removed)
            for text, line in code[view.path].added:
                if (
                    len(text) < 400
                    and ('"' in text or "'" in text or "`" in text)
                    and any(word in text for word in _MESSAGE_WORDS)
                    and (match := _MESSAGE.search(text))
                    and match["text"] not in removed_text
                ):
                    messages.append((match["text"], view.path, line))
            for text, line in view.lines("+"):
                if (
                    ("eprecat" in text or "RemovedIn" in text)
                    and _DEPRECATION.search(text)
                    and text.strip() not in removed_text
                ):
                    deprecations.append((text.strip(), view.path, line))
        elif is_changelog(view.path):
            found = [text for text, _ in view.lines("+") if text.strip()]
            if found and not _wrapped_anew(view):
                entries += found
                fragment = _FRAGMENT.search(name)
                kind = fragment["kind"] if fragment else _entry_kind(view)
                changelog = kind if not changelog or kind == "breaking" else changelog
        elif view.role == "docs" and has_source:
            if view.hunks:
                doc_lines += sum(1 for text, _ in view.lines("+") if text.strip())
            else:
                doc_lines += view.file.additions
        if name in _FLOOR_FILES or name.endswith(".gemspec"):
            floors += _floors(view)
    return Surface(
        added=tuple(symbol for symbol in symbols.added if symbol.public),
        removed=tuple(symbol for symbol in symbols.removed if symbol.public),
        changed=tuple(symbol for symbol in symbols.changed if symbol.public),
        flags=flags,
        defaults=tuple(changed_defaults(views)),
        parameter_defaults=tuple(_parameter_defaults(symbols)),
        messages=tuple(messages),
        deprecations=tuple(deprecations),
        doc_lines=doc_lines,
        changelog=changelog,
        changelog_lines=tuple(entries[:60]),
        floors=tuple(floor for floor in floors if not floor.patch_only),
    )


def _wrapped_anew(view: FileView) -> bool:
    """Whether the lines of a changelog say what they said, broken elsewhere."""
    before, after = (
        "".join("".join(text.split()) for text, _ in view.lines(mark)) for mark in "-+"
    )
    return before == after


def _entry_kind(view: FileView) -> str:
    """What an entry says of itself: by a mark of its own, else by the heading above it in the hunk."""
    heading = found = ""
    for hunk in view.hunks:
        heading = ""
        for line in hunk.lines:
            if line.kind == "-" or not line.text.strip():
                continue
            if match := _HEADING.match(line.text):
                heading = _kind_named(match["words"])
            elif line.kind == "+":
                if _BREAKING_MARK.search(line.text):
                    return "breaking"
                mark = _ENTRY_MARK.match(line.text)
                found = found or (_kind_named(mark["word"]) if mark else heading)
    return found or "entry"


def _kind_named(words: str) -> str:
    return next((kind for kind, pattern in _KIND_NAMES if pattern.search(words)), "")


def is_changelog(path: str) -> bool:
    return bool(_CHANGELOG.search(path)) and not path.endswith(
        (".py", ".ts", ".js", ".go", ".rs", ".java")
    )


def _floors(view: FileView) -> list[VersionFloor]:
    old = {
        match["key"]: match["value"].strip()
        for text, _ in view.lines("-")
        if (match := _FLOOR.match(text))
    }
    found = []
    for text, line in view.lines("+"):
        if (match := _FLOOR.match(text)) and match["key"] in old:
            before, after = old[match["key"]], match["value"].strip()
            if before != after:
                found.append(VersionFloor(view.path, line, f"{match['key']} {before}", after))
    return found


_DEFAULT = re.compile(
    r"(?P<name>\w+)\s*(?::\s*[^=,]+)?=\s*(?P<value>\"[^\"]*\"|'[^']*'|[\w.+-]+)\s*(?=[,)])"
)


def _parameter_defaults(symbols: SymbolChanges) -> list[tuple[Symbol, str, str, str]]:
    found = []
    for symbol in symbols.changed:
        before = {
            match["name"]: match["value"] for match in _DEFAULT.finditer(symbol.previous_signature)
        }
        for match in _DEFAULT.finditer(symbol.signature):
            if match["name"] in before and before[match["name"]] != match["value"]:
                found.append((symbol, match["name"], before[match["name"]], match["value"]))
    return found
