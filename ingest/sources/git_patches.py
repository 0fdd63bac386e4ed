"""The diffs of many commits from `git log -p`, in order, on two readers, with what is missing.

Commits are read in blocks; each block is one git process, and the next blocks are read while the
caller works on this one. Memory is bounded by the blocks in flight, whatever the history's length.
git ends at the first object that a clone lacks; such a block is then read again in two parts: the
commits whose blobs are all there as before, the others file by file, what lacks being listed only.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

from ingest.sources.git_process import DIFF_OPTIONS, LOG_OPTIONS, GitStopped, Repository
from kb.patch import RawFile, file_patches
from kb.types import FileChange

BLOCK = 512  # commits of one git process: about 8 MB of diff; a new process starts with cold caches
READERS = 2
PATHS_AT_ONCE = 500  # of one command line
MISSING = "missing object"
NULL = "0" * 40

_STATUS = {"A": "added", "D": "deleted", "T": "type-changed", "M": "modified"}


def read_patches(
    repository: Repository,
    shas: Sequence[str],
    keep: Callable[[tuple[FileChange, ...]], tuple[FileChange, ...]] = lambda files: files,
) -> Iterator[tuple[str, tuple[FileChange, ...]]]:
    """(sha, files) for each of `shas`, in their order; diffs are against the first parent.

    `keep` is what to keep of a commit's files (trimming); it runs on the readers, before anything
    piles up."""
    # The first blocks are small: the newest changes are wanted at once.
    blocks = [shas[start:end] for start, end in _spans(len(shas))]
    with ThreadPoolExecutor(READERS, "git-reader") as pool:
        waiting: list[Future[list[tuple[str, tuple[FileChange, ...]]]]] = []
        try:
            for place in range(len(blocks)):
                while len(waiting) <= READERS and place + len(waiting) < len(blocks):
                    waiting.append(
                        pool.submit(_read_block, repository, blocks[place + len(waiting)], keep)
                    )
                yield from waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()


def read_paths(
    repository: Repository, shas: Sequence[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(sha, paths that it touches) by trees alone: a twelfth of the time of reading the diffs.

    Renames are two paths here. What git cannot tell, because a tree is missing, is left out."""
    token = secrets.token_hex(16)
    options = ("log", "--no-walk=unsorted", "--stdin", "-z", "--name-only", "--no-renames", "-r")
    output = repository.stream(
        *options,
        "--diff-merges=first-parent",
        f"--format=tformat:{token}%H",
        *LOG_OPTIONS,
        "--ignore-submodules=none",
        stdin="\n".join([*shas, ""]).encode(),
    )
    sha, paths, rest = "", list[str](), b""
    try:
        for piece in output:
            *whole, rest = (rest + piece).split(b"\0")
            for field in whole:
                value = field.decode("utf-8", "replace")
                if value.lstrip("\n").startswith(token):
                    if sha:
                        yield sha, tuple(paths)
                    sha, paths = value.lstrip("\n")[len(token) :], []
                elif value:
                    paths.append(value.removeprefix("\n"))
    except GitStopped:
        pass
    if sha:
        yield sha, tuple(paths)


def _spans(count: int) -> Iterator[tuple[int, int]]:
    start, size = 0, 8
    while start < count:
        yield start, min(start + size, count)
        start, size = start + size, min(size * 2, BLOCK)


def _read_block(
    repository: Repository,
    shas: Sequence[str],
    keep: Callable[[tuple[FileChange, ...]], tuple[FileChange, ...]],
) -> list[tuple[str, tuple[FileChange, ...]]]:
    try:
        return [(sha, keep(files)) for sha, files in _stream(repository, shas)]
    except GitStopped:
        found = dict(_with_missing(repository, shas))
        return [(sha, keep(found[sha])) for sha in shas]


def _stream(
    repository: Repository, shas: Sequence[str]
) -> Iterator[tuple[str, tuple[FileChange, ...]]]:
    """One git process over `shas`. Raises GitStopped where an object is missing."""
    token = secrets.token_hex(16)  # no file can hold it: it is younger than every commit
    output = repository.stream(
        "log",
        "--no-walk=unsorted",
        "--stdin",
        "-p",
        "-M",
        "--diff-merges=first-parent",
        f"--format=tformat:{token}%H",
        *LOG_OPTIONS,
        *DIFF_OPTIONS,
        stdin="\n".join([*shas, ""]).encode(),
    )
    marker = token.encode()
    pending: list[bytes] = []
    sha: str | None = None
    with closing(output):
        for piece in output:
            # A marker may be cut by the end of a piece; searching the last bytes again finds it.
            joined = pending.pop() + piece if pending else piece
            while (place := joined.find(marker)) >= 0:
                end = place + len(marker) + 40
                if len(joined) < end:
                    break
                pending.append(joined[:place])
                if sha is not None:
                    yield sha, _files(b"".join(pending))
                pending.clear()
                sha, joined = joined[place + len(marker) : end].decode("ascii"), joined[end:]
            cut = max(0, len(joined) - 128) if place < 0 else place
            pending += [joined[:cut], joined[cut:]]
    if sha is not None:
        yield sha, _files(b"".join(pending))


