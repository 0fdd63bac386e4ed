"""Preparing many changes on every core: digesting and judging cost about 20 ms a change.

Workers are plain child processes that read pickles from a pipe: nothing is forked while git's
readers run as threads, and whatever program started the ingest is not imported again.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.types import Change, ChangeRecord

if TYPE_CHECKING:
    from kb.analysis.context import RepoContext
    from kb.settings import AnalysisSettings

MANY = 150  # changes; below, starting workers costs more than they save
MOST_WORKERS = 8
AHEAD = 4  # changes in work for each worker


def prepare_one(
    change: Change, settings: AnalysisSettings, context: RepoContext
) -> ChangeRecord | str:
    """The record; or, where our own code cannot digest a change, the reason in words."""
    from ingest.prepare import prepare

    try:
        return prepare(change, settings, context, datetime.now(UTC))
    except (ArithmeticError, AttributeError, LookupError, RecursionError) as exc:
        return f"{type(exc).__name__}: {exc}"
    except (TypeError, ValueError) as exc:
        return f"{type(exc).__name__}: {exc}"


class Preparation:
    """Prepares in the order given; on child processes once `workers` is above 0."""

    def __init__(self, settings: AnalysisSettings, context: RepoContext, workers: int) -> None:
        self._settings, self._context = settings, context
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        self._workers = [self._start() for _ in range(workers)]
        for worker in self._workers:
            self._idle.put(worker)
        self._pool = ThreadPoolExecutor(max(1, workers), "prepare")

    def map(self, items: Iterable[object]) -> Iterator[object]:
        """Changes become (change, record or reason); everything else passes by in its place."""
        if not self._workers:
            for item in items:
                yield self._here(item) if isinstance(item, Change) else item
            return
        waiting: deque[Future[object] | object] = deque()
        for item in items:
            waiting.append(
                self._pool.submit(self._there, item) if isinstance(item, Change) else item
            )
            if len(waiting) > AHEAD * len(self._workers):
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())

    def one(self, change: Change) -> ChangeRecord | str:
        return prepare_one(change, self._settings, self._context)

    def _here(self, change: Change) -> tuple[Change, ChangeRecord | str]:
        return change, self.one(change)

    def _there(self, change: Change) -> tuple[Change, ChangeRecord | str]:
        worker = self._idle.get()
        try:
            return change, _ask(worker, change)
        except (OSError, EOFError, pickle.PickleError):
            return self._here(change)  # a worker that died: this change is prepared here
        finally:
            self._idle.put(worker)

    def _start(self) -> subprocess.Popen[bytes]:
        root = str(Path(__file__).resolve().parents[1])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "ingest.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path},
        )
        assert worker.stdin
        pickle.dump((self._settings, self._context), worker.stdin)
        worker.stdin.flush()
        return worker

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.kill()
            worker.communicate()


@contextmanager
def preparation(
    settings: AnalysisSettings, context: RepoContext, total: int | None
) -> Iterator[Preparation]:
    """As many workers as there are cores, where there is work for them."""
    many = total is not None and total >= MANY
    found = Preparation(settings, context, min(os.cpu_count() or 1, MOST_WORKERS) if many else 0)
    try:
        yield found
    finally:
        found.close()


def _ask(worker: subprocess.Popen[bytes], change: Change) -> ChangeRecord | str:
    assert worker.stdin
    assert worker.stdout
    pickle.dump(change, worker.stdin, pickle.HIGHEST_PROTOCOL)
    worker.stdin.flush()
    answer: ChangeRecord | str = pickle.load(worker.stdout)  # noqa: S301 - our own child
    return answer


def _result(item: Any) -> object:
    return item.result() if isinstance(item, Future) else item


def main() -> None:
    """A worker: settings and context first, then a change in, a record out, until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end is ours
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    settings, context = pickle.load(asked)  # noqa: S301 - our own parent
    while True:
        try:
            change = pickle.load(asked)  # noqa: S301
        except EOFError:
            return
        pickle.dump(prepare_one(change, settings, context), told, pickle.HIGHEST_PROTOCOL)
        told.flush()


if __name__ == "__main__":
    main()
