"""`kb sources`: every source with its age, what is left to read and its last error."""

from __future__ import annotations

from ui.cli.options import Common, counted, emit, emit_json, json_option, tz_option
from ui.cli.options import command as kb_command


@kb_command("sources")
@tz_option
@json_option
def command(common: Common, tz: str | None, as_json: bool) -> int:
    """List what is indexed and from where, how fresh it is, and what went wrong last."""
    from kb.periods import local, rfc3339

    with common.open({"tz": tz}) as knowledge:
        sources = knowledge.sources()
        counts = {source.name: knowledge.coverage(source.name).changes for source in sources}
        zone = knowledge.settings.tz
    if as_json:
        rows = [
            {
                "repo": source.name,
                "kind": source.kind,
                "location": source.location,
                "branch": source.branch,
                "changes": counts[source.name],
                "since": rfc3339(source.since) if source.since else None,
                "tip": source.tip,
                "cursor": dict(source.cursor),
                "updated_at": rfc3339(source.updated_at) if source.updated_at else None,
                "last_error": source.last_error,
            }
            for source in sources
        ]
        emit_json({"sources": rows})
        return 0
    lines = []
    for source in sources:
        updated = (
            f"{local(source.updated_at, zone):%Y-%m-%d %H:%M}" if source.updated_at else "never"
        )
        lines.append(
            f"{source.name}  {source.kind}  {counted(counts[source.name], 'change')}  updated {updated}"
        )
        lines.append(f"    {source.location}" + (f"  ({source.branch})" if source.branch else ""))
        if host := source.cursor.get("github"):
            lines.append(f"    descriptions and reviews from github:{host}")
        if not source.cursor.get("complete"):
            lines.append("    not read to its end: kb update goes on")
        if source.last_error:
            lines.append(f"    last error: {source.last_error}")
    emit("\n".join(lines) if lines else "nothing is indexed yet: kb ingest PATH")
    return 0
