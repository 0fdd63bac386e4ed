"""Publishing: a new generation is made beside the current one, probed, and swapped in.

Matrix and Chroma follow from the archive by set difference of vector serials, so whatever an
interrupted run left behind is made good by the next one.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kb.errors import StoreError
from kb.store import alike, chroma_builder, manifest, vectors
from kb.store.exact_index import ALIKE, SERIAL, keys_path, load, matrix_path
from kb.store.manifest import Manifest
from kb.store.schema import store_error

if TYPE_CHECKING:
    from kb.store.archive import Archive
    from kb.store.exact_index import Keys
    from kb.store.vectors import Vector

ROWS_A_STEP = 20_000
COPIED_AT_ONCE = 1 << 20  # bytes


def publish(
    archive: Archive,
    *,
    embedder: str,
    dimension: int,
    chroma_url: str | None = None,
    rebuild: bool = False,
    builder: chroma_builder.ChromaBuilder | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Manifest:
    """Makes a generation of all that the archive holds and lets readers see it.

    Call it under the writer's lock. `rebuild` starts Chroma and the matrix from nothing. `builder`:
    one that was started before, and is used up. `meanwhile`: what to do while Chroma is built in
    its process. On any failure CURRENT stays as it was and StoreError says why.
    """
    home = archive.home
    previous = None if rebuild else _previous(home, embedder, chroma_url)
    with builder or begin(home, previous) as builder, _failing_well(builder.folder):
        folder = builder.folder
        counts = _write_matrices(archive, folder, previous, embedder, dimension)
        found = Manifest(
            manifest.current(home) + 1,
            embedder,
            dimension,
            vectors=counts,
            last_serial=archive.vectors_stored(embedder)[1],
            server=chroma_url or "",
        )
        manifest.write(folder, found)
        builder.start()
        if meanwhile is not None:
            meanwhile()
        builder.finish()
        final = manifest.folder(home, found.generation)
        shutil.rmtree(final, ignore_errors=True)
        folder.rename(final)
        manifest.swap(home, found.generation)
        manifest.sweep(home, found.generation)
    return found


def expect_to_publish(
    home: Path, embedder: str, chroma_url: str | None
) -> chroma_builder.ChromaBuilder:
    """A builder for the next `publish`: it gets ready while the caller finds out what to publish.

    Call it under the writer's lock, and close it."""
    return begin(home, _previous(home, embedder, chroma_url))


def begin(home: Path, previous: Manifest | None) -> chroma_builder.ChromaBuilder:
    """Makes the folder of a new generation, and starts the process that builds Chroma's part of it
    from what the generation before holds."""
    folder = home / "generations" / f"{manifest.BUILDING}{os.getpid()}"
    with _failing_well(folder):
        manifest.sweep(home, manifest.current(home))  # also what an interrupted run left half made
        folder.mkdir(parents=True)
        return chroma_builder.ChromaBuilder(folder, _chroma_of(home, previous))


