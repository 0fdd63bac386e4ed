"""A unified diff as values: files, hunks, lines with their numbers. Never fails on any text.

Two depths, because most readers want only one of them: `file_patches` splits a diff into files and
counts lines by searching for newline-plus and newline-minus (no line is touched in Python: a history
of 263 MB is split in seconds), `parse_hunks` walks the lines of one file. Lines end at "\\n" alone;
a carriage return before it is taken off the text of a line and kept in the stored patch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

__all__ = [
    "FilePatch",
    "Hunk",
    "PatchLine",
    "RawFile",
    "file_patches",
    "parse_hunks",
    "parse_patch",
    "unquote",
]

_SUBMODULE = "160000"
_HUNK = re.compile(r"@@+ -(\d+)(?:,(\d+))?(?: -\d+(?:,\d+)?)* \+(\d+)(?:,(\d+))? (@@+) ?")


class PatchLine(NamedTuple):
    """One line of a hunk; numbers are 1-based, None on the side where the line does not stand."""

    kind: str  # "+", "-", " "
    text: str
    old_line: int | None
    new_line: int | None


@dataclass(frozen=True, slots=True)
class Hunk:
    old_start: int
    new_start: int
    section: str  # what git found above the hunk: the function or class it stands in
    lines: tuple[PatchLine, ...]


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file of a diff, its hunks as text (from the first "@@"); None where there is no text."""

    path: str
    previous_path: str | None
    status: str  # added, modified, deleted, renamed, copied, type-changed, submodule
    binary: bool
    additions: int
    deletions: int
    patch: str | None


@dataclass(frozen=True, slots=True)
class FilePatch:
    path: str
    previous_path: str | None
    status: str
    binary: bool
    additions: int
    deletions: int
    hunks: tuple[Hunk, ...]


def parse_patch(text: str) -> list[FilePatch]:
    """Every file of a diff with its hunks. Text that is no diff gives an empty list."""
    files = []
    for file in file_patches(text):
        hunks = parse_hunks(file.patch or "")
        signs = [line.kind for hunk in hunks for line in hunk.lines]
        added, removed = signs.count("+"), signs.count("-")
        files.append(
            FilePatch(
                file.path, file.previous_path, file.status, file.binary, added, removed, hunks
            )
        )
    return files


def file_patches(text: str) -> list[RawFile]:
    """The files of a diff in their order; what stands before the first header is passed over."""
    files: list[RawFile] = []
    for section in _sections(text):
        file = _file(section)
        if file is None:
            continue
        if files and _is_type_change(files[-1], file):
            files[-1] = _type_change(files[-1], file)
        else:
            files.append(file)
    return files


@lru_cache(maxsize=64)  # several judges walk the files of one change, one after the other
def parse_hunks(patch: str) -> tuple[Hunk, ...]:
    """The hunks of one file's patch. A hunk that was cut short holds what is left of it."""
    hunks: list[Hunk] = []
    lines: list[PatchLine] = []
    current: re.Match[str] | None = None
    section = ""
    columns = 1  # prefix columns of a line; a combined diff of n parents has n
    old = new = 0
    for line in patch.split("\n"):
        if line.startswith("@@") and (header := _HUNK.match(line)):
            if current is not None:
                hunks.append(Hunk(int(current[1]), int(current[3]), section, tuple(lines)))
            current, lines, columns = header, [], len(header[5]) - 1
            section = line[header.end() :].rstrip("\r")
            old, new = int(header[1]), int(header[3])
            continue
        if current is None:
            continue
        kind = line[:1] if columns == 1 else _combined_kind(line[:columns])
        content = line[columns:]
        if content.endswith("\r"):
            content = content[:-1]
        if kind == "+":
            lines.append(PatchLine("+", content, None, new))
            new += 1
        elif kind == "-":
            lines.append(PatchLine("-", content, old, None))
            old += 1
        elif kind == " ":
            lines.append(PatchLine(" ", content, old, new))
            old += 1
            new += 1
    if current is not None:
        hunks.append(Hunk(int(current[1]), int(current[3]), section, tuple(lines)))
    return tuple(hunks)


def _combined_kind(prefix: str) -> str:
    if "+" in prefix:
        return "+"
    if "-" in prefix:
        return "-"
    return " " if prefix and not prefix.strip(" ") else ""


# --- files --------------------------------------------------------------------------------------


def _sections(text: str) -> Iterator[str]:
    """A piece of text for each file, from its "diff --" line (or "---", where there is none) on."""
    marker = "diff --"
    position = 0 if text.startswith(marker) else text.find("\n" + marker) + 1
    if position == 0 and not text.startswith(marker):
        yield from _plain_sections(text)
        return
    while position < len(text):
        end = text.find("\n" + marker, position)
        if end < 0:
            yield text[position:]
            return
        yield text[position : end + 1]
        position = end + 1


def _plain_sections(text: str) -> Iterator[str]:
    """The files of a diff that git did not write: "--- a", "+++ b", "@@" and no more."""
    starts = [
        match.start() for match in re.finditer(r"^--- [^\n]*\n\+\+\+ [^\n]*\n@@ ", text, re.M)
    ]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=bool(starts)):
        yield text[start:end]


