"""A file that cannot be used is one sentence and a hint, and nothing is written into it."""

from __future__ import annotations

import os
import sqlite3
import stat

import pytest

from kb.errors import StoreError
from kb.store import manifest
from kb.store.archive import Archive
from kb.store.schema import (
    APPLICATION_ID,
    FILE_NAME,
    SCHEMA_VERSION,
    identity,
    store_error,
)
from kb.types import Filters

ROOT = os.geteuid() == 0


def failure(home, readonly=False) -> StoreError:
    with pytest.raises(StoreError) as caught:
        Archive.open(home, readonly=readonly)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value


def test_a_reader_of_an_empty_home_is_told_to_ingest(tmp_path):
    assert "nothing is indexed" in failure(tmp_path / "no", readonly=True).message
    assert not (tmp_path / "no").exists()


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"these are no pages of SQLite" * 100)
    assert "damaged" in failure(tmp_path).message


def test_a_database_of_another_program_is_refused(tmp_path):
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    assert "not an archive" in failure(tmp_path).message


def test_a_newer_archive_is_refused(archive):
    archive.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    archive.close()
    assert "newer" in failure(archive.home).message


def test_an_older_archive_gets_what_it_lacks(archive):
    archive.connection.execute("DROP TABLE outlines")
    archive.connection.execute("PRAGMA user_version = 1")
    archive.close()
    with Archive.open(archive.home, readonly=True) as reader:
        assert reader.count(Filters()) == 0
    with Archive.open(archive.home) as writer:
        assert writer.outlines("acme/engine", "main") == []
        assert identity(writer.connection) == (APPLICATION_ID, SCHEMA_VERSION)


def test_a_damaged_page_is_an_error_of_ours(archive, made):
    archive.put_changes([made.record(number) for number in range(1, 60)])
    manifest.swap(archive.home, 1)
    archive.close()
    path = archive.home / FILE_NAME
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught, Archive.open(archive.home) as broken:
        broken.select(Filters())
    assert "damaged" in caught.value.message


def test_a_damaged_pointer_is_an_error_of_ours(shown):
    (shown.home / "CURRENT").write_text("seven")
    with pytest.raises(StoreError) as caught:
        shown.select(Filters())
    assert "reindex" in caught.value.hint


def test_a_home_that_is_a_file_is_an_error_of_ours(tmp_path):
    (tmp_path / "home").write_text("")
    failure(tmp_path / "home")


@pytest.mark.skipif(ROOT, reason="root may write anywhere")
def test_a_read_only_home_is_read_and_not_written(shown):
    shown.close()
    home = shown.home
    for path in (*home.iterdir(), home):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    try:
        with Archive.open(home, readonly=True) as reader:
            assert reader.count(Filters()) == 12
        with pytest.raises(StoreError), Archive.open(home) as writer:
            writer.delete_repo("acme/engine")
    finally:
        home.chmod(0o755)


def test_a_full_disk_stores_nothing_of_the_batch(archive, made):
    archive.put_changes([made.record(1)])
    (pages,) = archive.connection.execute("PRAGMA page_count").fetchone()
    archive.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError) as caught:
        archive.put_changes([made.record(number) for number in range(2, 400)])
    assert "full" in caught.value.message
    assert archive.count(Filters(), pending=True) == 1


def test_the_systems_words_become_ours(tmp_path):
    path = tmp_path / FILE_NAME
    assert "full" in store_error(OSError(28, "No space left on device"), path).message
    assert "written" in store_error(PermissionError(13, "Permission denied"), path).message
    assert "in use" in store_error(sqlite3.OperationalError("database is locked"), path).message


def test_an_immutable_open_reads_a_home_without_write_access(shown):
    """Root may write anywhere, so the read-only disk is played by a URI that SQLite refuses."""
    from kb.store import schema

    shown.close()
    connection = schema._open_readonly(shown.path)
    assert connection.execute("SELECT count(*) FROM changes").fetchone() == (12,)
    with pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM changes")
    connection.close()
