"""A search finds by meaning and by words, says why, and gives the same answer again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.embedders import identity_for
from kb.errors import QueryError
from kb.knowledge_base import KnowledgeBase
from kb.phrases import phrase
from kb.settings import Settings
from kb.store import generations
from kb.store.archive import Archive
from kb.types import Analysis, Change, ChangeRecord, Digest, Filters, Hit, SearchResult


def numbers(result: SearchResult) -> list[int | None]:
    return [hit.record.change.number for hit in result.hits]


def first(result: SearchResult) -> Hit:
    assert result.hits
    return result.hits[0]


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_a_symptom_finds_its_fix(sample: KnowledgeBase, mode: str) -> None:
    found = sample.search("shutdown hangs while a client is streaming", mode=mode)
    assert found.mode == mode
    assert 1226 in numbers(found)[:3]


@pytest.mark.parametrize("text", ["shutdown hangs while a client is streaming", "死锁 timeout"])
def test_a_resident_process_answers_like_a_command(
    sample_home: Path, sample: KnowledgeBase, text: str
) -> None:
    """It reads the likeliest changes while the vectors are asked for, and scores words itself."""
    with KnowledgeBase.open(settings=Settings(home=sample_home), resident=True) as staying:
        staying.warm()
        hits, others = sample.search(text).hits, staying.search(text).hits
    assert [hit.record for hit in others] == [hit.record for hit in hits]
    assert [(hit.passage, hit.matched) for hit in others] == [
        (hit.passage, hit.matched) for hit in hits
    ]


def test_a_chinese_question_finds_an_english_change(sample: KnowledgeBase) -> None:
    assert 1226 in numbers(sample.search("客户端流式时关闭卡死"))[:5]


def test_two_characters_of_chinese_find_chinese_text(sample: KnowledgeBase) -> None:
    assert 1247 in numbers(sample.search("死锁", mode="lexical"))


def test_an_abbreviation_finds_what_it_stands_for(sample: KnowledgeBase) -> None:
    assert {1254} & set(numbers(sample.search("OTel", mode="lexical"))[:3])


@pytest.mark.parametrize("text", ["1226", "#1226"])
def test_a_number_finds_its_change_alone(sample: KnowledgeBase, text: str) -> None:
    found = sample.search(text)
    assert numbers(found) == [1226]
    assert first(found).ranks == {"exact": 1}


def test_a_sha_and_a_whole_id_find_their_change(sample: KnowledgeBase) -> None:
    record = first(sample.search("#1226")).record
    assert numbers(sample.search(record.change.sha[:10])) == [1226]
    assert numbers(sample.search(record.id)) == [1226]


def test_words_with_a_number_among_them_are_words(sample: KnowledgeBase) -> None:
    assert len(sample.search("python 3.13 tests").hits) > 1


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_filters_hold_for_every_hit(sample: KnowledgeBase, mode: str) -> None:
    filters = Filters(authors=("Lin Xiao",), since=datetime(2026, 10, 20, tzinfo=UTC))
    found = sample.search("cache", filters=filters, mode=mode)
    assert found.hits
    for hit in found.hits:
        assert hit.record.change.author == "Lin Xiao"
        assert hit.record.change.merged_at >= datetime(2026, 10, 20, tzinfo=UTC)


def test_a_field_means_what_its_flag_means(sample: KnowledgeBase) -> None:
    by_field = sample.search('cache author:"Lin Xiao"')
    by_flag = sample.search("cache", filters=Filters(authors=("Lin Xiao",)))
    assert numbers(by_field) == numbers(by_flag)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_a_phrase_must_occur_and_a_minus_word_must_not(sample: KnowledgeBase, mode: str) -> None:
    found = sample.search('"prefix cache" -offload', mode=mode, limit=50)
    assert 1198 in numbers(found)
    assert not {1236, 1243, 1251} & set(numbers(found))
    assert 1226 not in numbers(found)


def test_filters_alone_list_the_most_important_changes(sample: KnowledgeBase) -> None:
    found = sample.search("type:feature")
    weights = [hit.record.analysis.importance for hit in found.hits]
    assert weights
    assert weights == sorted(weights, reverse=True)
    assert all("feature" in hit.record.analysis.types for hit in found.hits)


def test_nothing_asked_finds_nothing(sample: KnowledgeBase) -> None:
    assert sample.search("").hits == ()


def test_a_phrase_of_signs_must_occur_too(sample: KnowledgeBase) -> None:
    assert sample.search('type:bugfix "->"').hits == ()


def test_what_only_meaning_found_says_so(sample: KnowledgeBase) -> None:
    assert sample.search("qzxv wkrtz").notes == (
        "no change holds a word of the question; these are near by meaning alone",
    )
    assert sample.search("shutdown hangs").notes == ()


def test_an_unknown_field_is_an_error(sample: KnowledgeBase) -> None:
    with pytest.raises(QueryError):
        sample.search("autor:yang cache")


def test_the_same_question_has_the_same_answer(sample: KnowledgeBase) -> None:
    again = [sample.search("queue job priority", limit=20) for _ in range(3)]
    assert len({json.dumps([(h.record.id, h.score) for h in found.hits]) for found in again}) == 1


def test_pages_follow_each_other(sample: KnowledgeBase) -> None:
    query = sample.parse("queue", limit=20)
    whole = numbers(sample.search(query))
    pages = [
        numbers(sample.search(replace(query, limit=5, offset=offset))) for offset in (0, 5, 10)
    ]
    assert [number for page in pages for number in page] == whole[:15]


def test_a_hit_says_which_words_fields_and_vectors_found_it(sample: KnowledgeBase) -> None:
    hit = first(sample.search("prefix cache hit rate"))
    assert "cache" in hit.matched
    assert set(hit.ranks) == {"dense", "lexical"}
    assert any("words: rank" in reason and "title" in reason for reason in hit.found_by)
    assert any("cosine" in reason for reason in hit.found_by)


def test_the_passage_is_the_one_that_matched(sample: KnowledgeBase) -> None:
    hit = next(
        hit
        for hit in sample.search("illegal memory access", mode="lexical").hits
        if hit.record.change.number == 1219
    )
    assert hit.passage_kind != "title"
    assert "memory" in hit.passage


def test_what_was_made_for_a_vector_is_quoted_to_nobody(sample: KnowledgeBase) -> None:
    """Paths and names in words stand in a text that is embedded; no change says them."""
    questions = ("worker hangs after half an hour", "lost jobs", "requirements", "slow start")
    hits = [hit for text in questions for hit in sample.search(text, limit=30).hits]
    hits += sample.similar("lanternworks/ember#1212", limit=30)
    told = [hit for hit in hits if hit.passage_kind == "text"]
    assert told
    for hit in told:
        words = hit.passage.removesuffix(" …").split()
        assert " ".join(words) in " ".join(hit.record.digest.description.split())


def test_reasons_are_told_in_the_readers_language(sample_home: Path) -> None:
    with KnowledgeBase.open(settings=Settings(home=sample_home, lang="zh")) as knowledge_base:
        hit = first(knowledge_base.search("prefix cache"))
        exact = first(knowledge_base.search("#1226"))
    assert any("词语" in reason for reason in hit.found_by)
    assert not any(reason.isascii() for reason in exact.found_by)


def test_neighbours_are_about_the_same_and_without_the_change_itself(
    sample: KnowledgeBase,
) -> None:
    record = first(sample.search("#1243")).record
    near = [hit.record.change.number for hit in sample.similar(record.id, limit=5)]
    assert 1243 not in near
    assert {1236, 1251} & set(near[:3])
    assert sample.similar("nobody/nothing#1") == []


def test_chroma_and_the_exact_scan_agree(sample_home: Path) -> None:
    answers = []
    for engine in ("exact", "chroma"):
        settings = Settings(home=sample_home)
        settings = replace(settings, search=replace(settings.search, engine=engine))
        with KnowledgeBase.open(settings=settings) as knowledge_base:
            found = knowledge_base.search("requests wait too long in the queue")
            assert found.engine == engine
            answers.append(numbers(found))
    assert answers[0][:5] == answers[1][:5]


def test_hostile_text_is_only_text(sample: KnowledgeBase) -> None:
    for text in ('" OR 1=1 --', "NEAR(a b)", "title : *", "'; DROP TABLE changes;", "(((", "\x00"):
        sample.search(text)


def test_changes_that_are_stored_and_not_shown_yet_are_told(
    sample: KnowledgeBase, tmp_path: Path
) -> None:
    records = sample.select(Filters(), limit=3)
    settings = Settings(home=tmp_path)
    told = phrase("search.note.unpublished", "en", changes=1)

    def notes() -> tuple[str, ...]:
        with KnowledgeBase.open(settings=settings) as knowledge:
            return knowledge.search("queue", mode="lexical").notes

    with Archive.open(tmp_path) as archive:
        archive.put_changes(records[:1])
        assert notes() == (told,)  # nothing is shown yet
        generations.publish(archive, embedder=identity_for(settings), dimension=384)
        assert told not in notes()
        archive.put_changes(records[1:2])
        assert told in notes()


def test_what_stands_behind_the_best_hit_takes_no_place_of_another(tmp_path: Path) -> None:
    def record(number: int, title: str) -> ChangeRecord:
        merged = datetime(2026, 1, 1, number, tzinfo=UTC)
        change = Change(f"a/b#{number}", "a/b", number, f"{number:040x}", title, "", "ann", merged)
        return ChangeRecord(change, Digest(title), Analysis(("fix",), 5.0, 1.0, "medium"))

    copies = [record(number, "Mend the leak of queue handles") for number in range(1, 13)]
    others = [record(number, f"Mend the leak {number}") for number in range(13, 19)]
    settings = Settings(home=tmp_path)
    with Archive.open(tmp_path) as archive:
        archive.put_changes(copies + others)
        generations.publish(archive, embedder=identity_for(settings), dimension=384)
    with KnowledgeBase.open(settings=settings) as knowledge:
        best, *rest = knowledge.search(
            "mend the leak of queue handles", mode="lexical", limit=5
        ).hits
    assert len(best.folded) == len(copies) - 1
    assert len(rest) == 4
    assert {hit.record.change.number for hit in rest} <= {*range(13, 19)}


def test_a_compound_of_which_only_a_part_is_there_is_not_said_to_match(
    sample: KnowledgeBase,
) -> None:
    # `--cache-limit` shares one word with it
    found = {word for hit in sample.search("IE11cache").hits for word in hit.matched}
    assert "cache" in found
    assert "IE11cache" not in found
