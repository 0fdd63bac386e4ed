"""Changes as a table: sorting, selection, export to CSV; the selection leads to changes and risks."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from kb.types import ChangeRecord
from ui.presenters import change_json, row
from ui.web.cards import change_line
from ui.web.errors import part
from ui.web.text import clean
from ui.web.view import View

ROW, FRAME = 35, 3  # pixels
# Pixels: on a screen of 1440 the type is the last column that is seen, and seen whole.
WIDTHS = {
    "time": 125, "reference": 80, "title": 290, "author": 130, "importance": 110, "level": 68,
    "type": 135,
}  # fmt: skip
COLUMNS = (
    "time",
    "reference",
    "title",
    "author",
    "importance",
    "level",
    "type",
    "modules",
    "risks",
    "files",
    "additions",
    "deletions",
)


@part
def table(
    view: View,
    records: Sequence[ChangeRecord],
    *,
    key: str,
    height: int = 480,  # of a table with more rows than this shows
    everything: Callable[[], Sequence[ChangeRecord]] | None = None,
) -> None:
    """Draw the table and what can be done with the selected rows; a selection draws only this.

    `everything` brings what a CSV holds when the table shows only the first rows.
    """
    several = len({record.change.repo for record in records}) > 1
    columns = (*COLUMNS[:2], "repo", *COLUMNS[2:]) if several else COLUMNS
    rows = [row(record, view.tz, view.lang) for record in records]
    frame = pd.DataFrame([{name: _cell(line[name]) for name in columns} for line in rows])
    event = st.dataframe(
        frame,
        key=f"table-{key}",
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        height=min(height, whole(len(rows))),
        column_config=_config(view),
    )
    picked = [records[index] for index in event.selection.rows if index < len(records)]
    _actions(view, picked, key, everything or (lambda: records))


def whole(rows: int) -> int:
    """The height of a table that shows all its rows. Told beforehand, as that of every chart: where
    the browser finds it out, what is below moves when the table comes."""
    return ROW * (rows + 1) + FRAME


def _cell(value: object) -> object:
    return clean(value) if isinstance(value, str) else value


def _config(view: View) -> Any:
    config: dict[str, Any] = {
        name: st.column_config.TextColumn(view.say(f"column.{name}"), width=WIDTHS.get(name))
        for name in COLUMNS
    }
    config["repo"] = st.column_config.TextColumn(view.say("column.repo"))
    config["importance"] = st.column_config.ProgressColumn(
        view.say("column.importance"),
        width=WIDTHS["importance"],
        min_value=0,
        max_value=10,
        format="%.1f",
    )
    for name in ("files", "additions", "deletions"):
        config[name] = st.column_config.NumberColumn(view.say(f"column.{name}"), width="small")
    return config


def _actions(
    view: View,
    picked: Sequence[ChangeRecord],
    key: str,
    everything: Callable[[], Sequence[ChangeRecord]],
) -> None:
    actions = st.container(horizontal=True, vertical_alignment="center", key=f"table-actions-{key}")
    actions.caption(
        view.say("table.selected", count=len(picked)) if picked else view.say("table.hint"),
        width="stretch",
    )
    if picked:
        view.link(
            view.say("table.risks", count=len(picked)),
            "report",
            actions,
            kind="risks",
            id=[record.id for record in picked[:100]],
        )
    actions.download_button(
        view.say("table.csv"),
        data=lambda: csv_of(picked or everything()),
        file_name="changes.csv",
        mime="text/csv",
        key=f"csv-{key}",
        on_click="ignore",
    )
    for record in picked[:8]:
        view.open_change(record, change_line(record))


def csv_of(records: Sequence[ChangeRecord]) -> bytes:
    """The contract's fields, one change a line; formulas are made text for spreadsheets."""
    target = io.StringIO()
    lines = [change_json(record) for record in records]
    names = list(lines[0] if lines else {"id": ""})
    writer = csv.writer(target)
    writer.writerow(names)
    for line in lines:
        writer.writerow([_csv_cell(line[name]) for name in names])
    return ("\ufeff" + target.getvalue()).encode("utf-8")


def _csv_cell(value: object) -> object:
    if isinstance(value, list):
        value = "; ".join(
            f"{entry['kind']}: {entry['evidence']}" if isinstance(entry, dict) else str(entry)
            for entry in value
        )
    if isinstance(value, str):
        text = clean(value)
        return "'" + text if text[:1] in ("=", "+", "-", "@") else text
    return "" if value is None else value
