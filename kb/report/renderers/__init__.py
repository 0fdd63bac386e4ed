"""Reports in the formats that people read and programs take."""

from __future__ import annotations

from kb.errors import UsageError
from kb.report.types import Report

FORMATS = ("md", "html", "pdf", "json")


def render(report: Report, format: str = "md") -> str | bytes:
    """The report as text, or as bytes for `pdf`; UsageError for a format that is none."""
    if format == "md":
        from kb.report.renderers.markdown import to_markdown

        return to_markdown(report)
    if format == "json":
        from kb.report.renderers.json_document import to_json

        return to_json(report)
    if format == "html":
        from kb.report.renderers.html import to_html

        return to_html(report)
    if format == "pdf":
        from kb.report.renderers.pdf import to_pdf

        return to_pdf(report)
    raise UsageError(f"unknown format {format!r}", f"one of: {', '.join(FORMATS)}")
