"""PDF by WeasyPrint (extra `[pdf]`): the HTML page with page rules; nothing is fetched."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kb.errors import UsageError
from kb.report.renderers.html import page
from kb.report.renderers.markdown import TEMPLATES
from kb.report.types import Report

FONTS = "apt-get install fonts-noto-cjk"
_CJK = re.compile("[\u3400-\u9fff]")


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
    with _glyphs_missed() as missed:
        data = bytes(document.write_pdf())
    if report.lang == "zh" and any(_CJK.search(line) for line in missed):
        raise UsageError("no font on this machine has Chinese characters", FONTS)
    return data


@contextmanager
def _glyphs_missed() -> Iterator[list[str]]:
    """What WeasyPrint says of characters that no font has: it would print boxes, and go on."""
    missed: list[str] = []
    logger = logging.getLogger("weasyprint")

    def note(record: logging.LogRecord) -> bool:
        words = record.getMessage()
        if ".notdef" in words:
            missed.append(words)
            return False
        return True

    logger.addFilter(note)
    try:
        yield missed
    finally:
        logger.removeFilter(note)


def _deny(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError(f"a report fetches nothing, not even {url}")
