"""Risk tags with their evidence, one family a module. Precision first: a wrong risk costs trust."""

from __future__ import annotations

from collections.abc import Mapping

from kb.analysis.facts import Facts
from kb.analysis.risks.coverage import core_path, large, missing_tests
from kb.analysis.risks.exposure import dependency, hardware, security, unresolved_review
from kb.analysis.risks.interface import compatibility, configuration, experimental, revert
from kb.analysis.risks.thresholds import relaxed_thresholds
from kb.types import Risk

MAX_PER_KIND = 6


def risks_of(
    facts: Facts, types: tuple[str, ...], core_lines: Mapping[str, int]
) -> tuple[Risk, ...]:
    """Every risk of a change, at most MAX_PER_KIND of a kind, in the order of `kb.vocabulary.RISK_KINDS`."""
    families = (
        core_path(core_lines),
        missing_tests(facts, types),
        compatibility(facts, types),
        configuration(facts),
        experimental(facts),
        revert(facts, types),
        relaxed_thresholds(facts),
        dependency(facts),
        unresolved_review(facts.change),
        security(facts, types),
        hardware(facts, types),
        large(facts),
    )
    return tuple(risk for family in families for risk in family[:MAX_PER_KIND])
