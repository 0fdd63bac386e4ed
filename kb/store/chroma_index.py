"""Chroma: one collection a kind; what a resident process searches.

A collection holds vectors under their serials, of those that are alike only one (`kb.store.alike`).
Chroma 1.5 is thread-safe and not process-safe, so a generation's folder is never written again
once it is published. One collection a kind, because a search asks for the nearest of each kind
and a filter on metadata costs ten times what a filter by ids does (measured at 15,471 changes:
half of them allowed, three kinds: 29 ms by ids, 210 ms by `$in`).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.errors import StoreError
from kb.store.alike import AlikeKeys
from kb.store.exact_index import CHANGE, CHUNK, MOST_CHUNKS
from kb.store.exact_index import load as load_exact
from kb.store.manifest import Manifest
from kb.store.vector_index import VectorHit, best_chunks

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection as ChromaCollection

    from kb.store.vectors import Vector

HINT = "kb reindex   (keeps the archive, fetches nothing); or --engine exact"
DATABASE = "chroma.sqlite3"
EF_CONSTRUCTION = 128
EF_SEARCH = 350
MAX_NEIGHBORS = 24
# Every `add` is written through. Below its threshold (1,000) Chroma keeps new vectors in a log, and
# each process that asks writes them into the published graph: two readers then write one file.
SYNC_THRESHOLD = 2
THREADS = 3  # one a kind: Chroma lets go of the interpreter while it searches
SPARE = 1.15  # so many more than are wanted, for changes with several chunks among the nearest
# Clients of one folder share a system, which chromadb puts into its table before it has started:
# a second thread that opens the folder meanwhile gets one that cannot answer.
_OPENING = threading.Lock()


def open_client(folder: Path | None, server: str = "") -> ClientAPI:
    """A client of a folder, or of a server by URL; telemetry is off."""
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    if server:
        from urllib.parse import urlsplit

        url = urlsplit(server)
        return chromadb.HttpClient(
            host=url.hostname or "127.0.0.1",
            port=url.port or (443 if url.scheme == "https" else 8000),
            ssl=url.scheme == "https",
            settings=settings,
        )
    with _OPENING:
        return chromadb.PersistentClient(str(folder), settings=settings)


def copy_folder(source: Path, target: Path) -> None:
    """A folder that readers may have open: opening it writes into its SQLite file (not into the
    graph), so that is copied as of one moment."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(f"{DATABASE}*"))
    with (
        closing(sqlite3.connect(source / DATABASE)) as before,
        closing(sqlite3.connect(target / DATABASE)) as after,
    ):
        before.backup(after)


def collection(client: ClientAPI, kind: str, prefix: str = "") -> ChromaCollection:
    return client.get_collection(f"{prefix}{kind}", embedding_function=None)


def make_collection(client: ClientAPI, kind: str, prefix: str = "") -> ChromaCollection:
    return client.get_or_create_collection(
        f"{prefix}{kind}",
        embedding_function=None,
        configuration={
            "hnsw": {
                "space": "ip",  # vectors have unit length
                "ef_construction": EF_CONSTRUCTION,
                "ef_search": EF_SEARCH,
                "max_neighbors": MAX_NEIGHBORS,
                "batch_size": SYNC_THRESHOLD,
                "sync_threshold": SYNC_THRESHOLD,
            }
        },
    )


