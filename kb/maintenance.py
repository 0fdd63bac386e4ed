"""Upkeep of a knowledge base: judge everything again, forget a source, see whether all works."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kb.errors import KBError, StoreError
from kb.settings import Settings
from kb.types import Analysis, ChangeRecord, Digest, Filters, Observer, Relation

if TYPE_CHECKING:
    from kb.analysis.context import RepoContext
    from kb.knowledge_base import KnowledgeBase
    from kb.store.archive import Archive
    from kb.store.vector_index import VectorHit

BATCH = 200
SAME_SCORE = 1e-3  # of float32, summed in another order
SAMPLED_VECTORS = 20


@dataclass(frozen=True, slots=True)
class Analyzed:
    """What a new judgement moved; `moves`: (level before, level after) -> changes; `reread`: whose
    digest reads otherwise now, and whose vectors the next ingest makes anew."""

    changes: int = 0
    reread: int = 0
    levels_moved: int = 0
    importances_moved: int = 0
    moves: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `kb doctor`."""

    name: str
    ok: bool
    detail: str
    hint: str = ""


def analyze(settings: Settings, repo: str | None, observer: Observer) -> Analyzed:
    """Read and judge every stored change again, from its stored diff. Holds the writer's lock."""
    from kb.store.archive import Archive
    from kb.store.lock import writer_lock
    from kb.store.schema import must_exist

    must_exist(settings.home)
    with writer_lock(settings.home, "kb analyze"), Archive.open(settings.home) as archive:
        repos = archive.repos() if repo is None else [repo]
        archive.must_hold(repos)
        moves: Counter[tuple[str, str]] = Counter()
        changes = importances = reread = 0
        for name in repos:
            context, relations = link(archive, name)
            observer.phase(f"analyze {name}", archive.count(Filters(repos=(name,)), pending=True))
            for batch in _judged(archive, name, settings, context, relations):
                archive.put_digests(
                    record for record, before, _ in batch if record.digest != before
                )
                archive.put_analyses((record.id, after) for record, _, after in batch)
                for record, before, after in batch:
                    reread += record.digest != before
                    moves[record.analysis.level, after.level] += 1
                    importances += record.analysis.importance != after.importance
                changes += len(batch)
                observer.advance(len(batch))
    moved = {pair: count for pair, count in moves.items() if pair[0] != pair[1]}
    return Analyzed(changes, reread, sum(moved.values()), importances, moved)


def link(archive: Archive, repo: str) -> tuple[RepoContext, dict[str, list[Relation]]]:
    """What the history of a repository says of its changes; its relations are stored anew."""
    from kb.analysis.context import HistoryRow, build_context
    from kb.analysis.series import RelationRow, relations

    history, rows = [], []
    for record in archive.iter_records(Filters(repos=(repo,)), order="oldest", pending=True):
        change = record.change
        paths = [file.path for file in change.files]
        history.append(HistoryRow(change.id, change.author, change.title, change.merged_at, paths))
        rows.append(
            RelationRow(
                change.id,
                change.number,
                change.sha,
                change.title,
                change.body,
                change.author,
                change.merged_at,
            )
        )
    found = relations(rows)
    archive.put_relations(repo, found)
    touching: dict[str, list[Relation]] = defaultdict(list)
    for relation in found:
        touching[relation.source].append(relation)
        if relation.kind != "series":
            touching[relation.target].append(relation)
    return build_context(history), touching


def _judged(
    archive: Archive,
    repo: str,
    settings: Settings,
    context: RepoContext,
    relations: Mapping[str, Sequence[Relation]],
) -> Iterator[list[tuple[ChangeRecord, Digest, Analysis]]]:
    """Records with their new digest, the digest before, and the new analysis."""
    from kb.analysis.digest import digest
    from kb.analysis.judge import rescore
    from kb.analysis.overrides import overridden
    from kb.analysis.path_roles import role
    from kb.analysis.series import apply_relations

    weights, now = settings.for_repo(repo), datetime.now(UTC)
    batch: list[tuple[ChangeRecord, Digest, Analysis]] = []
    for record in archive.iter_records(Filters(repos=(repo,)), pending=True, patches=True):
        before = record.digest
        files = tuple(
            replace(file, role=role(file.path, file.patch)) for file in record.change.files
        )
        change = replace(record.change, files=files)
        record = replace(record, change=change, digest=digest(change))
        after = rescore(record, weights, context, now=now)
        after = apply_relations(after, relations.get(record.id, ()), record.id)
        after = overridden(after, settings.overrides.get(record.id))
        batch.append((record, before, after))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def forget(settings: Settings, repo: str, clones: str = "clones") -> int:
    """Remove a repository's changes, vectors, source and own clone, and publish without it."""
    from kb.store.archive import Archive
    from kb.store.generations import publish
    from kb.store.lock import writer_lock
    from kb.store.schema import must_exist

    must_exist(settings.home)
    with writer_lock(settings.home, "kb forget"), Archive.open(settings.home) as archive:
        archive.must_hold([repo])
        count = archive.delete_repo(repo)
        shutil.rmtree(settings.home / clones / repo, ignore_errors=True)
        embedder, dimension = _published_with(settings)
        publish(archive, embedder=embedder, dimension=dimension, chroma_url=settings.chroma_url)
    return count


