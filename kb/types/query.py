"""Asking: a question and the conditions on what may answer it."""

from __future__ import annotations

from datetime import datetime

from kb.types.noun import noun, values


@noun
class Filters:
    """Conditions that all must hold; several values of one field mean any of them."""

    repos: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    paths: tuple[
        str, ...
    ] = ()  # globs over whole paths; "dir/" and a bare name match anywhere below
    modules: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    min_importance: float | None = None
    since: datetime | None = None  # aware; inclusive
    until: datetime | None = None  # aware; exclusive

    def __bool__(self) -> bool:
        return any(value not in ((), None) for value in values(self))


@noun
class Query:
    """A parsed question. `text` is what is left to search by meaning."""

    text: str
    mode: str = "hybrid"
    limit: int = 10
    offset: int = 0
    filters: Filters = Filters()
    phrases: tuple[str, ...] = ()  # "quoted": must occur
    excluded: tuple[str, ...] = ()  # -word: must not occur
    raw: str = ""  # as typed

    @property
    def empty(self) -> bool:
        """Whether it asks for nothing at all."""
        return not (self.text or self.filters or self.phrases or self.excluded)
