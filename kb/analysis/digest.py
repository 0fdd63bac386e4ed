"""The digest of a change: what is embedded, indexed, shown, and given to a model instead of a diff.

Pure functions over one change. `digest` derives the facts, `lexical_fields` names what FTS5
indexes, and `passages` (beside this module) cuts the few texts that get a vector.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kb.analysis.commit_titles import commit_titles
from kb.analysis.flags import flags_of
from kb.analysis.natural_language import signed_language
from kb.analysis.passages import passages
from kb.analysis.path_roles import role
from kb.analysis.symbols import symbols_of
from kb.text.description import clean_description
from kb.types import Change, Digest, FileChange, Flag, Symbol

__all__ = ["digest", "lexical_fields", "passages"]

LINES_SHOWN = 30
NAMES_SHOWN = 40


def digest(change: Change) -> Digest:
    """The facts of a change's diff and description; `not_seen` says what they do not cover."""
    if not all(file.role for file in change.files):
        given = (
            file if file.role else replace(file, role=role(file.path)) for file in change.files
        )
        change = replace(change, files=tuple(given))
    files = change.files  # the same object: what was read of it before need not be read again
    symbols = symbols_of(change)
    flags = tuple(flags_of(change))
    comments = signed_language(files)
    description = clean_description(change.body)
    by_role: dict[str, tuple[str, ...]] = {}
    for file in files:
        by_role[file.role] = (*by_role.get(file.role, ()), file.path)
    not_seen = tuple((file.path, file.reason or "not fetched") for file in files if not file.seen)
    made = Digest(
        text="",
        symbols_added=tuple(symbols.added),
        symbols_removed=tuple(symbols.removed),
        symbols_changed=tuple(symbols.changed),
        flags=flags,
        files_by_role=by_role,
        comments=tuple(comments),
        description=description.text,
        metrics=tuple(description.metrics),
        not_seen=not_seen,
        comments_gone=sum(sign == "-" for sign in comments.values()),
    )
    return replace(made, text=_summary(files, made))


def lexical_fields(change: Change, digest: Digest) -> dict[str, str]:
    """The text of each field of the lexical index, before tokenizing."""
    symbols = (*digest.symbols_added, *digest.symbols_changed, *digest.symbols_removed)
    reviews = (comment.text for thread in change.reviews for comment in thread.comments)
    return {
        "title": change.title,
        "body": "\n".join((digest.description, *change.labels, *commit_titles(change))),
        "paths": "\n".join(path for file in change.files for path in _both_paths(file)),
        "symbols": "\n".join(_unique([s.name for s in symbols] + [f.name for f in digest.flags])),
        "comments": "\n".join(digest.comments),
        "reviews": "\n".join(reviews),
    }


def _both_paths(file: FileChange) -> tuple[str, ...]:
    return (file.path, file.previous_path) if file.previous_path else (file.path,)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _summary(files: Sequence[FileChange], digest: Digest) -> str:
    """What a reader or a model gets instead of the diff."""
    out: list[str] = []
    sizes = {file.path: f" (+{file.additions} -{file.deletions})" for file in files}
    for name, paths in digest.files_by_role.items():
        shown = ", ".join(path + sizes[path] for path in paths[:NAMES_SHOWN])
        out.append(f"{name}: {shown}{_more(paths, NAMES_SHOWN)}")
    for label, symbols in (
        ("added", digest.symbols_added),
        ("changed", digest.symbols_changed),
        ("removed", digest.symbols_removed),
    ):
        if symbols:
            shown = ", ".join(_unique(_symbol(symbol) for symbol in symbols[:NAMES_SHOWN]))
            out.append(f"{label}: {shown}{_more(symbols, NAMES_SHOWN)}")
    if digest.flags:
        out.append("settings: " + ", ".join(_flag(flag) for flag in digest.flags[:NAMES_SHOWN]))
    out += [f"- {line}" for line in digest.comments[:LINES_SHOWN]]
    if len(digest.comments) > LINES_SHOWN:
        out.append(f"- … {len(digest.comments) - LINES_SHOWN} more lines")
    if digest.not_seen:
        shown = ", ".join(f"{path} ({reason})" for path, reason in digest.not_seen[:NAMES_SHOWN])
        out.append(f"not seen: {shown}{_more(digest.not_seen, NAMES_SHOWN)}")
    return "\n".join(out)


def _more(items: Sequence[object], shown: int) -> str:
    return f", … {len(items) - shown} more" if len(items) > shown else ""


def _symbol(symbol: Symbol) -> str:
    return f"{symbol.kind} {symbol.name}"


def _flag(flag: Flag) -> str:
    sign = "removed " if flag.removed else ""
    default = f" = {flag.default}" if flag.default is not None else ""
    return f"{sign}{flag.name}{default}"
