"""One search: exact references, words and vectors, fused by rank.

Filters are applied before ranking, in both retrievers. The vectors of a change are ranked by kind
(title, text, diff), because a short title and a long diff have cosines of different height.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import cache, partial
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING

from kb.embedders.model_files import BUNDLED_NAME
from kb.phrases import phrase
from kb.search.evidence import Trail, Words, evidence
from kb.search.folding import fold
from kb.search.question import Question, understand
from kb.search.rankings import Rankings
from kb.search.spelling import respelled, with_spellings
from kb.search.words import by_words
from kb.store import lexical_index
from kb.store.lexical_index import LexicalQuery
from kb.store.vectors import KINDS
from kb.text.tokenizer import tokens
from kb.types import ChangeRecord, Filters, Hit, Query, SearchResult

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from kb.embedders.interface import Embedder
    from kb.settings import Settings
    from kb.store.archive import Archive
    from kb.store.vector_index import VectorHit, VectorIndex
    from kb.store.word_scores import WordScores

OpenIndex = Callable[[], "VectorIndex"]
OpenEmbedder = Callable[[], "Embedder"]

DEPTH = 100  # of each retriever; with 60 less was found, with 130 to 300 as much in more time
READ_AHEAD = 20
BESIDE_CHROMA = 5  # of them; of those behind, fewer than a third will be among the hits
WHOLE = 1_000_000_000
EXACT_SCORE = 1.0


def search(
    archive: Archive,
    open_index: OpenIndex,
    open_embedder: OpenEmbedder,
    query: Query,
    settings: Settings,
    scores: WordScores | None = None,
) -> SearchResult:
    """`open_index` and `open_embedder` are called only where vectors are asked for.

    `scores`: what a resident process keeps of the words; without it FTS5 is asked each time."""
    started = perf_counter()
    with archive.reading():
        found = _search(archive, open_index, open_embedder, query, settings, scores)
    return replace(found, took_ms=round((perf_counter() - started) * 1000, 1))


def similar(archive: Archive, open_index: OpenIndex, change_id: str, limit: int = 8) -> list[Hit]:
    """The nearest neighbours of a change by its stored vectors, without itself."""
    with archive.reading():
        rowid = archive.rowids([change_id]).get(change_id)
        if rowid is None or limit <= 0:
            return []
        index = open_index()
        dense: dict[str, list[VectorHit]] = {}
        for kind in KINDS:
            vector = archive.vectors([change_id], kind).get(change_id)
            if vector is not None:
                near = index.search(vector, kind, DEPTH)
                dense[kind] = [hit for hit in near if hit.rowid != rowid]
        rankings = Rankings(dense, without=_without(index, dense))
        order = rankings.order()
        allowed = _visible(archive, [key for key, _ in order])
        chosen = dict([(key, score) for key, score in order if key in allowed][:limit])
        trails = rankings.trails(chosen)
        records = archive.by_rowids(list(chosen))
        nothing = Words(Question())
        hits = []
        for rank, (key, score) in enumerate(chosen.items(), 1):
            trail = trails[key]
            trail.ranks["dense"] = rank
            seen = evidence(records[key], nothing, trail, "en")
            hits.append(
                Hit(records[key], score, trail.ranks, seen.passage, seen.kind, (), seen.found_by)
            )
        return hits


def _search(
    archive: Archive,
    open_index: OpenIndex,
    open_embedder: OpenEmbedder,
    query: Query,
    settings: Settings,
    scores: WordScores | None,
) -> SearchResult:
    exact = _exact(archive, query, settings.lang)
    if exact:
        return _result(query, query.mode, None, exact)
    if not query.text.strip():
        return _result(query, query.mode, None, _listed(archive, query))
    question = understand(query.text)
    allowed = _allowed(archive, query)
    notes: list[str] = []
    engine: str | None = None
    index: VectorIndex | None = None
    nearest: Callable[[], list[VectorHit]] | None = None
    ahead: Future[list[VectorHit]] | None = None
    encoded = Event()
    mode = query.mode
    depth = max(DEPTH, 2 * (query.offset + query.limit))
    if mode != "lexical":
        index = open_index()
        engine = index.engine
        if index.manifest.vectors.get("title"):
            embedder = open_embedder()
            # Another embedder may be chosen because it reads Chinese: it gets what was typed.
            text = question.encoded if embedder.name == BUNDLED_NAME else query.text
            nearest = partial(_nearest, index, embedder, text, depth, allowed, encoded)
            # A resident process scores the words beside it: neither ONNX Runtime nor Chroma holds
            # the interpreter. A command has only one question, and would start threads for it.
            if scores is not None:
                ahead = _threads().submit(nearest)
                nearest = ahead.result
            notes += _pending(archive, index, settings.lang)
        else:
            notes.append(phrase("search.note.no_vectors", settings.lang))
            mode, index = "lexical", None
    slips = respelled(query.text, partial(lexical_index.count_with, archive))
    question = with_spellings(question, slips)
    notes += [
        phrase("search.note.respelled", settings.lang, word=word, spelling=spelling)
        for word, spelling in slips.items()
    ]
    asked = Words(question)
    words = by_words(archive, question, allowed, depth, scores) if mode != "dense" else None
    read: dict[int, ChangeRecord] = {}
    if ahead is not None and words:
        read = _read_ahead(archive, words[:READ_AHEAD], asked, encoded.is_set, ahead.done)
    dense: dict[str, list[VectorHit]] = {}
    if nearest is not None:
        dense = _by_kind(nearest())
        if allowed is None:
            dense = _shown(archive, dense)
    if words is not None and not words and any(dense.values()):
        notes.append(phrase("search.note.by_meaning", settings.lang))
    notes += unpublished(archive, settings.lang)
    without = _without(index, dense) if index is not None else {}
    rankings = Rankings(dense, words, without)
    hits = _hits(archive, query, asked, rankings, settings, read)
    return _result(query, mode, engine, hits, notes)


def _result(
    query: Query,
    mode: str,
    engine: str | None,
    hits: Sequence[Hit],
    notes: Sequence[str] = (),
) -> SearchResult:
    return SearchResult(query, mode, engine, tuple(hits), 0.0, tuple(notes))


def _exact(archive: Archive, query: Query, lang: str) -> list[Hit]:
    """Hits of a query that is nothing but a number, a SHA, an id or a link."""
    text = query.text.strip()
    if not text or " " in text or query.phrases or not any(sign.isdigit() for sign in text):
        return []
    ids = archive.resolve(text)
    if not ids:
        return []
    keys = archive.rowids(ids)
    allowed = set(archive.ids(query.filters)) if query.filters else None
    records = archive.by_rowids([key for key in keys.values() if allowed is None or key in allowed])
    nothing = Words(Question())
    hits = []
    for rank, record in enumerate(records.values(), 1):
        seen = evidence(record, nothing, Trail(ranks={"exact": rank}), lang)
        hits.append(
            Hit(
                record,
                EXACT_SCORE,
                {"exact": rank},
                seen.passage,
                seen.kind,
                (text,),
                seen.found_by,
            )
        )
    return hits[query.offset : query.offset + query.limit]


def _listed(archive: Archive, query: Query) -> list[Hit]:
    """A query of filters alone lists the most important changes that they leave."""
    records: Iterable[ChangeRecord]
    if query.excluded or query.phrases:
        allowed = _allowed(archive, query) or set()
        keys = [key for key in archive.ids(query.filters, order="importance") if key in allowed]
        records = archive.by_rowids(keys[query.offset : query.offset + query.limit]).values()
    elif query.filters:
        records = archive.select(
            query.filters, order="importance", limit=query.limit, offset=query.offset
        )
    else:
        return []
    return [Hit(record, 0.0, {}, record.change.title, "title") for record in records]


def _allowed(archive: Archive, query: Query) -> Collection[int] | None:
    """What passes the filters, holds every phrase and no excluded word; None: no such condition."""
    if not query.phrases and not query.excluded:
        return archive.ids(query.filters) if query.filters else None
    found: set[int] | None = None
    for text in query.phrases:
        with_phrase = _holding(archive, text, query.filters)
        found = with_phrase if found is None else found & with_phrase
    if found is None:
        found = set(archive.ids(query.filters))
    for text in query.excluded:
        found -= _holding(archive, text, query.filters)
    return found


def _holding(archive: Archive, text: str, filters: Filters) -> set[int]:
    """The changes that hold these words next to each other, in any field."""
    sequence = tuple(tokens(text))
    if not sequence:
        return set()
    rows = lexical_index.search(
        archive, LexicalQuery(phrases=(sequence,)), filters=filters, limit=WHOLE
    )
    return {rowid for rowid, _ in rows}


def _nearest(
    index: VectorIndex,
    embedder: Embedder,
    text: str,
    depth: int,
    allowed: Collection[int] | None,
    encoded: Event,
) -> list[VectorHit]:
    vector = embedder.encode_query(text)
    encoded.set()
    return index.search(vector, KINDS, depth, allowed)


def _read_ahead(
    archive: Archive,
    words: Iterable[tuple[int, float]],
    asked: Words,
    encoded: Callable[[], bool],
    searched: Callable[[], bool],
) -> dict[int, ChangeRecord]:
    """The best changes by words, read and looked through while the vectors are searched: most of
    them will be among the hits, and there is nothing else to do meanwhile."""
    found: dict[int, ChangeRecord] = {}
    for key, _ in words:
        if searched() or (len(found) >= BESIDE_CHROMA and encoded()):
            break
        for record in archive.by_rowids([key]).values():
            asked.matches(record)
            found[key] = record
    return found


@cache
def _threads() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(thread_name_prefix="nearest")


def _by_kind(hits: Iterable[VectorHit]) -> dict[str, list[VectorHit]]:
    found: dict[str, list[VectorHit]] = {kind: [] for kind in KINDS}
    for hit in hits:
        found[hit.kind].append(hit)
    return found


def _shown(archive: Archive, dense: dict[str, list[VectorHit]]) -> dict[str, list[VectorHit]]:
    """Without changes that became stale after the generation was made."""
    if not archive.some_hidden():
        return dense
    visible = _visible(archive, [hit.rowid for hits in dense.values() for hit in hits])
    return {kind: [hit for hit in hits if hit.rowid in visible] for kind, hits in dense.items()}


def _visible(archive: Archive, keys: Sequence[int]) -> set[int]:
    condition = archive.condition(Filters())
    found: set[int] = set()
    unique = list(dict.fromkeys(keys))
    for start in range(0, len(unique), 500):
        part = unique[start : start + 500]
        marks = ",".join("?" * len(part))
        rows = archive.connection.execute(
            f"SELECT rowid FROM changes WHERE rowid IN ({marks}) AND {condition.sql}",
            (*part, *condition.parameters),
        )
        found.update(rowid for (rowid,) in rows)
    return found


def _pending(archive: Archive, index: VectorIndex, lang: str) -> list[str]:
    changes = archive.count(Filters())
    missing = changes - index.manifest.vectors.get("title", 0)
    if missing <= 0:
        return []
    return [phrase("search.note.pending", lang, missing=missing, changes=changes)]


def unpublished(archive: Archive, lang: str) -> list[str]:
    """A note where changes are stored that an ingest has yet to show."""
    if not archive.has_pending():
        return []
    hidden = archive.count(Filters(), pending=True) - archive.count(Filters())
    return [phrase("search.note.unpublished", lang, changes=hidden)] if hidden > 0 else []


def _without(index: VectorIndex, dense: dict[str, list[VectorHit]]) -> dict[str, set[int]]:
    """By kind of vector, the changes of the lists that have none.

    A change without a line of natural language in its diff has no vector of it. That says nothing
    against it, unlike a vector that is too far away to be among the nearest.
    """
    near = {hit.rowid for hits in dense.values() for hit in hits}
    return {kind: near - index.having(kind, near) for kind in dense}


def _hits(
    archive: Archive,
    query: Query,
    asked: Words,
    rankings: Rankings,
    settings: Settings,
    read: dict[int, ChangeRecord],
) -> list[Hit]:
    """`read`: records that are at hand already."""
    end = query.offset + query.limit
    order, reranks = rankings.order(), dict[int, int]()
    if settings.search.reranker:
        from kb.search.reranker import reranked, reranker_for

        reranker = reranker_for(settings.search.reranker)
        order, reranks = reranked(archive, order, query.text, reranker, read)
    wide = end
    while True:  # what is folded leaves room for what comes behind it
        scores = dict(order[:wide])
        read |= archive.by_rowids([key for key in scores if key not in read])
        keys = {read[key].id: key for key in scores if key in read}
        shown = fold(read[key] for key in keys.values())
        if len(shown) >= end or wide >= len(order):
            break
        wide += 2 * (end - len(shown))
    trails = rankings.trails(scores)
    hits = []
    for record, folded in shown[query.offset : end]:
        key = keys[record.id]
        trail = trails[key]
        if key in reranks:
            trail.ranks["rerank"] = reranks[key]
        seen = evidence(record, asked, trail, settings.lang)
        hits.append(
            Hit(
                record=record,
                score=round(scores[key], 6),
                ranks=trail.ranks,
                passage=seen.passage,
                passage_kind=seen.kind,
                matched=seen.matched,
                found_by=seen.found_by,
                folded=folded,
            )
        )
    return hits
