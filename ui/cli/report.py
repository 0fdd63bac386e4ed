"""`kb report`: what changed in a period, in one change, or on a topic."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.errors import UsageError
from ui.cli.click_parts import option
from ui.cli.options import (
    Common,
    FilterWords,
    check_output,
    counted,
    emit,
    emit_bytes,
    filter_options,
    inert_json,
    json_option,
    lang_option,
    output_option,
    say_error,
    words_argument,
)
from ui.cli.options import (
    command as kb_command,
)

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase
    from kb.report.request import ReportRequest
    from kb.types import Filters, Period

FORMATS = ("md", "html", "pdf", "json")
PERIOD_WORDS = {"today": "day", "yesterday": "day", "last-week": "week", "last-month": "month"}


def chat_options(function: Any) -> Any:
    """How much a chat model may do; without `--chat` and a setting, the rules write everything."""
    options = (
        option("--chat", "chat_model", metavar="MODEL", help="Chat model, or `none`."),
        option(
            "--chat-min-level",
            type=click.Choice(["high", "medium", "low"]),
            help="Leave lower levels to the rules.",
        ),
        option(
            "--budget-tokens", type=click.IntRange(0), help="Stop the model after so many tokens."
        ),
        option("--max-calls", type=click.IntRange(0), help="Stop the model after so many calls."),
        option(
            "--max-failed",
            type=click.FloatRange(0, 1),
            help="Share of failed changes that fails the command.",
        ),
        option("--no-cache", is_flag=True, help="Ask the model again."),
    )
    for decorate in reversed(options):
        function = decorate(function)
    return function


def chat_settings(words: dict[str, Any]) -> dict[str, Any]:
    return {
        "chat.model": words["chat_model"],
        "chat.min_level": words["chat_min_level"],
        "chat.budget_tokens": words["budget_tokens"],
        "chat.max_calls": words["max_calls"],
        "chat.max_failed": words["max_failed"],
    }


@kb_command("report")
@words_argument()
@filter_options
@lang_option
@option("--format", "form", type=click.Choice(FORMATS), help="Default: by the name of -o, else md.")
@json_option
@output_option
@option(
    "--top",
    "top_k",
    type=click.IntRange(1, 500),
    default=24,
    show_default=True,
    help="Rows of key PRs.",
)
@option("--sections", metavar="A,B", help="Only these sections.")
@option("--brief", is_flag=True, help="At most 200 words, for a chat.")
@option("--as-of", metavar="TIME", help="As if made at this time.")
@option("--dry-run", is_flag=True, help="Say what the chat model would cost.")
@chat_options
def command(
    common: Common,
    words: tuple[str, ...],
    filter_words: FilterWords,
    tz: str | None,
    lang: str | None,
    form: str | None,
    as_json: bool,
    output: Path | None,
    top_k: int,
    sections: str | None,
    brief: bool,
    as_of: str | None,
    dry_run: bool,
    no_cache: bool,
    **chat: Any,
) -> int:
    """Print a report.

    \b
    kb report                         the last complete week
    kb report day 2026-02-08          a day, in --tz
    kb report week 2026-W22           an ISO week (or a date in it)
    kb report month 2026-05
    kb report range 2026-04-27 2026-05-04    UNTIL is exclusive
    kb report change 20460            one change
    kb report topic "LoRA latency"    anything that can be searched
    """
    form = format_of(form, output, as_json=as_json)
    changes = {"lang": lang, "tz": tz, **chat_settings(chat)}
    with common.open(changes) as knowledge:
        from kb.periods import parse_time
        from kb.report.request import ReportRequest

        settings = knowledge.settings
        now = datetime.now(UTC)
        filters = filter_words.filters(settings)
        request = ReportRequest(
            made_at=now,
            tz=settings.tz,
            lang=settings.lang,
            top_k=top_k,
            sections=_sections(sections),
            brief=brief,
            as_of=None if as_of is None else parse_time(as_of, settings.tz, now),
            **subject(knowledge, words, now, filters),
        )
        if dry_run:
            emit(knowledge.estimate(request))
            return 0
        return write(common, knowledge, request, form, output, use_cache=not no_cache)


def write(
    common: Common,
    knowledge: KnowledgeBase,
    request: ReportRequest,
    form: str,
    output: Path | None,
    *,
    use_cache: bool = True,
) -> int:
    """Make the report, print or write it; 1 where too many changes failed."""
    from kb.report.renderers import render

    check_output(output)
    with common.observer() as observer:
        report = knowledge.report(request, observer=observer, use_cache=use_cache)
    content = render(report, form)
    if isinstance(content, bytes):
        assert output is not None
        emit_bytes(content, output)
    else:
        emit(inert_json(content) if form == "json" else content, output)
    common.tell_written(output, knowledge.settings.lang)
    failed, limit = report.health.failed, knowledge.settings.chat.max_failed
    if failed and failed > limit * max(report.health.changes, 1):
        of_all = counted(report.health.changes, "change")
        lang = knowledge.settings.lang
        say_error(f"the model failed on {failed} of {of_all}", "kb doctor --chat", lang)
        return 1
    return 0


def subject(
    knowledge: KnowledgeBase, words: tuple[str, ...], now: datetime, filters: Filters
) -> dict[str, Any]:
    """What the words after `kb report` ask for, and the filters, as fields of a ReportRequest."""
    from kb.types import Period

    if not words and filters.since is not None and filters.since < (filters.until or now):
        period = Period(filters.since, filters.until or now, knowledge.settings.tz)
        left = replace(filters, since=None, until=None)
        return {"kind": "range", "period": period, "filters": left}
    return _worded(knowledge, words, now) | {"filters": filters}


def _worded(knowledge: KnowledgeBase, words: tuple[str, ...], now: datetime) -> dict[str, Any]:
    from kb.periods import period_from

    tz = knowledge.settings.tz
    kind, *rest = words or ("week",)
    if kind in PERIOD_WORDS and not rest:
        period: Period = period_from(PERIOD_WORDS[kind], (kind,), tz, now)
        return {"kind": period.kind, "period": period}
    if kind in ("day", "week", "month", "range"):
        return {"kind": kind, "period": period_from(kind, tuple(rest), tz, now)}
    if kind == "change":
        from ui.cli.show import only

        if len(rest) != 1:
            raise UsageError("a change report takes one change", "kb report change 20460")
        return {"kind": kind, "change_id": only(knowledge, rest[0], None)}
    if kind == "topic":
        return {"kind": kind, "topic": " ".join(rest)}
    raise UsageError(
        f"unknown report {kind!r}",
        "day, week, month, range, change, topic, today, yesterday, last-week, last-month",
    )


def format_of(form: str | None, output: Path | None, *, as_json: bool) -> str:
    if as_json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} are two formats", "give one of them")
    form = "json" if as_json else form
    suffix = output.suffix.lstrip(".").lower() if output else ""
    named = {"": "md", "txt": "md", "markdown": "md", "htm": "html"}.get(suffix, suffix)
    if form is None and named not in FORMATS:
        raise UsageError(
            f"no report format is called .{suffix}",
            f"-o FILE.{', .'.join(FORMATS)}, or give --format",
        )
    form = form or named
    if form == "pdf" and output is None:
        raise UsageError("a PDF cannot be printed on a terminal", "give a file with -o report.pdf")
    return form


def _sections(text: str | None) -> tuple[str, ...] | None:
    from kb.report.request import SECTIONS

    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        raise UsageError(f"unknown section {unknown[0]!r}", f"one of: {', '.join(SECTIONS)}")
    return names
