"""`kb eval`: the search measured against questions with known answers."""

from __future__ import annotations

from pathlib import Path

import click

from kb.vocabulary import MODES
from ui.cli.click_parts import option
from ui.cli.options import (
    Common,
    FilterWords,
    emit,
    emit_json,
    filter_options,
    json_option,
    output_option,
)
from ui.cli.options import (
    command as kb_command,
)


@kb_command("eval")
@click.argument("file", type=click.Path(path_type=Path))
@filter_options
@option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@option("--engine", type=click.Choice(["auto", "chroma", "exact"]), help="Vector engine.")
@option(
    "--compare", type=click.Path(path_type=Path), help="A saved run (--json -o) to compare with."
)
@option("--misses", is_flag=True, help="List what was missed, and why.")
@json_option
@output_option
def command(
    common: Common,
    file: Path,
    filter_words: FilterWords,
    tz: str | None,
    mode: str,
    engine: str | None,
    compare: Path | None,
    misses: bool,
    as_json: bool,
    output: Path | None,
) -> int:
    """Print recall, MRR and nDCG over FILE (one question a line: id, query, lang, relevant, kind)."""
    from kb.evaluation import (
        comparison_text,
        evaluate,
        evaluation_json,
        evaluation_text,
        read_queries,
        read_run,
    )

    queries = read_queries(file)
    before = None if compare is None else read_run(compare)
    with common.open({"search.engine": engine, "tz": tz}) as knowledge:
        filters = filter_words.filters(knowledge.settings)
        evaluation = evaluate(knowledge, queries, filters=filters, mode=mode)
    if as_json:
        emit_json(evaluation_json(evaluation), output)
    else:
        text = evaluation_text(evaluation, misses=misses)
        if before is not None:
            text += "\n" + comparison_text(before, evaluation)
        emit(text, output)
    common.tell_written(output, knowledge.settings.lang)
    return 0
