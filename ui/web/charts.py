"""Charts: plain data in, an ECharts option out; colours suit dark and light.

ECharts draws a chart of bars in a fifth of Vega's time, so Vega-Lite is left to what only it has: a brush
that needs no button, and text of several lengths over bars. Both come with Streamlit; nothing is
fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

Spec = dict[str, Any]
POSITIVE, NEGATIVE = "#2f9e7d", "#d9705f"
MAIN = "#3c9a80"
# Text in a chart, by the page's theme: no gray has the 4.5 : 1 of WCAG on both backgrounds.
GRAY = {"light": "#5c6863", "dark": "#a3aeaa"}
HALVES = tuple(step / 2 for step in range(20))
LEVELS = {"high": "#d9534f", "medium": "#e8a33d", "low": "#8aa39b"}
PALETTE = (
    "#3c9a80", "#5b8def", "#e8a33d", "#d9705f", "#9b79d1", "#4fb3bf", "#b9a23c", "#c77aa5",
    "#7d8f69", "#8c8c8c",
)  # fmt: skip
NUMBERED = 0.022  # the share of a treemap that a box needs for its number
RAMP = ("#d7ebe4", "#9fd0c0", "#5fae98", "#2f7f69", "#17513f")


def terms(points: Sequence[tuple[str, float]], name: str, unit: str, theme: str) -> Spec:
    """The terms of an importance: each a line of text with its bar below, also on a phone."""
    values = [{"term": text, "points": round(value, 2)} for text, value in points]
    return {
        "config": _readable(theme),
        "data": {"values": values},
        "height": 38 * len(points) + 64,
        "encoding": {
            "y": {
                "field": "term",
                "type": "nominal",
                "sort": [value["term"] for value in values],
                "title": None,
                "axis": None,
            },
            "tooltip": [
                {"field": "term", "type": "nominal", "title": name},
                {"field": "points", "type": "quantitative", "title": unit, "format": "+.2f"},
            ],
        },
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadius": 3, "height": 9, "yOffset": 9},
                "encoding": {
                    "x": {
                        "field": "points",
                        "type": "quantitative",
                        "title": unit,
                        "axis": {"grid": False, "tickCount": 6},
                    },
                    "color": {
                        "condition": {"test": "datum.points >= 0", "value": POSITIVE},
                        "value": NEGATIVE,
                    },
                },
            },
            {
                # Text wider than the chart would be given its room by taking it from the bars.
                "mark": {
                    "type": "text",
                    "align": "left",
                    "baseline": "middle",
                    "dy": -6,
                    "fontSize": 13,
                    "clip": True,
                    "limit": {"expr": "width"},
                },
                "encoding": {
                    "x": {"value": 0},
                    "text": {"field": "term", "type": "nominal"},
                    "color": {"value": GRAY[theme]},
                },
            },
        ],
    }


def bucketed(days: Mapping[date, int]) -> tuple[dict[date, int], str]:
    """Changes a day, a week or a month, by the length of the span, without gaps; and which it is.

    Buckets are names on an axis, not moments: the zone was applied when they were counted, and a
    browser in another one must not move them.
    """
    if not days:
        return {}, "day"
    first, last = min(days), max(days)
    span = (last - first).days
    unit = "day" if span <= 200 else "week" if span <= 800 else "month"
    buckets = {}
    start = _start(first, unit)
    while start <= last:
        buckets[start] = 0
        start = last_day(start, unit) + timedelta(days=1)
    for day, count in days.items():
        buckets[_start(day, unit)] += count
    return buckets, unit


def _start(day: date, unit: str) -> date:
    if unit == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday() if unit == "week" else 0)


def last_day(start: date, unit: str) -> date:
    """The last day of the bucket that begins on `start`."""
    if unit == "month":
        return (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return start + timedelta(days=6 if unit == "week" else 0)


def activity(
    days: Mapping[date, int],
    labels: Mapping[str, str],
    chosen: tuple[date, date] | None,
    theme: str,
) -> Spec:
    """Changes over time with a brush named `range`; `chosen` is where the brush lies at first."""
    counts, unit = bucketed(days)
    held = [
        str(day)
        for day in counts
        if chosen and day <= chosen[1] and last_day(day, unit) >= chosen[0]
    ]
    names = [str(day) for day in counts]
    brush: dict[str, Any] = {"name": "range", "select": {"type": "interval", "encodings": ["x"]}}
    if held:
        brush["value"] = {"x": [held[0], held[-1]]}
    return {
        "config": _readable(theme),
        "data": {
            "values": [{"start": str(day), "changes": count} for day, count in counts.items()]
        },
        "height": 180,
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "cursor": "crosshair"},
        "params": [brush],
        "encoding": {
            "x": {
                "field": "start",
                "type": "ordinal",
                "title": None,
                "scale": {"domain": names, "paddingInner": 0.12},
                "axis": {
                    "values": names[:: max(1, round(len(names) / 10))],
                    "labelAngle": 0,
                    "labelExpr": "slice(datum.label, 0, 7)" if unit == "month" else "datum.label",
                    "grid": False,
                    "ticks": False,
                    "labelOverlap": True,
                },
            },
            "y": {
                "field": "changes",
                "type": "quantitative",
                "title": labels[unit],
            },
            "color": {"condition": {"param": "range", "value": MAIN}, "value": "#9db5ae"},
            "tooltip": [
                {"field": "start", "type": "nominal", "title": labels[f"{unit}_of"]},
                {"field": "changes", "type": "quantitative", "title": labels["changes"]},
            ],
        },
    }


def distribution(importance: Mapping[float, int], labels: Mapping[str, str], theme: str) -> Spec:
    """How many changes each half point of importance has, in the order of `HALVES`."""
    bars = [
        {
            "name": f"{low:g} – {low + 0.5:g}",
            "value": importance.get(low, 0),
            "itemStyle": {"color": RAMP[min(len(RAMP) - 1, max(0, int((low - 1) / 2)))]},
        }
        for low in HALVES
    ]
    return {
        **_clickable(labels["changes"], theme),
        "xAxis": {
            "type": "category",
            "data": [f"{low:g}" for low in HALVES],
            "name": labels["importance"],
            "nameLocation": "middle",
            "nameGap": 28,
            "nameTextStyle": {"color": GRAY[theme]},
            "axisLabel": {"interval": 1, "color": GRAY[theme]},
            "axisTick": {"show": False},
        },
        "series": [_bars(bars, barCategoryGap="12%")],
    }


def stretches(counts: Mapping[tuple[date, str], int]) -> list[tuple[date, date]]:
    """First and last day of each bar over time: a week, four where there are many weeks."""
    first, last = min(week for week, _ in counts), max(week for week, _ in counts)
    days = 7 if (last - first).days <= 400 else 28
    return [
        (start := first + timedelta(days=step), start + timedelta(days=days - 1))
        for step in range(0, (last - first).days + 1, days)
    ]


def over_weeks(
    counts: Mapping[tuple[date, str], int],
    words: Mapping[str, str],
    labels: Mapping[str, str],
    theme: str,
    colours: Mapping[str, str] | None = None,
) -> Spec:
    """Stacked bars: a series each value in the order of `by_weight`, a bar each of `stretches`."""
    bars = stretches(counts)
    width = (bars[0][1] - bars[0][0]).days + 1
    rows = {value: [0] * len(bars) for value in by_weight(counts)}
    for (week, value), count in counts.items():
        rows[value][(week - bars[0][0]).days // width] += count
    return {
        **_clickable(labels["changes"], theme),
        "tooltip": {"formatter": "{b}<br>{a}: {c}"},
        "legend": {"show": False},
        "xAxis": {
            "type": "category",
            "data": [f"{first}\n– {last:%m-%d}" for first, last in bars],  # cut at no edge
            "axisLabel": {"color": GRAY[theme]},
            "axisTick": {"show": False},
        },
        "series": [
            _bars(
                row,
                name=words.get(value, value),
                stack="all",
                barCategoryGap="8%",
                itemStyle={"color": colour},
            )
            for (value, row), colour in zip(rows.items(), stacked(rows, colours), strict=True)
        ],
    }


def stacked(values: Iterable[str], colours: Mapping[str, str] | None = None) -> list[str]:
    """The colours of a stack's values: those that have their own, and in turn."""
    return [
        (colours or {}).get(value, PALETTE[index % len(PALETTE)])
        for index, value in enumerate(values)
    ]


