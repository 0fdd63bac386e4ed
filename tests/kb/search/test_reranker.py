"""A reranker's order is the order of the hits; nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kb.errors import StoreError
from kb.knowledge_base import KnowledgeBase
from kb.search.reranker import rerank, reranked
from kb.types import Filters


class ByLength:
    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        del question
        return [float(len(text)) for text in texts]


class Deaf:
    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        del question, texts
        return []


def test_the_best_score_comes_first_and_equal_ones_keep_their_order() -> None:
    assert rerank(ByLength(), "q", ["aa", "bbbb", "cc"]) == [1, 0, 2]


def test_only_the_best_are_put_in_another_order(
    sample: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.search.reranker.DEPTH", 3)
    keys = sample.archive.ids(Filters())[:5]
    order = [(key, 1.0 / place) for place, key in enumerate(keys, 1)]
    records = sample.archive.by_rowids(keys)
    read = {keys[1]: records[keys[1]]}

    def letters(key: int) -> int:
        return len(f"{records[key].change.title}\n{records[key].digest.text}"[:2000])

    found, ranks = reranked(sample.archive, order, "q", ByLength(), read)
    best = sorted(keys[:3], key=letters, reverse=True)
    assert [key for key, _ in found] == [*best, *keys[3:]]
    assert dict(found) == dict(order)  # the scores stay
    assert ranks == {key: rank for rank, key in enumerate(best, 1)}
    assert set(read) == set(keys[:3])


def test_a_reranker_that_does_not_score_every_text_is_an_error() -> None:
    with pytest.raises(StoreError):
        rerank(Deaf(), "q", ["a"])


def test_an_unknown_model_is_an_error_with_a_hint(tmp_path_factory: pytest.TempPathFactory) -> None:
    from kb.search.reranker import reranker_for

    with pytest.raises(StoreError) as caught:
        reranker_for(str(tmp_path_factory.mktemp("empty") / "no-model"))
    assert "search.reranker" in caught.value.hint
