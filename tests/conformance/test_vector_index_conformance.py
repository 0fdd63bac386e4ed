"""Both vector indexes keep one contract; plain arithmetic over the stored vectors is the oracle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kb.embedders import identity_for
from kb.errors import IndexMismatch, StoreError, UsageError
from kb.settings import EmbedderSettings, Settings
from kb.store import generations, manifest
from kb.store.archive import Archive
from kb.store.vector_index import open_index
from kb.types import Analysis, Change, ChangeRecord, Digest

DIMENSION = 384
CHANGES = 900
CHUNKS = {"title": 1, "text": 3, "diff": 2}


def change_record(number: int) -> ChangeRecord:
    change = Change(
        id=f"a/b#{number}",
        repo="a/b",
        number=number,
        sha=f"{number:040x}",
        title=f"change {number}",
        body="",
        author="Ann",
        merged_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number),
        fingerprint="1",
    )
    return ChangeRecord(change, Digest(text=""), Analysis(("bugfix",), 1.0, 1.0, "low"))


def clustered(count: int, rng: np.random.Generator) -> np.ndarray:
    """Rows around a few dozen centres, as texts of one repository are."""
    centres = rng.normal(size=(40, DIMENSION))
    rows = centres[rng.integers(40, size=count)] + 0.6 * rng.normal(size=(count, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A published archive, and its vectors by kind as the oracle has them."""
    home = tmp_path_factory.mktemp("conformance")
    settings = Settings(home=home)
    rng = np.random.default_rng(11)
    stored = {}
    with Archive.open(home) as archive:
        archive.put_changes([change_record(number) for number in range(1, CHANGES + 1)])
        missing = archive.missing_vectors(embedder=identity_for(settings))
        for kind, most in CHUNKS.items():
            keys = [
                (item.rowid, chunk) for item in missing for chunk in range(1 + item.rowid % most)
            ]
            stored[kind] = (keys, clustered(len(keys), rng))
            archive.put_vectors(
                (
                    (rowid, kind, chunk, row)
                    for (rowid, chunk), row in zip(*stored[kind], strict=True)
                ),
                embedder=identity_for(settings),
                dimension=DIMENSION,
                done=[(item.rowid, kind) for item in missing],
            )
        generations.publish(archive, embedder=identity_for(settings), dimension=DIMENSION)
    return settings, stored


@pytest.fixture(params=["exact", "chroma"])
def index(request, world):
    opened = open_index(world[0], 1, request.param)
    yield opened
    opened.close()


def oracle(stored, kind, vector, limit, rowids=None):
    keys, rows = stored[kind]
    best = {}
    for (rowid, _), score in zip(keys, rows @ vector, strict=True):
        if rowids is None or rowid in rowids:
            best[rowid] = max(best.get(rowid, -2.0), float(score))
    return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:limit]


