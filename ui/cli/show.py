"""`kb show`: everything known of one change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from kb.errors import UsageError
from ui.cli.click_parts import option
from ui.cli.options import Common, emit, emit_json, json_option, lang_option, tz_option
from ui.cli.options import command as kb_command

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase
    from kb.types import ChangeRecord

SHOWN_FILES = 40


@kb_command("show")
@click.argument("reference")
@option("--repo", metavar="OWNER/NAME", help="Where several repositories have this number.")
@option("--patch", is_flag=True, help="Print the stored diff too.")
@tz_option
@lang_option
@json_option
def command(
    common: Common,
    reference: str,
    repo: str | None,
    patch: bool,
    tz: str | None,
    lang: str | None,
    as_json: bool,
) -> int:
    """Show one change: REFERENCE is a PR number, a SHA (7 digits or more), an id or a link."""
    with common.open({"lang": lang, "tz": tz}) as knowledge:
        settings = knowledge.settings
        change_id = only(knowledge, reference, repo)
        record = knowledge.record(change_id)
        related = knowledge.similar(change_id, 5)
        origins = knowledge.line_origins(change_id)
        if as_json:
            from ui.presenters import show_json

            links = knowledge.relations([change_id])
            shown = show_json(record, related, links, origins, settings.lang)
            emit_json(shown)
            return 0
        lines = _lines(record, settings.tz, settings.lang)
        from ui.cli.terminal import heading, inert
        from ui.messages import message
        from ui.presenters import named

        if origins:
            lines += ["", message("cli", "show.replaced", settings.lang)]
        for item in origins:
            share = message(
                "cli", "show.replaced_lines", settings.lang, lines=item.lines, of=item.of
            )
            whose = named(share, heading(item.record, False), settings.lang)
            lines += [f"  {whose}", f"      {inert(item.line)}"]
        if related:
            lines += ["", message("cli", "show.related", settings.lang)]
            several = any(hit.record.change.repo != record.change.repo for hit in related)
            lines += [f"  {heading(hit.record, several)}" for hit in related]
        if patch:
            for path, text in knowledge.patches(change_id).items():
                lines += ["", f"--- {inert(path)}", *(inert(line) for line in text.splitlines())]
        emit("\n".join(lines))
        return 0


def only(knowledge: KnowledgeBase, reference: str, repo: str | None) -> str:
    """The one change that a reference names; UsageError where it names several.

    A number names its owner, and not later changes of its repository that carry it too
    (CONTRACT.md, "Id")."""
    found = knowledge.resolve(reference, repo)
    number = re.split("[#/]", reference.strip())[-1]
    owners = [change_id for change_id in found if change_id.endswith(f"#{number}")]
    repos = {re.split("[#@]", change_id)[0] for change_id in found}
    if len(owners) == 1 and len(repos) == 1:
        return owners[0]
    if len(found) > 1:
        raise UsageError(
            f"{reference} names {len(found)} changes: {', '.join(found[:5])}",
            "name one by its id, or give --repo",
        )
    return found[0]


def _lines(record: ChangeRecord, tz: str, lang: str) -> list[str]:
    from kb.analysis.term_text import term_text
    from kb.phrases import phrase
    from ui.cli.terminal import facts, heading, inert, inert_lines
    from ui.messages import message
    from ui.presenters import LEVEL_MARKS, digest_text, named, word

    change, analysis, digest = record.change, record.analysis, record.digest
    lines = [heading(record, True), facts(record, tz, lang), f"commit {change.sha}"]
    if change.url:
        lines.append(change.url)
    if change.labels:
        lines.append(message("cli", "show.labels", lang) + ", ".join(map(inert, change.labels)))
    level = f"{LEVEL_MARKS[analysis.level]} {word('level', analysis.level, lang)}"
    if analysis.level_reason:
        level += f" ({phrase(analysis.level_reason, lang)})"
    lines += [
        "",
        message("cli", "show.importance", lang, value=f"{analysis.importance:.1f}", level=level),
    ]
    lines += [f"  {term.points:+.2f}  {term_text(term, lang)}" for term in analysis.terms]
    if analysis.override_note is not None:
        lines.append(
            "  " + message("cli", "show.override", lang, note=inert(analysis.override_note))
        )
    if analysis.risks:
        lines += ["", message("cli", "show.risks", lang)]
        for risk in analysis.risks:
            line = f":{risk.line}" if risk.line else ""
            place = f"  {inert(risk.path)}{line}" if risk.path else ""
            evidence = f"{inert(risk.evidence)}{place}"
            lines.append("  " + named(word("risk", risk.kind, lang), evidence, lang))
    links = (
        ("reverts", analysis.reverts),
        ("reverted_by", analysis.reverted_by),
        ("follows", analysis.follows),
        ("followed_by", analysis.followed_by),
    )
    for name, ids in links:
        if ids:
            lines.append(message("cli", f"show.{name}", lang) + ", ".join(ids))
    if analysis.series:
        index = (
            f" [{analysis.series.index}/{analysis.series.total or 'n'}]"
            if analysis.series.index
            else ""
        )
        lines.append(message("cli", "show.series", lang) + inert(analysis.series.name) + index)
    if digest.text:
        lines += ["", inert_lines(digest_text(digest.text, lang))]
    if digest.description:
        lines += ["", message("cli", "show.description", lang), inert_lines(digest.description)]
    unresolved = [thread for thread in change.reviews if not thread.resolved and thread.comments]
    if unresolved:
        lines += ["", message("cli", "show.unresolved", lang)]
        lines += [
            f"  {inert(thread.comments[0].author)}: {inert(thread.comments[0].text)}"
            + (f"  {inert(thread.url)}" if thread.url else "")
            for thread in unresolved
        ]
    size = analysis.size
    lines += [
        "",
        message(
            "cli",
            "show.files",
            lang,
            count=size.files,
            added=size.additions,
            removed=size.deletions,
        ),
    ]
    for file in change.files[:SHOWN_FILES]:
        mark = ""
        if not file.seen:
            from kb.report.say import unseen  # 20 ms, and most changes were seen

            why = inert(unseen(file.reason or "", lang))
            mark = f"  [{named(message('cli', 'show.not_seen', lang), why, lang)}]"
        lines.append(f"  +{file.additions:<5} -{file.deletions:<5} {inert(file.path)}{mark}")
    if len(change.files) > SHOWN_FILES:
        lines.append(
            "  " + message("cli", "show.more", lang, count=len(change.files) - SHOWN_FILES)
        )
    return lines
