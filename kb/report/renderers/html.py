"""Stub."""

from __future__ import annotations

from kb.report.types import Report


def to_html(report: Report) -> str:
    raise NotImplementedError