@contextmanager
def _failing_well(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise store_error(exc, folder) from exc


def _chroma_of(home: Path, previous: Manifest | None) -> Path | None:
    if previous is None or previous.server:
        return None
    found = manifest.folder(home, previous.generation) / "chroma"
    return found if found.is_dir() else None


def _previous(home: Path, embedder: str, chroma_url: str | None) -> Manifest | None:
    """What the new generation may start from; None where it has to start from nothing."""
    generation = manifest.current(home)
    if generation == 0:
        return None
    try:
        found = manifest.read(home, generation)
    except StoreError:
        return None
    same = found.embedder == embedder and found.layout == manifest.LAYOUT_VERSION
    return found if same and found.server == (chroma_url or "") else None


def _write_matrices(
    archive: Archive, folder: Path, previous: Manifest | None, embedder: str, dimension: int
) -> dict[str, int]:
    import numpy as np

    counts: dict[str, int] = {}
    with archive.reading():
        connection = archive.connection
        key = vectors.embedder_key(connection, embedder)
        for kind in vectors.KINDS:
            known = _known(archive.home, kind, previous, dimension)
            keys, same = _keys(connection, key, kind, known)
            counts[kind] = len(keys)
            if not len(keys):
                continue
            with matrix_path(folder, kind).open("wb") as file:
                shape = {"descr": "<f4", "fortran_order": False, "shape": (len(keys), dimension)}
                np.lib.format.write_array_header_1_0(file, shape)
                if same and known is not None and previous is not None:
                    before = manifest.folder(archive.home, previous.generation)
                    _copy_rows(matrix_path(before, kind), known[0].nbytes, file)
                # Written, not mapped: faults of new pages take seven times as long.
                for start in range(same, len(keys), ROWS_A_STEP):
                    step = keys[start : start + ROWS_A_STEP]
                    rows = _rows(connection, step[:, SERIAL], known, dimension)
                    step[:, ALIKE] = alike.marks_of(rows)
                    rows.tofile(file)
            np.save(keys_path(folder, kind), keys)
    return counts


def _keys(
    connection: sqlite3.Connection,
    embedder: int | None,
    kind: str,
    known: tuple[Vector, Keys] | None,
) -> tuple[Keys, int]:
    """The keys of a kind by serial, and how many rows are the previous generation's, all of them or
    none; the others lack their mark. Serials only grow: where none of its vectors was lost, what is
    new comes after them."""
    import numpy as np

    def unmarked(rows: Iterator[tuple[int, int, int]]) -> Keys:
        found = np.array(list(rows), np.int64).reshape(-1, ALIKE)
        return np.pad(found, ((0, 0), (0, 1)))

    if embedder is None:
        return np.empty((0, ALIKE + 1), np.int64), 0
    if known is not None and len(known[1]):
        stored = known[1]
        last = int(stored[-1, SERIAL])
        if vectors.count_up_to(connection, embedder, kind, last) == len(stored):
            added = unmarked(vectors.serials(connection, embedder, kind, after=last))
            return np.concatenate([stored, added]), len(stored)
    keys = unmarked(vectors.serials(connection, embedder, kind))
    return keys[np.argsort(keys[:, SERIAL])], 0


def _copy_rows(before: Path, size: int, file: BinaryIO) -> None:
    """The rows of a matrix, by reading: faults of a map of them would take most of the time."""
    with before.open("rb") as source:
        source.seek(-size, os.SEEK_END)
        shutil.copyfileobj(source, file, COPIED_AT_ONCE)


def _known(
    home: Path, kind: str, previous: Manifest | None, dimension: int
) -> tuple[Vector, Keys] | None:
    """The matrix of the previous generation and its keys, where it can be read."""
    if previous is None:
        return None
    try:
        return load(manifest.folder(home, previous.generation), kind, dimension)
    except StoreError:
        return None


def _rows(
    connection: sqlite3.Connection,
    serials: Keys,
    known: tuple[Vector, Keys] | None,
    dimension: int,
) -> Vector:
    """The rows of these serials: those that the previous generation has from there."""
    import numpy as np

    if known is None or not len(known[1]):
        return vectors.matrix(connection, serials.tolist(), dimension)
    matrix, stored = known[0], known[1][:, SERIAL]
    places = np.minimum(np.searchsorted(stored, serials), len(stored) - 1)
    there = stored[places] == serials
    if there.all() and places[-1] - places[0] == len(places) - 1:
        return matrix[places[0] : places[-1] + 1]  # as they stand, without a copy
    rows = np.empty((len(serials), dimension), np.float32)
    rows[there] = matrix[places[there]]
    rows[~there] = vectors.matrix(connection, serials[~there].tolist(), dimension)
    return rows


def reindex(
    archive: Archive, *, embedder: str, dimension: int, chroma_url: str | None = None
) -> Manifest:
    """Words, matrix and Chroma again from the archive alone; nothing is fetched or embedded."""
    archive.rebuild_words()
    return publish(
        archive, embedder=embedder, dimension=dimension, chroma_url=chroma_url, rebuild=True
    )
