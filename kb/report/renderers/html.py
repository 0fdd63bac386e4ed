"""One HTML file: the Markdown through a parser without HTML, sanitized, in our own page.

Nothing is fetched: style and charts are inline, there are no images, and a policy in the page
forbids every request. What only HTML has (folded parts, anchors, charts) is written into the
Markdown as marks that no text of a repository can guess, and put in after sanitizing.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from kb.report.renderers.charts import level_chart, module_chart
from kb.report.renderers.escape import Markdown
from kb.report.renderers.markdown import TEMPLATES, Inline, Marks, html_text, to_markdown
from kb.report.say import word
from kb.report.types import Prose, Report, Span

TAGS = frozenset(
    (
        *(
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "p",
            "ul",
            "ol",
            "li",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
        ),
        *("code", "pre", "strong", "em", "blockquote", "a", "br", "hr"),
    )
)


@dataclass(slots=True)
class HtmlMarks(Marks):
    """Marks are paragraphs (or words) that stand for a piece of HTML until the text is clean."""

    charts: dict[str, str] = field(default_factory=dict)
    open_folds: bool = False
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))
    pieces: list[str] = field(default_factory=list)

    def _mark(self, html: str) -> str:
        self.pieces.append(html)
        return f"KBMARK{self.nonce}N{len(self.pieces) - 1}E"

    def _alone(self, html: str) -> Markdown:
        return Markdown("\n\n" + self._mark(html) + "\n\n")

    def anchor(self, name: str) -> Markdown:
        return self._alone(f'<a id="{name}"></a>')

    def fold(self, summary: str) -> Markdown:
        state = " open" if self.open_folds else ""
        return self._alone(f"<details{state}><summary>{html_text(summary)}</summary>")

    def unfold(self) -> Markdown:
        return self._alone("</details>")

    def small(self, text: str) -> Markdown:
        return Markdown(self._mark("<small>") + text + self._mark("</small>"))

    def chart(self, name: str) -> Markdown:
        drawn = self.charts.get(name, "")
        return self._alone(drawn) if drawn else Markdown("")

    def replaced(self, html: str) -> str:
        alone = re.compile(rf"<p>KBMARK{self.nonce}N(\d+)E</p>")
        inline = re.compile(rf"KBMARK{self.nonce}N(\d+)E")
        html = alone.sub(lambda found: self.pieces[int(found[1])], html)
        return inline.sub(lambda found: self.pieces[int(found[1])], html)


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table"])


def clean_html(markdown: str) -> str:
    """Sanitized HTML of Markdown: no images, no raw HTML, links to https and inside the page only."""
    import nh3

    return nh3.clean(
        _parser().render(markdown),
        tags=set(TAGS),
        attributes={"a": {"href"}, "th": {"style"}, "td": {"style"}},
        filter_style_properties={"text-align"},
        url_schemes={"https"},
        link_rel="noopener noreferrer",
    )


def to_html(report: Report) -> str:
    return page(report, open_folds=False)


def page(report: Report, *, open_folds: bool, style: str = "") -> str:
    """The whole file; `style` is added to the page's own (the PDF's page rules)."""
    charts = {
        "modules": module_chart(report.charts.get("modules", ()), report.lang),
        "levels": level_chart(report.charts.get("levels", {}), report.lang),
    }
    marks = HtmlMarks(charts=charts, open_folds=open_folds)
    body = marks.replaced(clean_html(to_markdown(report, marks)))
    marks = HtmlMarks(open_folds=open_folds)
    based = clean_html(based_on(report))
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return str(
        _environment()
        .get_template("report.html.j2")
        .render(
            lang="zh-CN" if report.lang == "zh" else "en",
            title=page_title(report),
            css=css + style,
            body=body,
            based_on=based if report.retrieved else "",
            based_on_label=word("label.based_on", report.lang),
            open_folds=open_folds,
        )
    )


def page_title(report: Report) -> str:
    return " · ".join([*report.repos[:1], report.title]) if report.title else "RepoKB"


def based_on(report: Report) -> str:
    """What retrieval brought into the report, as a Markdown list; what was found and not used counts."""
    inline = Inline(report.references)
    lines = []
    for entry in report.retrieved:
        used = [
            Prose(
                (
                    Span("ref", report.references[ref].label, ref),
                    Span("text", " "),
                    Span("title", report.references[ref].title),
                )
            )
            for ref in entry.used
            if ref in report.references
        ]
        shown = "; ".join(inline.prose(prose) for prose in used) or "–"
        engine = f", {entry.engine}" if entry.engine else ""
        head = inline.prose(
            Prose((Span("strong", entry.purpose), Span("text", " "), Span("quote", entry.query)))
        )
        lines.append(f"- {head} ({len(entry.hits)}{engine}): {shown}")
    return "\n".join(lines) + "\n"


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(default=True, default_for_string=True),
    )
