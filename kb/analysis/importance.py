"""Importance 0-10: a sum of terms, each with its points and a phrase, laid on the scale by a fixed line.

log2 below means log2(1 + x). Weights were fitted on the history of some repositories and held against
others; a setting `analysis.weights` (term name -> factor) overrides each.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping

from kb.analysis.context import RepoContext
from kb.analysis.facts import Facts
from kb.analysis.titles import UNFINISHED
from kb.analysis.word_sets import words
from kb.types import Flag, Symbol, Term

SCALE = ((-1.2, 2.0), (-0.4, 3.3), (0.5, 4.6), (1.8, 5.8), (3.4, 7.0), (4.7, 8.0), (5.8, 8.5), (7.0, 9.0), (9.0, 9.6), (11.0, 10.0))  # fmt: skip

KIND_POINTS = {
    "feature": 1.60, "performance": 0.10, "refactor": -0.15, "dependency": 0.0, "bugfix": -0.50, "ci-config": -1.00,
    "test": -1.00, "docs": -1.20, "revert": -0.80, "security": 0.80,
}  # fmt: skip

_ARCHITECTURE = re.compile(
    r"\b(architecture|redesign|rework|overhaul|introduc\w+|framework|unif(y|ied|ies)|integrat\w+|migrat\w+|pipeline|scheduler|abstraction|"
    r"infrastructure|disaggregat\w+|backend|engine|protocol|from scratch|rewrite)\b|架构|重构|统一|迁移",
    re.IGNORECASE,
)
_PERFORMANCE = re.compile(
    r"\b(performance|perf|throughput|latency|speed-?up|faster|optimi[sz]\w*|accelerat\w*|zero-?copy|fus(e|ed|ion)|overlap|kernel|cuda graph)\b|性能|加速|优化",
    re.IGNORECASE,
)
_BEHAVIOUR = re.compile(
    r"\b(by default|default (to|value|behaviou?r)|no longer|deprecat\w+|(drop|remov)\w* (support|deprecated|legacy|python|node|go|java)|breaking|stabili[sz]\w+|"
    r"promot\w+|no-op|opt[- ](in|out)|msrv|minimum (supported )?(\w+ )?version|requires? (python|node|go|rust|java)\b|end[- ]of[- ]life)|默认|弃用|不再支持|移除支持",
    re.IGNORECASE,
)
_UNTOLD = words("contrib misc trivial internal packaging doc docs process vendor")
_TINY = re.compile(
    r"\b(tiny|minor|small|nit|trivial|follow[- ]?up|cleanup|typo|quick|simple)\b", re.IGNORECASE
)
_EXPERIMENTAL = re.compile(
    rf"\b(experimental|wip|poc|draft|{UNFINISHED}|preview)\b",
    re.IGNORECASE,
)
_MODEL_FILE = re.compile(r"(^|/)models?/[\w/]+\.py$")
_SERIES = re.compile(r"[\[(]\s*\d+\s*/\s*[\dNn]+\s*[\])]|\bpart\s+\d+\b", re.IGNORECASE)


def log2(count: float) -> float:
    return math.log2(1 + max(0.0, count))


def terms_of(
    facts: Facts,
    types: tuple[str, ...],
    core_lines: Mapping[str, int],
    context: RepoContext,
    weights: Mapping[str, float],
) -> tuple[Term, ...]:
    """The terms that hold for a change, the heaviest first. Their points sum to the raw importance."""
    size, surface, symbols = facts.size, facts.surface, facts.symbols
    title = facts.change.title
    found: list[Term] = []

    def term(name: str, points: float, **values: object) -> None:
        points = round(points * weights.get(name, 1.0), 3)
        if points:
            found.append(Term(name, points, {key: str(value) for key, value in values.items()}))

    effective = size.source_added + 0.25 * size.other_added
    damp = 1.0 - 0.6 * facts.mechanical
    term(
        "added_source",
        0.33 * min(log2(effective), 11) * damp,
        lines=size.source_added,
        other=size.other_added,
    )
    term("removed_source", 0.03 * log2(size.source_removed) * damp, lines=size.source_removed)
    term("source_files", 0.08 * log2(size.source_files) * damp, files=size.source_files)
    term("tests", 0.10 * min(log2(size.test_lines), 9), lines=size.test_lines)
    classes = [symbol for symbol in symbols.added if symbol.kind == "class"]
    functions = [symbol for symbol in symbols.added if symbol.kind in ("function", "method")]
    term("new_classes", 0.22 * log2(len(classes)), count=len(classes), names=_names(classes))
    term(
        "new_functions", 0.10 * log2(len(functions)), count=len(functions), names=_names(functions)
    )
    options = [flag for flag in surface.flags if not flag.removed and flag.kind in ("flag", "env")]
    term("new_options", 0.20 * min(len(options), 2), count=len(options), names=_names(options))
    keys = [flag for flag in surface.flags if not flag.removed and flag.kind == "config"]
    term("new_settings", 0.25 * min(len(keys), 2), count=len(keys), names=_names(keys))
    if types[0] not in ("test", "ci-config"):
        term(
            "public_added",
            0.45 * min(log2(len(surface.added)), 3),
            count=len(surface.added),
            names=_names(surface.added),
        )
    gone = [*surface.removed, *surface.changed]
    term(
        "public_changed", 0.20 * min(log2(len(gone)), 3) * damp, count=len(gone), names=_names(gone)
    )
    dropped = [flag for flag in surface.flags if flag.removed]
    term("options_removed", 0.15 * min(len(dropped), 2), count=len(dropped), names=_names(dropped))
    defaults = [
        f"{after.name}: {before.default} -> {after.default}" for before, after in surface.defaults
    ]
    defaults += [
        f"{symbol.name}({name}): {before} -> {after}"
        for symbol, name, before, after in surface.parameter_defaults
    ]
    term("defaults", 0.5 * min(len(defaults), 2), names="; ".join(defaults[:2]))
    term("deprecations", 0.5 * bool(surface.deprecations), count=len(surface.deprecations))
    if surface.floors:
        floor = surface.floors[0]
        term("version_floor", 1.2, before=floor.before, after=floor.after)
    term("documented", 0.16 * min(log2(surface.doc_lines), 6), lines=surface.doc_lines)
    released = facts.title.release or facts.version_only
    # An entry that users read; release pull requests and contributors' notes are none.
    told = surface.changelog and surface.changelog not in _UNTOLD
    if told and not released:
        term("changelog", 1.0, entry=surface.changelog)
        if surface.changelog in ("feature", "breaking", "removal", "deprecation", "security"):
            term("changelog_kind", 0.6, entry=surface.changelog)
    if not released and (facts.title.breaking or "BREAKING CHANGE" in facts.change.body):
        term("breaking", 1.5)
    core = {path: lines for path, lines in core_lines.items() if lines >= 10}
    term(
        "core_path",
        0.20 * bool(core),
        path=next(iter(sorted(core, key=lambda path: -core[path])), ""),
    )
    if _SERIES.search(title):
        term("series_marker", 0.35)
    elif facts.change.id in context.runs and size.source_added:
        term("author_run", 0.20, word=context.runs[facts.change.id])
    term(
        "architecture", 0.20 * bool(_ARCHITECTURE.search(title)), word=_first(_ARCHITECTURE, title)
    )
    term("performance", 0.30 * bool(_PERFORMANCE.search(title)), word=_first(_PERFORMANCE, title))
    if types[0] not in ("docs", "test"):
        term("behaviour", 0.60 * bool(_BEHAVIOUR.search(title)), word=_first(_BEHAVIOUR, title))
    models = [
        view.path
        for view in facts.views
        if view.file.status == "added" and view.role == "source" and _MODEL_FILE.search(view.path)
    ]
    term("new_model", 0.20 * bool(models), path=models[0] if models else "")
    term(f"kind_{types[0].replace('-', '_')}", KIND_POINTS.get(types[0], 0.0))
    if "security" in types[1:]:
        term("kind_security", KIND_POINTS["security"])
    term("tiny", -0.30 * bool(_TINY.search(title)), word=_first(_TINY, title))
    term("experimental", -0.40 * bool(_EXPERIMENTAL.search(title)))
    return tuple(sorted(found, key=lambda entry: -abs(entry.points)))


def scaled(raw: float) -> float:
    """0-10, one decimal."""
    if raw <= SCALE[0][0]:
        return round(max(0.0, SCALE[0][1] + (raw - SCALE[0][0])), 1)
    for (left, low), (right, high) in itertools.pairwise(SCALE):
        if raw <= right:
            return round(low + (high - low) * (raw - left) / (right - left), 1)
    return 10.0


def _names(entries: Iterable[Symbol | Flag], limit: int = 3) -> str:
    names = list(dict.fromkeys(entry.name for entry in entries))
    return ", ".join(names[:limit])


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[0] if match else ""
