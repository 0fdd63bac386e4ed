"""Chroma's part of a new generation, in a process of its own.

`python -m kb.store.chroma_process` reads two names on stdin: the Chroma folder of the generation before
(or nothing) and the folder of the new one. It copies and opens the one in the other; at the next line
it brings the collections to what the new matrices hold, opens them anew, counts and asks, and has the
whole folder written to the disk. A crash inside Chroma (a SIGSEGV was seen) ends a fork with a status,
not the ingest.
"""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.store import alike, chroma_index, manifest
from kb.store.exact_index import SERIAL, load
from kb.store.vectors import KINDS

if TYPE_CHECKING:
    import numpy as np
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection
    from numpy.typing import NDArray

    from kb.store.manifest import Manifest

Task = Callable[[Path], None]

PARENT_ENDED = 3  # an exit status
PAGE = 20_000  # `get` of more than 32,766 rows fails


def copy(before: Path, folder: Path) -> None:
    """What the generation before holds; a damaged one is made anew from the matrices."""
    try:
        chroma_index.copy_folder(before, folder / "chroma")
    except sqlite3.Error:
        shutil.rmtree(folder / "chroma")


def add(folder: Path) -> None:
    """Adds what the collections lack and deletes what they should not have."""
    import numpy as np

    # A copy is opened and counted, which loads its graphs, while the ingest still embeds.
    opened = _open(folder, None) if (folder / "chroma").is_dir() else None
    if not sys.stdin.buffer.readline():
        os._exit(PARENT_ENDED)
    _end_with_parent()
    found = manifest.read_folder(folder)
    client, collections = opened or _open(folder, found)
    most = min(client.get_max_batch_size(), 5_461)
    for kind, (collection, stored) in collections.items():
        matrix, keys = load(folder, kind, found.dimension)
        wanted = alike.first_serials(keys)
        gone = np.setdiff1d(stored, wanted)
        for start in range(0, len(gone), most):
            collection.delete(ids=list(map(str, gone[start : start + most].tolist())))
        lacking = np.setdiff1d(wanted, stored)
        for start in range(0, len(lacking), most):
            serials = lacking[start : start + most]
            collection.add(
                ids=list(map(str, serials.tolist())),
                embeddings=np.asarray(matrix[np.searchsorted(keys[:, SERIAL], serials)]),
            )
        if not found.server:
            np.save(serials_path(folder, kind), wanted)
    _close(client)


def _open(
    folder: Path, found: Manifest | None
) -> tuple[ClientAPI, dict[str, tuple[Collection, NDArray[np.int64]]]]:
    """A client, and by kind the collection and the serials that it holds. `found`: the manifest of
    the new generation, which says whether a server holds them; None for a copied folder."""
    server = found.server if found else ""
    client = chroma_index.open_client(None if server else folder / "chroma", server)
    prefix = chroma_index.server_prefix(folder, found) if found and server else ""
    opened = {kind: chroma_index.make_collection(client, kind, prefix) for kind in KINDS}
    return client, {
        kind: (collection, _stored(collection, serials_path(folder, kind)))
        for kind, collection in opened.items()
    }


def serials_path(folder: Path, kind: str) -> Path:
    """What the collection holds, travelling with it: listing 46,000 ids takes a second."""
    return folder / "chroma" / f"{kind}.serials.npy"


def probe(folder: Path) -> None:
    """Raises where a collection has not what the matrix has, or does not find it."""
    _end_with_parent()
    found = manifest.read_folder(folder)
    client = chroma_index.open_client(None if found.server else folder / "chroma", found.server)
    prefix = chroma_index.server_prefix(folder, found) if found.server else ""

    def look(kind: str) -> None:
        collection = chroma_index.collection(client, kind, prefix)
        matrix, keys = load(folder, kind, found.dimension)
        if len(keys) != found.vectors[kind]:
            raise ValueError(f"{kind}: {len(keys)} vectors, {found.vectors[kind]} expected")
        distinct = len(alike.first_serials(keys))
        if collection.count() != distinct:
            raise ValueError(f"{kind}: {collection.count()} distinct vectors, {distinct} expected")
        last = len(keys) - 1
        for place in {0, last // 2, last} if distinct else ():
            answer = collection.query(
                query_embeddings=[matrix[place]], n_results=1, include=["distances"]
            )
            assert answer["distances"] is not None
            if not answer["ids"][0] or answer["distances"][0][0] > 0.01:
                raise ValueError(f"{kind}: vector {keys[place, SERIAL]} is not found")

    # Reading the graphs takes most of the time, and Chroma lets go of the interpreter for it.
    with ThreadPoolExecutor(len(KINDS)) as pool:
        list(pool.map(look, found.vectors))
    _close(client)


def sync(folder: Path) -> None:
    """The generation is on the disk before CURRENT names it: a power cut must not leave a name
    without a folder. Here, because the ingest still relates its changes meanwhile."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _stored(collection: Any, noted: Path) -> NDArray[np.int64]:
    import numpy as np

    if noted.exists():
        serials: NDArray[np.int64] = np.load(noted)
        if len(serials) == collection.count():
            return serials
    pages: list[str] = []
    while True:
        page = collection.get(include=[], limit=PAGE, offset=len(pages))["ids"]
        pages += page
        if len(page) < PAGE:
            return np.sort(np.array(pages, dtype=np.int64))


def _close(client: Any) -> None:
    close = getattr(client, "close", None)
    if close is not None:
        close()


def main() -> int:
    """Builds, then probes, each in a fork of its own: Chroma is imported once, and opened twice."""
    # While the parent still writes the matrices; the latter two are what opening a folder imports.
    # All of it stays: to look for garbage in it again and again takes an eighth of the time.
    gc.disable()
    import chromadb
    import chromadb.api.rust
    import chromadb.telemetry.product.posthog  # noqa: F401

    gc.freeze()
    gc.enable()
    before, name = (os.fsdecode(sys.stdin.buffer.readline()).rstrip("\n") for _ in range(2))
    if not name:
        return PARENT_ENDED
    folder = Path(name)
    if before:
        copy(Path(before), folder)
        sync(folder)  # nobody waits yet
    if status := _forked(add, folder) or _forked(probe, folder):
        return status
    sync(folder)
    return 0


def _forked(task: Task, folder: Path) -> int:
    """The exit status of `task` in a child; a signal's number where it was killed by one."""
    child = os.fork()
    if child == 0:
        try:
            task(folder)
        except BaseException as exc:  # noqa: BLE001 - a fork must not run on in its parent's code
            words = str(exc).splitlines() or [""]
            sys.stderr.write(f"\n{task.__name__}: {type(exc).__name__}: {words[0]}\n")
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        sys.stderr.write(f"\n{task.__name__}: killed by signal {-code}\n")
    return abs(code)


def _end_with_parent() -> None:
    """Our parent's parent holds stdin open; when it is killed, nobody must write here any more."""

    def wait() -> None:
        os.read(0, 1)
        os._exit(PARENT_ENDED)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # taking Chroma's modules down in order takes 0.2 s that the ingest waits for
