"""Of vectors that are alike Chroma holds one, and answers with all that stand behind it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kb.settings import Settings
from kb.store import alike, generations, manifest
from kb.store.archive import Archive
from kb.store.vector_index import open_index


def keys_of(marks: list[int], seed: int = 1) -> np.ndarray:
    """Keys of changes 1, 2, ... with growing serials that have gaps."""
    count = len(marks)
    serials = np.cumsum(np.random.default_rng(seed).integers(1, 5, count))
    return np.column_stack([serials, np.arange(1, count + 1), np.zeros(count, int), marks])


def test_the_keys_behind_a_vector_are_those_of_its_mark():
    rng = np.random.default_rng(2)
    keys = keys_of(rng.integers(-9, 9, 60).tolist())
    held = alike.AlikeKeys(keys)
    firsts = alike.first_serials(keys)
    assert len(held) == len(firsts) == len(set(keys[:, 3].tolist()))
    ids = [str(serial) for serial in rng.permutation(firsts)[:7]]
    places, which = held.behind(ids)
    for index, serial in enumerate(ids):
        mark = keys[keys[:, 0] == int(serial), 3]
        assert places[which == index].tolist() == np.flatnonzero(keys[:, 3] == mark).tolist()
    allowed = held.of_changes(np.array([4, 9, 1000]))
    marks = {keys[3, 3], keys[8, 3]}
    assert held.ids(allowed) == [
        str(serial) for serial in firsts if keys[keys[:, 0] == serial, 3][0] in marks
    ]


def test_a_kind_without_vectors_has_no_keys():
    held = alike.AlikeKeys(keys_of([]).astype(np.int64))
    places, which = held.behind([])
    assert len(held) == len(places) == len(which) == 0
    assert held.ids(held.of_changes(np.array([1]))) == []


@pytest.mark.parametrize("dimension", [1, 3, 384, 1024])
def test_rows_are_alike_where_their_texts_are_equal(dimension):
    rows = np.random.default_rng(3).normal(size=(40, dimension)).astype(np.float32)
    rows[:, 0] = np.arange(40)  # one number alone would give equal rows
    rows /= max(40, np.linalg.norm(rows, axis=1).max())
    rows[20:] = rows[:20]
    marks = alike.marks_of(rows)
    assert marks[:20].tolist() == marks[20:].tolist()
    assert len(set(marks.tolist())) == 20
    assert len(alike.marks_of(rows[:0])) == 0


def test_zeros_of_either_sign_are_alike():
    rows = np.array([[0.0, 1.0], [-0.0, 1.0], [-0.0002, 1.0]], np.float32)
    assert len(set(alike.marks_of(rows).tolist())) == 1


def _put(archive, made, rows):
    missing = archive.missing_vectors(("title",), embedder=made.embedder)
    assert len(missing) == len(rows)
    archive.put_vectors(
        ((item.rowid, "title", 0, row) for item, row in zip(missing, rows, strict=True)),
        embedder=made.embedder,
        dimension=made.dimension,
        done=[(item.rowid, "title") for item in missing],
    )


def _found(archive, row, engine="chroma", rowids=None):
    index = open_index(Settings(home=archive.home), archive.generation(), engine)
    hits = index.search(row, "title", 50, rowids)
    count = index.count("title")
    index.close()
    return {hit.rowid for hit in hits if hit.score > 0.999}, count


def _held(archive):
    """How many vectors Chroma's part of the current generation has."""
    folder = manifest.folder(archive.home, archive.generation())
    return len(np.load(folder / "chroma" / "title.serials.npy"))


def test_alikes_come_and_go_and_are_found_behind_the_one_that_stays(archive, made):
    rows = made.rows(6)
    archive.put_changes([made.record(number) for number in range(1, 9)])
    _put(archive, made, [rows[0]] * 4 + list(rows[1:5]))
    made.publish(archive)
    four, count = _found(archive, rows[0])
    assert (len(four), count, _held(archive)) == (4, 8, 5)

    archive.put_changes([made.record(9)])  # one more of the same: Chroma gets nothing
    _put(archive, made, [rows[0]])
    made.publish(archive)
    five, count = _found(archive, rows[0])
    assert (len(five), count, _held(archive)) == (5, 9, 5)

    first = min(five)  # the one whose vector Chroma holds gets other words
    archive.put_changes([made.record(first, title="New words", fingerprint="2")])
    _put(archive, made, [rows[5]])
    made.publish(archive)
    found, count = _found(archive, rows[0])
    assert found == five - {first}
    assert (count, _held(archive)) == (9, 6)
    assert _found(archive, rows[5])[0] == {first}
    one = max(found)
    assert _found(archive, rows[0], rowids={one, first})[0] == {one}
    assert _found(archive, rows[0], "exact")[0] == found


@pytest.fixture
def chroma_server(tmp_path):
    """A Chroma of its own process on loopback, as several homes may share one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("chroma"), "run", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--path", str(tmp_path / "server")]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet)
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


def _publish_on(server, archive, made):
    generations.publish(
        archive, embedder=made.embedder, dimension=made.dimension, chroma_url=server
    )


def test_a_chroma_server_holds_one_of_alikes_and_follows_what_went(archive, made, chroma_server):
    rows = made.rows(6)

    archive.put_changes([made.record(number) for number in range(1, 9)])
    _put(archive, made, [rows[0]] * 4 + list(rows[1:5]))
    _publish_on(chroma_server, archive, made)
    four, count = _found(archive, rows[0])
    assert (len(four), count) == (4, 8)
    archive.put_changes([made.record(min(four), title="New words", fingerprint="2")])
    _put(archive, made, [rows[5]])
    _publish_on(chroma_server, archive, made)
    found, count = _found(archive, rows[0])
    assert (found, count) == (four - {min(four)}, 8)
    assert _found(archive, rows[5])[0] == {min(four)}


def test_a_reader_of_a_server_outlives_the_generation_that_it_opened(archive, made, chroma_server):
    rows = made.rows(6)
    for number, row in ((1, rows[0]), (2, rows[1])):
        archive.put_changes([made.record(number)])
        _put(archive, made, [row])
        if number == 1:
            _publish_on(chroma_server, archive, made)
            index = open_index(Settings(home=archive.home), 1, "chroma")
            assert [hit.rowid for hit in index.search(rows[0], "title", 5)] == [1]
    _publish_on(chroma_server, archive, made)
    assert [hit.rowid for hit in index.search(rows[1], "title", 5)] in ([1], [])
    index.close()


def test_two_homes_share_a_server_and_no_vector(archive, made, chroma_server, tmp_path):
    rows = made.rows(3)
    with Archive.open(tmp_path / "other") as other:
        for home, row in ((archive, rows[0]), (other, rows[1])):
            home.put_changes([made.record(1), made.record(2)])
            _put(home, made, [rows[2], row])  # the newest first
            _publish_on(chroma_server, home, made)
        assert _found(archive, rows[0]) == ({1}, 2)
        assert _found(other, rows[1]) == ({1}, 2)
        assert _found(other, rows[0]) == (set(), 2)
