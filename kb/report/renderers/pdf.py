"""PDF by WeasyPrint (extra `[pdf]`): the HTML page with page rules; nothing is fetched."""

from __future__ import annotations

from typing import Any

from kb.errors import UsageError
from kb.report.renderers.html import page
from kb.report.renderers.markdown import TEMPLATES
from kb.report.types import Report


def to_pdf(report: Report) -> bytes:
    """The report as PDF: numbered pages, an outline, text that can be selected."""
    try:
        import weasyprint
    except (ImportError, OSError) as exc:
        raise UsageError(
            f"PDF needs WeasyPrint: {exc}",
            "pip install 'repo-kb[pdf]'; apt-get install libpango-1.0-0 libpangoft2-1.0-0",
        ) from exc
    style = (TEMPLATES / "print.css").read_text(encoding="utf-8")
    html = page(report, open_folds=True, style=style)
    document = weasyprint.HTML(string=html, url_fetcher=_deny)
    return bytes(document.write_pdf())


def _deny(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError(f"a report fetches nothing, not even {url}")
