"""Charts as inline SVG, drawn from the report's numbers; colours come from the page's CSS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from kb.report.say import word

ROW, BAR, GAP, LABEL = 22, 26, 6, 190
# WeasyPrint does not apply a page's CSS inside an SVG, so the colours stand here too.
FILLS = {
    "now": "#0969da",
    "before": "#b6c7dd",
    "high": "#cf222e",
    "medium": "#bf8700",
    "low": "#2da44e",
}
LEVEL_CLASSES = {"high": "level-high", "medium": "level-medium", "low": "level-low"}


def module_chart(rows: Sequence[Mapping[str, Any]], lang: str) -> str:
    """One line a module: its count in the four periods before and in this one."""
    rows = [row for row in rows if row["values"]][:10]
    most = max((value for row in rows for value in row["values"] if value is not None), default=0)
    if not rows or not most:
        return ""
    width = LABEL + 5 * (BAR + GAP) + 40
    height = len(rows) * ROW + 6
    parts = [
        f'<svg class="chart" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(word("section.trends", lang))}">'
    ]
    for position, row in enumerate(rows):
        top = position * ROW + 3
        name = escape(_short(str(row["module"])))
        parts.append(f'<text x="{LABEL - 8}" y="{top + 14}" text-anchor="end">{name}</text>')
        for place, value in enumerate(row["values"]):
            left = LABEL + place * (BAR + GAP)
            now = place == len(row["values"]) - 1
            if value is None:
                parts.append(
                    f'<text class="gone" x="{left + BAR / 2}" y="{top + 14}" text-anchor="middle">–</text>'
                )
                continue
            tall = max(1.0, 16 * value / most)
            kind = "now" if now else "before"
            parts.append(
                f'<rect class="{kind}" fill="{FILLS[kind]}" x="{left}" y="{top + 17 - tall:.1f}" width="{BAR}" height="{tall:.1f}">'
                f"<title>{value}</title></rect>"
            )
        last = row["values"][-1]
        parts.append(f'<text x="{LABEL + 5 * (BAR + GAP) + 4}" y="{top + 14}">{last}</text>')
    return "".join(parts) + "</svg>"


def level_chart(levels: Mapping[str, int], lang: str) -> str:
    """One bar, divided by level."""
    total = sum(levels.values())
    if not total:
        return ""
    width, left = 420.0, 0.0
    parts = [f'<svg class="chart levels" viewBox="0 0 {width:.0f} 34" width="{width:.0f}" height="34" role="img" '
             f'aria-label="{escape(word("label.statistics", lang))}">']  # fmt: skip
    for level, kind in LEVEL_CLASSES.items():
        number = int(levels.get(level, 0))
        wide = width * number / total
        if number:
            parts.append(
                f'<rect class="{kind}" fill="{FILLS[level]}" x="{left:.1f}" y="0" width="{wide:.1f}" height="14"/>'
            )
            name = f"{word(f'level.{level}', lang)} {number}"
            if wide > 4 + sum(7 if char.isascii() else 12 for char in name):  # at 12 pixels
                parts.append(f'<text x="{left + 2:.1f}" y="29">{escape(name)}</text>')
        left += wide
    return "".join(parts) + "</svg>"


def _short(name: str, longest: int = 26) -> str:
    return name if len(name) <= longest else "…" + name[-(longest - 1) :]
