"""How well search finds what a file of questions asks for: recall@k, MRR, nDCG, and why it missed.

The measures are CONTRACT.md's, "Evaluation": recall@k = relevant in the top k / min(k, number of
relevant ones); nDCG@10 with binary gain; means over questions. A relevant change that is not
indexed counts as missed. Intervals are seeded bootstraps over questions.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from math import log2
from pathlib import Path
from typing import Any, Protocol

from kb.errors import NotFound, UsageError
from kb.types import ChangeRecord, Filters, Hit, Query, SearchResult

DEPTH = 10
CUTOFFS = (1, 5, 10)
MEASURES = (*(f"recall@{k}" for k in CUTOFFS), f"mrr@{DEPTH}", f"ndcg@{DEPTH}")
RESAMPLES = 2000
SEED = 20260101
LOW = 100  # how deep a search for the reason of a miss looks
QUESTION_FORM = 'one {"id", "query", "lang", "relevant": [numbers], "kind"} a line'


@dataclass(frozen=True, slots=True)
class EvaluationQuery:
    """A question with the numbers of the changes that answer it."""

    id: str
    query: str
    lang: str
    relevant: tuple[int, ...]
    kind: str = ""


class Searcher(Protocol):
    """What is measured: `kb.KnowledgeBase`, or a stand-in of a test."""

    def search(self, query: Query, *, filters: Filters, mode: str, limit: int) -> SearchResult: ...
    def resolve(self, reference: str, repo: str | None = None) -> list[str]: ...
    def records(self, change_ids: Sequence[str]) -> list[ChangeRecord]: ...


@dataclass(frozen=True, slots=True)
class FoundChange:
    """A place of a ranked list: the number of its change, and its rank by retriever."""

    number: int | None
    ranks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """`found`: the numbers of the top ten; `missed`: why, for each relevant number not in it."""

    question: EvaluationQuery
    found: tuple[int | None, ...]
    measures: Mapping[str, float]
    missed: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Evaluation:
    results: tuple[QuestionResult, ...]
    not_indexed: tuple[int, ...]

    def mean(self, measure: str, **where: str) -> float:
        """The mean of a measure, of all or of the questions with this `kind` or `lang`."""
        chosen = [r.measures[measure] for r in self.results if _matches(r.question, where)]
        return sum(chosen) / len(chosen) if chosen else 0.0

    def interval(self, measure: str, **where: str) -> tuple[float, float]:
        """The 95 % bootstrap interval of the mean."""
        values = [r.measures[measure] for r in self.results if _matches(r.question, where)]
        return bootstrap(values)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of two runs over the same questions; `low`, `high`: of the difference."""

    measure: str
    before: float
    after: float
    low: float
    high: float
    better: tuple[str, ...]
    worse: tuple[str, ...]


def read_queries(path: Path) -> tuple[EvaluationQuery, ...]:
    """One JSON object a line: {id, query, lang, relevant: [PR numbers], kind}."""
    questions = []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise UsageError(f"cannot read {path}: {reason}", "kb eval FILE.jsonl") from exc
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            questions.append(_question(line, path, number))
    if not questions:
        raise UsageError(f"{path} holds no questions", "one JSON object a line")
    return tuple(questions)


def _question(line: str, path: Path, number: int) -> EvaluationQuery:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as exc:
        place = f"{exc.msg}, column {exc.colno}"
        raise UsageError(f"{path}, line {number} is no JSON: {place}", QUESTION_FORM) from exc
    if not isinstance(row, dict):
        raise UsageError(f"{path}, line {number} is no JSON object", QUESTION_FORM)
    for name in ("id", "query", "relevant"):
        if name not in row:
            raise UsageError(f"{path}, line {number} has no {name!r}", QUESTION_FORM)
    relevant = row["relevant"]
    numbers = [str(item) for item in relevant] if isinstance(relevant, list) else []
    if not numbers or not all(map(str.isdecimal, numbers)):
        raise UsageError(
            f"{path}, line {number}: 'relevant' is no list of PR numbers: {json.dumps(relevant)}",
            '"relevant": [12, 34]',
        )
    return EvaluationQuery(
        str(row["id"]),
        str(row["query"]),
        str(row.get("lang") or "en"),
        tuple(map(int, numbers)),
        str(row.get("kind") or ""),
    )


