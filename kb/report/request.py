"""What is asked of a report: one value for every surface (command line, web page, MCP)."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from datetime import datetime

from kb.periods import label, local
from kb.types import Filters, Period

KINDS = ("day", "week", "month", "range", "change", "topic", "risks")
SECTIONS = (
    "summary",
    "themes",
    "fixes",
    "trends",
    "risks",
    "key-prs",
    "suggestions",
    "followed",
    "ledger",
    "health",
)
DEFAULT_TOP_K = 24
FLAGS = {
    "--repo": "repos",
    "--author": "authors",
    "--path": "paths",
    "--module": "modules",
    "--type": "types",
    "--risk": "risks",
    "--label": "labels",
    "--level": "levels",
    "--min-importance": "min_importance",
}


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """`period` is None for a change, a topic without dates, and risks of listed changes.

    `sections` of None means all of the kind's; `as_of` cuts off what came later. `made_at` is the
    clock: the same request over the same archive gives the same report.
    """

    kind: str
    made_at: datetime
    tz: str = "UTC"
    period: Period | None = None
    filters: Filters = field(default_factory=Filters)
    lang: str = "en"
    top_k: int = DEFAULT_TOP_K
    sections: tuple[str, ...] | None = None
    brief: bool = False
    as_of: datetime | None = None
    change_id: str | None = None
    change_ids: tuple[str, ...] = ()  # risks of listed changes
    topic: str | None = None

    def wants(self, section: str) -> bool:
        return self.sections is None or section in self.sections


def command_line(request: ReportRequest) -> str:
    """The command that prints the whole report of the same period and filters."""
    period = request.period
    assert period is not None
    words = ["kb", "risks" if request.kind == "risks" else "report", period.kind, label(period)]
    if period.kind == "range":
        words[3:] = [f"{local(end, request.tz):%Y-%m-%d}" for end in (period.since, period.until)]
    for flag, name in FLAGS.items():
        value = getattr(request.filters, name)
        values = value if isinstance(value, tuple) else () if value is None else (f"{value:g}",)
        words += [part for each in values for part in (flag, each)]
    return shlex.join([*words, "--tz", request.tz])
