"""`kb risks`: a risk section for any set of changes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.errors import UsageError
from ui.cli.click_parts import option
from ui.cli.options import (
    Common,
    FilterWords,
    filter_options,
    json_option,
    lang_option,
    output_option,
    words_argument,
)
from ui.cli.options import (
    command as kb_command,
)
from ui.cli.report import FORMATS, PERIOD_WORDS, format_of, subject, write

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase
    from kb.types import Filters

_PERIOD = re.compile(r"\d{4}-(?:W\d{2}|\d{2}(?:-\d{2})?)")


@kb_command("risks")
@words_argument()
@filter_options
@lang_option
@option("--format", "form", type=click.Choice(FORMATS))
@json_option
@output_option
def command(
    common: Common,
    words: tuple[str, ...],
    filter_words: FilterWords,
    tz: str | None,
    lang: str | None,
    form: str | None,
    as_json: bool,
    output: Path | None,
) -> int:
    """Risks with their evidence, their precedents, and what to check before a release.

    \b
    kb risks                          of the last complete week
    kb risks week 2026-W22            of a period, as in `kb report`
    kb risks 23316 19746              of these changes
    kb risks "LoRA tail latency"      of what a search finds
    """
    form = format_of(form, output, as_json=as_json)
    with common.open({"lang": lang, "tz": tz}) as knowledge:
        from kb.report.request import ReportRequest

        settings = knowledge.settings
        now = datetime.now(UTC)
        request = ReportRequest(
            made_at=now,
            tz=settings.tz,
            lang=settings.lang,
            **_subject(knowledge, words, now, filter_words.filters(settings)),
        )
        return write(common, knowledge, request, form, output)


def _subject(
    knowledge: KnowledgeBase, words: tuple[str, ...], now: datetime, filters: Filters
) -> dict[str, Any]:
    periods = (*PERIOD_WORDS, "day", "week", "month", "range")
    if not words or words[0] in periods:
        return subject(knowledge, words, now, filters) | {"kind": "risks"}
    if all(_is_reference(word) for word in words):
        from ui.cli.show import only

        named = tuple(only(knowledge, word, None) for word in words)
        return {"kind": "risks", "change_ids": named, "filters": filters}
    if all(_PERIOD.fullmatch(word) for word in words):
        raise UsageError(
            f"{words[0]} is a period, and words are looked for",
            "kb risks week 2026-W22, month 2026-05, day 2026-05-28, range SINCE UNTIL",
        )
    return {"kind": "risks", "topic": " ".join(words), "filters": filters}


def _is_reference(word: str) -> bool:
    number = word.rpartition("#")[2]
    hexadecimal = len(word) >= 7 and all(char in "0123456789abcdef" for char in word.lower())
    return number.isdigit() or hexadecimal or "@" in word
