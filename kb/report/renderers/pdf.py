"""Stub."""

from __future__ import annotations

from kb.report.types import Report


def to_pdf(report: Report) -> bytes:
    raise NotImplementedError
