"""What the sections of one period share: its facts, themes, risks and what came before."""

from __future__ import annotations

from dataclasses import dataclass, field

from kb.report.desk import Desk
from kb.report.facts import Facts
from kb.report.risk_precedents import Precedent
from kb.report.risks import RiskGroup, risk_groups
from kb.report.theme_history import Before, theme_history
from kb.report.themes import Theme, find_themes


@dataclass(slots=True)
class PeriodSections:
    """What the sections of one period share."""

    desk: Desk
    facts: Facts
    themes: tuple[Theme, ...]
    risks: tuple[RiskGroup, ...]
    histories: dict[str, Before] = field(default_factory=dict)
    precedents: dict[str, Precedent] = field(default_factory=dict)

    @property
    def lang(self) -> str:
        return self.desk.lang


def themes_of(desk: Desk, facts: Facts) -> tuple[Theme, ...]:
    """Themes with vectors where the reader has them: only the weightier changes are asked for."""
    candidates = [record.id for record in facts.people[:400]]
    return find_themes(facts.people, desk.reader.vectors(candidates))


def prepare(desk: Desk, facts: Facts) -> PeriodSections:
    themes = themes_of(desk, facts)
    shared = PeriodSections(desk, facts, themes, risk_groups(facts.distinct))
    for theme in themes:
        shared.histories[theme.key] = theme_history(desk, theme)
    return shared


def figures(shared: PeriodSections) -> dict[str, str]:
    """Figures of the period that code counted; a sentence may use them without a reference."""
    facts = shared.facts
    found = {
        "changes": str(len(facts.records)),
        "authors": str(facts.authors),
        "key": str(facts.key),
        "mean importance": str(facts.mean),
        "source lines added": str(facts.source_added),
        "source lines removed": str(facts.source_removed),
        "changes in the period before": "–" if facts.previous is None else str(facts.previous),
    }
    found |= {f"type {name}": str(number) for name, number in facts.types.items()}
    found |= {f"module {trend.module}": str(trend.changes) for trend in facts.modules[:10]}
    found |= {f"risk {group.kind}": str(len(group.records)) for group in shared.risks}
    return found
