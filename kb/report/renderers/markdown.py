"""Markdown in GitHub's flavour, from the templates; the marks of other renderers hang in here.

Everything that a template prints is escaped unless it is Markdown already (`finalize`), so a
forgotten filter cannot let a title through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kb.report.renderers.escape import (
    Markdown,
    at_line_start,
    code_span,
    escape,
    escape_line,
    link,
)
from kb.report.say import word
from kb.report.titles import shortened
from kb.report.types import Prose, Reference, Report, Section, walk_prose

_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
AUTHORS = 3
CONTENTS_LETTERS = 64
TEMPLATES = Path(__file__).parent.parent / "templates"


@dataclass(slots=True)
class Marks:
    """How anchors and folded parts are written; HTML has other ones (renderers/html.py)."""

    open_parts: list[str] = field(default_factory=list)

    def anchor(self, name: str) -> Markdown:
        return Markdown(f'<a id="{name}"></a>')

    def fold(self, summary: str) -> Markdown:
        return Markdown(f"<details>\n<summary>{html_text(summary)}</summary>\n")

    def unfold(self) -> Markdown:
        return Markdown("\n</details>")

    def small(self, text: str) -> Markdown:
        return Markdown(f"<sub>{text}</sub>")

    def chart(self, name: str) -> Markdown:
        """Markdown has no charts: their numbers stand in the tables."""
        del name
        return Markdown("")


def title_line(report: Report, inline: Inline) -> Markdown:
    """`owner/name · Weekly report 2026-W22: first theme and second`."""
    repo = f"{report.repos[0]} · " if len(report.repos) == 1 else ""
    head = (
        escape(repo + report.title)
        if not repo
        else Markdown(f"{escape(report.repos[0])} · {escape(report.title)}")
    )
    if not report.headline:
        return head
    return Markdown(f"{head}{word('colon', report.lang)}{inline.prose(report.headline)}")


def theme_foot(theme: Mapping[str, Any], inline: Inline, lang: str) -> Markdown:
    """A theme's changes and people."""
    authors = [escape(name) for name in theme["authors"][:AUTHORS]]
    others = len(theme["authors"]) - len(authors)
    names = ", ".join(authors) + (f", +{others}" if others > 0 else "")
    more = word("list.more", lang).replace("{n}", str(theme["rest"]))
    rest = (
        word("list.comma", lang) + link(Markdown(more), "#" + theme["list"])
        if theme["rest"]
        else ""
    )
    return Markdown(f"{inline.prose(theme['members'])}{rest} · {names}")


def html_text(text: str) -> str:
    from html import escape as html_escape

    return html_escape(escape(text).replace("\\", ""), quote=True)


def to_markdown(report: Report, marks: Marks | None = None) -> str:
    """The whole report."""
    template = "daily.md.j2" if report.kind == "day" else "report.md.j2"
    if report.request.brief:
        template = "brief.md.j2"
    return _render(template, report, marks or Marks())


def section_markdown(report: Report, section: Section) -> str:
    """One section, without its heading."""
    return _render("section.md.j2", report, Marks(), section)


def _render(name: str, report: Report, marks: Marks, section: Section | None = None) -> str:
    inline = Inline(report.references)
    text = (
        environment()
        .get_template(name)
        .render(
            report=report,
            section=section,
            t=lambda key: Markdown(word(key, report.lang)),
            p=inline.prose,
            line=inline.line,
            cell=inline.cell,
            anchor=marks.anchor,
            fold=marks.fold,
            unfold=marks.unfold,
            small=marks.small,
            chart=marks.chart,
            link=link,
            raw=Markdown,
            more=lambda number: Markdown(
                word("list.more", report.lang).replace("{n}", str(number))
            ),
            short=lambda prose: escape(shortened(prose.plain, CONTENTS_LETTERS)),
            theme_foot=lambda theme: theme_foot(theme, inline, report.lang),
            title_line=lambda whole: title_line(whole, inline),
            lang=report.lang,
        )
    )
    return tidy(text)


@cache
def environment() -> Any:
    """Templates that escape whatever is not Markdown yet."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    env = Environment(  # noqa: S701 - Markdown, not HTML: `finalize` escapes every value
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_final,
    )
    env.filters["escape_md"] = escape
    env.filters["code"] = code_span
    env.filters["cellcode"] = lambda text: code_span(text, table=True)
    env.filters["number"] = lambda value: "–" if value is None else _number(value)
    return env


def _final(value: Any) -> Any:
    if isinstance(value, Markdown) or value is None:
        return value or ""
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        # A macro or a call block returns joined text that was escaped piece by piece.
        return value if type(value).__name__ == "Markup" else escape(value)
    raise TypeError(f"a template prints a {type(value).__name__}")


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value}"


@dataclass(frozen=True, slots=True)
class Inline:
    """Prose as Markdown; `references` say where a change's page is."""

    references: Mapping[str, Reference]

    def prose(self, prose: Prose | str, *, table: bool = False) -> Markdown:
        if isinstance(prose, str):
            return escape_line(prose)
        spans = (self._span(span.kind, span.text, span.target, table) for span in prose.spans)
        return at_line_start(Markdown("".join(spans)))

    def line(self, prose: Prose | str) -> Markdown:
        return at_line_start(self.prose(prose))

    def cell(self, prose: Prose | str) -> Markdown:
        return self.prose(prose, table=True)

    def _span(self, kind: str, text: str, target: str, table: bool) -> str:
        if kind == "code":
            return code_span(text, table=table)
        if kind == "strong":
            return f"**{escape(text)}**"
        if kind in ("title", "quote"):
            return with_code(text, table=table)
        if kind == "link":
            return link(escape(text), target)
        if kind == "ref":
            known = self.references.get(target)
            if known is not None and known.url:
                return link(Markdown(text), known.url)
            # Without a page a SHA stays whole as code; as text it would have to be broken up.
            return escape(text) if text.startswith("#") else code_span(text, table=table)
        return escape(text)


def with_code(text: str, *, table: bool = False) -> str:
    """Words of a repository; what its author set in backticks stays code."""
    parts = _CODE.split(text)
    return "".join(
        code_span(part, table=table) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def tidy(text: str) -> str:
    """At most one empty line in a row, none at the ends, no blanks at line ends."""
    lines: list[str] = []
    for line in text.splitlines():
        line = line.rstrip()
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip("\n") + "\n"


def plain_text(section: Section) -> str:
    """All that a reader reads of a section, as words: for lengths."""
    return "\n".join([section.title, *_texts(section.body)])


def _texts(value: Any) -> Sequence[str]:
    if isinstance(value, Prose):
        return [value.plain]
    if isinstance(value, Mapping):
        hidden = (
            *("anchor", "id", "ids", "method", "references", "kind", "symptom", "list", "name"),
            *("rank", "asked", "modules", "totals", "level", "labels", "members"),
        )
        return [
            text
            for name, item in value.items()
            if isinstance(item, Prose) or (name not in hidden and name != "history")
            for text in _texts(item[:AUTHORS] if name == "authors" else item)
        ]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in _texts(item)]
    return [str(value)] if value not in (None, "") else []


__all__ = [
    "Inline",
    "Marks",
    "environment",
    "escape_line",
    "plain_text",
    "section_markdown",
    "to_markdown",
    "walk_prose",
]
