"""`kb status`: how far back the knowledge base reaches, what is pending, what answers."""

from __future__ import annotations

from ui.cli.options import Common, counted, emit, emit_json, json_option, tz_option
from ui.cli.options import command as kb_command


@kb_command("status")
@tz_option
@json_option
def command(common: Common, tz: str | None, as_json: bool) -> int:
    """Show what is indexed, from when to when, what is pending, and by which model and engine."""
    from kb.periods import local, rfc3339

    with common.open({"tz": tz}) as knowledge:
        status = knowledge.status()
        zone = knowledge.settings.tz
    if as_json:
        emit_json(
            {
                "home": str(status.home),
                "repos": [
                    {
                        "repo": coverage.repo,
                        "changes": coverage.changes,
                        "since": rfc3339(coverage.since) if coverage.since else None,
                        "until": rfc3339(coverage.until) if coverage.until else None,
                        "pending": coverage.pending,
                        "updated_at": rfc3339(coverage.updated_at) if coverage.updated_at else None,
                    }
                    for coverage in status.repos
                ],
                "embedder": status.embedder,
                "generation": status.generation,
                "engine": status.engine,
                "chat": dict(status.chat),
            },
        )
        return 0
    lines = [f"home        {status.home}", f"embedder    {status.embedder or '-'}"]
    lines += [f"generation  {status.generation or '-'}", f"engine      {status.engine}"]
    if status.chat:
        used = ", ".join(f"{name} {value}" for name, value in status.chat.items())
        lines.append(f"chat        {used}")
    for coverage in status.repos:
        dates = " to ".join(
            f"{local(moment, zone):%Y-%m-%d}"
            for moment in (coverage.since, coverage.until)
            if moment
        )
        pending = f", {coverage.pending} pending (kb update goes on)" if coverage.pending else ""
        dates = f", {dates}" if dates else ""
        lines.append(f"{coverage.repo}: {counted(coverage.changes, 'change')}{dates}{pending}")
    if not status.repos:
        lines.append("nothing is indexed yet: kb ingest PATH")
    emit("\n".join(lines))
    return 0