def ranking(counts: Sequence[tuple[str, int]], theme: str) -> Spec:
    """Horizontal bars, the first on top, each with its number."""
    return {
        **_clickable("", theme),
        "grid": {"left": 4, "right": 44, "top": 4, "bottom": 4},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [name for name, _ in counts],
            "axisTick": {"show": False},
            "axisLine": {"show": False},
            "axisLabel": {
                "width": 150,
                "overflow": "truncate",
                "interval": 0,
                "color": GRAY[theme],
            },
        },
        "series": [
            _bars(
                [count for _, count in counts],
                label={"show": True, "position": "right", "color": GRAY[theme]},
                itemStyle={"color": MAIN, "borderRadius": 3},
                barCategoryGap="25%",
            )
        ],
    }


def _clickable(unit: str, theme: str) -> Spec:
    """What the charts share whose bars are clicked."""
    return {
        "animation": False,
        "tooltip": {"formatter": "{b}: {c}"},
        "yAxis": {
            "type": "value",
            "name": unit,
            "nameTextStyle": {"color": GRAY[theme]},
            "axisLabel": {"color": GRAY[theme]},
        },
    }


def _readable(theme: str) -> Spec:
    """Streamlit's own gray of Vega's axes has 3.7 : 1."""
    return {"axis": {"labelColor": GRAY[theme], "titleColor": GRAY[theme]}}


def _bars(data: Sequence[Any], **more: Any) -> Spec:
    return {"type": "bar", "data": list(data), "selectedMode": "single", **more}


def treemap(modules: Sequence[tuple[str, int, float]]) -> Spec:
    """(module, changes, mean importance) as an ECharts option: area by changes, darker is weightier."""
    total = sum(count for _, count, _ in modules) or 1
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
                "label": {"overflow": "truncate", "fontSize": 12},
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
                        "label": {
                            "color": "#ffffff" if weight >= 4.5 else "#123c31",
                            "formatter": _boxed(name, count / total),
                        },
                    }
                    for name, count, weight in modules
                ],
            }
        ],
    }


def _boxed(name: str, share: float) -> str:
    """A box's label: a folder a line, and the number where it has the room; ECharts cuts a number
    without a sign that it did, so that 1,951 would read 195."""
    folder, slash, last = name.rpartition("/")
    told = f"{folder}{slash}\n{last}" if folder else name
    return told.replace("{", "(").replace("}", ")") + ("\n{c}" if share > NUMBERED else "")


def shade(weight: float) -> str:
    """Mean importance as a colour; light text reads on all but the two lightest."""
    steps = ("#b5d8cd", "#8fc3b3", "#4a937f", "#337f6a", "#216753", "#17513f")
    return steps[min(len(steps) - 1, max(0, int((weight - 3.5) * 2)))]


def by_weight(counts: Mapping[tuple[date, str], int]) -> list[str]:
    """The values of a stack, the most frequent first."""
    totals: dict[str, int] = {}
    for (_, value), count in counts.items():
        totals[value] = totals.get(value, 0) + count
    return sorted(totals, key=lambda value: (-totals[value], value))
