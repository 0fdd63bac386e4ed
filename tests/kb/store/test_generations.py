"""A generation is whole before readers see it, whatever happens while it is made."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from kb.errors import StoreError
from kb.settings import Settings
from kb.store import generations, manifest
from kb.store.archive import Archive
from kb.store.vector_index import open_index
from kb.types import Filters


def test_publishing_shows_changes_and_vectors_together(archive, made):
    archive.put_changes([made.record(number) for number in range(1, 6)])
    made.vectors(archive)
    assert archive.count(Filters()) == 0
    made.publish(archive)
    assert archive.count(Filters()) == 5
    settings = Settings(home=archive.home)
    for engine in ("exact", "chroma"):
        index = open_index(settings, archive.generation(), engine)
        hits = index.search(made.rows(5)[2], "title", 1)
        assert [hit.rowid for hit in hits] == [archive.ids(Filters(), order="newest")[2]]
        index.close()


def test_later_generations_take_new_vectors_and_lose_deleted_ones(archive, made):
    archive.put_changes([made.record(number) for number in range(1, 6)])
    made.vectors(archive, ("title", "text"))
    made.publish(archive)
    other = made.record(9, id="acme/other#9", repo="acme/other", aliases=())
    archive.put_changes([other, made.record(5, title="New words", fingerprint="2")])
    made.vectors(archive, ("title", "text"), seed=8)
    archive.put_changes([made.record(6)])  # without a vector yet
    made.publish(archive)
    assert manifest.read(archive.home, 2).vectors == {"title": 6, "text": 6, "diff": 0}
    assert archive.count(Filters()) == 7
    archive.delete_repo("acme/engine")
    made.publish(archive)
    settings = Settings(home=archive.home)
    for engine in ("exact", "chroma"):
        index = open_index(settings, 3, engine)
        hits = index.search(made.rows(1)[0], ("title", "text"), 10)
        assert {hit.rowid for hit in hits} == set(archive.ids(Filters()))
        assert index.count("title") == 1
        index.close()


def test_a_matrix_holds_the_same_whatever_the_generation_before_held(archive, made):
    def arrays(generation):
        folder = manifest.folder(archive.home, generation)
        return [
            (np.load(folder / f"{kind}.npy"), np.load(folder / f"{kind}.keys.npy"))
            for kind in ("title", "text")
        ]

    def same(generation, other):
        pairs = zip(arrays(generation), arrays(other), strict=True)
        return all(
            np.array_equal(a, b) for one, two in pairs for a, b in zip(one, two, strict=True)
        )

    archive.put_changes([made.record(number) for number in range(1, 6)])
    made.vectors(archive, ("title", "text"))
    made.publish(archive)
    archive.put_changes([made.record(number) for number in range(6, 9)])
    made.vectors(archive, ("title", "text"), seed=5)
    made.publish(archive)  # those of before, and more
    generations.reindex(archive, embedder=made.embedder, dimension=made.dimension)
    assert same(2, 3)
    archive.put_changes([made.record(2, title="New words", fingerprint="2")])
    made.vectors(archive, ("title", "text"), seed=7)
    made.publish(archive)  # some of before were lost
    generations.reindex(archive, embedder=made.embedder, dimension=made.dimension)
    assert same(4, 5)


def test_a_reader_leaves_the_graph_of_a_generation_as_it_was(archive, made):
    def graph():
        folder = manifest.folder(archive.home, 1) / "chroma"
        return {path: path.read_bytes() for path in folder.glob("*/*.bin")}

    archive.put_changes([made.record(number) for number in range(1, 40)])
    made.vectors(archive, ("title", "text"))
    made.publish(archive)
    before = graph()
    assert before
    index = open_index(Settings(home=archive.home), 1, "chroma")
    assert len(index.search(made.rows(5)[2], ("title", "text"), 3)) == 6
    index.close()
    assert graph() == before


def test_a_damaged_chroma_index_is_made_anew_by_the_next_generation(archive, made):
    archive.put_changes([made.record(number) for number in range(1, 6)])
    made.vectors(archive)
    made.publish(archive)
    database = manifest.folder(archive.home, 1) / "chroma" / "chroma.sqlite3"
    database.write_bytes(b"nothing that SQLite would read" * 300)
    made.publish(archive)
    index = open_index(Settings(home=archive.home), 2, "chroma")
    assert index.count("title") == 5
    index.close()


def test_an_index_that_another_thread_closed_says_so(archive, made):
    archive.put_changes([made.record(1)])
    made.vectors(archive, ("title", "text"))
    made.publish(archive)
    index = open_index(Settings(home=archive.home), 1, "chroma")
    index.close()
    for kinds in ("title", ("title", "text")):
        with pytest.raises(StoreError):
            index.search(made.rows(1)[0], kinds, 3)


def test_the_generation_before_is_kept_and_older_ones_go(archive, made):
    archive.put_changes([made.record(1)])
    made.vectors(archive)
    for _ in range(3):
        made.publish(archive)
    assert manifest.current(archive.home) == 3
    assert sorted(item.name for item in (archive.home / "generations").iterdir()) == ["2", "3"]


def test_a_folder_of_our_name_where_one_stands_is_not_imported(
    archive, made, tmp_path, monkeypatch
):
    stranger = tmp_path / "stranger" / "kb"
    stranger.mkdir(parents=True)
    (stranger / "__init__.py").write_text("raise SystemExit('not ours')\n")
    monkeypatch.chdir(stranger.parent)
    archive.put_changes([made.record(1)])
    made.vectors(archive)
    made.publish(archive)
    assert manifest.current(archive.home) == 1


def test_a_failed_probe_leaves_the_current_generation(archive, made, monkeypatch):
    archive.put_changes([made.record(1)])
    made.vectors(archive)
    made.publish(archive)
    archive.put_changes([made.record(2)])
    made.vectors(archive, seed=4)
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    before = generations._write_matrices

    def with_a_lie(*arguments):
        counts = before(*arguments)
        return counts | {"title": counts["title"] + 1}

    monkeypatch.setattr(generations, "_write_matrices", with_a_lie)
    with pytest.raises(StoreError) as caught:
        made.publish(archive)
    assert "stays in use" in caught.value.message
    assert "reindex" in caught.value.hint
    assert manifest.current(archive.home) == 1
    assert archive.count(Filters()) == 1
    assert [item.name for item in (archive.home / "generations").iterdir()] == ["1"]
    monkeypatch.undo()
    made.publish(archive)
    assert archive.count(Filters()) == 2


def test_a_full_disk_under_chroma_is_said_to_be_full(archive, made, monkeypatch):
    archive.put_changes([made.record(1)])
    made.vectors(archive)
    before = generations._write_matrices

    def with_a_lie(*arguments):  # on a full disk Chroma fails at something, and seldom says at what
        counts = before(*arguments)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
        return counts | {"title": counts["title"] + 1}

    monkeypatch.setattr(generations, "_write_matrices", with_a_lie)
    with pytest.raises(StoreError) as caught:
        made.publish(archive)
    assert caught.value.message == f"the disk with {archive.home} is full"


def test_reindex_builds_all_again_from_the_archive(archive, made):
    archive.put_changes([made.record(number) for number in range(1, 6)])
    made.vectors(archive, ("title", "diff"))
    made.publish(archive)
    settings = Settings(home=archive.home)
    vector = made.rows(3)[2]
    before = open_index(settings, 1, "exact").search(vector, ("title", "diff"), 5)
    shutil.rmtree(archive.home / "generations")
    (archive.home / "CURRENT").unlink()
    archive.connection.execute("DELETE FROM words_data")  # what a damaged index of words is like
    generations.reindex(archive, embedder=made.embedder, dimension=made.dimension)
    assert archive.count(Filters()) == 5
    for engine in ("exact", "chroma"):
        after = open_index(settings, archive.generation(), engine).search(
            vector, ("title", "diff"), 5
        )
        assert [hit.rowid for hit in after] == [hit.rowid for hit in before]


def test_vectors_of_another_embedder_are_not_mixed_in(archive, made):
    archive.put_changes([made.record(number) for number in range(1, 4)])
    made.vectors(archive)
    made.publish(archive)
    generations.publish(archive, embedder="other@1", dimension=8)
    assert manifest.read(archive.home, 2).vectors["title"] == 0
    made.publish(archive)
    assert manifest.read(archive.home, 3).vectors["title"] == 3


def test_stored_vectors_keep_their_direction(archive, made):
    archive.put_changes([made.record(number) for number in range(1, 40)])
    made.vectors(archive)
    made.publish(archive)
    rows = made.rows(39)
    matrix = np.load(manifest.folder(archive.home, 1) / "title.npy")
    cosines = np.sort((matrix @ rows.T).max(axis=0))
    assert cosines[0] > 0.99999


WRITE = """
import sys, pathlib, numpy as np
sys.path.insert(0, sys.argv[2])
from conftest import make_record, put_random_vectors, publish
from kb.store.archive import Archive
from kb.store.lock import writer_lock
home = pathlib.Path(sys.argv[1])
with writer_lock(home), Archive.open(home) as archive:
    known = len(archive.fingerprints("acme/engine"))
    print("begun", flush=True)
    for number in range(known, 10_000, 5):
        archive.put_changes([make_record(one) for one in range(number + 1, number + 6)])
        put_random_vectors(archive, seed=number)
        publish(archive)
        print("step", flush=True)
