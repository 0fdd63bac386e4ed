"""Answers a question from the changes that are found for it: quoted by rules, or written and checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from kb.periods import local
from kb.phrases import phrase
from kb.qa.asked import content_words, without_risk
from kb.qa.culprits import Culprit, Traced, culprits, says_broken, what_broke
from kb.qa.passages import Quote, best_quotes, closest, shorten
from kb.qa.question import Known, Question, read_question
from kb.search.line_origins import REPAIRS
from kb.search.query_parser import parse_query
from kb.text.tokenizer import has_cjk
from kb.types import Answer, ChangeRecord, Citation, Filters, Hit, Query, SearchResult
from kb.vocabulary import RISK_KINDS

if TYPE_CHECKING:
    from kb.chat.client import Chat

RETRIEVED = 12  # changes that are looked at for one question
QUOTED = 5
EVIDENCE = 60  # letters
SHOWN_BY_NAME = ("compatibility", "configuration", "experimental", "relaxed-threshold")


class QuestionReader(Traced, Protocol):
    """What an answer is read from; the facade satisfies it."""

    def search(self, query: Query) -> SearchResult: ...

    def select(
        self,
        filters: Filters,
        *,
        order: str = "newest",
        limit: int | None = None,
        offset: int = 0,
        include_bots: bool = True,
    ) -> Sequence[ChangeRecord]: ...

    def facets(self, filters: Filters) -> dict[str, list[tuple[str, int]]]: ...

    def patches(self, change_id: str) -> dict[str, str]: ...


def answer(
    reader: QuestionReader,
    question: str,
    filters: Filters,
    chat: Chat | None,
    *,
    now: datetime,
    tz: str,
    lang: str | None = None,
    on_text: Callable[[str], None] | None = None,
) -> Answer:
    """The answer with its citations; without a chat model, or where its text fails, quotes.

    `filters` are the caller's flags: they win over what the question itself says. `lang` is the
    language of the answer, by default that of the question.
    """
    lang = lang or ("zh" if has_cjk(question) else "en")
    query = parse_query(question, tz, now, limit=RETRIEVED, filters=filters, prose=True)
    filters = query.filters  # those of the flags and those typed like `author:NAME`
    read = read_question(query.text, now=now, tz=tz, known=_known(reader, filters))
    merged = merge(filters, read.filters)
    notes = _understood(read, merged, tz, lang)
    besides = without_risk(read.text)
    risky = besides is not None and not content_words(besides)
    plain = risky or not content_words(read.text)
    listed = merged != Filters() and not query.excluded and plain
    broken = None if listed else what_broke(read.text)
    if broken is not None:
        traced = _traced(reader, replace(query, text=broken, filters=merged), tz, lang)
        if traced is not None:
            if on_text is not None:
                on_text(traced.text)
            return replace(traced, question=question, filters=merged, notes=notes)
    if listed:
        only = replace(merged, risks=merged.risks or RISK_KINDS) if risky else merged
        hits: Sequence[Hit] = _weightiest(reader, only)
    else:
        query = replace(query, text=read.text, filters=merged)
        hits, merged, relaxed = _retrieve(reader, query, filters, lang)
        notes = (*notes, *relaxed)
    if not hits:
        notes = (*notes, *_older(reader, merged, tz, lang))
    told: list[str] = []  # what a stream has shown already, also where it then failed

    def shown(text: str) -> None:
        told.append(text)
        if on_text is not None:
            on_text(text)

    tell = shown if on_text is not None else None
    if chat is not None and hits:
        from kb.qa.chain import written

        result = written(reader, question, hits, chat, lang=lang, on_text=tell)
        if isinstance(result, Answer):
            if not told and tell is not None:
                tell(result.text)
            return replace(result, filters=merged, notes=(*notes, *result.notes))
        notes, removed = (*notes, result.note), result.removed
    else:
        removed = ()
    if listed:
        quotes = tuple(Quote(hit, shorten(hit.passage), 1.0) for hit in hits[:QUOTED])
    else:
        named = bool(merged.authors or merged.modules)
        quotes = best_quotes(read.text, hits, QUOTED, listed=named)
    heading = ("qa.riskiest" if risky else "qa.weightiest") if listed else "qa.quotes"
    quoted = _quoted(replace(query, filters=merged, raw=question), quotes, hits, lang, tz, heading)
    if tell is not None:
        tell(f"\n\n{quoted.text}" if told else quoted.text)
    return replace(quoted, notes=notes, removed=removed)


def merge(stated: Filters, read: Filters) -> Filters:
    """Flags win over the question's words, field by field; dates go together."""
    if stated.since or stated.until:
        read = replace(read, since=None, until=None)
    values = {
        item.name: getattr(stated, item.name) or getattr(read, item.name)
        for item in fields(Filters)
    }
    return Filters(**values)


