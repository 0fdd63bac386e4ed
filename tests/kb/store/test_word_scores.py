"""What a resident process keeps of the words says what FTS5 says, and follows every write."""

from __future__ import annotations

import pytest

from kb.store import word_scores
from kb.store.lexical_index import LexicalQuery, search
from kb.store.word_scores import WordScores
from kb.text.tokenizer import tokens
from kb.types import Filters

WEIGHTS = {"title": 4.0, "symbols": 2.0, "reviews": 0.5}
QUESTIONS = ("cache 7", "the LRU cache of part 3", "修复缓存泄漏", "zebra", "")


@pytest.fixture
def scores():
    return WordScores(WEIGHTS)


def by_scores(archive, scores, text, rowids=None, limit=100):
    return scores.search(archive, [(tokens(text), 1.0, 100)], rowids, limit)


def by_fts(archive, text, rowids=None, limit=100):
    query = LexicalQuery(any_of=tuple(tokens(text)), weights=WEIGHTS)
    return search(archive, query, rowids=rowids, limit=limit)


@pytest.mark.parametrize("text", QUESTIONS)
def test_scores_are_those_of_fts5_to_the_last_bit(shown, scores, text):
    assert by_scores(shown, scores, text) == by_fts(shown, text)
    some = list(shown.rowids(["acme/engine#2", "acme/engine#7", "acme/engine#9"]).values())
    assert by_scores(shown, scores, text, some) == by_fts(shown, text, some)
    assert by_scores(shown, scores, text, limit=3) == by_fts(shown, text, limit=3)


def test_groups_add_up_by_weight_and_each_counts_to_its_depth(shown, scores):
    first = dict(by_fts(shown, "7"))
    second = by_fts(shown, "cache", limit=4)
    found = scores.search(shown, [(["7"], 1.0, 100), (["cach"], 0.3, 4)], None, 100)
    expected = {rowid: first.get(rowid, 0.0) for rowid in {*first, *dict(second)}}
    for rowid, score in second:
        expected[rowid] += 0.3 * score
    assert dict(found) == expected


def test_what_a_write_changed_is_read_again(shown, scores, made):
    assert len(by_scores(shown, scores, "cache")) == 12
    shown.put_changes([made.record(7, title="Rename the scheduler", fingerprint="2")])
    assert by_scores(shown, scores, "scheduler") == by_fts(shown, "scheduler") != []
    shown.mark_reachable("acme/engine", "main", [made.record(3).change.sha])
    assert by_scores(shown, scores, "cache") == by_fts(shown, "cache")
    assert len(by_scores(shown, scores, "cache")) == 1


def test_what_only_the_next_generation_shows_is_not_found(shown, scores, made):
    shown.put_changes([made.record(20, title="Tame the zebra")])
    assert by_scores(shown, scores, "zebra") == []


def test_keeping_a_question_forgets_nothing(shown, scores):
    by_scores(shown, scores, "cache")
    before = shown.state()
    shown.put_question("Why?", {})
    assert shown.state() == before
    shown.rebuild_words()
    assert shown.state() != before


def test_no_more_is_kept_than_fits(shown, scores, monkeypatch):
    monkeypatch.setattr(word_scores, "MOST_SCORES", 13)
    for text in ("cache", "part", "clear"):
        assert by_scores(shown, scores, text) == by_fts(shown, text)
    assert scores._kept.scores <= 13


def test_filters_reach_it_as_the_changes_that_they_leave(shown, scores):
    high = shown.ids(Filters(levels=("high",)))
    assert by_scores(shown, scores, "cache", high) == by_fts(shown, "cache", high)
    assert by_scores(shown, scores, "cache", []) == []


def test_common_words_are_read_before_they_are_asked_for(shown, scores, monkeypatch):
    monkeypatch.setattr(word_scores, "COMMON", 12)
    scores.keep_common(shown)
    expected = by_fts(shown, "cache")
    read: list[str] = []
    word = word_scores.lexical_index.word

    def counted(archive, token, weights):
        read.append(token)
        return word(archive, token, weights)

    monkeypatch.setattr(word_scores.lexical_index, "word", counted)
    assert by_scores(shown, scores, "cache") == expected
    assert read == []
    by_scores(shown, scores, "zebra cache")
    assert read == ["zebra"]
