"""The digest of a change: what is embedded, indexed, shown, and given to a model instead of a diff.

Pure functions over one change. `digest` derives the facts, `passages` cuts the few texts that get a
vector, `lexical_fields` names what FTS5 indexes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from kb.analysis.flags import flags_of
from kb.analysis.natural_language import natural_language
from kb.analysis.path_roles import role
from kb.analysis.symbols import symbols_of
from kb.text.description import clean_description
from kb.text.tokenizer import parts
from kb.types import Change, Digest, FileChange, Flag, Passage, Symbol

LINES_SHOWN = 30
NAMES_SHOWN = 40
TITLE_LETTERS = 400
TITLE_BEFORE = 100  # letters of the title before a chunk, which tell what it is about
# An ingest is as slow as what it embeds (85 % of its time; about 4 letters a word piece). Half as
# long a text found as much: measured on three repositories, recall and nDCG moved by 0.01 or less.
TEXT_LETTERS = 400  # of the description, in the first text
CHUNK_LETTERS = 700  # of each further text of a long description; the model reads about 1,000
DIFF_LETTERS = 450
PATH_LETTERS = 150
NAME_LETTERS = 250
MOST_TEXT_CHUNKS = 4
MOST_DIFF_CHUNKS = 2
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")


def digest(change: Change) -> Digest:
    """The facts of a change's diff and description; `not_seen` says what they do not cover."""
    files = tuple(
        file if file.role else replace(file, role=role(file.path)) for file in change.files
    )
    change = replace(change, files=files)
    symbols = symbols_of(change)
    flags = tuple(flags_of(change))
    comments = natural_language(files)
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
        comments=comments,
        description=description.text,
        metrics=tuple(description.metrics),
        not_seen=not_seen,
    )
    return replace(made, text=_summary(files, made))


def passages(change: Change, digest: Digest) -> tuple[Passage, ...]:
    """The texts that get a vector: the title; title, description and paths; the diff's language."""
    title = _title(change.title)
    found = [Passage("title", title)]
    body = digest.description
    about = (body[:TEXT_LETTERS], _paths_in_words(change.files), _names_in_words(digest))
    found.append(Passage("text", "\n".join((title, *(text for text in about if text)))))
    rest = _chunks(_SENTENCE_END.split(body[TEXT_LETTERS:]), CHUNK_LETTERS)
    lines = _chunks(digest.comments, DIFF_LETTERS)
    for kind, texts, first in (
        ("text", rest[: MOST_TEXT_CHUNKS - 1], 1),
        ("diff", lines[:MOST_DIFF_CHUNKS], 0),
    ):
        found += [
            Passage(kind, f"{title[:TITLE_BEFORE]}\n{text}", chunk)
            for chunk, text in enumerate(texts, first)
        ]
    return tuple(found)


def lexical_fields(change: Change, digest: Digest) -> dict[str, str]:
    """The text of each field of the lexical index, before tokenizing."""
    symbols = (*digest.symbols_added, *digest.symbols_changed, *digest.symbols_removed)
    reviews = (comment.text for thread in change.reviews for comment in thread.comments)
    return {
        "title": change.title,
        "body": "\n".join((digest.description, *change.labels)),
        "paths": "\n".join(path for file in change.files for path in _both_paths(file)),
        "symbols": "\n".join(_unique([s.name for s in symbols] + [f.name for f in digest.flags])),
        "comments": "\n".join(digest.comments),
        "reviews": "\n".join(reviews),
    }


def _both_paths(file: FileChange) -> tuple[str, ...]:
    return (file.path, file.previous_path) if file.previous_path else (file.path,)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _title(title: str) -> str:
    """The title without the number that every title has."""
    return re.sub(r"\s*\(#\d+\)\s*$", "", title)[:TITLE_LETTERS]


def _paths_in_words(files: Sequence[FileChange]) -> str:
    """Folder and file names as words, each once: what `srt/lora/lora_manager.py` is about."""
    names: dict[str, None] = {}
    for file in sorted(files, key=lambda file: -(file.additions + file.deletions))[:12]:
        for name in file.path.rsplit(".", 1)[0].split("/")[-3:]:
            names.setdefault(name.replace("_", " ").replace("-", " "))
    return ", ".join(names)[:PATH_LETTERS]


def _names_in_words(digest: Digest) -> str:
    """Names split into words, because an embedder reads `maxNewTokens` letter by letter."""
    names = [flag.name for flag in digest.flags[:10]]
    names += [symbol.name for symbol in (*digest.symbols_added, *digest.symbols_changed)[:20]]
    return ", ".join(_unique(" ".join(parts(name)) for name in names))[:NAME_LETTERS]


def _chunks(lines: Iterable[str], letters: int) -> list[str]:
    """Lines joined into texts of at most `letters`; a longer line is cut."""
    found: list[str] = []
    for line in lines:
        line = line.strip()[:letters]
        if not line:
            continue
        if found and len(found[-1]) + len(line) < letters:
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found


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