def _known(reader: QuestionReader, filters: Filters) -> Known:
    """The names of the repositories that are asked about: those of another filter nothing here."""
    facets = reader.facets(Filters(repos=filters.repos))

    def names(*keys: str) -> tuple[str, ...]:
        return tuple(value for key in keys for value, _ in facets.get(key, ()))

    return Known(names("repo", "repos"), names("author", "authors"), names("module", "modules"))


def _retrieve(
    reader: QuestionReader, query: Query, stated: Filters, lang: str
) -> tuple[Sequence[Hit], Filters, tuple[str, ...]]:
    """The hits; a module read from the words is dropped where nothing fits it."""
    hits = reader.search(query).hits
    modules = query.filters.modules
    if hits or not modules or stated.modules:
        return hits, query.filters, ()
    words = _say(Filters(modules=modules), "UTC", lang)
    relaxed = replace(query.filters, modules=())
    hits = reader.search(replace(query, filters=relaxed)).hits
    return hits, relaxed, (phrase("qa.relaxed", lang, filter=words),)


def _older(reader: QuestionReader, filters: Filters, tz: str, lang: str) -> tuple[str, ...]:
    """ "Last week" of an index that was not brought up to date since."""
    newest = reader.select(Filters(repos=filters.repos), limit=1)
    if not newest or filters.since is None or newest[0].change.merged_at >= filters.since:
        return ()
    date = f"{local(newest[0].change.merged_at, tz):%Y-%m-%d}"
    return (phrase("qa.older", lang, date=date),)


def _understood(read: Question, merged: Filters, tz: str, lang: str) -> tuple[str, ...]:
    if not read.read:
        return ()
    said = {
        item.name: getattr(read.filters, item.name)
        for item in fields(Filters)
        if getattr(read.filters, item.name)
        and getattr(read.filters, item.name) == getattr(merged, item.name)
    }
    words = _say(replace(Filters(), **said), tz, lang)
    return (phrase("qa.read", lang, filters=words),) if words else ()


def _say(conditions: Filters | Query, tz: str, lang: str) -> str:
    """The filters in words; of a query also the phrases and the words that it excludes."""
    said = []
    filters = conditions.filters if isinstance(conditions, Query) else conditions
    for name in (item.name for item in fields(Filters)):
        if value := getattr(filters, name):
            said.append(phrase(f"qa.filter.{name}", lang, value=_shown(value, tz)))
    if isinstance(conditions, Query):
        for name in ("phrases", "excluded"):
            if value := getattr(conditions, name):
                said.append(phrase(f"qa.filter.{name}", lang, value=_shown(value, tz)))
    return ("；" if lang == "zh" else "; ").join(said)


def _shown(value: object, tz: str) -> str:
    if isinstance(value, datetime):
        return f"{local(value, tz):%Y-%m-%d}"
    return ", ".join(value) if isinstance(value, tuple) else f"{value:g}"


def _weightiest(reader: QuestionReader, filters: Filters) -> list[Hit]:
    """ "What changed last month?" asks for nothing but its filters."""
    records = reader.select(filters, order="importance", limit=RETRIEVED, include_bots=False)
    return [
        Hit(record, record.analysis.importance, {}, record.change.title, "title", ())
        for record in records
    ]


def _traced(reader: QuestionReader, query: Query, tz: str, lang: str) -> Answer | None:
    """What broke the query's text: what repaired it, and whose lines that replaced; None where
    nothing repaired it. By rules also where there is a chat model: the diffs show it."""
    repairs = replace(query.filters, types=query.filters.types or REPAIRS)
    if query.text:
        hits = reader.search(replace(query, filters=repairs)).hits
        quotes = best_quotes(query.text, hits, QUOTED)
    else:
        hits = tuple(_weightiest(reader, repairs))
        quotes = tuple(Quote(hit, shorten(hit.passage), 1.0) for hit in hits[:QUOTED])
    if not quotes:
        return None
    lines = [phrase("qa.broke.repairs", lang), ""]
    cited: dict[str, Citation] = {}

    def index(record: ChangeRecord, passage: str) -> int:
        change = record.change
        new = Citation(len(cited) + 1, change.id, change.title, change.url, passage)
        return cited.setdefault(change.id, new).index

    for quote in sorted(
        quotes, key=lambda quote: not says_broken(f"{quote.hit.record.change.title} {quote.text}")
    ):
        record = quote.hit.record
        lines.append(_quote_line(index(record, quote.text), quote, lang, tz))
        for culprit in culprits(reader, record):
            place = index(culprit.record, culprit.passage)
            lines.append(f"  - {_culprit(culprit, lang, tz)} [{place}]")
    return Answer(query.raw, "\n".join(lines), tuple(cited.values()), False, "traced")


