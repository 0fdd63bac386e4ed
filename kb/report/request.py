"""What is asked of a report: one value for every surface (command line, web page, MCP)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

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