def questions(stored, count):
    rng = np.random.default_rng(5)
    rows = stored["text"][1][rng.integers(len(stored["text"][1]), size=count)]
    rows = rows + 0.03 * rng.normal(size=rows.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("share", [None, 0.5, 0.1, 0.01])
def test_answers_are_those_of_the_exact_scan(index, world, share):
    rng = np.random.default_rng(3)
    rowids = None
    if share is not None:
        chosen = rng.choice(CHANGES, int(CHANGES * share), replace=False) + 1
        rowids = {int(rowid) for rowid in chosen}
    found = wanted = 0
    for vector in questions(world[1], 20):
        for kind in CHUNKS:
            expected = oracle(world[1], kind, vector, 50, rowids)
            hits = index.search(vector, kind, 50, rowids)
            assert all(rowids is None or hit.rowid in rowids for hit in hits)
            found += len({hit.rowid for hit in hits} & {rowid for rowid, _ in expected})
            wanted += len(expected)
    assert found / wanted >= 0.99


@pytest.mark.parametrize("share", [None, 0.3])
def test_the_nearest_are_found_among_many_that_are_alike(tmp_path, share):
    """As where a bot gives half of all changes one title: HNSW links equal vectors to each other."""
    settings = Settings(home=tmp_path)
    rng = np.random.default_rng(7)
    rows = clustered(CHANGES, rng)
    alike = rng.permutation(CHANGES)[: CHANGES // 2]
    rows[alike] = rows[alike[0]] + rng.uniform(-1e-6, 1e-6, (len(alike), DIMENSION))
    rowids = None if share is None else set(range(1, CHANGES, 3))
    with Archive.open(tmp_path) as archive:
        archive.put_changes([change_record(number) for number in range(1, CHANGES + 1)])
        archive.put_vectors(
            ((number + 1, "title", 0, row) for number, row in enumerate(rows)),
            embedder=identity_for(settings),
            dimension=DIMENSION,
        )
        generations.publish(archive, embedder=identity_for(settings), dimension=DIMENSION)
    index = open_index(settings, 1, "chroma")
    stored = {"title": ([(number, 0) for number in range(1, CHANGES + 1)], rows)}
    assert index.count("title") == CHANGES
    for limit in (10, 100, CHANGES):
        for place in range(0, CHANGES, 30):
            wanted = [score for _, score in oracle(stored, "title", rows[place], limit, rowids)]
            hits = index.search(rows[place], "title", limit, rowids)
            assert [hit.score for hit in hits] == pytest.approx(wanted, abs=1e-3)
            assert len({hit.rowid for hit in hits}) == len(wanted)
    index.close()


def test_scores_are_cosines_and_the_best_chunk_is_named(index, world):
    keys, rows = world[1]["text"]
    place = next(place for place, (_, chunk) in enumerate(keys) if chunk == 2)
    hit = index.search(rows[place], "text", 3)[0]
    assert (hit.rowid, hit.kind, hit.chunk) == (keys[place][0], "text", 2)
    assert hit.score == pytest.approx(1.0, abs=1e-3)


def test_a_change_comes_once_a_kind_nearest_first(index, world):
    vector = questions(world[1], 1)[0]
    hits = index.search(vector, ("title", "text", "diff"), 30)
    for kind in CHUNKS:
        scores = [hit.score for hit in hits if hit.kind == kind]
        assert len(scores) == 30
        assert scores == sorted(scores, reverse=True)
        assert len({hit.rowid for hit in hits if hit.kind == kind}) == 30


def test_more_than_there_is_gives_all_there_is(index, world):
    vector = questions(world[1], 1)[0]
    assert len(index.search(vector, "title", CHANGES * 3)) == CHANGES
    assert len(index.search(vector, "text", 100, {1, 2, 3, 10_000_000, -1})) == 3


def test_empty_questions_have_empty_answers(index, world):
    vector = questions(world[1], 1)[0]
    assert index.search(vector, "text", 0) == []
    assert index.search(vector, "text", 10, set()) == []
    assert index.search(vector, "no-such-kind", 10) == []
    assert index.search(vector, (), 10) == []


def test_the_same_question_has_the_same_answer(index, world):
    vector = questions(world[1], 1)[0]
    first = index.search(vector, ("title", "diff"), 20)
    assert index.search(vector, ("title", "diff"), 20) == first


def test_counts_are_of_vectors(index, world):
    for kind in CHUNKS:
        assert index.count(kind) == len(world[1][kind][0])
    assert index.count("no-such-kind") == 0


@pytest.mark.parametrize("engine", ["exact", "chroma"])
def test_an_index_of_another_model_is_refused(world, engine):
    settings = Settings(home=world[0].home, embedder=EmbedderSettings(model="other/model"))
    with pytest.raises(IndexMismatch) as caught:
        open_index(settings, 1, engine)
    assert "other/model" in caught.value.message
    assert "reindex" in caught.value.hint


@pytest.mark.parametrize("engine", ["exact", "chroma"])
def test_a_generation_that_is_gone_is_an_error(world, engine):
    with pytest.raises(StoreError):
        open_index(world[0], 7, engine)
    with pytest.raises(StoreError, match="nothing is indexed"):
        open_index(world[0], 0, engine)


def test_a_broken_chroma_is_an_error_and_the_exact_scan_still_answers(world, tmp_path):
    import shutil

    home = tmp_path / "copy"
    shutil.copytree(world[0].home, home)
    settings = Settings(home=home)
    database = manifest.folder(home, 1) / "chroma" / "chroma.sqlite3"
    database.write_bytes(b"broken" * 1000)
    vector = questions(world[1], 1)[0]
    with pytest.raises(StoreError) as caught:
        open_index(settings, 1, "chroma").search(vector, "text", 5)
    assert "Chroma" in caught.value.message
    assert len(open_index(settings, 1, "exact").search(vector, "text", 5)) == 5


def test_an_unknown_engine_is_wrong_usage(world):
    with pytest.raises(UsageError):
        open_index(world[0], 1, "faiss")


def test_it_says_which_changes_have_a_vector(index, world):
    some = {keys[0] for keys in world[1]["title"][0][:5]}
    assert index.having("title", {*some, 10_000_000}) == some
    assert index.having("no-such-kind", some) == set()
    assert index.having("title", []) == set()
