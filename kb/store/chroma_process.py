"""Chroma's part of a new generation, in a process of its own.

`python -m kb.store.chroma_process` waits for a folder's name on stdin, brings the collections of that
generation to what its matrices hold, then opens them anew, counts and asks. A crash inside Chroma
(a SIGSEGV was seen) ends a fork with a status, not the ingest.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.store import chroma_index, manifest
from kb.store.exact_index import CHANGE, CHUNK, SERIAL, load
from kb.store.manifest import Manifest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Task = Callable[[Path, Manifest], None]

PAGE = 20_000  # `get` of more than 32,766 rows fails


def add(folder: Path, found: Manifest) -> None:
    """Adds what the collections lack and deletes what they should not have."""
    import numpy as np

    client = chroma_index.open_client(None if found.server else folder / "chroma", found.server)
    most = min(client.get_max_batch_size(), 5_461)
    prefix = chroma_index.server_prefix(found) if found.server else ""
    for kind in found.vectors:
        collection = chroma_index.make_collection(client, kind, prefix)
        matrix, keys = load(folder, kind, found.dimension)
        stored = _stored(collection, serials_path(folder, kind))
        gone = np.setdiff1d(stored, keys[:, SERIAL])
        for start in range(0, len(gone), most):
            collection.delete(ids=list(map(str, gone[start : start + most].tolist())))
        lacking = np.flatnonzero(~np.isin(keys[:, SERIAL], stored))
        for start in range(0, len(lacking), most):
            places = lacking[start : start + most]
            collection.add(
                ids=list(map(str, keys[places, SERIAL].tolist())),
                embeddings=np.asarray(matrix[places]),
                metadatas=[
                    {"change": change, "chunk": chunk}
                    for change, chunk in keys[places][:, [CHANGE, CHUNK]].tolist()
                ],
            )
        if not found.server:
            np.save(serials_path(folder, kind), keys[:, SERIAL])
    _close(client)


def serials_path(folder: Path, kind: str) -> Path:
    """What the collection holds, travelling with it: listing 46,000 ids takes a second."""
    return folder / "chroma" / f"{kind}.serials.npy"


def probe(folder: Path, found: Manifest) -> None:
    """Raises where a collection has not what the matrix has, or does not find it."""
    client = chroma_index.open_client(None if found.server else folder / "chroma", found.server)
    prefix = chroma_index.server_prefix(found) if found.server else ""
    for kind, expected in found.vectors.items():
        collection = chroma_index.collection(client, kind, prefix)
        if collection.count() != expected:
            raise ValueError(f"{kind}: {collection.count()} vectors, {expected} expected")
        matrix, keys = load(folder, kind, found.dimension)
        for place in {0, expected // 2, expected - 1} if expected else ():
            answer = collection.query(
                query_embeddings=[matrix[place]], n_results=1, include=["distances"]
            )
            assert answer["distances"] is not None
            if not answer["ids"][0] or answer["distances"][0][0] > 0.01:
                raise ValueError(f"{kind}: vector {keys[place, SERIAL]} is not found")
    _close(client)


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
    import chromadb
    import chromadb.api.rust
    import chromadb.telemetry.product.posthog  # noqa: F401

    name = os.fsdecode(sys.stdin.buffer.readline()).rstrip("\n")
    if not name:
        return 1
    folder = Path(name)
    found = manifest.read_folder(folder)
    return _forked(add, folder, found) or _forked(probe, folder, found)


def _forked(task: Task, folder: Path, found: Manifest) -> int:
    """The exit status of `task` in a child; a signal's number where it was killed by one."""
    child = os.fork()
    if child == 0:
        threading.Thread(target=_end_with_parent, daemon=True).start()
        try:
            task(folder, found)
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
    os.read(0, 1)
    os._exit(3)


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # taking Chroma's modules down in order takes 0.2 s that the ingest waits for
