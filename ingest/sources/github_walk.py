"""Where a walk over a repository's pull requests stands between runs, and where it goes on.

The first walk goes by creation (with --since: by update, which ends there) and stores its place
after every page. Later ones go by update down to the watermark, which moves only when a walk came to
its end. The two interfaces have a cursor each: what REST has seen does not count as seen by GraphQL,
which tells more.

    {"graphql": {"load": {"after", "field", "start", "since"}, "watermark", "since"},
     "rest":    {"load": {"page", ...}, ...}, "absent": [numbers that are no pull requests]}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ingest.sources.github_client import Refused
from ingest.sources.github_graphql import CREATED, UPDATED, GraphqlPulls, LostCursor
from ingest.sources.github_pulls import Pull
from ingest.sources.github_rest import RestPulls
from ingest.sources.interface import Bounds

OVERLAP_S = 120.0  # a watermark this much before the host's clock: its replicas lag
MAX_WALKS = 2  # times that a list is walked again because entries vanished
GRAPHQL, REST = "graphql", "rest"


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a walk; `cursor` is where the next run would go on after it."""

    pulls: tuple[Pull, ...]
    failed: tuple[tuple[int, str], ...]
    cursor: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """`load`: the state of a first walk, or None for a walk down to `down_to`."""

    load: Mapping[str, Any] | None
    down_to: float | None
    resumed: bool = False


def plan(cursor: Mapping[str, Any], bounds: Bounds, fresh: Mapping[str, Any]) -> Plan:
    """What to walk: go on with a load, begin one, or look at what was updated."""
    since = _stamp(bounds.since)
    load = cursor.get("load")
    if load and load.get("since") == since:
        return Plan(load, since, resumed=True)
    covered = cursor.get("since")
    reaches = covered is None or (since is not None and covered <= since)
    if cursor.get("watermark") is None or not reaches:
        return Plan({**fresh, "since": since}, since)
    return Plan(None, float(cursor["watermark"]))


def walk_graphql(
    pulls: GraphqlPulls, cursor: Mapping[str, Any], bounds: Bounds, now: Callable[[], float]
) -> Iterator[Step]:
    """Every page of the walk that is due; the last step's cursor is that of a completed walk."""
    own: Mapping[str, Any] = cursor.get(GRAPHQL) or {}
    began = now() - OVERLAP_S
    due = plan(own, bounds, {"start": began, "after": None, "field": _field(bounds)})
    if due.load is not None:
        load = dict(due.load)
        while True:
            try:
                page = pulls.page(load["field"], load["after"])
            except LostCursor:
                if load["after"] is None:
                    raise Refused(400, "GitHub does not accept its own cursor") from None
                load["after"] = None  # what is stored already is skipped by its fingerprint
                continue
            ended = page.after is None or (
                load["field"] == UPDATED and _below(page.pulls, due.down_to)
            )
            load["after"] = page.after
            own = (
                {**own, "load": load}
                if not ended
                else _completed(load["start"], bounds, load["since"])
            )
            yield Step(page.pulls, page.failed, {**cursor, GRAPHQL: own})
            if ended:
                break
        if not due.resumed:
            return
    after, floor = None, float(own["watermark"])
    while True:
        page = pulls.page(UPDATED, after)
        after = page.after
        ended = after is None or _below(page.pulls, floor)
        if ended:
            own = _completed(began, bounds, own.get("since"))
        yield Step(page.pulls, page.failed, {**cursor, GRAPHQL: own})
        if ended:
            return


def walk_rest(
    pulls: RestPulls, cursor: Mapping[str, Any], bounds: Bounds, now: Callable[[], float]
) -> Iterator[Step]:
    """The same by REST, whose pages are counted: a page that moved meanwhile is walked again."""
    own: Mapping[str, Any] = cursor.get(REST) or {}
    began = now() - OVERLAP_S
    due = plan(own, bounds, {"start": began, "page": 1, "field": _field(bounds)})
    if due.load is not None:
        load = dict(due.load)
        sort = "created" if load["field"] == CREATED else "updated"
        floor = due.down_to if sort == "updated" else None
        for number, step_pulls, ended in _rest_pages(pulls, sort, int(load["page"]), floor):
            load["page"] = number + 1
            own = (
                {**own, "load": load}
                if not ended
                else _completed(load["start"], bounds, load["since"])
            )
            yield Step(step_pulls, (), {**cursor, REST: own})
        if not due.resumed:
            return
    for _, step_pulls, ended in _rest_pages(pulls, "updated", 1, float(own["watermark"])):
        if ended:
            own = _completed(began, bounds, own.get("since"))
        yield Step(step_pulls, (), {**cursor, REST: own})


def _rest_pages(
    pulls: RestPulls, sort: str, first: int, floor: float | None
) -> Iterator[tuple[int, tuple[Pull, ...], bool]]:
    """(page number, its pull requests, whether it is the last).

    New entries move others down, which hides nothing. Where entries vanished during the walk, one
    behind moved up over a page's border: the list is then shorter than it was, and walked again."""
    began, walks = None, 0
    number = first
    while True:
        page = pulls.page(sort, number)
        ended = not page.more or (
            floor is not None and page.oldest_update is not None and page.oldest_update < floor
        )
        if not ended and began is None:
            began = pulls.total()
        shrunk = ended and began is not None and walks < MAX_WALKS and pulls.total() < began
        yield number, page.pulls, ended and not shrunk
        if ended and not shrunk:
            return
        if shrunk:
            began, number, walks = None, 0, walks + 1
        number += 1


def _completed(start: float, bounds: Bounds, since: float | None) -> dict[str, Any]:
    """A walk that came to its end. One with --until has not seen what came later."""
    until = _stamp(bounds.until)
    return {
        "load": None,
        "watermark": start if until is None else min(start, until),
        "since": since,
    }


def _below(pulls: tuple[Pull, ...], floor: float | None) -> bool:
    return floor is not None and any(pull.updated_at.timestamp() < floor for pull in pulls)


def _field(bounds: Bounds) -> str:
    return CREATED if bounds.since is None else UPDATED


def _stamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.astimezone(UTC).timestamp()
