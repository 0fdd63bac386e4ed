"""A stretch of time."""

from __future__ import annotations

from datetime import datetime

from kb.types.noun import noun


@noun
class Period:
    """A half-open interval [since, until) of aware datetimes, with the zone that it was said in."""

    since: datetime
    until: datetime
    tz: str
    kind: str = "range"  # day, week, month, range
