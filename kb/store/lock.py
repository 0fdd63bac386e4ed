"""One writer: a lock that the system drops with the process, so that a dead holder never blocks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from kb.errors import Locked
from kb.store.schema import exists, store_error

LOCK_NAME = "writer.lock"
HOLDER_NAME = "writer.json"  # beside the lock: some systems refuse to read a locked file


@contextmanager
def writer_lock(home: Path, purpose: str = "ingest") -> Iterator[None]:
    """Raises Locked, naming the holder, when another process writes into this home."""
    from filelock import FileLock, Timeout

    exists(home)  # says it in words where the home is no folder
    lock = FileLock(home / LOCK_NAME, timeout=0, thread_local=False)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as exc:
        raise Locked(_held_by(home), "wait until it has finished, then run it again") from exc
    except OSError as exc:
        raise store_error(exc, home / LOCK_NAME) from exc
    holder = home / HOLDER_NAME
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "since": since, "purpose": purpose}))
        yield
    except OSError as exc:
        if exc.filename == str(holder):
            raise store_error(exc, holder) from exc
        raise
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _held_by(home: Path) -> str:
    try:
        holder = json.loads((home / HOLDER_NAME).read_text())
        return (
            f"another {holder['purpose']} is running (pid {holder['pid']}, since {holder['since']})"
        )
    except (OSError, ValueError, KeyError):
        return f"another ingest is running in {home}"
