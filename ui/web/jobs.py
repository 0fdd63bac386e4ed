"""Work that outlasts one run of the page: reports, made in a thread, watched and cancelled."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from kb.errors import KBError
from kb.types import Observer

log = logging.getLogger("repo_kb.web")
KEPT = 30


class Cancelled(Exception):
    """The reader does not want it any more."""


@dataclass
class Job:
    """`result` is what the work returned; `error` a sentence with a hint; `asked` what it is for."""

    id: str
    label: str
    started: datetime
    asked: object = None
    phase: str = ""
    done: int = 0
    total: int | None = None
    notes: list[str] = field(default_factory=list)
    result: Any = None
    error: KBError | None = None
    finished: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def share(self) -> float:
        """How far the phase is, 0 to 1; 0 where its length is unknown."""
        return min(1.0, self.done / self.total) if self.total else 0.0


class Watch:
    """The observer of a job: keeps what a page shows; stops the work when it was cancelled."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def phase(self, name: str, total: int | None = None) -> None:
        self._check()
        self.job.phase, self.job.total, self.job.done = name, total, 0

    def advance(self, count: int = 1) -> None:
        self._check()
        self.job.done += count

    def note(self, message: str) -> None:
        self._check()
        self.job.notes.append(message)

    def _check(self) -> None:
        if self.job.cancelled.is_set():
            raise Cancelled


@st.cache_resource(show_spinner=False)
def jobs() -> dict[str, Job]:
    """All jobs of this process, so that a closed and opened page finds its own again."""
    return {}


def of(asked: object) -> Job | None:
    """The last job for the same, under way or done."""
    found = [job for job in jobs().values() if job.asked == asked]
    return next((job for job in found[::-1] if not (job.error or job.cancelled.is_set())), None)


def start(label: str, work: Callable[[Observer], Any], asked: object = None) -> Job:
    job = Job(uuid.uuid4().hex[:12], label, datetime.now(UTC), asked)
    known = jobs()
    known[job.id] = job
    for old in list(known.values())[:-KEPT]:
        if old.finished:
            known.pop(old.id, None)
    threading.Thread(target=_run, args=(job, work), name=f"report-{job.id}", daemon=True).start()
    return job


def _run(job: Job, work: Callable[[Observer], Any]) -> None:
    try:
        job.result = work(Watch(job))
    except Cancelled:
        job.result = None
    except KBError as error:
        job.error = error
    except Exception as error:
        log.exception("job %s failed", job.label)
        job.error = KBError(f"{type(error).__name__}", "the log of the server says more")
    finally:
        job.finished = True
