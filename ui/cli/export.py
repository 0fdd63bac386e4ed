"""`kb export`: changes as JSON lines, to move them to another machine."""

from __future__ import annotations

from pathlib import Path

from ui.cli.click_parts import option
from ui.cli.options import (
    Common,
    FilterWords,
    emit_lines,
    filter_options,
    inert_json,
    output_option,
)
from ui.cli.options import (
    command as kb_command,
)


@kb_command("export")
@option("--jsonl", is_flag=True, default=True, help="JSON lines (the only format).")
@filter_options
@output_option
def command(
    common: Common, jsonl: bool, filter_words: FilterWords, tz: str | None, output: Path | None
) -> int:
    """Write every change that the filters leave as JSON lines; `kb ingest FILE.jsonl` reads them."""
    del jsonl
    from ingest.sources.jsonl import dump_changes

    with common.open({"tz": tz}) as knowledge:
        knowledge.archive.repos()  # an archive that cannot be read says so before the first line
        changes = knowledge.export(filter_words.filters(knowledge.settings))
        emit_lines(map(inert_json, dump_changes(changes)), output)
        common.tell_written(output, knowledge.settings.lang)
    return 0