def _published_with(settings: Settings) -> tuple[str, int]:
    """What the index was built with: removing a source is no reason to change the embedder."""
    from kb.embedders import embedder_for
    from kb.store import manifest

    with suppress(StoreError):
        if generation := manifest.current(settings.home):
            found = manifest.read(settings.home, generation)
            return found.embedder, found.dimension
    embedder = embedder_for(settings)
    return embedder.identity(), embedder.dimension


def doctor(knowledge: KnowledgeBase, *, chat: bool = False) -> Iterator[Check]:
    """Every check, one after the other; one that fails does not stop the others."""
    checks = [_git, _archive, _embedder, _index, _sources, _extras]
    if chat:
        checks.append(_chat)
    for check in checks:
        try:
            yield from check(knowledge)
        except KBError as error:
            yield Check(check.__name__.strip("_"), False, error.message, error.hint)


def _git(_: KnowledgeBase) -> Iterator[Check]:
    try:
        done = subprocess.run(["git", "--version"], capture_output=True, text=True, timeout=10)
    except OSError:
        yield Check("git", False, "git is not installed", "apt-get install git")
        return
    yield Check("git", done.returncode == 0, done.stdout.strip())


def _archive(knowledge: KnowledgeBase) -> Iterator[Check]:
    if not knowledge.exists:
        yield Check("archive", True, f"empty: {knowledge.settings.home}", "kb ingest PATH")
        return
    (verdict,) = knowledge.archive.connection.execute("PRAGMA quick_check(1)").fetchone()
    size = knowledge.archive.path.stat().st_size / 2**20
    hint = "" if verdict == "ok" else "move it away and ingest again"
    yield Check("archive", verdict == "ok", f"{verdict}, {size:.0f} MiB", hint)


def _embedder(knowledge: KnowledgeBase) -> Iterator[Check]:
    embedder = knowledge.embedder
    vector = embedder.encode_query("the cache is resized while a request is running")
    length = float((vector * vector).sum())
    yield Check(
        "embedder", abs(length - 1) < 1e-3, f"{embedder.identity()}, {embedder.dimension} numbers"
    )


def _as_near(exact: Sequence[VectorHit], found: Sequence[VectorHit]) -> bool:
    """Whether what was found is as near as the nearest: of changes that read alike any will do."""
    return len(exact) == len(found) and all(
        abs(one.score - other.score) < SAME_SCORE for one, other in zip(exact, found, strict=True)
    )


def _index(knowledge: KnowledgeBase) -> Iterator[Check]:
    """Chroma must answer like the exact scan, on vectors that are stored."""
    from kb.store.vector_index import open_index
    from kb.store.vectors import KINDS

    if not knowledge.exists:
        return
    with knowledge.archive.reading() as generation:
        if not generation:
            yield Check("index", True, "nothing is published yet", "kb update")
            return
        newest = [record.id for record in knowledge.select(Filters(), limit=SAMPLED_VECTORS)]
        vectors = list(knowledge.archive.vectors(newest, "title").values())
        if not knowledge.writable:
            detail = f"generation {generation}: the exact scan answers (Chroma needs to write)"
            yield Check("index", True, detail)
            return
        exact = open_index(knowledge.settings, generation, "exact")
        chroma = open_index(knowledge.settings, generation, "chroma")
        try:
            same = sum(
                _as_near(exact.search(vector, "title", 10), chroma.search(vector, "title", 10))
                for vector in vectors
            )
            whole = all(chroma.count(kind) == exact.count(kind) for kind in KINDS)
        finally:
            exact.close()
            chroma.close()
    ok = whole and same >= 0.9 * len(vectors)
    detail = f"generation {generation}: Chroma and the exact scan agree on {same} of {len(vectors)}"
    if not whole:
        detail += ", and Chroma lacks vectors"
    yield Check("index", ok, detail, "" if ok else "kb reindex")


def _sources(knowledge: KnowledgeBase) -> Iterator[Check]:
    for source in knowledge.sources():
        failed = len(knowledge.archive.failures(source.name))
        detail = f"{source.name}: {source.last_error or f'changes that failed: {failed}'}"
        yield Check("source", not (failed or source.last_error), detail, "kb update")


def _extras(_: KnowledgeBase) -> Iterator[Check]:
    for package, extra in (("weasyprint", "pdf"), ("mcp", "mcp")):
        found = importlib.util.find_spec(package) is not None
        detail = "installed" if found else f"not installed: pip install 'repo-kb[{extra}]'"
        yield Check(extra, True, detail)


def _chat(knowledge: KnowledgeBase) -> Iterator[Check]:
    from kb.report.change_analyst import try_one

    if knowledge.settings.chat.model in (None, "none"):
        yield Check(
            "chat", False, "no model is configured", "kb doctor --chat MODEL, or [chat] model"
        )
        return
    newest = knowledge.select(Filters(), limit=1, include_bots=False)
    if not newest:
        yield Check("chat", False, "nothing is indexed to try it on", "kb ingest PATH")
        return
    with knowledge.chat(use_cache=False) as chat:
        assert chat is not None
        tried = try_one(knowledge.record(newest[0].id, patches=True), chat, knowledge.settings.lang)
    yield Check("chat", tried.ok, tried.detail, tried.hint)