def evaluate(
    searcher: Searcher,
    queries: Sequence[EvaluationQuery],
    *,
    filters: Filters = Filters(),
    mode: str = "hybrid",
) -> Evaluation:
    """Asks again, `LOW` deep, what was missed, so that a miss can say where its change was.

    The measures are of what ten hits were asked for, as a person sees them: a deeper search weighs
    its lists otherwise. A question is text: a colon or a dash in it is no field and excludes nothing.
    """
    numbers = dict.fromkeys(number for query in queries for number in query.relevant)
    absent = {number for number in numbers if not _is_indexed(searcher, number, filters)}
    results = []
    for query in queries:
        found: list[FoundChange] = []
        for limit in (DEPTH, LOW):
            asked = Query(
                text=query.query, mode=mode, limit=limit, filters=filters, raw=query.query
            )
            result = searcher.search(asked, filters=filters, mode=mode, limit=limit)
            seen = {place.number for place in found} - {None}
            found += [place for place in places(result.hits) if place.number not in seen]
            wanted = set(query.relevant) - absent
            if len(found) < limit or wanted <= {place.number for place in found}:
                break
        results.append(judge(query, found, absent))
    return Evaluation(tuple(results), tuple(sorted(absent)))


def places(hits: Iterable[Hit]) -> list[FoundChange]:
    return [FoundChange(hit.record.change.number, hit.ranks) for hit in hits]


def judge(
    query: EvaluationQuery, found: Sequence[FoundChange], absent: AbstractSet[int] = frozenset()
) -> QuestionResult:
    """The measures of one ranked list, and why it misses what it misses."""
    numbers = [place.number for place in found]
    top = numbers[:DEPTH]
    missed = {
        number: "not indexed" if number in absent else _why(number, found)
        for number in query.relevant
        if number not in top
    }
    return QuestionResult(query, tuple(top), measures(top, set(query.relevant)), missed)


def _is_indexed(searcher: Searcher, number: int, filters: Filters) -> bool:
    """Whether a change of this number lies inside the repositories and times that are measured."""
    try:
        ids = searcher.resolve(f"#{number}")
    except NotFound:
        return False
    repos = {repo.casefold() for repo in filters.repos}
    return any(
        (not repos or change.repo.casefold() in repos)
        and (filters.since is None or filters.since <= change.merged_at)
        and (filters.until is None or change.merged_at < filters.until)
        for change in (record.change for record in searcher.records(ids))
    )


def measures(numbers: Sequence[int | None], relevant: set[int]) -> dict[str, float]:
    """All measures of one ranked list; a number counts once, where it comes first."""
    seen: set[int | None] = set()
    gains = []
    for number in numbers[:DEPTH]:
        gains.append(number in relevant and number not in seen)
        seen.add(number)
    found: dict[str, float] = {}
    for k in CUTOFFS:
        found[f"recall@{k}"] = sum(gains[:k]) / min(k, len(relevant))
    first = gains.index(True) + 1 if True in gains else 0
    found[f"mrr@{DEPTH}"] = 1 / first if first else 0.0
    gain = sum(1 / log2(rank + 1) for rank, hit in enumerate(gains, 1) if hit)
    ideal = sum(1 / log2(rank + 1) for rank in range(1, min(DEPTH, len(relevant)) + 1))
    found[f"ndcg@{DEPTH}"] = gain / ideal
    return found


def bootstrap(values: Sequence[float], resamples: int = RESAMPLES) -> tuple[float, float]:
    """The 95 % interval of the mean by resampling; the same values give the same interval."""
    if not values:
        return (0.0, 0.0)
    draw = random.Random(SEED)  # noqa: S311 - statistics, not secrets
    size = len(values)
    means = sorted(sum(draw.choices(values, k=size)) / size for _ in range(resamples))
    return means[int(0.025 * resamples)], means[int(0.975 * resamples) - 1]


def compare(before: Evaluation, after: Evaluation) -> tuple[Comparison, ...]:
    """Paired over the questions that both runs hold."""
    old = {result.question.id: result for result in before.results}
    pairs = [(old[r.question.id], r) for r in after.results if r.question.id in old]
    if not pairs:
        raise UsageError("the two runs share no question", "compare runs of one file")
    compared = []
    for measure in MEASURES:
        steps = [(a.question.id, b.measures[measure] - a.measures[measure]) for a, b in pairs]
        low, high = bootstrap([step for _, step in steps])
        compared.append(
            Comparison(
                measure,
                sum(a.measures[measure] for a, _ in pairs) / len(pairs),
                sum(b.measures[measure] for _, b in pairs) / len(pairs),
                low,
                high,
                tuple(name for name, step in steps if step > 0),
                tuple(name for name, step in steps if step < 0),
            )
        )
    return tuple(compared)


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """The object of CONTRACT.md; `from_json` reads it back."""
    return {
        "n": len(evaluation.results),
        "not_indexed": list(evaluation.not_indexed),
        **{name: round(evaluation.mean(name), 4) for name in MEASURES},
        "interval": {
            name: [round(bound, 4) for bound in evaluation.interval(name)] for name in MEASURES
        },
        "by": {
            "kind": _groups(evaluation, "kind"),
            "lang": _groups(evaluation, "lang"),
        },
        "per_query": [
            {
                "id": result.question.id,
                "query": result.question.query,
                "lang": result.question.lang,
                "kind": result.question.kind,
                "relevant": list(result.question.relevant),
                "found": list(result.found),
                **{name: round(value, 4) for name, value in result.measures.items()},
                "missed": {str(number): why for number, why in result.missed.items()},
            }
            for result in evaluation.results
        ],
    }


