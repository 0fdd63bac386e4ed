"""`kb update`: fetch and index what is new in every source."""

from __future__ import annotations

from kb.errors import KBError, UsageError
from ui.cli.click_parts import option
from ui.cli.options import Common, emit_json, json_option, say_error
from ui.cli.options import command as kb_command


@kb_command("update")
@option("--fetch/--no-fetch", default=True, help="Run git fetch first.")
@json_option
def command(common: Common, fetch: bool, as_json: bool) -> int:
    """Fetch, ask the API and index, for every source; one that fails does not stop the others."""
    return update_all(common, fetch=fetch, as_json=as_json)


def update_all(common: Common, *, fetch: bool, as_json: bool) -> int:
    from ingest.sources.located import again
    from ingest.sync import ingest
    from ui.cli.ingest import as_object, say

    settings = common.settings()
    with common.open() as knowledge:
        sources = knowledge.sources()
    if not sources:
        raise UsageError(f"nothing is indexed in {settings.home}", "kb ingest PATH")
    results, status = [], 0
    with common.observer() as observer:
        for state in sources:
            try:
                source, enricher = again(state, settings, fetch=fetch, observer=observer)
                result = ingest(source, settings, observer, enricher=enricher)
            except KBError as error:
                say_error(error.message, error.hint, settings.lang, of=state.name)
                status = max(status, error.exit_status)
                continue
            results.append(result)
            if not as_json:
                say(result, as_json=False)
    if as_json:
        emit_json({"sources": [as_object(result) for result in results]})
    return status
