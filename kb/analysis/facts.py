"""The facts of one change that every judgement reads: sizes by role, code lines, symbols, surface, title."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from kb.analysis.file_views import FileView, views_of
from kb.analysis.flags import flags_of
from kb.analysis.path_roles import is_lock
from kb.analysis.source_lines import CodeLines, code_lines
from kb.analysis.surface import Surface, is_changelog, surface_of
from kb.analysis.symbols import SymbolChanges, symbols_of
from kb.analysis.titles import Title, parse_title
from kb.patch import Hunk
from kb.types import Change, Size

MECHANICAL_FILES = 6  # fewer source files are no whole-tree edit
MOSTLY = 0.75  # of the hunks; a tool that lays out anew leaves a few lines to its user


@dataclass(frozen=True, slots=True)
class Facts:
    change: Change
    views: tuple[FileView, ...]
    code: Mapping[str, CodeLines]  # by path, source files only
    symbols: SymbolChanges
    surface: Surface
    title: Title
    size: Size
    lines_by_role: Mapping[str, int]  # added + removed, without lock files
    files_by_role: Mapping[str, int]
    comment_lines: int  # comments and docstrings of source files, both sides
    inline_tests: int  # lines of tests that stand inside source files
    mechanical: float  # 0-1: share of the hunks that repeat each other; 1 where they lay out anew
    version_only: bool  # nothing but version numbers (and a changelog) moved
    imports_only: bool  # the source lines are imports and their like
    formatting_only: bool  # only brackets, commas and line ends moved, but for a rest of many files


def facts_of(change: Change) -> Facts:
    views = views_of(change)
    code: dict[str, CodeLines] = {}
    lines: Counter[str] = Counter()
    files: Counter[str] = Counter()
    source_added = source_removed = source_files = test_lines = other = comments = inline = 0
    for view in views:
        file = view.file
        files[view.role] += 1
        churn = file.additions + file.deletions
        if not is_lock(file.path):
            lines[view.role] += churn
        if view.role == "source":
            if view.hunks and view.language is not None:
                found = code_lines(view)
                code[view.path] = found
                shown = len(found.added) + found.comments_added + found.tests
                # A patch that was cut stands for the whole file.
                scale = max(1.0, file.additions / shown) if not file.seen and shown else 1.0
                added, removed = round(len(found.added) * scale), len(found.removed)
                comments += found.comments_added + found.comments_removed
                inline += found.tests
            else:
                added, removed = file.additions, file.deletions
            source_added += added
            source_removed += removed
            source_files += bool(added or removed) or file.status in ("renamed", "deleted")
        elif view.role == "test":
            test_lines += churn
        elif view.role in ("bench", "build", "dependency", "ci", "agent") and not is_lock(
            file.path
        ):
            other += file.additions
    symbols = symbols_of(change)
    wide = len(code) >= MECHANICAL_FILES
    laid_out = _laid_out_share(views, code) >= (MOSTLY if wide else 1.0)
    return Facts(
        change=change,
        views=views,
        code=code,
        symbols=symbols,
        surface=surface_of(views, symbols, flags_of(change), code),
        title=parse_title(change.title),
        size=Size(
            source_added=source_added,
            source_removed=source_removed,
            source_files=source_files,
            test_lines=test_lines + inline,
            other_added=other,
            files=len(change.files),
            additions=sum(file.additions for file in change.files),
            deletions=sum(file.deletions for file in change.files),
        ),
        lines_by_role=lines,
        files_by_role=files,
        comment_lines=comments,
        inline_tests=inline,
        mechanical=max(
            _mechanical(views, code) if wide else 0.0,
            _retyped_share(symbols, source_added),
            1.0 if wide and laid_out else 0.0,
        ),
        version_only=_version_only(views),
        imports_only=_imports_only(code),
        formatting_only=laid_out,
    )


def _retyped_share(symbols: SymbolChanges, added: int) -> float:
    """The share of the added lines that only annotate: an upgrade of types is no change of the product."""
    if len(symbols.retyped) < 5:
        return 0.0
    lines = sum(
        1 + (symbol.signature.count(",") if len(symbol.signature) > 90 else 0)
        for symbol in symbols.retyped
    )
    return round(min(1.0, lines / max(added, 1)), 3)


_TOKEN = re.compile(r"[A-Za-z_]\w*|\d+|[^\w\s]")


def _mechanical(views: tuple[FileView, ...], code: Mapping[str, CodeLines]) -> float:
    """The share of source hunks whose replaced tokens repeat in others (renames, lints, toolchains)."""
    shapes: Counter[tuple[frozenset[str], frozenset[str]]] = Counter()
    small = hunks = 0
    for view in views:
        if view.path not in code:
            continue
        for hunk in view.hunks:
            added = [line.text for line in hunk.lines if line.kind == "+"]
            removed = [line.text for line in hunk.lines if line.kind == "-"]
            hunks += 1
            if len(added) + len(removed) > 30:
                continue
            small += len(added) + len(removed) <= 10
            plus = Counter(token for text in added for token in _TOKEN.findall(text))
            minus = Counter(token for text in removed for token in _TOKEN.findall(text))
            shapes[frozenset(plus - minus), frozenset(minus - plus)] += 1
    if not hunks:
        return 0.0
    repeated = sum(count for count in shapes.values() if count >= 3) / hunks
    size_added = sum(len(lines.added) for lines in code.values())
    size_removed = sum(len(lines.removed) for lines in code.values())
    balance = min(size_added, size_removed) / max(size_added, size_removed, 1)
    even = max(0.0, (balance - 0.7) / 0.3) * (small / hunks)
    return round(max(repeated, 0.9 * even), 3)


_VERSION_LINE = re.compile(
    r"""^\s*(?:["']?(?:\w+[-_.])*(?:version|VERSION|Version|__version__|tag|release|appVersion|revision)\w*["']?\s*(?:[:=]|\s)|(?:\#define\s+\w*VERSION\w*)|<version>|
        [\w.-]+\s*=\s*\{?\s*(?:path|version)\b.*\bversion\s*=).*\d|^\s*["']?v?\d+\.\d+(\.\d+)?[\w.-]*["']?,?\s*$""",
    re.VERBOSE,
)
_VERSION_FILES = re.compile(
    r"(^|/)(version|_version|VERSION|__about__|__version__)(\.\w+)?$", re.IGNORECASE
)


def _version_only(views: tuple[FileView, ...]) -> bool:
    found = False
    for view in views:
        if is_lock(view.path) or is_changelog(view.path) or view.role in ("docs", "generated"):
            continue
        if not view.hunks:
            return False
        named = bool(_VERSION_FILES.search(view.path))
        for mark in "+-":
            for text, _ in view.lines(mark):
                if not text.strip():
                    continue
                if not any(letter.isdigit() for letter in text):
                    return False
                if not named and not _VERSION_LINE.search(text):
                    return False
                found = True
    return found


_IMPORT = re.compile(
    r"\s*(import\b|from\s+\S+\s+import\b|use\s|pub use\s|#include\b|using\s|require\b|package\s|export \* from|\"[\w./-]+\"$|[(){},]*$|[\w, ]+,$)"
)


def _imports_only(code: Mapping[str, CodeLines]) -> bool:
    lines = [
        text for found in code.values() for side in (found.added, found.removed) for text, _ in side
    ]
    return bool(lines) and all(_IMPORT.match(text) for text in lines)


_LAYOUT = re.compile(r"[\s(),;{}\"'`]+")


def _laid_out_share(views: tuple[FileView, ...], code: Mapping[str, CodeLines]) -> float:
    """The share of the hunks that say the same without their layout (an operator or a word that moved is no layout)."""
    changed = {path: lines for path, lines in code.items() if lines.added or lines.removed}
    if sum(bool(lines.added and lines.removed) for lines in changed.values()) < MOSTLY * len(
        changed
    ):
        return 0.0  # most changes end here, before their text is looked at
    hunks = [hunk for view in views if view.path in changed for hunk in view.hunks]
    same = sum(_laid_out(hunk, "+") == _laid_out(hunk, "-") for hunk in hunks)
    return same / len(hunks) if hunks else 0.0


def _laid_out(hunk: Hunk, mark: str) -> str:
    # A string that goes on in the next line ends with a sign that is none of its letters.
    lines = (line.text.rstrip().removesuffix("\\") for line in hunk.lines if line.kind == mark)
    return _LAYOUT.sub("", "".join(lines))
