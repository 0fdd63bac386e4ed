"""Lists of several retrievers become one order that does not change between runs."""

from __future__ import annotations

from kb.search.fusion import fuse


def test_what_stands_out_in_both_lists_comes_first() -> None:
    words = [(1, 30.0), (2, 12.0), (3, 11.0)]
    vectors = [(2, 0.9), (1, 0.88), (4, 0.2)]
    order = fuse({"words": words, "vectors": vectors}, {"words": 1.0, "vectors": 1.0})
    assert [key for key, _ in order][:2] == [1, 2]


def test_the_height_of_a_retrievers_scores_does_not_matter() -> None:
    words = [(1, 30.0), (2, 12.0), (3, 11.0)]
    vectors = [(2, 0.9), (1, 0.8), (4, 0.2)]
    higher = [(key, 1000 * score + 5) for key, score in words]
    weights = {"words": 1.0, "vectors": 1.0}
    first = [key for key, _ in fuse({"words": words, "vectors": vectors}, weights)]
    assert [key for key, _ in fuse({"words": higher, "vectors": vectors}, weights)] == first


def test_the_first_of_a_list_counts_more_than_in_proportion() -> None:
    once = dict(fuse({"a": [(1, 4.0), (2, 2.0), (3, 0.0)]}, {}))
    assert once[1] > 2 * once[2] > 0.0


def test_equal_scores_come_by_key() -> None:
    assert [key for key, _ in fuse({"a": [(9, 1.0), (2, 1.0), (5, 1.0)]}, {})] == [2, 5, 9]


def test_an_empty_list_says_nothing() -> None:
    assert fuse({"a": [], "b": [(1, 0.5)]}, {}) == [(1, 0.0)]
    assert fuse({}, {}) == []


def test_a_change_of_which_a_retriever_has_no_text_is_not_the_last_there() -> None:
    title = [(1, 0.8), (2, 0.7), (3, 0.2)]
    diff = [(2, 0.5), (3, 0.45), (4, 0.1)]
    weights = {"title": 1.0, "diff": 1.0}
    order = fuse({"title": title, "diff": diff}, weights)
    assert order[0][0] == 2
    judged = fuse({"title": title, "diff": diff}, weights, {"title": set(), "diff": {1}})
    assert judged[0][0] == 1
    assert dict(judged)[1] == 2 * dict(order)[1]
    assert dict(judged)[2] == dict(order)[2]
