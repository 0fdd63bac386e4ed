"""What stands around the sections of every report: header, evidence, health, references."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from kb.periods import label, last_day, local, period_from
from kb.report.desk import Desk, references_of, section
from kb.report.facts import Facts, newest
from kb.report.request import ReportRequest, command_line
from kb.report.say import count, listing, say, word
from kb.report.sentences import code
from kb.report.types import Health, Prose, Report, Section
from kb.types import ChangeRecord, Filters, Period, SourceState


def period_of(desk: Desk) -> Period:
    assert desk.request.period is not None
    return desk.request.period


def scope_of(request: ReportRequest, period: Period | None) -> Filters:
    """The request's filters inside its period."""
    filters = request.filters
    since = [moment for moment in (filters.since, period.since if period else None) if moment]
    until = [moment for moment in (filters.until, period.until if period else None) if moment]
    return replace(filters, since=max(since, default=None), until=min(until, default=None))


def scope_key(request: ReportRequest) -> str:
    """What makes two reports "of the same kind": their filters, topic and changes; "" for none."""
    if (
        not request.filters
        and not request.topic
        and not request.change_ids
        and not request.change_id
    ):
        return ""
    text = json.dumps(
        [asdict(request.filters), request.topic, request.change_id, request.change_ids],
        default=str,
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sources_of(desk: Desk, repos: Sequence[str]) -> list[SourceState]:
    return [source for source in desk.reader.sources() if not repos or source.name in repos]


def finish(
    desk: Desk,
    period: Period | None,
    sections: Sequence[Section],
    records: Sequence[ChangeRecord],
    headline: Prose,
    *,
    facts: Facts | None = None,
    charts: dict[str, object] | None = None,
    title: str | None = None,
    header: dict[str, object] | None = None,
) -> Report:
    """Header, health, references and retrievals around the sections."""
    request, lang = desk.request, desk.lang
    repos = tuple(dict.fromkeys(record.change.repo for record in records)) or request.filters.repos
    if not repos:
        repos = tuple(source.name for source in desk.reader.sources())
    health = health_of(desk, records, repos)
    made = list(sections)
    if not request.brief and request.wants("health") and records:
        made.append(health_section(desk, health))
    kind = "brief" if request.brief else request.kind
    shown = title or (
        say(f"title.{kind}", lang, label=label(period)).plain
        if period
        else word("section.summary", lang)
    )
    fields = header_of(desk, period, records, repos, health, facts)
    fields |= header or {}
    return Report(
        request=request,
        kind=request.kind,
        lang=lang,
        title=shown,
        headline=headline,
        repos=repos,
        period=period,
        filters=request.filters,
        made_at=request.made_at,
        tz=request.tz,
        header=fields,
        sections=tuple(made),
        references=references_of(desk, made),
        retrieved=tuple(desk.history.retrieved),
        health=health,
        charts=charts or {},
    )


def header_of(
    desk: Desk,
    period: Period | None,
    records: Sequence[ChangeRecord],
    repos: Sequence[str],
    health: Health,
    facts: Facts | None,
) -> dict[str, object]:
    request, lang, tz = desk.request, desk.lang, desk.request.tz
    fields: dict[str, object] = {"made_at": f"{local(request.made_at, tz):%Y-%m-%d %H:%M}"}
    if period:
        first, last = local(period.since, tz).date(), last_day(period)
        key = "header.period_day" if first == last else "header.period"
        fields["period"] = say(key, lang, first=f"{first}", last=f"{last}", tz=tz)
        incomplete = incomplete_until(desk, period, repos)
        if incomplete is not None:
            fields["incomplete"] = say(
                "header.incomplete", lang, until=f"{local(incomplete, tz):%Y-%m-%d %H:%M}"
            )
    if not records:
        key = "header.no_changes_filtered" if request.filters else "header.no_changes"
        fields["no_changes"] = Prose.join([say(key, lang), _change_before(desk, period)])
    fields["changes"] = len(records)
    if facts is not None:
        fields["key"] = min(request.top_k, len(facts.people))
    if request.as_of:
        fields["as_of"] = say(
            "header.as_of", lang, when=f"{local(request.as_of, tz):%Y-%m-%d %H:%M}"
        )
    narrowed = replace(request.filters, repos=()) if len(repos) == 1 else request.filters
    if narrowed:
        fields["filters"] = filters_prose(request.filters, tz)
    if period and len(repos) == 1 and records:
        fields["compare"] = compare_url(desk, period, repos[0], records)
    if records:
        fields["evidence"] = evidence_prose(desk, health, repos)
        fields["health"] = health_line(desk, health)
    return fields


def _change_before(desk: Desk, period: Period | None) -> Prose:
    """When the last change before an empty period was, and what reports the time around it."""
    if period is None:
        return Prose()
    request, tz = desk.request, desk.request.tz
    until = min(filter(None, (period.since, request.filters.until)))
    found = desk.reader.select(replace(request.filters, until=until), order="newest", limit=1)
    if not found:
        return Prose()
    day = f"{local(found[0].change.merged_at, tz):%Y-%m-%d}"
    kind = "week" if period.kind == "range" else period.kind
    around = replace(request, period=period_from(kind, (day,), tz, request.made_at))
    return say("header.change_before", desk.lang, day=day, command=code(command_line(around)))


def filters_prose(filters: Filters, tz: str) -> Prose:
    """The filters as they are typed."""
    words = {"repos": "repo", "authors": "author", "paths": "path", "modules": "module", "types": "type",
             "risks": "risk", "labels": "label", "levels": "level"}  # fmt: skip
    parts = [
        code(f"{name}:{value}")
        for field, name in words.items()
        for value in getattr(filters, field)
    ]
    if filters.min_importance is not None:
        parts.append(code(f"importance:>={filters.min_importance:g}"))
    for name, moment in (("since", filters.since), ("until", filters.until)):
        if moment is not None:
            parts.append(code(f"{name}:{local(moment, tz):%Y-%m-%dT%H:%M}"))
    return Prose.join(parts, " ")


def incomplete_until(desk: Desk, period: Period, repos: Sequence[str]) -> datetime | None:
    """The last look at the source, where it lies before the period's end."""
    cut = min(period.until, desk.request.as_of or period.until)
    looks = [
        source.updated_at
        for source in sources_of(desk, repos)
        if source.updated_at and source.updated_at < cut
    ]
    return min(looks, default=None)


def compare_url(
    desk: Desk, period: Period, repo: str, records: Sequence[ChangeRecord]
) -> str | None:
    """GitHub's compare view from the last change before the period to its newest."""
    source = next((source for source in sources_of(desk, (repo,)) if source.url), None)
    if source is None or not source.has_links or source.url is None:
        return None
    before = desk.reader.select(Filters(repos=(repo,), until=period.since), order="newest", limit=1)
    ordered = sorted(records, key=lambda record: (record.change.merged_at, record.id))
    base = before[0].change.sha if before else ordered[0].change.sha
    return f"{source.url}/compare/{base[:12]}...{ordered[-1].change.sha[:12]}"


def evidence_prose(desk: Desk, health: Health, repos: Sequence[str]) -> Prose:
    lang = desk.lang
    parts = [
        say("header.diffs", lang),
        say("header.described", lang, n=health.described, m=health.changes),
    ]
    if health.reviewed:
        parts.append(say("header.reviewed", lang, n=health.reviewed, m=health.changes))
    text = Prose.join(parts, word("list.comma", lang))
    source = next((source for source in sources_of(desk, repos) if source.kind == "git"), None)
    if health.described * 2 < health.changes and source and source.url and source.has_links:
        command = code(f"kb ingest PATH --github {source.name}")
        text += Prose.of(word("list.semicolon", lang)) + say(
            "header.connect", lang, command=command
        )
    return text


def health_of(desk: Desk, records: Sequence[ChangeRecord], repos: Sequence[str]) -> Health:
    looked = [source.updated_at for source in sources_of(desk, repos) if source.updated_at]
    covered = [desk.reader.coverage(repo).until for repo in repos]
    health = Health(
        changes=len(records),
        by_rules=len(records),
        seen_in_part=sum(bool(record.digest.not_seen) for record in records),
        described=sum(record.change.described for record in records),
        reviewed=sum(bool(record.change.reviews) for record in records),
        sections_by_model=tuple(desk.sections_by_model),
        indexed_until=max((until for until in covered if until), default=newest(records)),
        updated_at=min(looked, default=None),
    )
    if desk.writer is None:
        return health
    told = desk.writer.health()
    return replace(
        health,
        by_model=told.by_model,
        by_rules=len(records) - told.by_model,
        failed=told.failed,
        model=told.model,
        calls=told.calls,
        tokens=told.tokens,
        model_ms=told.took_ms,
        sentences_removed=told.sentences_removed,
        removed=told.removed,
        notes=told.notes,
    )


def health_line(desk: Desk, health: Health) -> Prose:
    lang = desk.lang
    if health.model:
        parts = [
            say(
                "header.health_model",
                lang,
                model=health.by_model,
                name=code(health.model),
                rules=health.by_rules,
            )
        ]
    else:
        parts = [say("header.health", lang, rules=health.by_rules)]
    if health.failed:
        parts.append(say("header.health_failed", lang, n=health.failed))
    if health.seen_in_part:
        parts.append(say("header.health_part", lang, n=health.seen_in_part))
    if health.updated_at:
        when = f"{local(health.updated_at, desk.request.tz):%Y-%m-%d %H:%M}"
        parts.append(say("header.health_index", lang, when=when))
    return listing(parts, lang, last=False)


def health_section(desk: Desk, health: Health) -> Section:
    lang, tz = desk.lang, desk.request.tz

    def when(moment: datetime | None) -> str:
        return f"{local(moment, tz):%Y-%m-%d %H:%M}" if moment else word("health.unknown", lang)

    rows: list[tuple[str, Prose]] = [
        (word("health.changes", lang), Prose.of(f"{health.changes:,}")),
        (word("health.rules", lang), Prose.of(f"{health.by_rules:,}")),
        (word("health.part", lang), Prose.of(f"{health.seen_in_part:,}")),
        (word("health.described", lang), Prose.of(f"{health.described:,}")),
        (word("health.reviewed", lang), Prose.of(f"{health.reviewed:,}")),
    ]
    if health.model:
        cost = say("health.cost_value", lang, model=code(health.model), calls=count("call", health.calls, lang), tokens=health.tokens,
                   seconds=f"{health.model_ms / 1000:.1f}")  # fmt: skip
        rows += [
            (word("health.model", lang), Prose.of(f"{health.by_model:,}")),
            (word("health.failed", lang), Prose.of(f"{health.failed:,}")),
            (word("health.removed", lang), Prose.of(f"{health.sentences_removed:,}")),
            (word("health.sections", lang), Prose.of(f"{len(health.sections_by_model):,}")),
            (word("health.cost", lang), cost),
        ]
    if desk.history.retrieved:
        value = say(
            "health.retrieved_value",
            lang,
            queries=count("query", len(desk.history.retrieved), lang),
            hits=count("change", sum(len(entry.hits) for entry in desk.history.retrieved), lang),
            used=sum(len(entry.used) for entry in desk.history.retrieved),
        )
        rows.append((word("health.retrieved", lang), value))
    rows += [
        (word("health.index", lang), Prose.of(when(health.indexed_until))),
        (word("health.source", lang), Prose.of(when(health.updated_at))),
    ]
    notes = [Prose.of(note) for note in health.notes]
    return section(
        "health",
        word("section.health", lang),
        {"rows": rows, "notes": notes, "removed": list(health.removed)},
    )


def counts_line(records: Sequence[ChangeRecord], lang: str) -> Prose:
    levels = {
        name: sum(record.analysis.level == name for record in records)
        for name in ("high", "medium", "low")
    }
    return say("header.counts", lang, n=count("change", len(records), lang), **levels)
