"""Chroma's part of a new generation, in a process of its own.

`python -m kb.store.chroma_process add FOLDER` brings the collections of a generation to what its
matrices hold; `... probe FOLDER` opens them anew, counts and asks. Both wait for a line on stdin. A crash inside
Chroma (a SIGSEGV was seen) ends a child with a status, not the ingest.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.store import chroma_index, manifest
from kb.store.exact_index import CHANGE, CHUNK, SERIAL, load
from kb.store.manifest import Manifest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
        stored = _stored(collection)
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
    _close(client)


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


def _stored(collection: Any) -> NDArray[np.int64]:
    import numpy as np

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


def main(arguments: list[str]) -> int:
    task, folder = arguments[0], Path(arguments[1])
    found = manifest.read_folder(folder)
    import chromadb  # noqa: F401 - while the parent still prepares

    sys.stdin.readline()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        (add if task == "add" else probe)(folder, found)
    except Exception as exc:  # noqa: BLE001 - Chroma raises many unrelated types
        words = str(exc).splitlines() or [""]
        sys.stderr.write(f"\n{type(exc).__name__}: {words[0]}\n")
        return 1
    return 0


def _end_with_parent() -> None:
    """The parent holds our stdin open; when it is killed, nobody must write here any more."""
    sys.stdin.read()
    os._exit(3)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
