"""`kb eval-report`: every claim of a report against the changes that it cites."""

from __future__ import annotations

from pathlib import Path

import click

from ui.cli.options import Common, emit, emit_json, json_option
from ui.cli.options import command as kb_command


@kb_command("eval-report")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def command(common: Common, file: Path, as_json: bool) -> int:
    """Check FILE (a report in JSON): references, figures and names; exit 1 if any is unsupported."""
    from kb.report.faithfulness import evaluate_report, faithfulness_text, read_report

    document = read_report(file)
    with common.open() as knowledge:
        faithfulness = evaluate_report(document, knowledge)
    if as_json:
        emit_json(faithfulness.as_json())
    else:
        emit(faithfulness_text(faithfulness))
    return 0 if faithfulness.supported else 1
