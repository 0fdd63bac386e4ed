"""The ledger: every change once, by module, bots folded; behind it the lists that sections shorten."""

from __future__ import annotations

from collections.abc import Sequence

from kb.periods import local
from kb.report.desk import Desk, section
from kb.report.facts import bot_groups, ledger_groups, weightiest
from kb.report.risks import all_risk_groups
from kb.report.say import count, listing, say, word
from kb.report.sentences import label, reference, title_of
from kb.report.titles import visible
from kb.report.types import Prose, Section
from kb.types import ChangeRecord


def whole_list(
    anchor: str, name: Prose, records: Sequence[ChangeRecord], lang: str
) -> dict[str, object]:
    return {
        "anchor": anchor,
        "label": name,
        "count": len(records),
        "refs": listing([reference(record) for record in records], lang, last=False),
    }


def ledger_of(
    desk: Desk, records: Sequence[ChangeRecord], more: Sequence[dict[str, object]] = ()
) -> Section:
    lang, tz = desk.lang, desk.request.tz
    groups = []
    for module, members in ledger_groups(records):
        rows = [
            {
                "id": record.id,
                "ref": reference(record),
                "title": title_of(record),
                "author": visible(record.change.author),
                "type": word(f"type.{record.analysis.types[0]}", lang),
                "importance": record.analysis.importance,
                "date": f"{local(record.change.merged_at, tz):%m-%d}",
                "anchor": anchor_of(record),
            }
            for record in weightiest(members)
        ]
        groups.append(
            {"module": module or word("label.no_module", lang), "count": len(rows), "rows": rows}
        )
    bots = [
        {
            "author": visible(author),
            "count": len(members),
            "ids": [record.id for record in members],
            "refs": listing([reference(record) for record in members], lang, last=False),
        }
        for author, members in bot_groups(records)
    ]
    lists = [
        whole_list(
            f"risk-{group.kind}",
            Prose.of(word(f"risk.name.{group.kind}", lang)),
            group.records,
            lang,
        )
        for group in all_risk_groups(records)
    ]
    body = {
        "lead": say("ledger.lead", lang, total=count("change", len(records), lang)),
        "total": len(records),
        "groups": groups,
        "bots": bots,
        "lists": [*more, *lists],
    }
    return section("ledger", word("section.ledger", lang), body)


def anchor_of(record: ChangeRecord) -> str:
    return f"c-{label(record).lstrip('#')}"
