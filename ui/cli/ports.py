"""A port that something else holds, said before a server starts on it."""

from __future__ import annotations

import socket

from kb.errors import UsageError


def refuse_taken(port: int, command: str) -> None:
    """UsageError where something listens on 127.0.0.1:`port` already."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise UsageError(f"port {port} is taken", f"kb {command} --port NUMBER")
