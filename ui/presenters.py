"""Changes as every surface shows them: labels, table rows, and the JSON objects of the contract.

Pure functions over the nouns; the command line, the web page and the MCP server all read these, so
that one change never looks different in two places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kb.analysis.term_text import term_text
from kb.periods import zone
from ui.messages import catalogue, message

if TYPE_CHECKING:
    from kb.types import (
        Answer,
        Change,
        ChangeRecord,
        FileChange,
        Hit,
        LineOrigin,
        Relation,
        SearchResult,
    )

Json = dict[str, Any]
LEVEL_MARKS = {"high": "🔴", "medium": "🟡", "low": "🟢"}
SHORT_SHA = 8
MOST_OF_A_TITLE = 300  # letters


# --- words -------------------------------------------------------------------------------------


def word(kind: str, identifier: str, lang: str) -> str:
    """An identifier of the contract in words: `word("risk", "core-path", "zh")`."""
    try:
        return message("words", f"{kind}.{identifier}", lang)
    except KeyError:
        return identifier  # an index of a later version may hold identifiers that we do not know


def named(name: str, value: object, lang: str) -> str:
    """A value with its name before it, as the language writes that."""
    return message("words", "named", lang, name=name, value=value)


def short_title(title: str) -> str:
    """A title as lists show it: git's subject is the whole first paragraph, however long."""
    return title if len(title) <= MOST_OF_A_TITLE else title[:MOST_OF_A_TITLE].rstrip() + " …"


def digest_text(text: str, lang: str) -> str:
    """A digest with the labels of its lines, and why files were not read, in the reader's language."""
    if lang == "en":
        return text
    from kb.report.say import unseen

    labels, lines = catalogue("words", lang), []
    for line in text.split("\n"):
        label, colon, rest = line.partition(": ")
        if label == "not seen":
            rest = re.sub(r"\(([a-z -]+)\)", lambda found: f"({unseen(found[1], lang)})", rest)
        key = next((key for key in (f"role.{label}", f"digest.{label}") if key in labels), "")
        more = re.fullmatch(r"- … (\d+) more lines", line)
        if more:
            line = message("words", "digest.more", lang, count=more[1])
        elif colon and key:
            line = named(labels[key], rest, lang)
        lines.append(line)
    return "\n".join(lines)


def reference(change: Change) -> str:
    """How a person names the change: `#123`, or the short SHA where it has no number.

    A change whose number another one owns is named by its SHA (CONTRACT.md, "Id").
    """
    _, mark, number = change.id.rpartition("#")
    return f"#{number}" if mark else change.sha[:SHORT_SHA]


def commit_url(change: Change) -> str | None:
    """The page of the change's commit; None for a repository without links."""
    if not change.url:
        return None
    base, found, _ = change.url.partition(f"/{change.repo}")
    return f"{base}{found}/commit/{change.sha}" if found else None


def utc(moment: datetime) -> str:
    """RFC 3339 in UTC with Z, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local_time(moment: datetime, tz: str, form: str = "%Y-%m-%d %H:%M") -> str:
    return moment.astimezone(zone(tz)).strftime(form)


def row(record: ChangeRecord, tz: str, lang: str) -> dict[str, Any]:
    """A change as one line of a table; the keys are the columns' names in the messages."""
    change, analysis = record.change, record.analysis
    return {
        "time": local_time(change.merged_at, tz),
        "reference": reference(change),
        "title": change.title,
        "author": change.author,
        "importance": analysis.importance,
        "level": word("level", analysis.level, lang),
        "type": ", ".join(word("type", name, lang) for name in analysis.types),
        "modules": ", ".join(analysis.modules),
        "risks": ", ".join(word("risk", risk, lang) for risk in risk_kinds(record)),
        "files": analysis.size.files,
        "additions": analysis.size.additions,
        "deletions": analysis.size.deletions,
        "repo": change.repo,
    }


def risk_kinds(record: ChangeRecord) -> list[str]:
    """The kinds of risk of a change, each once, in the order in which they were found."""
    return list(dict.fromkeys(risk.kind for risk in record.analysis.risks))


def only_repo(repos: Iterable[str]) -> str | None:
    """The one repository of a listing, or None."""
    names = set(repos)
    return names.pop() if len(names) == 1 else None


# --- JSON (CONTRACT.md) ------------------------------------------------------------------------


