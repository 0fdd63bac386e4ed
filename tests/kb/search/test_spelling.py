"""A slip of the finger finds what was meant; a word that is known or strange stays as typed."""

from __future__ import annotations

from kb.knowledge_base import KnowledgeBase
from kb.search.question import understand
from kb.search.spelling import respelled, with_spellings
from kb.text.stemmer import stem

HELD = {
    stem(word): n for word, n in {"sentinel": 9, "renewal": 3, "hostname": 5, "rare": 1}.items()
}


def count(token: str, most: int) -> int:
    return min(HELD.get(token, 0), most)


def test_a_letter_wrong_missing_too_many_or_exchanged() -> None:
    for slip in ("sentinal", "sentinl", "sentinnel", "sentienl"):
        assert respelled(f"{slip} failover", count) == {slip: "sentinel"}


def test_a_known_word_a_short_one_and_a_name_stay() -> None:
    assert respelled("sentinels renew hostname", count) == {}
    assert respelled("rar", count) == {}
    assert respelled("rarex", count) == {}  # one change alone may hold a slip
    assert respelled("src/sentinal.c sentinal_count --sentinal Sentinal.c", count) == {}


def test_a_word_as_long_as_no_word_is_no_slip() -> None:
    """All that is a letter away from one of 100,000 letters takes more memory than there is."""
    long = "sentinel" * 5
    assert respelled(long[:-1], lambda token, most: most * (token == stem(long))) == {}


def test_the_likely_spelling_is_looked_for_and_the_word_still_encoded() -> None:
    question = with_spellings(understand("sentinal failover"), {"sentinal": "sentinel"})
    assert stem("sentinel") in question.tokens
    assert question.sources[stem("sentinel")] == "sentinal"
    assert question.encoded == "sentinal failover"


def test_a_slip_finds_the_change_and_is_told(sample: KnowledgeBase) -> None:
    found = sample.search("shutdown hangs while a cleint is streaming", mode="lexical")
    assert 1226 in [hit.record.change.number for hit in found.hits][:3]
    assert any("cleint" in note and "client" in note for note in found.notes)
    assert "cleint" in found.hits[0].matched
