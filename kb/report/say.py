"""Sentences from phrases: what fills a field keeps its kind, so code, titles and references stay such."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kb.phrases import phrase, phrases
from kb.report.types import Prose, Span

_CJK = re.compile(r"[\u3000-\u9fff\uff00-\uffef“”]")
_STOPPED = re.compile(r"[.!?。！？]”[.。]\Z")  # the quote has its own full stop
_FIELD = re.compile("\x00(\\w+)\x00")
_REFERENCE = re.compile(r"[(“]*#\d+[)”,.;:]*\Z")
Value = Prose | str | int


def say(key: str, lang: str, **values: Value) -> Prose:
    """The phrase `report.<key>`; a field takes text, a number (thousands marked) or Prose.

    Where `n` is one, the phrase `<key>_one` says it, if there is one: verbs and nouns agree.
    """
    if isinstance(values.get("n"), int) and values["n"] == 1 and known(f"{key}_one", lang):
        key = f"{key}_one"
    template = phrase(f"report.{key}", lang, **{name: f"\x00{name}\x00" for name in values})
    parts = _FIELD.split(template)
    spans: list[Span] = []
    for position, part in enumerate(parts):
        if position % 2 == 0:
            if part:
                spans.append(Span("text", part))
            continue
        value = values[part]
        if isinstance(value, Prose):
            spans.extend(value.spans)
        else:
            text = f"{value:,}" if isinstance(value, int) else value
            if text:
                spans.append(Span("text", text))
    if spans and _STOPPED.search("".join(span.text for span in spans[-4:])):
        spans[-1] = Span(spans[-1].kind, spans[-1].text[:-1], spans[-1].target)
    return Prose(_unspaced(spans) if lang == "zh" else tuple(spans))


def _unspaced(spans: Sequence[Span]) -> tuple[Span, ...]:
    """No blank between two Chinese characters: it belongs beside code and Latin words only."""
    texts = [span.text for span in spans]
    for place, text in enumerate(texts):
        if spans[place].kind != "text":
            continue
        before = texts[place - 1][-1:] if place else ""
        after = texts[place + 1][:1] if place + 1 < len(texts) else ""
        if text.startswith(" ") and _CJK.match(before) and _CJK.match(text[1:2]):
            text = text[1:]
        if text.endswith(" ") and _CJK.match(after) and _CJK.match(text[-2:-1]):
            text = text[:-1]
        texts[place] = text
    return tuple(
        Span(span.kind, text, span.target) for span, text in zip(spans, texts, strict=True)
    )


def clauses(parts: Sequence[Prose], lang: str) -> Prose:
    """Clauses of one sentence: `a, b and c`; `甲，乙，丙`."""
    parts = [part for part in parts if part]
    comma, conjunction = word("list.clause_comma", lang), word("list.clause_and", lang)
    if len(parts) < 2:
        return Prose.join(parts)
    return Prose.join([Prose.join(parts[:-1], comma), parts[-1]], conjunction)


def word(key: str, lang: str) -> str:
    """A word or label of the report's phrases."""
    return phrase(f"report.{key}", lang)


def known(key: str, lang: str) -> bool:
    return key in phrases("report", lang)


def unseen(reason: str, lang: str) -> str:
    """Why a file of a change was not read."""
    key = f"unseen.{reason.replace(' ', '-')}"
    return word(key, lang) if known(key, lang) else reason


def count(noun: str, number: int, lang: str) -> str:
    """`12 changes`; the phrase `count.<noun>` holds singular and plural, divided by a bar."""
    singular, _, plural = phrase(f"report.count.{noun}", lang).partition("|")
    return (singular if number == 1 else plural or singular).replace("{n}", f"{number:,}")


def counted(noun: str, number: int, lang: str) -> Prose:
    return Prose.of(count(noun, number, lang))


def listing(parts: Sequence[Prose], lang: str, *, last: bool = True) -> Prose:
    """`a, b and c`; without `last` only commas."""
    parts = [part for part in parts if part]
    comma, conjunction = word("list.comma", lang), word("list.and", lang)
    if len(parts) < 2 or not last:
        return Prose.join(parts, comma)
    return Prose.join([Prose.join(parts[:-1], comma), parts[-1]], conjunction)


def codes(names: Iterable[str], lang: str, limit: int = 3, total: int | None = None) -> Prose:
    """`a`, `b` and 4 more: names as code, the rest as a number."""
    names = list(dict.fromkeys(names))
    rest = (len(names) if total is None else total) - min(limit, len(names))
    parts = [Prose.of(name, "code") for name in names[:limit]]
    if rest > 0:
        parts.append(say("list.more", lang, n=rest))
    return listing(parts, lang)


def words_of(text: str) -> int:
    """Words of a text: latin words and numbers, two CJK characters for one; `#123` is no word."""
    cjk = len(re.findall(r"[㐀-鿿]", text))
    words = re.findall(r"[^\s㐀-鿿]+", text)
    return (
        sum(any(map(str.isalnum, word)) and not _REFERENCE.match(word) for word in words)
        + (cjk + 1) // 2
    )
