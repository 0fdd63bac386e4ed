"""The report as JSON: the published schema (kb/report/schema/report.schema.json), written in pieces.

`chunks` never holds more text than a section's row: a year of changes streams.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from kb.periods import label, rfc3339
from kb.report.request import ReportRequest
from kb.report.types import Health, Prose, Reference, Report, Retrieved, Section, Span
from kb.types import Filters, Period

SCHEMA = "report.schema.json"


def chunks(report: Report) -> Iterator[str]:
    """The document in pieces; joined they are `to_json`."""
    encoder = json.JSONEncoder(ensure_ascii=False)
    head = to_dict(report, sections=False)
    sections = head.pop("sections")
    assert sections == []
    text = encoder.encode(head)
    yield text[:-1] + ', "sections": ['
    for position, section in enumerate(report.sections):
        if position:
            yield ", "
        yield from encoder.iterencode(_plain(section))
    yield "]}\n"


def to_json(report: Report) -> str:
    return "".join(chunks(report))


def to_dict(report: Report, *, sections: bool = True) -> dict[str, Any]:
    period = report.period
    return {
        "schema_version": report.schema_version,
        "kind": report.kind,
        "lang": report.lang,
        "title": report.title,
        "headline": _plain(report.headline),
        "repo": report.repos[0] if len(report.repos) == 1 else None,
        "repos": list(report.repos),
        "period": None
        if period is None
        else {
            "kind": period.kind,
            "label": label(period),
            "since": rfc3339(period.since),
            "until": rfc3339(period.until),
            "tz": period.tz,
        },
        "filters": _plain(report.filters),
        "made_at": rfc3339(report.made_at),
        "tz": report.tz,
        "request": _plain(report.request),
        "header": _plain(report.header),
        "references": {key: _plain(value) for key, value in report.references.items()},
        "retrieved": _plain(report.retrieved),
        "health": _plain(report.health),
        "charts": _plain(report.charts),
        "sections": [_plain(section) for section in report.sections] if sections else [],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Prose):
        return {
            "text": value.plain,
            "references": list(dict.fromkeys(value.references)),
            "spans": [
                [span.kind, span.text, span.target] if span.target else [span.kind, span.text]
                for span in value.spans
            ],
        }
    if isinstance(value, datetime):
        return rfc3339(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


# --- and back: a kept report is shown again -------------------------------------------------------


def from_json(text: str) -> Report:
    """The report that `to_json` wrote."""
    held = json.loads(text)
    period = held["period"]
    request = held["request"]
    return Report(
        request=ReportRequest(
            **{
                **request,
                "made_at": _time(request["made_at"]),
                "as_of": _time(request["as_of"]),
                "period": _period(period) if request["period"] else None,
                "filters": _filters(request["filters"]),
                "change_ids": tuple(request["change_ids"]),
                "sections": None if request["sections"] is None else tuple(request["sections"]),
            }
        ),
        kind=held["kind"],
        lang=held["lang"],
        title=held["title"],
        headline=_back(held["headline"]),
        repos=tuple(held["repos"]),
        period=_period(period),
        filters=_filters(held["filters"]),
        made_at=datetime.fromisoformat(held["made_at"]),
        tz=held["tz"],
        header=_back(held["header"]),
        sections=tuple(
            Section(
                name=part["name"],
                title=part["title"],
                anchor=part["anchor"],
                body=_back(part["body"]),
                references=tuple(part["references"]),
                method=part["method"],
            )
            for part in held["sections"]
        ),
        references={
            key: Reference(**{**value, "merged_at": _time(value["merged_at"])})
            for key, value in held["references"].items()
        },
        retrieved=tuple(
            Retrieved(
                entry["purpose"],
                entry["query"],
                entry["engine"],
                tuple(entry["hits"]),
                tuple(entry["used"]),
            )
            for entry in held["retrieved"]
        ),
        health=Health(
            **{
                **{
                    key: tuple(value) if isinstance(value, list) else value
                    for key, value in held["health"].items()
                },
                "indexed_until": _time(held["health"]["indexed_until"]),
                "updated_at": _time(held["health"]["updated_at"]),
            }
        ),
        charts=held["charts"],
        schema_version=held["schema_version"],
    )


def _time(text: str | None) -> Any:
    return None if text is None else datetime.fromisoformat(text)


def _period(held: Mapping[str, Any] | None) -> Period | None:
    return held and Period(_time(held["since"]), _time(held["until"]), held["tz"], held["kind"])  # type: ignore[return-value]


def _filters(held: Mapping[str, Any]) -> Filters:
    values = {
        key: tuple(value) if isinstance(value, list) else value for key, value in held.items()
    }
    return Filters(**{**values, "since": _time(held["since"]), "until": _time(held["until"])})


def _back(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"text", "references", "spans"}:
            return Prose(tuple(Span(*span) for span in value["spans"]))
        return {key: _back(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_back(item) for item in value]
    return value
