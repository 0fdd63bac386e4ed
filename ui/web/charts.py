"""Charts: plain data in, an Altair chart (or an ECharts option) out; colours suit dark and light.

Vega and ECharts come with Streamlit and are served by it; nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import altair as alt
import pandas as pd

POSITIVE, NEGATIVE = "#2f9e7d", "#d9705f"
MAIN = "#3c9a80"
LEVELS = {"high": "#d9534f", "medium": "#e8a33d", "low": "#8aa39b"}
PALETTE = (
    "#3c9a80", "#5b8def", "#e8a33d", "#d9705f", "#9b79d1", "#4fb3bf", "#b9a23c", "#c77aa5",
    "#7d8f69", "#8c8c8c",
)  # fmt: skip
RAMP = ("#d7ebe4", "#9fd0c0", "#5fae98", "#2f7f69", "#17513f")


def terms(points: Sequence[tuple[str, float]], name: str, unit: str) -> Any:
    """The terms of an importance: each a line of text with its bar below, also on a phone."""
    frame = pd.DataFrame([{"term": text, "points": round(value, 2)} for text, value in points])
    rows = alt.Y("term:N", sort=list(frame["term"]), title=None, axis=None)
    tooltip = [
        alt.Tooltip("term:N", title=name),
        alt.Tooltip("points:Q", title=unit, format="+.2f"),
    ]
    base = alt.Chart(frame).encode(y=rows, tooltip=tooltip)
    bars = base.mark_bar(cornerRadius=3, height=9, yOffset=9).encode(
        x=alt.X("points:Q", title=unit, axis=alt.Axis(grid=False, tickCount=6)),
        color=alt.condition("datum.points >= 0", alt.value(POSITIVE), alt.value(NEGATIVE)),
    )
    # Text wider than the chart would be given its room by taking it from the bars.
    words = base.mark_text(
        align="left", baseline="middle", dy=-6, fontSize=13, clip=True, limit=alt.ExprRef("width")
    ).encode(x=alt.value(0), text="term:N", color=alt.value("#83918c"))
    return (bars + words).properties(height=38 * len(points) + 64)


def bucketed(days: Mapping[date, int]) -> tuple[dict[date, int], int]:
    """Changes a day, or a week where the span is long, without gaps; and a bucket's days.

    Buckets are names on an axis, not moments: the zone was applied when they were counted, and a
    browser in another one must not move them.
    """
    if not days:
        return {}, 1
    first, last = min(days), max(days)
    span = 7 if (last - first).days > 200 else 1
    if span == 7:
        first -= timedelta(days=first.weekday())
    buckets = {first + timedelta(days=step): 0 for step in range(0, (last - first).days + 1, span)}
    for day, count in days.items():
        buckets[day - timedelta(days=day.weekday() if span == 7 else 0)] += count
    return buckets, span


def activity(
    days: Mapping[date, int], labels: Mapping[str, str], chosen: tuple[date, date] | None
) -> Any:
    """Changes over time with a brush named `range`; `chosen` is where the brush lies at first."""
    counts, span = bucketed(days)
    frame = pd.DataFrame([{"start": str(day), "changes": count} for day, count in counts.items()])
    held = [
        str(day)
        for day in counts
        if chosen and day <= chosen[1] and day + timedelta(days=span) > chosen[0]
    ]
    start: dict[str, Any] = {"value": {"x": [held[0], held[-1]]}} if held else {}
    brush = alt.selection_interval(name="range", encodings=["x"], **start)
    return (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=2, cursor="crosshair")
        .encode(
            x=_days_axis(list(frame["start"])),
            y=alt.Y("changes:Q", title=labels["week" if span == 7 else "day"]),
            color=alt.condition(brush, alt.value(MAIN), alt.value("#9db5ae")),
            tooltip=[
                alt.Tooltip("start:N", title=labels["week_of" if span == 7 else "on"]),
                alt.Tooltip("changes:Q", title=labels["changes"]),
            ],
        )
        .add_params(brush)
        .properties(height=180)
    )


def _days_axis(names: Sequence[str], ticks: int = 10) -> alt.X:
    """A band for every bucket, a label for some."""
    step = max(1, round(len(names) / ticks))
    return alt.X(
        "start:O",
        title=None,
        scale=alt.Scale(domain=list(names), paddingInner=0.12),
        axis=alt.Axis(
            values=list(names[::step]), labelAngle=0, grid=False, ticks=False, labelOverlap=True
        ),
    )


def distribution(importance: Mapping[float, int], labels: Mapping[str, str]) -> Any:
    """How many changes each half point of importance has; a click picks a bar (`bar`)."""
    frame = pd.DataFrame(
        [
            {"low": low, "span": f"{low:g} – {low + 0.5:g}", "changes": importance.get(low, 0)}
            for low in (step / 2 for step in range(20))
        ]
    )
    pick = alt.selection_point(name="bar", fields=["low"])
    return (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=2, cursor="pointer")
        .encode(
            x=alt.X(
                "low:O",
                title=labels["importance"],
                scale=alt.Scale(paddingInner=0.1),
                axis=alt.Axis(values=list(range(10)), labelAngle=0, ticks=False),
            ),
            y=alt.Y("changes:Q", title=labels["changes"]),
            opacity=alt.condition(pick, alt.value(1), alt.value(0.35)),
            color=alt.Color(
                "low:Q", scale=alt.Scale(range=list(RAMP[1:]), domain=[2, 10]), legend=None
            ),
            tooltip=[
                alt.Tooltip("span:N", title=labels["importance"]),
                alt.Tooltip("changes:Q", title=labels["changes"]),
            ],
        )
        .add_params(pick)
        .properties(height=300)
    )


def over_weeks(
    counts: Mapping[tuple[date, str], int],
    words: Mapping[str, str],
    labels: Mapping[str, str],
    colours: Mapping[str, str] | None = None,
) -> Any:
    """Stacked bars a week, one colour a value; a click picks week and value (`cell`)."""
    order = _by_weight(counts)
    first, last = min(week for week, _ in counts), max(week for week, _ in counts)
    weeks = [str(first + timedelta(days=step)) for step in range(0, (last - first).days + 1, 7)]
    frame = pd.DataFrame(
        [
            {"start": str(week), "value": value, "name": words.get(value, value), "changes": count}
            for (week, value), count in sorted(counts.items())
        ]
    )
    names = [words.get(value, value) for value in order]
    scale = alt.Scale(
        domain=names,
        range=[
            (colours or {}).get(value, PALETTE[index % len(PALETTE)])
            for index, value in enumerate(order)
        ],
    )
    pick = alt.selection_point(name="cell", fields=["start", "value"])
    return (
        alt.Chart(frame)
        .mark_bar(cursor="pointer")
        .encode(
            x=_days_axis(weeks, 6),
            y=alt.Y("changes:Q", title=labels["changes"], stack="zero"),
            color=alt.Color(
                "name:N",
                scale=scale,
                sort=names,
                legend=alt.Legend(title=None, orient="bottom", columns=4, labelLimit=160),
            ),
            opacity=alt.condition(pick, alt.value(1), alt.value(0.35)),
            tooltip=[
                alt.Tooltip("start:N", title=labels["week_of"]),
                alt.Tooltip("name:N", title=labels["value"]),
                alt.Tooltip("changes:Q", title=labels["changes"]),
            ],
        )
        .add_params(pick)
        .properties(height=320)
    )


def ranking(counts: Iterable[tuple[str, int]], labels: Mapping[str, str]) -> Any:
    """Horizontal bars, longest first; a click picks one (`bar`)."""
    frame = pd.DataFrame([{"name": name, "changes": count} for name, count in counts])
    pick = alt.selection_point(name="bar", fields=["name"])
    return (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=3, cursor="pointer", color=MAIN)
        .encode(
            y=alt.Y(
                "name:N", sort="-x", title=None, axis=alt.Axis(labelLimit=170, labelOverlap=False)
            ),
            x=alt.X("changes:Q", title=labels["changes"]),
            opacity=alt.condition(pick, alt.value(1), alt.value(0.35)),
            tooltip=[
                alt.Tooltip("name:N", title=labels["value"]),
                alt.Tooltip("changes:Q", title=labels["changes"]),
            ],
        )
        .add_params(pick)
        .properties(height=22 * max(len(frame), 1) + 40)
    )


def treemap(modules: Sequence[tuple[str, int, float]]) -> dict[str, Any]:
    """(module, changes, mean importance) as an ECharts option: area by changes, darker is weightier."""
    return {
        "animation": False,
        "tooltip": {"formatter": "{b}: {c}"},
        "series": [
            {
                "type": "treemap",
                "selectedMode": "single",
                "roam": False,
                "nodeClick": False,
                "breadcrumb": {"show": False},
                "left": 0,
                "right": 0,
                "top": 0,
                "bottom": 0,
                "label": {"formatter": "{b}\n{c}", "overflow": "truncate", "fontSize": 12},
                "select": {"itemStyle": {"borderColor": "#e8a33d", "borderWidth": 3}},
                "data": [
                    {
                        "name": name,
                        "value": count,
                        "itemStyle": {
                            "color": shade(weight),
                            "borderWidth": 0,
                            "gapWidth": 2,
                            "borderRadius": 4,
                        },
                        "label": {"color": "#ffffff" if weight >= 4.5 else "#123c31"},
                    }
                    for name, count, weight in modules
                ],
            }
        ],
    }


def shade(weight: float) -> str:
    """Mean importance as a colour; light text reads on all but the two lightest."""
    steps = ("#b5d8cd", "#8fc3b3", "#4a937f", "#337f6a", "#216753", "#17513f")
    return steps[min(len(steps) - 1, max(0, int((weight - 3.5) * 2)))]


def _by_weight(counts: Mapping[tuple[date, str], int]) -> list[str]:
    totals: dict[str, int] = {}
    for (_, value), count in counts.items():
        totals[value] = totals.get(value, 0) + count
    return sorted(totals, key=lambda value: (-totals[value], value))
