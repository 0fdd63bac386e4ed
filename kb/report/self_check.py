"""Holds a finished report against itself: links, counts, the ledger, references, the two languages.

`kb doctor` and the tests run it; every problem is a sentence that names the place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from kb.report.quotes import whole
from kb.report.renderers.markdown import to_markdown
from kb.report.types import Prose, Report, Section, walk_prose

_ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
_LOCAL_LINK = re.compile(r"\]\(#([^)\s]+)\)")
_LINK = re.compile(r"(?<!\\)\]\((?!#)([^)\s]+)\)")
_RAW_HTML = re.compile(r"(?<!\\)<(?!/?(?:a|details|summary|sub)\b)[a-zA-Z!/]")
# "{n} more" counts what is left out; it follows the rows and is not compared as text.
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def problems(report: Report, expected: Iterable[str] | None = None) -> list[str]:
    """Everything wrong with a report; `expected` are the ids that its ledger must hold."""
    markdown = to_markdown(report)
    found = [*_links(markdown, report), *_counts(report), *_references(report), *_texts(report)]
    if expected is not None:
        found += _ledger(report, Counter(expected))
    return found


def differences(report: Report, other: Report) -> list[str]:
    """What two languages of one report do not share: sections, references, rows, numbers."""
    found = []
    names, others = ([part.name for part in each.sections] for each in (report, other))
    if names != others:
        found.append(f"sections differ: {names} and {others}")
    for left, right in zip(report.sections, other.sections, strict=False):
        if Counter(_all_references(left)) != Counter(_all_references(right)):
            found.append(f"{left.name}: references differ")
        mine, theirs = (Counter(_numbers(part)) for part in (left, right))
        if mine != theirs:
            found.append(
                f"{left.name}: numbers differ: {sorted((mine - theirs) + (theirs - mine))[:8]}"
            )
        if _shape(left.body) != _shape(right.body):
            found.append(f"{left.name}: rows differ")
    return found


def _links(markdown: str, report: Report) -> list[str]:
    anchors = _ANCHOR.findall(markdown)
    found = [
        f"anchor {name} stands twice" for name, number in Counter(anchors).items() if number > 1
    ]
    found += [
        f"link to #{name} leads nowhere"
        for name in _LOCAL_LINK.findall(markdown)
        if name not in anchors
    ]
    for url in _LINK.findall(markdown):
        if not url.startswith("https://"):
            found.append(f"link to {url} is not https")
    if _RAW_HTML.search(_without_code(markdown)):
        found.append("markup of a repository came through")
    used = {ref for part in report.sections for ref in _all_references(part)}
    found += [
        f"reference {ref} does not resolve" for ref in sorted(used) if ref not in report.references
    ]
    return found


def _without_code(markdown: str) -> str:
    return re.sub(r"(`+)(?:(?!\1).)+?\1", "", markdown)


def _counts(report: Report) -> list[str]:
    found = []
    for part in report.sections:
        body = part.body
        if part.name == "key-prs" and body["k"] != len(body["rows"]):
            found.append(f"key PRs: {body['k']} declared, {len(body['rows'])} rows")
        if part.name == "ledger":
            rows = sum(len(group["rows"]) for group in body["groups"])
            rows += sum(len(bot["ids"]) for bot in body["bots"])
            if rows != body["total"]:
                found.append(f"ledger: {body['total']} declared, {rows} rows")
            if rows != report.header["changes"]:
                found.append(f"header: {report.header['changes']} changes, ledger {rows}")
        for group in _declared(body):
            held = next((group[key] for key in ("rows", "entries") if key in group), None)
            if (
                held is not None
                and "count" in group
                and group["count"] != len(held) + group.get("rest", 0)
            ):
                found.append(f"{part.name}: {group['count']} declared, {len(held)} held")
    return found


def _declared(value: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for item in value.values():
            yield from _declared(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _declared(item)


def _ledger(report: Report, expected: Counter[str]) -> list[str]:
    """Every change exactly once in the ledger (of a daily report: in its groups)."""
    held: Counter[str] = Counter()
    for part in report.sections:
        if part.name == "ledger":
            held.update(row["id"] for group in part.body["groups"] for row in group["rows"])
            held.update(change_id for bot in part.body["bots"] for change_id in bot["ids"])
        elif part.name.startswith("repo-"):
            held.update(entry["id"] for group in part.body["groups"] for entry in group["entries"])
    found = [f"{change_id} is not in the ledger" for change_id in sorted(expected - held)]
    return found + [
        f"{change_id} is once too often in the ledger" for change_id in sorted(held - expected)
    ]


def _references(report: Report) -> list[str]:
    """What lies outside the period came by a retrieval that the report owns to."""
    accounted = {change_id for entry in report.retrieved for change_id in entry.used}
    return [
        f"{reference.label} lies outside the period and no retrieval brought it"
        for reference in report.references.values()
        if not reference.in_period and reference.id not in accounted
    ]


def _texts(report: Report) -> list[str]:
    found = []
    for part in report.sections:
        for prose in walk_prose(part.body):
            plain = prose.plain
            if plain.count("“") != plain.count("”") and not any(
                s.kind == "title" for s in prose.spans
            ):
                found.append(f"{part.name}: a quote is not closed: {plain[:60]}")
            found += [
                f"{part.name}: a quote is cut: {span.text[:60]}"
                for span in prose.spans
                if span.kind == "quote" and span.text.endswith("…") and not whole(span.text)
            ]
        if part.name == "summary":
            for paragraph in part.body["paragraphs"]:
                if not paragraph.plain.rstrip().endswith((".", "。")):
                    found.append(f"summary: a sentence is cut: …{paragraph.plain[-40:]}")
    return found


def _all_references(part: Section) -> list[str]:
    return [ref for prose in walk_prose(part.body) for ref in prose.references]


def _numbers(part: Section) -> list[str]:
    """Numbers of our own words; what stands in titles, quotes and code is the same text anyway."""
    return [
        number
        for prose in walk_prose(part.body)
        for number in _NUMBER.findall(
            "".join(span.text if span.kind == "text" else " " for span in prose.spans)
        )
    ]


def _shape(value: Any) -> Any:
    """The body without its words: keys, lengths, numbers."""
    if isinstance(value, Prose):
        return "prose"
    if isinstance(value, Mapping):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shape(item) for item in value]
    return value if isinstance(value, (int, float)) or value is None else "text"