def _file(section: str) -> RawFile | None:
    start = 0 if section.startswith("@@") else section.find("\n@@") + 1
    head = section[: start or len(section)]
    headers = _headers(head)
    old_path, new_path = _paths(headers)
    path = new_path or old_path
    if not path:
        return None
    patch = section[start:].rstrip("\n") if start else None
    binary = "Binary files" in headers or "GIT binary patch" in headers
    return RawFile(
        path=path,
        previous_path=old_path if old_path and old_path != path else None,
        status=_status(headers),
        binary=binary,
        additions=_count(patch, "+"),
        deletions=_count(patch, "-"),
        patch=patch,
    )


def _count(patch: str | None, sign: str) -> int:
    if not patch:
        return 0
    if not patch.startswith("@@@"):
        return patch.count("\n" + sign)
    return sum(line.kind == sign for hunk in parse_hunks(patch) for line in hunk.lines)


# By the first four letters of a line, so that most lines are compared once.
_KEYS = {
    "diff": ("diff --git", "diff --cc", "diff --combined"),
    "inde": ("index",),
    "--- ": ("---",),
    "+++ ": ("+++",),
    "new ": ("new file mode", "new mode"),
    "dele": ("deleted file mode",),
    "old ": ("old mode",),
    "mode": ("mode",),
    "rena": ("rename from", "rename to"),
    "copy": ("copy from", "copy to"),
    "Bina": ("Binary files",),
    "GIT ": ("GIT binary patch",),
}


def _headers(head: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.split("\n"):
        for key in _KEYS.get(line[:4], ()):
            if line.startswith(key):
                headers.setdefault(key, line[len(key) :].strip(" \r"))
                break
        if "GIT binary patch" in headers:
            break
    return headers


def _status(headers: dict[str, str]) -> str:
    modes = " ".join(
        headers.get(key, "")
        for key in ("new file mode", "deleted file mode", "old mode", "new mode", "index")
    ).split()
    if _SUBMODULE in modes:
        return "submodule"
    for key, status in (
        ("new file mode", "added"),
        ("deleted file mode", "deleted"),
        ("rename to", "renamed"),
        ("copy to", "copied"),
    ):
        if key in headers:
            return status
    if headers.get("---") == "/dev/null":
        return "added"
    if headers.get("+++") == "/dev/null":
        return "deleted"
    return "modified"


def _paths(headers: dict[str, str]) -> tuple[str | None, str | None]:
    """(old, new); None on the side where the file does not exist."""
    if "rename to" in headers or "copy to" in headers:
        old = headers.get("rename from", headers.get("copy from", ""))
        new = headers.get("rename to", headers.get("copy to", ""))
        return unquote(old), unquote(new)
    if "---" in headers and "+++" in headers:
        return _side(headers["---"], "a/"), _side(headers["+++"], "b/")
    for key in ("diff --cc", "diff --combined"):
        if key in headers:
            path = unquote(headers[key])
            return path, path
    old_path, new_path = _git_line(headers.get("diff --git", ""))
    return (None if "new file mode" in headers else old_path), (
        None if "deleted file mode" in headers else new_path
    )


def _side(value: str, prefix: str) -> str | None:
    value = value.rstrip("\t")  # git ends a name that holds a space with a tab
    path = unquote(value if value.startswith('"') else value.split("\t", 1)[0])
    return None if path == "/dev/null" else path.removeprefix(prefix)


def _git_line(value: str) -> tuple[str | None, str | None]:
    """Both paths of "a/x b/x". Unquoted paths may hold spaces, but without a rename both are equal."""
    if '"' in value:
        match = re.match(r'("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|.+)$', value)
        if match:
            return unquote(match[1]).removeprefix("a/"), unquote(match[2]).removeprefix("b/")
    half = len(value) // 2
    old, new = value[:half], value[half + 1 :]
    if old.startswith("a/") and new.startswith("b/") and old[2:] == new[2:]:
        return old[2:], new[2:]
    old, _, new = value.partition(" b/")
    return old.removeprefix("a/") or None, new or None


_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


def unquote(path: str) -> str:
    """A path as git prints it: C-quoted with octal bytes where it is unusual, else as it is."""
    if len(path) < 2 or not (path.startswith('"') and path.endswith('"')):
        return path
    octets = bytearray()
    position, end = 1, len(path) - 1
    while position < end:
        letter = path[position]
        if letter != "\\" or position + 1 >= end:
            octets += letter.encode("utf-8", "replace")
            position += 1
        elif octal := re.match(r"[0-3][0-7]{2}", path[position + 1 : position + 4]):
            octets.append(int(octal[0], 8))
            position += 4
        else:
            follower = path[position + 1]
            octets += (
                bytes([_ESCAPES[follower]])
                if follower in _ESCAPES
                else follower.encode("utf-8", "replace")
            )
            position += 2
    return octets.decode("utf-8", "replace")


def _is_type_change(first: RawFile, second: RawFile) -> bool:
    """A file that becomes a link (or the other way) is printed as a deletion and an addition."""
    return first.path == second.path and (first.status, second.status) in (
        ("deleted", "added"),
        ("submodule", "added"),
        ("deleted", "submodule"),
    )


def _type_change(first: RawFile, second: RawFile) -> RawFile:
    patches = [file.patch for file in (first, second) if file.patch]
    return RawFile(
        second.path,
        None,
        "type-changed",
        first.binary or second.binary,
        first.additions + second.additions,
        first.deletions + second.deletions,
        "\n".join(patches) if patches else None,
    )