"""

READ = """
import sys, pathlib, time
import numpy as np
from kb.errors import StoreError
from kb.settings import Settings
from kb.store import manifest
from kb.store.archive import Archive
from kb.store.vector_index import open_index
from kb.types import Filters
settings = Settings(home=pathlib.Path(sys.argv[1]))
vector = np.ones(384, np.float32) / 384**0.5
most = 0
with Archive.open(settings.home, readonly=True) as archive:
    print("begun", flush=True)
    last = False
    while not last:  # the last look begins after the writer has stopped
        last = (settings.home / "stop").exists()
        with archive.reading() as generation:
            rowids = set(archive.ids(Filters()))
            try:
                index = open_index(settings, generation, sys.argv[2])
                hits = index.search(vector, "title", 20)
            except StoreError:  # two swaps meanwhile: read CURRENT again, as the facade does
                assert manifest.current(settings.home) != generation
                last = False
                continue
            assert {hit.rowid for hit in hits} <= rowids
            assert index.count("title") == len(rowids), (index.count("title"), len(rowids))
            index.close()
            assert len(rowids) >= most
            most = len(rowids)
print(most, flush=True)
"""


def child(*arguments, code):
    return subprocess.Popen(
        (sys.executable, "-c", code, *map(str, arguments)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"ANONYMIZED_TELEMETRY": "False"},
    )


def kill_a_writer_at_random_moments(home, here, kills, made):
    for seed in range(kills):
        writer = child(home, here, code=WRITE)
        assert writer.stdout.readline() == "begun\n", writer.stderr.read()
        time.sleep(random.Random(seed).uniform(0.0, 3.0))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        with Archive.open(home) as archive:
            generation = manifest.current(home)
            assert archive.count(Filters()) <= 5 * max(generation, 1) * (seed + 1)
            if generation:
                open_index(Settings(home=home), generation, "exact").search(
                    made.rows(1)[0], "title", 5
                )
    with Archive.open(home) as archive:
        made.vectors(archive, seed=99)
        made.publish(archive)
        stored = archive.fingerprints("acme/engine")
        assert archive.count(Filters()) == len(stored)
        assert sorted(stored) == sorted(f"acme/engine#{n + 1}" for n in range(len(stored)))
        for engine in ("exact", "chroma"):
            index = open_index(Settings(home=home), archive.generation(), engine)
            hits = index.search(made.rows(1)[0], "title", len(stored))
            assert {hit.rowid for hit in hits} == set(archive.ids(Filters()))
            index.close()


def test_a_killed_writer_leaves_a_whole_generation(tmp_path, made, request):
    kill_a_writer_at_random_moments(tmp_path, request.path.parent, 2, made)


@pytest.mark.slow
def test_twenty_killed_writers_leave_a_whole_generation(tmp_path, made, request):
    kill_a_writer_at_random_moments(tmp_path, request.path.parent, 20, made)


@pytest.mark.parametrize("engine", ["exact", pytest.param("chroma", marks=pytest.mark.slow)])
def test_a_reader_never_errs_while_generations_are_swapped(tmp_path, made, request, engine):
    with Archive.open(tmp_path) as archive:
        archive.put_changes([made.record(number) for number in range(1, 6)])
        made.vectors(archive)
        made.publish(archive)
    reader = child(tmp_path, engine, code=READ)
    assert reader.stdout.readline() == "begun\n", reader.stderr.read()
    writer = child(tmp_path, request.path.parent, code=WRITE)
    assert writer.stdout.readline() == "begun\n", writer.stderr.read()
    for _ in range(3):
        assert writer.stdout.readline() == "step\n", writer.stderr.read()
    writer.kill()
    writer.communicate()
    (tmp_path / "stop").touch()
    output, errors = reader.communicate(timeout=30)
    assert errors == ""
    assert reader.returncode == 0
    assert int(output) >= 20
