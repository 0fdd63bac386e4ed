"""Level: how much somebody who depends on or maintains the project should care. Another scale than 0-10."""

from __future__ import annotations

from collections.abc import Mapping

from kb.analysis.facts import Facts


def level_of(
    facts: Facts, types: tuple[str, ...], core_lines: Mapping[str, int], bot: bool
) -> tuple[str, str]:
    """(level, reason): the reason is the phrase key `analysis.level.<reason>`."""
    size, surface = facts.size, facts.surface
    main = types[0]
    added, source = size.source_added, size.source_added + size.source_removed
    breaking = (
        facts.title.breaking
        or "BREAKING CHANGE" in facts.change.body
        or surface.changelog in ("breaking", "removal")
    )
    if breaking:
        return ("high", "breaking_large") if source >= 50 else ("medium", "breaking")
    if surface.floors and main not in ("docs", "test"):
        return "medium", "version_floor"
    if "security" in types and source:
        return ("high", "security_large") if source >= 100 else ("medium", "security")
    if main in ("docs", "ci-config", "test", "dependency"):
        return "low", f"type_{main.replace('-', '_')}"
    if bot:
        return "low", "bot"
    if main == "refactor" and source < 200:
        return (
            ("medium", "surface_removed")
            if surface.removed and source >= 20
            else ("low", "small_refactor")
        )
    if main == "revert" and source < 100:
        return "low", "small_revert"
    if facts.mechanical >= 0.6:
        return "low", "mechanical"
    if added >= 400 and main != "refactor":
        return "high", "large"
    if main == "refactor" and added >= 600:
        return "high", "large"
    if main == "feature" and added >= 250:
        return "high", "large_feature"
    options = [flag for flag in surface.flags if not flag.removed]
    if main == "feature" and added >= 50 and (surface.added or options):
        return "high", "public_feature"
    if added >= 50 and size.source_files >= 3 and any(lines >= 10 for lines in core_lines.values()):
        return "high", "core_path"
    if surface.defaults or surface.deprecations or options or surface.parameter_defaults:
        return "medium", "surface"
    if main == "feature" and (surface.added or surface.doc_lines >= 5):
        return "medium", "surface"
    if size.source_files <= 1 and source <= 50:
        return "low", "small"
    return "medium", "neither"