def hit_json(hit: Hit) -> Json:
    change, analysis = hit.record.change, hit.record.analysis
    return {
        "id": change.id,
        "repo": change.repo,
        "number": change.number,
        "sha": change.sha,
        "title": change.title,
        "author": change.author,
        "merged_at": utc(change.merged_at),
        "url": change.url,
        "score": round(hit.score, 6),
        "importance": round(analysis.importance, 1),
        "level": analysis.level,
        "type": list(analysis.types),
        "modules": list(analysis.modules),
        "risks": risk_kinds(hit.record),
        "passage": hit.passage,
        "ranks": dict(hit.ranks),
    }


def search_json(result: SearchResult) -> Json:
    return {
        "query": result.query.raw or result.query.text,
        "mode": result.mode,
        "engine": result.engine,
        "took_ms": round(result.took_ms, 1),
        "hits": [hit_json(hit) for hit in result.hits],
    }


def change_json(record: ChangeRecord) -> Json:
    change, analysis = record.change, record.analysis
    return {
        "id": change.id,
        "repo": change.repo,
        "number": change.number,
        "sha": change.sha,
        "title": change.title,
        "author": change.author,
        "bot": analysis.bot,
        "merged_at": utc(change.merged_at),
        "url": change.url,
        "importance": round(analysis.importance, 1),
        "level": analysis.level,
        "type": list(analysis.types),
        "modules": list(analysis.modules),
        "risks": [{"kind": risk.kind, "evidence": risk.evidence} for risk in analysis.risks],
        "files": analysis.size.files,
        "additions": analysis.size.additions,
        "deletions": analysis.size.deletions,
    }


def changes_json(
    records: Iterable[ChangeRecord],
    since: datetime | None = None,
    until: datetime | None = None,
    tz: str | None = None,
    repo: str | None = None,
) -> Json:
    """The ledger of a period, whose ends are null where nobody named them. `repo` names the one that
    it is of where it holds no change that would."""
    changes = [change_json(record) for record in records]
    return {
        "repo": only_repo(change["repo"] for change in changes) or repo,
        "period": {"since": since and utc(since), "until": until and utc(until), "tz": tz},
        "changes": changes,
    }


def show_json(
    record: ChangeRecord,
    related: Sequence[Hit] = (),
    relations: Sequence[Relation] = (),
    origins: Sequence[LineOrigin] = (),
    lang: str = "en",
) -> Json:
    """Everything known of one change; `related` are its neighbours, `relations` its links, `origins`
    the changes that brought what a repair replaced."""
    analysis = record.analysis
    series = analysis.series
    return change_json(record) | {
        "body": record.change.body,
        "terms": [
            {"name": term.name, "points": round(term.points, 3), "text": term_text(term, lang)}
            for term in analysis.terms
        ],
        "files_changed": [file_json(file) for file in record.change.files],
        "series": {
            "key": series.key,
            "name": series.name,
            "index": series.index,
            "total": series.total,
        }
        if series
        else None,
        "reverts": _linked(analysis.reverts, relations, "reverts", record.id, earlier=True),
        "reverted_by": _linked(analysis.reverted_by, relations, "reverts", record.id),
        "follows": _linked(analysis.follows, relations, "follows", record.id, earlier=True),
        "followed_by": _linked(analysis.followed_by, relations, "follows", record.id),
        "replaced": [
            {
                "id": item.record.id,
                "title": item.record.change.title,
                "url": item.record.change.url,
                "lines": item.lines,
                "of": item.of,
                "line": item.line,
                "path": item.path,
            }
            for item in origins
        ],
        "related": [
            {
                "id": hit.record.id,
                "title": hit.record.change.title,
                "url": hit.record.change.url,
                "score": round(hit.score, 6),
            }
            for hit in related
        ],
    }


def file_json(file: FileChange) -> Json:
    return {
        "path": file.path,
        "status": file.status,
        "additions": file.additions,
        "deletions": file.deletions,
        "role": file.role,
        "seen": file.seen,
        "reason": file.reason,
    }


def _linked(
    known: Sequence[str],
    relations: Sequence[Relation],
    kind: str,
    change_id: str,
    *,
    earlier: bool = False,
) -> list[str]:
    """Ids that the analysis or the relations link to this change: earlier ones, or later ones."""
    kinds = {kind, "fixes"} if kind == "follows" else {kind}
    found = [
        relation.target if earlier else relation.source
        for relation in relations
        if relation.kind in kinds and (relation.source if earlier else relation.target) == change_id
    ]
    return list(dict.fromkeys([*known, *found]))


def answer_json(answer: Answer) -> Json:
    return {
        "question": answer.question,
        "text": answer.text,
        "citations": [asdict(citation) for citation in answer.citations],
        "abstained": answer.abstained,
        "method": answer.method,
        "removed": list(answer.removed),
    }
