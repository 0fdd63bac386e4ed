"""A report on anything that can be searched: what changed, in order, by whom, its state, its risks.

The reader can judge the cut: what was taken and the nearest that was left out both stand here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kb.errors import UsageError
from kb.periods import local
from kb.report.desk import Desk, section
from kb.report.facts import module_of
from kb.report.frame import finish, scope_of
from kb.report.ledger import ledger_of
from kb.report.risk_report import risk_items
from kb.report.risk_suggestions import open_series, series_suggestion, suggestion
from kb.report.risks import risk_groups
from kb.report.say import codes, count, counted, listing, say, word
from kb.report.sentences import reference, sentence, title_of, what
from kb.report.titles import visible
from kb.report.types import Prose, Report, Section, WritingTask
from kb.types import ChangeRecord, Hit, Query, SearchResult

ASKED, MOST, FEWEST, LEFT = 40, 24, 3, 8


def compose_topic(desk: Desk) -> Report:
    request, lang = desk.request, desk.lang
    if request.topic is None or not request.topic.strip():
        raise UsageError("a topic report takes words", 'kb report topic "LoRA tail latency"')
    taken, left, how, hits = topic_changes(desk, request.topic)
    desk.records = {record.id: record for record in taken}
    title = say("title.topic", lang, label=visible(request.topic)).plain
    if not taken:
        return finish(
            desk,
            request.period,
            [],
            (),
            Prose(),
            title=title,
            header={"no_changes": say("topic.nothing", lang)},
        )
    if desk.writer:
        desk.writer.prepare(taken, lang)
    ordered = sorted(taken, key=lambda record: (record.change.merged_at, record.id))
    groups = risk_groups(ordered)
    sections = [
        summary_section(desk, ordered, how),
        timeline_section(desk, ordered),
        section(
            "risks",
            word("section.risks", lang),
            {
                "items": risk_items(desk, groups),
                "labels": Prose(),
                "none": Prose() if groups else say("risk.text.none", lang),
            },
        ),
        suggestions_section(desk, ordered),
        cut_section(desk, taken, left, hits),
        ledger_of(desk, ordered),
    ]
    wanted = [part for part in sections if request.wants(part.name)]
    return finish(desk, request.period, wanted, ordered, Prose(), title=title)


def topic_changes(
    desk: Desk, topic: str
) -> tuple[list[ChangeRecord], list[ChangeRecord], Prose, int]:
    """(taken, nearest left out, how they were found, hits): the cut stands where relevance falls most."""
    request = desk.request
    filters = scope_of(request, request.period)
    result = desk.reader.search(Query(text=topic, limit=ASKED, filters=filters, raw=topic))
    hits = [hit for hit in result.hits if not hit.record.analysis.bot]
    cut = _cut(hits)
    taken = [hit.record for hit in hits[:cut]]
    left = [hit.record for hit in hits[cut : cut + LEFT]]
    from kb.report.types import Retrieved

    desk.history.retrieved.append(
        Retrieved(
            "topic",
            topic,
            result.engine,
            tuple(hit.record.id for hit in result.hits),
            tuple(r.id for r in taken),
        )
    )
    for record in left:
        desk.history.found[record.id] = record
    return taken, left, _found_by(result, desk.lang), len(hits)


def _found_by(result: SearchResult, lang: str) -> Prose:
    if not any(rank in hit.ranks for hit in result.hits for rank in ("lexical", "exact")):
        return say("topic.by_meaning", lang)
    return say("topic.engine", lang, engine=result.engine or "lexical")


def _cut(hits: Sequence[Hit]) -> int:
    """How many hits to take: those that hold a word of the topic in both retrievers, up to the largest drop."""
    if len(hits) <= FEWEST:
        return len(hits)
    scores = [hit.score for hit in hits[:MOST]]
    drops = [(scores[i - 1] - scores[i], -i) for i in range(FEWEST, len(scores))]
    largest, place = max(drops, default=(0.0, -len(scores)))
    steady = (scores[0] - scores[-1]) / max(len(scores), 1)
    return -place if largest > 1.8 * steady else len(scores)


def summary_section(desk: Desk, ordered: Sequence[ChangeRecord], how: Prose) -> Section:
    lang, tz = desk.lang, desk.request.tz
    first, last = ordered[0], ordered[-1]
    authors = Counter(record.change.author for record in ordered)
    modules = Counter(module_of(record) for record in ordered if module_of(record))
    parts = [
        say(
            "topic.lead",
            lang,
            n=len(ordered),
            first=f"{local(first.change.merged_at, tz):%Y-%m-%d}",
            last=f"{local(last.change.merged_at, tz):%Y-%m-%d}",
            authors=count("author", len(authors), lang),
            engine=how,
        )
    ]
    types = Counter(record.analysis.types[0] for record in ordered)
    kinds = listing([counted(name, number, lang) for name, number in types.most_common()], lang)
    named = codes([name for name, _ in modules.most_common(3)], lang, 3)
    if named:
        parts.append(say("topic.kinds", lang, types=kinds, modules=named))
    people = [
        say("topic.person", lang, name=visible(name), n=number)
        for name, number in authors.most_common(4)
    ]
    parts.append(say("topic.people", lang, people=listing(people, lang)))
    taken = [record for record in ordered if record.analysis.reverted_by]
    if taken:
        parts.append(
            say(
                "topic.lead_reverts",
                lang,
                refs=listing([reference(record) for record in taken[:4]], lang),
            )
        )
    parts.append(
        say(
            "topic.state",
            lang,
            date=f"{local(last.change.merged_at, tz):%Y-%m-%d}",
            author=visible(last.change.author),
            title=title_of(last),
            ref=reference(last),
        )
    )
    unfinished = open_series(ordered)[:2]
    if unfinished:
        items = [reference(record) for record in unfinished]
        parts.append(say("topic.state_open", lang, items=listing(items, lang)))
    text, method = Prose.join(parts, word("space", lang)), "rules"
    task = WritingTask(
        "summary",
        desk.request.topic or "",
        lang,
        tuple(ordered),
        facts={"changes": str(len(ordered))},
        draft=(text.plain,),
        max_words=160,
    )
    if written := desk.write(task):
        text, method = desk.prose(written.texts[0], ordered), written.method
    return section("summary", word("section.summary", lang), {"paragraphs": [text]}, method=method)


def timeline_section(desk: Desk, ordered: Sequence[ChangeRecord]) -> Section:
    lang, tz = desk.lang, desk.request.tz
    rows = [
        {
            "id": record.id,
            "date": f"{local(record.change.merged_at, tz):%Y-%m-%d}",
            "ref": reference(record),
            "title": title_of(record),
            "author": visible(record.change.author),
            "importance": record.analysis.importance,
            "what": sentence(what(desk.deep_facts(record), lang), lang),
        }
        for record in ordered
    ]
    return section("timeline", word("label.timeline", lang), {"rows": rows, "count": len(rows)})


def suggestions_section(desk: Desk, ordered: Sequence[ChangeRecord]) -> Section:
    lang = desk.lang
    items = [suggestion(desk, group) for group in risk_groups(ordered)[:4]]
    items += [series_suggestion(record, lang) for record in open_series(ordered)[:1]]
    return section(
        "suggestions",
        word("section.suggestions", lang),
        {"items": items, "none": Prose() if items else say("suggest.none", lang)},
    )


def cut_section(
    desk: Desk, taken: Sequence[ChangeRecord], left: Sequence[ChangeRecord], hits: int
) -> Section:
    lang = desk.lang
    lead = say("topic.cut", lang, n=len(taken), m=hits)
    items = [
        say("topic.left", lang, ref=reference(record), title=title_of(record)) for record in left
    ]
    return section("left-out", word("label.left_out", lang), {"lead": lead, "items": items})
