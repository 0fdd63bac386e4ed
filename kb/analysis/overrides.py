"""A maintainer's word on a change: it stands above the rules and is shown as theirs."""

from __future__ import annotations

from dataclasses import replace

from kb.settings import Override
from kb.types import Analysis


def overridden(analysis: Analysis, override: Override | None) -> Analysis:
    """The analysis with the override laid over it; without one, without any earlier one."""
    if override is None:
        return replace(analysis, override_note=None)
    return replace(
        analysis,
        importance=analysis.importance if override.importance is None else override.importance,
        level=override.level or analysis.level,
        override_note=override.note,
    )
