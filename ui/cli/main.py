"""The command line: `kb COMMAND`; commands are imported only when they are called."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from kb.errors import KBError
from ui.cli.click_parts import Command, Option
from ui.cli.options import common_options, say_error

# Most of what a command makes while it starts lives until it ends: to look for garbage among it
# every 700 objects takes a tenth of a cold search.
gc.set_threshold(50_000)

# numpy's matrix threads gain nothing on our small products, and where another process wants a core
# they wait for each other: 32 texts took 2.6 s with one thread, and 2.5 to 26 s with two.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Command -> (module in ui.cli, one line for `kb --help`). Importing them all would cost 0.3 s.
COMMANDS: dict[str, tuple[str, str]] = {
    "ingest": ("ingest", "Index a repository: a clone, GitHub, or a file of changes."),
    "update": ("update", "Fetch and index what is new in every source."),
    "search": ("search", "Find past changes by meaning and by words."),
    "ask": ("ask", "Answer a question with citations."),
    "show": ("show", "Everything known of one change."),
    "changes": ("changes", "The changes of a period, one line each."),
    "report": ("report", "What changed in a day, week, month or range; of a change or a topic."),
    "risks": ("risks", "The risks of a period, a topic or given changes."),
    "sources": ("sources", "What is indexed, and how fresh it is."),
    "status": ("status", "The state of the knowledge base."),
    "analyze": ("analyze", "Judge all changes again, from the archive."),
    "reindex": ("reindex", "Build the indexes again, from the archive."),
    "forget": ("forget", "Remove one source with all its changes."),
    "export": ("export", "Write the changes as JSON lines."),
    "eval": ("evaluate", "Measure the search against questions with known answers."),
    "eval-report": ("evaluate_report", "Check every claim of a report against its changes."),
    "doctor": ("doctor", "Check that everything works."),
    "ui": ("web", "Open the web page."),
    "mcp": ("mcp", "Serve coding agents (Model Context Protocol)."),
}


class LazyGroup(Command, click.Group):
    """A group that knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"ui.cli.{COMMANDS[cmd_name][0]}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup)
@click.version_option(
    package_name="repo-kb", prog_name="kb", message="%(prog)s %(version)s", cls=Option
)
@common_options
def kb() -> None:
    """Search, read and report the history of a software repository.

    Start with `kb ingest PATH`, then `kb search WORDS` and `kb report`.
    """


def main() -> None:
    """Run one command; the only place that turns errors into words and exit statuses."""
    verbose = any(word in ("--verbose", "-v") for word in sys.argv[1:])
    try:
        status = kb.main(standalone_mode=False)
    except KBError as error:
        _say(error.message, error.hint, verbose)
        status = error.exit_status
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        status = 2
    except click.UsageError as error:
        _say(_sentence(error), _way_out(error), verbose)
        status = 2
    except click.ClickException as error:
        _say(error.format_message(), "", verbose)
        status = 2
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; what was done is kept", err=True)
        status = 130
    except (BrokenPipeError, SystemExit):
        # The reader (head, less) went away, which click turns into an exit with 1: no error of
        # ours, and nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _say("the disk is full", "make room and run the same command again", verbose)
        else:
            _say(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), "", verbose)
        status = 2
    except Exception as error:  # noqa: BLE001 - the last resort of a command line
        _say(
            f"unexpected {type(error).__name__}: {error}",
            "run again with --verbose and report what it prints",
            verbose,
        )
        status = 2
    if status == 130:
        _end_as_interrupted()
    gc.freeze()  # goes with the process: to take it apart piece by piece costs 25 ms
    sys.exit(status if isinstance(status, int) else 0)


def _sentence(error: click.UsageError) -> str:
    """click's message as our errors are written."""
    message = error.format_message()
    return message[:1].lower() + message[1:].removesuffix(".")


def _way_out(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx else "kb"
    words = error.ctx and any(item.name == "words" for item in error.ctx.command.params)
    if words and isinstance(error, click.NoSuchOption):
        return f'{command} "WORDS -WORD" leaves a word out; {command} --help lists the options'
    return f"{command} --help"


def _end_as_interrupted() -> None:
    """Ends with 130 whatever was interrupted.

    Python kills itself by the signal where a KeyboardInterrupt once passed through `exec`, and so
    through the making of a class, even though it was caught; a caller then sees -2, not 130."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # the reader may have been interrupted as well
            stream.flush()
    os._exit(130)


def _say(message: str, hint: str, verbose: bool) -> None:
    if verbose:
        import traceback

        traceback.print_exc()
    say_error(message, hint, _language(sys.argv))


def _language(arguments: list[str]) -> str:
    """What `--lang` says, else the settings: an error may come before either was understood."""
    if lang := _named("--lang", arguments):
        return lang
    from kb.settings import load_settings

    config = _named("--config", arguments)
    try:
        return load_settings(config=Path(config) if config else None).lang
    except KBError:
        return "en"


def _named(flag: str, arguments: list[str]) -> str:
    """The value of a flag, the last where there are several; "" where there is none."""
    found = ""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == "--":
            break
        name, given, value = word.partition("=")
        if name == flag:
            found = value if given else following
    return found


if __name__ == "__main__":
    main()
