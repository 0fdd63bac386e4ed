"""One tree of errors; every one says what happened and what to type next.

KBError
├── UsageError            wrong arguments, dates, zones, fields (exit 2)
│   └── QueryError        a query that cannot be parsed
├── NotFound              no such change (exit 1)
├── SourceError           a source cannot be read: no repository, bad ref, missing objects
│   └── LimitReached      stopped by a rate or time limit; run again (exit 75)
├── StoreError            the archive or an index cannot be used
│   ├── Locked            another process writes
│   └── IndexMismatch     built with another embedder or schema
└── ChatError             the model cannot be used (no key, refused, dead)
"""

from __future__ import annotations


class KBError(Exception):
    """`message`: what happened, with the value. `hint`: the next command to type, or ""."""

    exit_status = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(KBError):
    pass


class QueryError(UsageError):
    pass


class NotFound(KBError):
    exit_status = 1


class SourceError(KBError):
    pass


class LimitReached(SourceError):
    exit_status = 75


class StoreError(KBError):
    pass


class Locked(StoreError):
    pass


class IndexMismatch(StoreError):
    pass


class ChatError(KBError):
    pass
