"""Stub."""

from __future__ import annotations

from kb.report.desk import Desk
from kb.report.types import Report


def compose_change(desk: Desk) -> Report:
    raise NotImplementedError