def _culprit(culprit: Culprit, lang: str, tz: str) -> str:
    name = culprit.kind
    if culprit.lines and culprit.lines == culprit.of:
        name = "lines_one" if culprit.of == 1 else "lines_all"
    passage = shorten(culprit.passage, 120)
    if culprit.kind == "lines":
        passage = f"`` {passage} ``" if "`" in passage else f"`{passage}`"
    return phrase(
        f"qa.broke.{name}",
        lang,
        lines=culprit.lines,
        of=culprit.of,
        origin=_origin(culprit.record, lang, tz),
        passage=passage,
    )


def _quoted(
    query: Query,
    quotes: Sequence[Quote],
    hits: Sequence[Hit],
    lang: str,
    tz: str,
    heading: str,
) -> Answer:
    question, filters = query.raw, query.filters
    if not quotes:
        words = _say(query, tz, lang)
        if hits:
            return replace(abstained(question, hits, lang), filters=filters)
        if words:
            nothing = phrase("qa.nothing_in", lang, filters=words)
        else:
            nothing = phrase("qa.nothing", lang)
        return Answer(question, nothing, (), True, "quotes", filters=filters)
    risky = heading == "qa.riskiest"
    lines = [phrase(heading, lang), ""]
    for index, quote in enumerate(quotes, start=1):
        risks = _risks(quote.hit.record, lang) if risky else ""
        lines.append(_quote_line(index, quote, lang, tz) + risks)
    citations = tuple(
        cite(index, quote.hit, quote.text) for index, quote in enumerate(quotes, start=1)
    )
    return Answer(question, "\n".join(lines), citations, False, "quotes", filters=filters)


def _risks(record: ChangeRecord, lang: str) -> str:
    """The kinds of a change's risks, each with what first shows it where that is a name."""
    first = {risk.kind: risk for risk in reversed(record.analysis.risks)}
    said = []
    for kind in [kind for kind in RISK_KINDS if kind in first]:
        name = phrase(f"analysis.risk.{kind}", lang)
        evidence = shorten(first[kind].evidence.replace("`", ""), EVIDENCE)
        beside = f"（`{evidence}`）" if lang == "zh" else f" (`{evidence}`)"
        said.append(name + beside if kind in SHOWN_BY_NAME and evidence else name)
    return f" · {('；' if lang == 'zh' else '; ').join(said)}"


def abstained(question: str, hits: Sequence[Hit], lang: str) -> Answer:
    """Nothing answers; what came closest is named, as it may still help."""
    lines = [phrase("qa.not_carried", lang)]
    citations = tuple(
        cite(index, hit, hit.record.change.title)
        for index, hit in enumerate(closest(question, hits), start=1)
    )
    if citations:
        lines += ["", phrase("qa.closest", lang), ""]
        lines += [f"- {shorten(item.title, 120)} [{item.index}]" for item in citations]
    return Answer(question, "\n".join(lines), citations, True, "quotes")


def _quote_line(index: int, quote: Quote, lang: str, tz: str) -> str:
    change = quote.hit.record.change
    origin = _origin(quote.hit.record, lang, tz)
    if quote.text == shorten(change.title):
        origin = origin.replace(shorten(change.title, 120), "").rstrip(" ,，")
    marks = "「{}」" if lang == "zh" else "“{}”"
    return f"- {marks.format(quote.text)} — {origin} [{index}]"


def _origin(record: ChangeRecord, lang: str, tz: str) -> str:
    return phrase(
        "qa.quote_from",
        lang,
        date=f"{local(record.change.merged_at, tz):%Y-%m-%d}",
        author=record.change.author,
        title=shorten(record.change.title, 120),
    )


def cite(index: int, hit: Hit, passage: str) -> Citation:
    change = hit.record.change
    return Citation(index, change.id, change.title, change.url, passage)
