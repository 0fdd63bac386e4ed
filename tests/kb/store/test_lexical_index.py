"""Words are found by field, in both languages, and only where readers may look."""

from __future__ import annotations

import pytest

from kb.store import lexical_index, manifest
from kb.store.lexical_index import LexicalQuery, match_expression, search
from kb.text.tokenizer import tokens
from kb.types import Filters


def numbers(archive, *words, filters=Filters(), rowids=None, limit=100, **query):
    wanted = LexicalQuery(any_of=tuple(token for word in words for token in tokens(word)), **query)
    found = search(archive, wanted, filters=filters, rowids=rowids, limit=limit)
    records = archive.by_rowids([rowid for rowid, _ in found])
    return [record.change.number for record in records.values()]


def test_a_rare_word_comes_first(shown):
    assert numbers(shown, "cache 7")[0] == 7


@pytest.mark.parametrize(
    "word", ["修复", "缓存泄漏", "clear_cache", "clearCache", "LRU", "--cache-size"]
)
def test_words_of_text_code_and_chinese_are_found(shown, word):
    assert len(numbers(shown, word)) == 12


def test_a_field_without_weight_is_not_searched(shown):
    assert numbers(shown, "LRU", weights={"reviews": 0.0}) == []
    assert numbers(shown, "LRU", weights={"title": 0.0})


def test_phrases_must_stand_side_by_side(shown):
    part = tuple(tokens("part 7"))
    assert numbers(shown, "cache", phrases=(part,)) == [7]
    assert numbers(shown, phrases=(tuple(tokens("7 part")),)) == []


def test_excluded_words_take_changes_out(shown):
    assert 7 not in numbers(shown, "cache", excluded=(tuple(tokens("part 7")),))
    assert len(numbers(shown, "cache", excluded=(tuple(tokens("part 7")),))) == 11


def test_filters_apply_before_the_limit(shown):
    assert numbers(shown, "cache", filters=Filters(levels=("high",)), limit=4) == [3, 6, 9, 12]
    rowids = shown.rowids(["acme/engine#2", "acme/engine#4"]).values()
    assert sorted(numbers(shown, "cache", rowids=set(rowids))) == [2, 4]


def test_nothing_typed_is_an_operator(shown):
    for token in ('"', "NOT", "OR", "AND", "*", "(", "title:", "NEAR", "^", "-", "a\x00b"):
        search(shown, LexicalQuery(any_of=(token, "cache"), phrases=((token, "x"),)))
    assert match_expression(LexicalQuery()) == ""
    assert match_expression(LexicalQuery(excluded=(("x",),))) == ""


def test_replaced_words_are_gone(shown, made):
    shown.put_changes([made.record(7, title="Rename the scheduler", body="", fingerprint="2")])
    assert sorted(numbers(shown, "Fix")) == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]
    assert numbers(shown, "scheduler") == [7]
    assert numbers(shown, phrases=(tuple(tokens("Fix the cache of part 7")),)) == []


def test_what_is_not_published_or_stale_is_not_found(shown, made):
    shown.put_changes([made.record(20)])
    assert 20 not in numbers(shown, "cache")
    manifest.swap(shown.home, 2)
    assert 20 in numbers(shown, "cache")
    shown.mark_reachable("acme/engine", "main", [made.record(20).change.sha])
    assert numbers(shown, "cache") == [20]


def test_words_are_built_again_from_the_archive(shown):
    before = search(shown, LexicalQuery(any_of=("cach", "7")))
    lexical_index.clear(shown.connection)
    assert search(shown, LexicalQuery(any_of=("cach", "7"))) == []
    assert shown.rebuild_words() == 12
    assert search(shown, LexicalQuery(any_of=("cach", "7"))) == before
