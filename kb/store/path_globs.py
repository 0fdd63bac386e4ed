"""What a path filter means.

Case sensitive, over the whole path from the repository's root: `*` and `?` stay inside one
folder, `**` crosses any number. `name` without a slash is a file or folder of that name anywhere;
`folder/` is everything below a folder of that name anywhere; `a/b` is that file or all below it.
"""

from __future__ import annotations

import re
from functools import cache

PIECES = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]/]+\]|.", re.DOTALL)


@cache
def pattern(glob: str) -> re.Pattern[str]:
    glob = glob.removeprefix("./")
    anywhere = "/" not in glob.rstrip("/") or glob.endswith("/")
    glob = glob.lstrip("/")
    body = "".join(_regex(piece) for piece in PIECES.findall(glob.rstrip("/")))
    below = "/.*" if glob.endswith("/") else "(?:/.*)?"
    return re.compile(("(?:.*/)?" if anywhere else "") + body + below, re.DOTALL)


def matches(path: str, glob: str) -> bool:
    return pattern(glob).fullmatch(path) is not None


def coarse(glob: str) -> str:
    """A GLOB for SQLite that lets at least the matching paths through (its `*` crosses folders)."""
    if "[" in glob:
        return "*"
    literals = re.split(r"[*?]", glob.removeprefix("./"))
    return f"*{max((item.strip('/') for item in literals), key=len)}*"


def exact(glob: str) -> tuple[str, ...] | None:
    """GLOBs for SQLite of which one matches exactly where ours does; None where there are none.

    SQLite's `*` crosses folders, so one inside a folder is only right at the end (what is below
    matches too), at the start of a bare name, or behind `**/`.
    """
    glob = glob.removeprefix("./")
    folder = glob.endswith("/")
    bare = "/" not in glob.rstrip("/") or folder
    body = glob.strip("/").replace("**/*", "**")
    inner = body.replace("**", "").removesuffix("*")
    if bare:
        inner = inner.removeprefix("*")
    if not body or "**/" in body or any(mark in inner for mark in "*?["):
        return None
    body = body.replace("**", "*")
    starts = (body, f"*/{body}") if bare and not body.startswith("*") else (body,)
    if folder:
        return tuple(f"{start}/*" for start in starts)
    if body.endswith("*"):
        return starts
    return (*starts, *(f"{start}/*" for start in starts))


def _regex(piece: str) -> str:
    if piece == "**/":
        return "(?:.*/)?"
    if piece == "**":
        return ".*"
    if piece == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if piece[0] == "[" and len(piece) > 2:
        inner = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return "[" + ("^" + inner[1:] if inner[0] == "!" else inner) + "]"
    return re.escape(piece)
