"""`kb ui`: the web page, as a child process of Streamlit."""

from __future__ import annotations

import signal
import subprocess
import sys

import click

from ui.cli.click_parts import option
from ui.cli.options import Common
from ui.cli.options import command as kb_command


@kb_command("ui")
@option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@option("--open/--no-open", "open_browser", default=False, help="Open a browser.")
def command(common: Common, port: int, open_browser: bool) -> int:
    """Open the web page on http://127.0.0.1:PORT (Ctrl-C ends it)."""
    from ui.cli.ports import refuse_taken
    from ui.web.launch import command as launch_command
    from ui.web.launch import environment

    refuse_taken(port, "ui")
    settings = common.settings()
    arguments = launch_command(
        settings.home, port, config=settings.config, open_browser=open_browser
    )
    if not common.quiet:
        click.echo(f"http://127.0.0.1:{port}  (Ctrl-C ends it)", err=True)
    child = subprocess.Popen([sys.executable, *arguments[1:]], env=environment(settings.home))
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())  # else the page outlives `kb ui`
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.terminate()
        child.wait(10)
        return 130
