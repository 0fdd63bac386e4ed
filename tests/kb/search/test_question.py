"""What a question looks for, and how much of it counts."""

from __future__ import annotations

from kb.search.question import understand
from kb.text.tokenizer import tokens


def test_the_parts_of_a_name_count_less_than_words_of_their_own() -> None:
    question = understand("slot-cache misses after a restart of the cache")
    assert question.of_names == {"slotcach", "slot"}
    assert {*question.of_names, "cach", "miss", "restart"} <= set(question.tokens)


def test_chinese_and_its_renderings_are_words_of_their_own() -> None:
    question = understand("缓存命中率")
    assert set(tokens("cache")) <= set(question.tokens) - question.of_names
    assert question.of_names == {"cachehit"}


def test_two_words_may_be_one_name_in_the_code() -> None:
    question = understand("the parcel index of a depot")
    assert "parcelindex" in question.of_names
    assert question.sources["parcelindex"] == "parcel index"
    assert {"parcel", "index", "depot"} <= set(question.tokens) - question.of_names
    assert not any(token.startswith(("ofa", "adepot")) for token in question.tokens)