def _files(diff: bytes) -> tuple[FileChange, ...]:
    return tuple(file_change(file) for file in file_patches(diff.decode("utf-8", "replace")))


def file_change(file: RawFile) -> FileChange:
    return FileChange(
        path=file.path,
        status=file.status,
        additions=file.additions,
        deletions=file.deletions,
        previous_path=file.previous_path,
        binary=file.binary,
        patch=file.patch,
        seen=not file.binary,
        reason="binary" if file.binary else None,
    )


# --- what a clone lacks ----------------------------------------------------------------------------


def _with_missing(
    repository: Repository, shas: Sequence[str]
) -> Iterator[tuple[str, tuple[FileChange, ...]]]:
    """As `_stream`, one question more: which blobs are there? In any order."""
    listed = {sha: _listing(repository, sha) for sha in shas}
    blobs = {blob for entries in listed.values() for _, _, *both in entries or () for blob in both}
    absent = _absent(repository, blobs)
    whole = [
        sha
        for sha, entries in listed.items()
        if entries is not None and not any(absent.intersection(both) for _, _, *both in entries)
    ]
    done: set[str] = set()
    try:
        for sha, files in _stream(repository, whole) if whole else ():
            done.add(sha)
            yield sha, files
    except GitStopped:
        pass  # corrupt, not absent: the rest one by one
    for sha, entries in listed.items():
        if sha not in done:
            yield sha, _file_by_file(repository, sha, entries, absent)


def _listing(repository: Repository, sha: str) -> list[tuple[str, str, str, str]] | None:
    """(path, status, old blob, new blob) of a commit by its trees alone; None where these lack."""
    tree = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-commit-id", "--no-abbrev")
    parent = repository.answer("rev-parse", "--verify", "-q", f"{sha}^1")
    ends = [parent, sha] if parent else ["--root", sha]
    done = repository.run(*tree, *ends)
    if done.returncode:
        return None
    fields = done.stdout.decode("utf-8", "replace").split("\0")
    entries = []
    for facts, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old, new, status = facts.lstrip(":").split()
        if "160000" in (old_mode, new_mode):  # a submodule's commit is never in this repository
            entries.append((path, "submodule", NULL, NULL))
        else:
            entries.append((path, _STATUS.get(status[0], "modified"), old, new))
    return entries


def _absent(repository: Repository, blobs: set[str]) -> set[str]:
    asked = sorted(blobs - {NULL})
    done = repository.run("cat-file", "--batch-check", stdin="\n".join([*asked, ""]).encode())
    answers = done.stdout.decode("ascii", "replace").splitlines()
    return {answer.split()[0] for answer in answers if answer.endswith(" missing")}


def _file_by_file(
    repository: Repository,
    sha: str,
    entries: list[tuple[str, str, str, str]] | None,
    absent: set[str],
) -> tuple[FileChange, ...]:
    if entries is None:
        return (FileChange("(tree)", "modified", seen=False, reason=MISSING),)
    there = [path for path, _, *both in entries if not absent.intersection(both)]
    files: dict[str, FileChange] = {}
    for start in range(0, len(there), PATHS_AT_ONCE):
        some = there[start : start + PATHS_AT_ONCE]
        files |= {file.path: file for file in _of_paths(repository, sha, some)}
    return tuple(
        files.get(path) or FileChange(path, status, seen=False, reason=MISSING)
        for path, status, *_ in entries
    )


def _of_paths(repository: Repository, sha: str, paths: Sequence[str]) -> tuple[FileChange, ...]:
    """The diffs of these files; of none where git fails, unless one path alone is the reason."""
    parent = repository.answer("rev-parse", "--verify", "-q", f"{sha}^1")
    ends = [parent, sha] if parent else ["--root", sha]
    options = ("diff-tree", "-r", "-p", "--no-renames", "--no-commit-id", *DIFF_OPTIONS)
    done = repository.run(*options, *ends, "--", *paths)
    if done.returncode == 0:
        return _files(done.stdout)
    if len(paths) == 1:
        return ()
    middle = len(paths) // 2
    return _of_paths(repository, sha, paths[:middle]) + _of_paths(repository, sha, paths[middle:])