def read_run(path: Path) -> Evaluation:
    """The evaluation that `kb eval --json -o` saved. Raises UsageError where it is something else."""
    hint = "kb eval FILE.jsonl --json -o RUN.json"
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror or exc}", hint) from exc
    except ValueError as exc:
        raise UsageError(f"{path} is no saved evaluation", hint) from exc
    return from_json(saved)


def from_json(saved: Mapping[str, Any]) -> Evaluation:
    """A run that `as_json` saved. Raises UsageError where it is something else."""
    try:
        results = tuple(
            QuestionResult(
                EvaluationQuery(
                    row["id"], row["query"], row["lang"], tuple(row["relevant"]), row["kind"]
                ),
                tuple(row["found"]),
                measures(row["found"], set(row["relevant"])),
                {int(number): why for number, why in row["missed"].items()},
            )
            for row in saved["per_query"]
        )
        return Evaluation(results, tuple(saved["not_indexed"]))
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise UsageError(
            f"this is no saved evaluation: {exc!r}", "kb eval FILE.jsonl --json -o RUN.json"
        ) from exc


def evaluation_text(evaluation: Evaluation, *, misses: bool = False) -> str:
    """The table by kind and language, with the interval of the whole; the misses on request."""
    rows = [("", "n", *MEASURES)]
    for title, name in (("all", ""), ("lang", "lang"), ("kind", "kind")):
        groups = _groups(evaluation, name) if name else {"all": _row(evaluation.results)}
        for value, row in groups.items():
            label = value if not name else f"{title} {value or '-'}"
            rows.append((label, f"{row['n']:g}", *(f"{row[name]:.3f}" for name in MEASURES)))
            if not name:
                bounds = (evaluation.interval(name) for name in MEASURES)
                rows.append(("  95 %", "", *(f"{low:.2f}-{high:.2f}" for low, high in bounds)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        row[0].ljust(widths[0])
        + "".join("  " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
    if evaluation.not_indexed:
        lines += ["", "not indexed: " + ", ".join(f"#{n}" for n in evaluation.not_indexed)]
    if misses:
        lines.append("")
        for result in evaluation.results:
            for number, why in result.missed.items():
                question = result.question
                lines.append(f"{question.id}  #{number}  {why}\n    {question.query}")
    return "\n".join(line.rstrip() for line in lines)


def comparison_text(before: Mapping[str, Any] | Evaluation, after: Evaluation) -> str:
    """A saved run (its JSON) or another evaluation against this one, paired by question."""
    earlier = before if isinstance(before, Evaluation) else from_json(before)
    lines = [f"{'':10}  before   after    change  95 % of the change   better/worse"]
    for item in compare(earlier, after):
        lines.append(
            f"{item.measure:10}  {item.before:.3f}    {item.after:.3f}   {item.after - item.before:+.3f}"
            f"  {item.low:+.3f} to {item.high:+.3f}     {len(item.better)}/{len(item.worse)}"
        )
    changed = compare(earlier, after)[-1]
    for label, names in (("better", changed.better), ("worse", changed.worse)):
        if names:
            lines.append(f"{label} by {changed.measure}: {', '.join(names)}")
    return "\n".join(lines)


def _groups(evaluation: Evaluation, name: str) -> dict[str, dict[str, float]]:
    groups: dict[str, list[QuestionResult]] = {}
    for result in evaluation.results:
        groups.setdefault(str(getattr(result.question, name)), []).append(result)
    return {value: _row(groups[value]) for value in sorted(groups)}


def _row(results: Sequence[QuestionResult]) -> dict[str, float]:
    size = len(results)
    return {"n": size} | {
        name: round(sum(result.measures[name] for result in results) / max(size, 1), 4)
        for name in MEASURES
    }


def _matches(question: EvaluationQuery, where: Mapping[str, str]) -> bool:
    return all(getattr(question, name) == value for name, value in where.items())


def _why(number: int, found: Sequence[FoundChange]) -> str:
    """Not retrieved, or retrieved low, and by which retriever."""
    for place, hit in enumerate(found, 1):
        if hit.number == number:
            ranks = ", ".join(f"{name} {rank}" for name, rank in sorted(hit.ranks.items()))
            return f"retrieved low: place {place}" + (f" ({ranks})" if ranks else "")
    return "not retrieved"
