"""What follows from a risk or an open series: which changes, and what to do with them."""

from __future__ import annotations

from collections.abc import Sequence

from kb.report.change_facts import short_path
from kb.report.desk import Desk
from kb.report.facts import weightiest
from kb.report.risks import RiskGroup, asked_for, distance, documented, refs, shown_evidence
from kb.report.say import codes, count, known, listing, say
from kb.report.sentences import by_id, code, quoted, reference, taken_back
from kb.report.titles import read_title, reverted_title
from kb.report.types import Prose
from kb.types import ChangeRecord

NAMED = 4  # names of a suggestion


def suggestion(desk: Desk, group: RiskGroup) -> Prose:
    """What follows from a risk: which changes, and what to do with them."""
    lang, kind = desk.lang, group.kind
    records = group.records
    if kind == "compatibility":
        records = tuple(sorted(records, key=distance))
    if kind == "revert":  # what came again is decided
        records = tuple(r for r in records if not _came_again(desk, r)) or records
    top = records[:3]
    names = refs(top, lang, 3)
    key = f"suggest.{kind}"
    shown = codes(
        [
            text
            for record in top
            for risk in record.analysis.risks
            if risk.kind == kind
            and (text := asked_for(risk) if kind == "dependency" else shown_evidence(risk))
            and (risk.path or kind != "security")  # a word of the title is nothing to read
            and not text.endswith("…")
            and not record.change.title.startswith(text[:40])  # a title is no name
        ],
        lang,
        NAMED,
    )
    if kind == "missing-tests":
        lines = sum(record.analysis.size.source_added for record in top)
        what = listing([_defined(desk, record) for record in top], lang)
        return say(key, lang, n=len(top), refs=what, lines=count("line", lines, lang))
    if kind == "configuration":
        missing = [record for record in group.records if not documented(record)][:3]
        top = tuple(missing) or top
        flags = [flag.name for record in top for flag in desk.facts(record).switches[:2]]
        key = "suggest.configuration" if missing else "suggest.configuration_documented"
        return say(
            key,
            lang,
            n=len(set(flags) or top),
            examples=codes(flags, lang, 4) if flags else shown,
            refs=refs(top, lang, 3),
        )
    if kind == "experimental":
        flags = [
            risk.evidence.partition(" = ")[0]
            for record in top
            for risk in record.analysis.risks
            if risk.kind == kind and risk.path
        ]
        if not flags:
            return say("suggest.experimental_marked", lang, n=len(top), refs=names)
        return say(key, lang, examples=codes(flags, lang, 3), refs=names)
    if kind == "revert":
        shown = listing([_taken_back(desk, record) for record in top], lang)
    if kind == "large":
        largest = [desk.facts(record).main_file for record in top]
        shown = codes([short_path(file.path) for file in largest if file], lang, len(top))
    if kind == "unresolved-review" or not known(key, lang):
        return say(key, lang, refs=names)
    if not shown and known(f"{key}_bare", lang):
        return say(f"{key}_bare", lang, n=len(top), refs=names)
    return say(key, lang, n=len(top), refs=names, examples=shown or names)


def _defined(desk: Desk, record: ChangeRecord) -> Prose:
    """The definition that a change brings and its reference: what there is to test."""
    facts = desk.facts(record)
    names = facts.added or facts.changed
    if not names:
        return reference(record)
    return say("risk.example", desk.lang, evidence=code(names[0]), ref=reference(record))


def _came_again(desk: Desk, revert: ChangeRecord) -> bool:
    """A later change of the period has the title that was taken back."""
    title = reverted_title(revert.change.title)
    return any(
        read_title(record.change.title).text == title
        and record.change.merged_at > revert.change.merged_at
        for record in desk.records.values()
    )


def _taken_back(desk: Desk, record: ChangeRecord) -> Prose:
    """What a revert took back: its reference, or its title where that is all there is."""
    targets = record.analysis.reverts
    if targets:
        return listing([by_id(target) for target in targets], desk.lang)
    return quoted(taken_back(record), desk.lang)


def open_series(records: Sequence[ChangeRecord]) -> list[ChangeRecord]:
    """The last part of each series that has not come to its end."""
    last: dict[str, ChangeRecord] = {}
    for record in weightiest(records):
        series = record.analysis.series
        if series and series.index and (not series.total or series.index < series.total):
            held = last.get(series.key)
            if held is None or (
                held.analysis.series and (held.analysis.series.index or 0) < series.index
            ):
                last[series.key] = record
    return weightiest(last.values())


def series_suggestion(record: ChangeRecord, lang: str) -> Prose:
    series = record.analysis.series
    assert series is not None
    assert series.index is not None
    name = quoted(read_title(series.name).text, lang)
    if series.total:
        return say(
            "suggest.series",
            lang,
            name=name,
            ref=reference(record),
            index=series.index,
            total=series.total,
        )
    return say("suggest.open_series", lang, name=name, ref=reference(record), index=series.index)