class ChromaIndex:
    engine = "chroma"

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self._folder = folder
        self._collections: dict[str, ChromaCollection] = {}
        self._keys: dict[str, AlikeKeys] = {}
        self._changes: dict[str, frozenset[int]] = {}  # that have a vector of a kind
        self._threads = ThreadPoolExecutor(THREADS, "chroma")
        try:
            path = None if manifest.server else folder / "chroma"
            if path is not None and not (path / DATABASE).exists():
                raise StoreError(f"generation {manifest.generation} has no Chroma index", HINT)
            self._client = open_client(path, manifest.server)
        except StoreError:
            raise
        except Exception as exc:
            raise self._broken(exc) from exc

    def search(
        self,
        vector: Vector,
        kinds: str | Sequence[str],
        limit: int,
        rowids: Collection[int] | None = None,
    ) -> list[VectorHit]:
        if isinstance(kinds, str):
            return self._search_kind(vector, kinds, limit, rowids)
        try:
            found = self._threads.map(
                lambda kind: self._search_kind(vector, kind, limit, rowids), kinds
            )
        except RuntimeError as exc:  # another thread closed it, for a newer generation
            raise self._broken(exc) from exc
        return [hit for hits in found for hit in hits]

    def _search_kind(
        self, vector: Vector, kind: str, limit: int, rowids: Collection[int] | None
    ) -> list[VectorHit]:
        if not self.manifest.vectors.get(kind) or limit <= 0:
            return []
        import numpy as np

        held = self._keys_of(kind)
        total, ids, allowed = len(held), None, None
        if rowids is not None:
            chosen = held.of_changes(np.fromiter(rowids, dtype=np.int64, count=len(rowids)))
            if not chosen.all():
                allowed, ids = chosen, held.ids(chosen)
                total = len(ids)
                if not total:
                    return []
        asked: Any = [vector]
        chunks = len(held.keys) / np.count_nonzero(held.keys[:, CHUNK] == 0)  # of a change
        wide = min(int(limit * chunks * (SPARE if chunks > 1 else 1)), total)
        while True:
            try:
                found = self._collection(kind).query(
                    query_embeddings=asked,
                    n_results=wide,
                    ids=ids,
                    include=["distances"],
                )
            except Exception as exc:
                raise self._broken(exc) from exc
            assert found["distances"] is not None
            places, which = held.behind(found["ids"][0])
            scores = 1.0 - np.array(found["distances"][0])[which]
            if allowed is not None:
                places, scores = places[allowed[places]], scores[allowed[places]]
            changes, numbers = held.keys[places, CHANGE], held.keys[places, CHUNK]
            hits = best_chunks(changes, numbers, scores, kind, limit)
            if len(hits) >= limit or wide >= min(total, limit * MOST_CHUNKS):
                return hits
            wide = min(total, wide * 2)

    def having(self, kind: str, rowids: Collection[int]) -> AbstractSet[int]:
        if kind not in self._changes:
            self._changes[kind] = frozenset(self._keys_of(kind).keys[:, CHANGE].tolist())
        return self._changes[kind].intersection(rowids)

    def count(self, kind: str) -> int:
        if not self.manifest.vectors.get(kind):
            return 0
        held = self._keys_of(kind)
        try:
            lacking = len(held) - self._collection(kind).count()
        except Exception as exc:
            raise self._broken(exc) from exc
        return len(held.keys) - lacking

    def close(self) -> None:
        self._threads.shutdown()
        close = getattr(self._client, "close", None)
        if close is not None:
            with _OPENING:
                close()

    def _collection(self, kind: str) -> ChromaCollection:
        if kind not in self._collections:
            prefix = server_prefix(self._folder, self.manifest) if self.manifest.server else ""
            self._collections[kind] = collection(self._client, kind, prefix)
        return self._collections[kind]

    def _keys_of(self, kind: str) -> AlikeKeys:
        if kind not in self._keys:
            keys = load_exact(self._folder, kind, self.manifest.dimension)[1]
            self._keys[kind] = AlikeKeys(keys)
        return self._keys[kind]

    def _broken(self, exc: Exception) -> StoreError:
        where = self.manifest.server or f"generation {self.manifest.generation}"
        words: Any = str(exc).splitlines() or [type(exc).__name__]
        return StoreError(f"Chroma cannot read {where}: {words[0]}", HINT)


def server_prefix(generation: Path, manifest: Manifest) -> str:
    """Collections of one home and embedder on a shared server."""
    import hashlib

    home = generation.resolve().parents[1]
    digest = hashlib.sha256(f"{home}\n{manifest.embedder}".encode()).hexdigest()[:12]
    return f"repokb-{digest}-"
