"""The few texts of a change that get a vector: its title, what it says of itself, its diff's words.

Beside the digest and not in it, because a cold search reads passages and makes no digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kb.text.tokenizer import parts, spelt_out
from kb.types import Change, Digest, FileChange, Passage

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


def passages(change: Change, digest: Digest) -> tuple[Passage, ...]:
    """The texts that get a vector: the title; title, description and paths; the diff's language."""
    title = _title(change.title)
    # In the longer texts too it found less: nDCG@10 by 0.01 on average over three repositories.
    found = [Passage("title", spelt_out(title))]
    body = digest.description
    cut = _cut(body, TEXT_LETTERS)
    about = (body[:cut], _paths_in_words(change.files), _names_in_words(digest))
    found.append(Passage("text", "\n".join((title, *(text for text in about if text)))))
    rest = _chunks(_SENTENCE_END.split(body[cut:]), CHUNK_LETTERS)
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


def _cut(text: str, letters: int) -> int:
    """Where at most so many letters end: between two words, where a blank is near."""
    if len(text) <= letters:
        return letters
    blank = max(text.rfind(" ", 0, letters + 1), text.rfind("\n", 0, letters + 1))
    return blank if blank > letters // 2 else letters


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
    return ", ".join(dict.fromkeys(" ".join(parts(name)) for name in names))[:NAME_LETTERS]


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
