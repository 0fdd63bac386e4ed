"""The measures are the contract's; a miss says why; the sample's questions are answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.errors import NotFound, UsageError
from kb.evaluation import (
    EvaluationQuery,
    FoundChange,
    Searcher,
    bootstrap,
    comparison_text,
    evaluate,
    evaluation_json,
    evaluation_text,
    from_json,
    judge,
    measures,
    read_queries,
)
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from kb.types import Analysis, Change, ChangeRecord, Digest, Filters, Hit, Query, SearchResult

QUESTIONS = Path(__file__).resolve().parents[2] / "data" / "eval" / "queries.jsonl"
# Two points under what was measured, so that an accident shows and noise does not.
FLOORS = {"recall@10": 0.90, "ndcg@10": 0.75}


def test_recall_divides_by_what_can_stand_in_the_top_k() -> None:
    found = measures([1, 9, 2, 8], {1, 2, 3})
    assert found["recall@1"] == 1.0
    assert found["recall@5"] == pytest.approx(2 / 3)
    assert found["mrr@10"] == 1.0
    assert found["ndcg@10"] == pytest.approx((1 + 0.5) / (1 + 0.6309 + 0.5), abs=1e-3)


def test_what_is_not_found_is_worth_nothing() -> None:
    assert set(measures([5, 6], {1}).values()) == {0.0}
    assert set(measures([], {1}).values()) == {0.0}


def test_a_number_counts_once() -> None:
    assert measures([1, 1], {1, 2})["recall@10"] == 0.5


def test_a_miss_says_where_its_change_was() -> None:
    query = EvaluationQuery("a", "x", "en", (7, 8, 9))
    found = [FoundChange(number) for number in range(100, 111)]
    found.append(FoundChange(7, {"dense": 30, "lexical": 4}))
    result = judge(query, found, {9})
    assert result.missed == {
        7: "retrieved low: place 12 (dense 30, lexical 4)",
        8: "not retrieved",
        9: "not indexed",
    }


def test_the_same_values_have_the_same_interval() -> None:
    values = [0.0, 1.0, 1.0, 0.5]
    low, high = bootstrap(values)
    assert (low, high) == bootstrap(values)
    assert low < 0.625 < high
    assert bootstrap([]) == (0.0, 0.0)


@dataclass
class Stub:
    """Answers every question with the same changes; number 3 is not there."""

    answer: Sequence[int]

    def record(self, number: int) -> ChangeRecord:
        moment = datetime(2026, 1, number, tzinfo=UTC)
        change = Change(f"a/b#{number}", "a/b", number, "0" * 40, "t", "", "ann", moment)
        return ChangeRecord(change, Digest(""), Analysis(("docs",), 1.0, 0.0, "low"))

    def search(self, query: Query, *, filters: Filters, mode: str, limit: int) -> SearchResult:
        del filters, mode, limit
        hits = tuple(Hit(self.record(n), 1.0, {"lexical": 1}, "t") for n in self.answer)
        return SearchResult(query, "hybrid", None, hits, 0.0)

    def resolve(self, reference: str, repo: str | None = None) -> list[str]:
        del repo
        if reference == "#3":
            raise NotFound("no change #3")
        return [f"a/b{reference}"]

    def records(self, change_ids: Sequence[str]) -> list[ChangeRecord]:
        return [self.record(int(item.partition("#")[2])) for item in change_ids]


@dataclass
class DeepStub(Stub):
    """Puts the last one first where more than ten are asked for."""

    def search(self, query: Query, *, filters: Filters, mode: str, limit: int) -> SearchResult:
        answer = self.answer[:limit] if limit <= 10 else [self.answer[-1], *self.answer[:-1]]
        return Stub(answer).search(query, filters=filters, mode=mode, limit=limit)


def test_a_deeper_look_tells_why_and_does_not_count() -> None:
    searcher: Searcher = DeepStub(range(10, 22))
    found = evaluate(searcher, [EvaluationQuery("q", "x", "en", (21,))])
    assert found.mean("recall@10") == 0.0
    assert found.results[0].missed == {21: "retrieved low: place 11 (lexical 1)"}


def test_what_lies_outside_the_bounds_or_the_index_is_listed() -> None:
    searcher: Searcher = Stub([2, 1])
    queries = [
        EvaluationQuery("q1", "a:b -c", "en", (1, 3)),
        EvaluationQuery("q2", "x", "zh", (2,)),
    ]
    bounds = Filters(repos=("A/B",), since=datetime(2026, 1, 2, tzinfo=UTC))
    found = evaluate(searcher, queries, filters=bounds)
    assert found.not_indexed == (1, 3)
    assert found.mean("recall@10", lang="zh") == 1.0


def test_a_saved_run_is_read_back_and_compared() -> None:
    queries = [
        EvaluationQuery("q1", "x", "en", (1,), "issue"),
        EvaluationQuery("q2", "y", "zh", (2,)),
    ]
    worse, better = evaluate(Stub([9, 1]), queries), evaluate(Stub([1, 2]), queries)
    saved = json.loads(json.dumps(evaluation_json(worse)))
    assert from_json(saved).results[0].found == (9, 1)
    assert saved["n"] == 2
    assert saved["by"]["kind"]["issue"]["n"] == 1
    assert saved["by"]["lang"]["zh"]["recall@10"] == 0.0
    assert set(saved) >= {"recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10", "not_indexed"}
    assert saved["per_query"][0]["relevant"] == [1]
    text = comparison_text(saved, better)
    assert "better by ndcg@10: q1, q2" in text
    with pytest.raises(UsageError):
        comparison_text({"n": 1}, better)


def test_the_table_has_a_row_for_each_language_and_kind() -> None:
    queries = [
        EvaluationQuery("q1", "x", "en", (1,), "issue"),
        EvaluationQuery("q2", "y", "zh", (3,)),
    ]
    text = evaluation_text(evaluate(Stub([1]), queries), misses=True)
    for row in ("all", "lang en", "lang zh", "kind issue", "95 %", "not indexed: #3"):
        assert row in text
    assert "q2  #3  not indexed" in text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{}", "has no 'id'"),
        ('{"id": 1, "query": "x"', "is no JSON: Expecting ',' delimiter, column 23"),
        ('"id"', "is no JSON object"),
        ("[]", "is no JSON object"),
        ('{"id": 1, "query": "x"}', "has no 'relevant'"),
        ('{"id": 1, "query": "x", "relevant": []}', ": 'relevant' is no list of PR numbers: []"),
        ('{"id": 1, "query": "x", "relevant": "12"}', 'PR numbers: "12"'),
        ('{"id": 1, "query": "x", "relevant": ["one"]}', 'PR numbers: ["one"]'),
    ],
)
def test_a_wrong_line_is_told_in_a_sentence(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"id": 0, "query": "a\u2028b", "relevant": [1]}\n' + line, "utf-8")
    with pytest.raises(UsageError, match="line 2") as caught:
        read_queries(path)
    assert said in caught.value.message
    assert "Error" not in caught.value.message
    assert "relevant" in caught.value.hint


def test_a_file_without_questions_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    with pytest.raises(UsageError):
        read_queries(tmp_path / "none.jsonl")
    path.write_text("\n")
    with pytest.raises(UsageError):
        read_queries(path)


def test_the_samples_questions_are_answered(sample_home: Path) -> None:
    with KnowledgeBase.open(settings=Settings(home=sample_home)) as knowledge_base:
        found = evaluate(knowledge_base, read_queries(QUESTIONS))
    assert found.not_indexed == ()
    for measure, floor in FLOORS.items():
        assert found.mean(measure) >= floor, evaluation_text(found, misses=True)
