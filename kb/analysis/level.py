"""Level: how much somebody who depends on or maintains the project should care. Another scale than 0-10.

The rules hold in their order. The type carries the level first (documentation, CI, tests and
dependencies are low whatever their size), then what users meet (breaks, versions, security, public
surface), then size; a small fix is medium where something says that users felt it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from kb.analysis.change_type import is_advisory
from kb.analysis.facts import Facts

LARGE_LINES = 400
LARGE_FEATURE_LINES = 250
LARGE_PERFORMANCE_LINES = 150
PUBLIC_FEATURE_LINES = 50
CORE_LINES = 50
SMALL_LINES = 50
SMALL_REFACTOR_LINES = 200
SMALL_REVERT_LINES = 100
FELT = 3.3  # two lines and twelve of tests; ten lines; two lines that end a crash

_SEVERE = re.compile(
    r"\b(crash\w*|panics?|segfault\w*|SIGBUS|SIGSEGV|deadlock\w*|leak\w*|data loss|corrupt\w*|hang(s|ing)?|race|infinite (loop|recursion)|regression|out of memory|OOM|overflow|"
    r"incorrect(ly)? \w+|wrong (result|output|value)\w*|memory safety|unsound\w*)\b|崩溃|泄漏|死锁|丢失|错乱|卡死",
    re.IGNORECASE,
)
_ISSUE = re.compile(r"\b(fix(es|ed)?|close[sd]?|resolve[sd]?)\s*:?\s*(\S+/\S+)?#\d+", re.IGNORECASE)


def level_of(
    facts: Facts, types: tuple[str, ...], core_lines: Mapping[str, int], bot: bool
) -> tuple[str, str]:
    """(level, reason): the reason is the phrase key `analysis.level.<reason>` without its head."""
    size, main = facts.size, types[0]
    source = size.source_added + size.source_removed
    found = _broken(facts, types, source)
    if found:
        return found
    if main == "dependency" and source > SMALL_LINES:
        return "medium", "medium"  # the code was adapted to what moved
    if main in ("docs", "ci-config", "test", "dependency"):
        return "low", f"type_{main.replace('-', '_')}"
    if bot:
        return "low", "bot"
    if main == "refactor":
        return _refactor(facts, source)
    if main == "revert":
        return ("medium", "medium") if source >= SMALL_REVERT_LINES else ("low", "small_revert")
    told = facts.surface.moved if main == "feature" else facts.surface.added
    if facts.mechanical >= 0.6 and not told:
        return "low", "mechanical"
    return _by_size(facts, main, core_lines, source)


def _broken(facts: Facts, types: tuple[str, ...], source: int) -> tuple[str, str] | None:
    """What users must act on."""
    surface = facts.surface
    # A release repeats what its changes announced.
    released = facts.title.release or facts.version_only
    announced = facts.title.breaking or "BREAKING CHANGE" in facts.change.body
    if not released and (announced or surface.changelog in ("breaking", "removal")):
        return ("high", "breaking_large") if source >= 50 else ("medium", "breaking")
    if surface.floors and types[0] not in ("docs", "test"):
        return "medium", "version_floor"
    if "security" in types and source and is_advisory(facts.change):
        return "high", "advisory"
    if "security" in types and source:
        return ("high", "security_large") if source >= 100 else ("medium", "security")
    return None


def _refactor(facts: Facts, source: int) -> tuple[str, str]:
    if facts.mechanical >= 0.6 or facts.imports_only:
        return "low", "mechanical"
    if facts.size.source_added >= 600:
        return "high", "large"
    gone = facts.surface.removed or any(flag.removed for flag in facts.surface.flags)
    if (
        facts.size.source_removed >= LARGE_LINES
        and gone
        and facts.size.source_added < LARGE_LINES / 2
    ):
        return "high", "dropped"
    if facts.surface.deprecations or facts.surface.defaults or facts.surface.parameter_defaults:
        return "medium", "surface"
    if any(flag.removed for flag in facts.surface.flags):
        return "medium", "surface_removed"
    if source >= SMALL_REFACTOR_LINES:
        return "medium", "medium"
    if facts.surface.changelog:
        return "medium", "felt"
    return "low", "small_refactor"


def _by_size(
    facts: Facts, main: str, core_lines: Mapping[str, int], source: int
) -> tuple[str, str]:
    """Features, fixes, performance and security without a break."""
    size, surface = facts.size, facts.surface
    added = size.source_added
    options = [flag for flag in surface.flags if not flag.removed]
    if added >= LARGE_LINES:
        return "high", "large"
    if main == "feature" and added >= LARGE_FEATURE_LINES:
        return "high", "large_feature"
    if main == "performance" and added >= LARGE_PERFORMANCE_LINES:
        return "high", "large_performance"
    if main == "feature" and added >= PUBLIC_FEATURE_LINES and (surface.added or options):
        return "high", "public_feature"
    if (
        added >= CORE_LINES
        and size.source_files >= 3
        and any(lines >= 10 for lines in core_lines.values())
    ):
        return "high", "core_path"
    if (
        surface.flags
        or surface.defaults
        or surface.removed
        or surface.deprecations
        or surface.parameter_defaults
    ):
        return "medium", "surface"
    if (size.source_files > 1 and source > 20) or source > SMALL_LINES:
        return "medium", "medium"
    if _felt(facts, source) >= FELT:
        return "medium", "felt"
    return "low", "small"


def _felt(facts: Facts, source: int) -> float:
    """How much users felt a small change: its lines and tests, an issue behind it, a severe symptom.

    A changelog entry says nothing here: where there is one, every change has one.
    """
    title, body = facts.change.title, facts.change.body[:1500]
    weight = math.log2(1 + source) + 0.5 * math.log2(1 + facts.size.test_lines)
    if _SEVERE.search(facts.title.text):
        weight += 2.0
    elif _SEVERE.search(body):
        weight += 1.0
    if _ISSUE.search(title) or _ISSUE.search(body):
        weight += 1.0
    if facts.surface.doc_lines >= 3:
        weight += 1.0
    return weight
