"""`kb mcp`: the knowledge base for coding agents."""

from __future__ import annotations

import click

from kb.errors import UsageError
from ui.cli.click_parts import option
from ui.cli.options import Common
from ui.cli.options import command as kb_command


@kb_command("mcp")
@option("--http", is_flag=True, help="Streamable HTTP on 127.0.0.1 instead of stdio.")
@option("--port", type=click.IntRange(1, 65535), default=8765, show_default=True)
def command(common: Common, http: bool, port: int) -> int:
    """Serve search, show, changes, report, risks and ask over the Model Context Protocol."""
    try:
        from ui.mcp_server import serve
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] != "mcp":
            raise
        raise UsageError(
            "the MCP server needs the package mcp", "pip install 'repo-kb[mcp]'"
        ) from exc
    if http:
        from ui.cli.ports import refuse_taken

        refuse_taken(port, "mcp --http")
    serve(common.settings(), port=port if http else None)
    return 0
