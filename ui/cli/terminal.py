"""Changes on a terminal: repository text is made inert, long text is wrapped, nothing else."""

from __future__ import annotations

import os
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ui.messages import message
from ui.presenters import local_time, reference, risk_kinds, short_title, word

if TYPE_CHECKING:
    from kb.types import ChangeRecord, Hit, SearchResult

WIDTH = 100  # where nothing says how wide the terminal is


def inert(text: str) -> str:
    """Text without control characters, escapes and direction marks; line breaks become spaces."""
    return "".join(
        " " if char in "\n\r\t" else char
        for char in text
        if char in "\n\r\t" or unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs")
    )


def inert_lines(text: str) -> str:
    """Like `inert`, line by line: a description keeps its paragraphs."""
    return "".join(
        inert(line.rstrip("\r\n")) + ("\n" if line.endswith(("\n", "\r")) else "")
        for line in text.splitlines(keepends=True)
    )


def facts(record: ChangeRecord, tz: str, lang: str) -> str:
    """The line under a title: when, who, how important, what kind, where, which risks."""
    change, analysis = record.change, record.analysis
    parts = [
        local_time(change.merged_at, tz),
        inert(change.author),
        f"{analysis.importance:.1f}",
        ", ".join(word("type", kind, lang) for kind in analysis.types),
        ", ".join(inert(module) for module in analysis.modules[:3]),
        ", ".join(word("risk", kind, lang) for kind in risk_kinds(record)),
    ]
    return " · ".join(part for part in parts if part)


def heading(record: ChangeRecord, several: bool) -> str:
    change = record.change
    name = reference(change)
    if several:
        name = change.repo + (name if name.startswith("#") else f"@{name}")
    return f"{name}  {short_title(inert(change.title)) or '(no title)'}"


def columns() -> int:
    """Like `shutil.get_terminal_size`, without shutil and the compressions that it brings."""
    named = os.environ.get("COLUMNS", "")
    if named.isdecimal() and int(named) > 0:
        return int(named)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or WIDTH
    except (OSError, ValueError):
        return WIDTH


def columns_of(text: str) -> int:
    """How many columns a terminal gives a text: two for a Chinese character."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in text)


def hit_lines(hit: Hit, tz: str, lang: str, *, several: bool, explain: bool) -> list[str]:
    width = min(columns(), 120)
    lines = [heading(hit.record, several), "    " + facts(hit.record, tz, lang)]
    passage = inert(hit.passage)
    if passage and passage != inert(hit.record.change.title):
        lines.append(
            textwrap.fill(
                textwrap.shorten(passage, 280, placeholder=" …"),
                width,
                initial_indent="    | ",
                subsequent_indent="    | ",
            )
        )
    if hit.folded:
        lines.append("    " + message("cli", "search.folded", lang, count=len(hit.folded)))
    if explain:
        ranks = ", ".join(f"{name} {rank}" for name, rank in sorted(hit.ranks.items()))
        lines.append(f"    score {hit.score:.4f} · {ranks}")
        lines.extend(f"    - {inert(reason)}" for reason in hit.found_by)
    elif hit.record.change.url:
        lines.append("    " + hit.record.change.url)
    return lines


def result_text(result: SearchResult, tz: str, lang: str, *, explain: bool) -> str:
    several = len({hit.record.change.repo for hit in result.hits}) > 1
    lines: list[str] = []
    for hit in result.hits:
        lines.extend(hit_lines(hit, tz, lang, several=several, explain=explain))
    if explain:
        engine = result.engine or "-"
        lines.append(f"mode {result.mode} · engine {engine} · {result.took_ms:.0f} ms")
    return "\n".join(lines)


def ledger_text(records: Sequence[ChangeRecord], tz: str, lang: str) -> str:
    """One change a line, newest first; the last line counts them."""
    several = len({record.change.repo for record in records}) > 1
    marks = {"high": "●", "medium": "◐", "low": "○"}
    types = [word("type", record.analysis.types[0], lang) for record in records]
    widest = max(map(columns_of, types), default=0)
    lines = [
        f"{local_time(record.change.merged_at, tz)}  {marks.get(record.analysis.level, ' ')} "
        f"{record.analysis.importance:4.1f}  {kind}{' ' * (widest - columns_of(kind))}  "
        f"{heading(record, several)}  ({inert(record.change.author)})"
        for record, kind in zip(records, types, strict=True)
    ]
    return "\n".join([*lines, message("cli", "changes.count", lang, count=len(records))])
