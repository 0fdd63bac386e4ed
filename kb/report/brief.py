"""The report for a chat: three changes, three risks, and where the rest stands; at most 200 words."""

from __future__ import annotations

from kb.report.desk import section
from kb.report.period_sections import PeriodSections
from kb.report.request import command_line
from kb.report.risks import refs
from kb.report.say import count, say, word
from kb.report.sentences import code, point, reference, title_of
from kb.report.types import Section

CHANGES, RISKS = 3, 3


def brief_section(shared: PeriodSections) -> Section:
    desk, lang = shared.desk, shared.lang
    changes = [
        say(
            "brief.line",
            lang,
            ref=reference(record),
            title=title_of(record),
            importance=f"{record.analysis.importance:.1f}",
            point=point(desk.deep_facts(record), lang),
        )
        for record in shared.facts.people[:CHANGES]
    ]
    risks = [
        say(
            "brief.risk",
            lang,
            name=word(f"risk.name.{group.kind}", lang),
            n=count("change", len(group.records), lang),
            refs=refs(group.records, lang, 3),
        )
        for group in shared.risks[:RISKS]
    ]
    from kb.report.summary import brief_counts

    body = {
        "lead": brief_counts(shared),
        "changes": changes,
        "risks": risks,
        "full": say("brief.full", lang, command=code(command_line(desk.request))),
    }
    return section("brief", word("section.summary", lang), body)
