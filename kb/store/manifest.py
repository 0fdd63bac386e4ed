"""Generations: folders that are complete before `CURRENT` names them.

    HOME/archive.sqlite3
    HOME/CURRENT                  "7\\n", replaced at once by os.replace
    HOME/generations/7/manifest.json, title.npy, title.keys.npy, ..., chroma/

A reader reads CURRENT and sees the changes that generations up to it publish, in all three:
vectors, words and lists.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, field
from pathlib import Path

from kb.errors import IndexMismatch, StoreError
from kb.types.noun import noun

LAYOUT_VERSION = 2
KEPT = 2  # the current generation, and the one before it for readers that still have it open
BUILDING = "building-"  # a folder that is not complete


@noun
class Manifest:
    """The identity of a generation; another embedder, dimension or layout is never mixed in."""

    generation: int
    embedder: str
    dimension: int
    layout: int = LAYOUT_VERSION
    vectors: dict[str, int] = field(default_factory=dict)  # by kind
    last_serial: int = 0  # of the vectors that it holds
    server: str = ""  # KB_CHROMA_URL where a server holds the collections


def current(home: Path) -> int:
    """The number of the generation that readers see; 0 where nothing was published yet."""
    try:
        text = (home / "CURRENT").read_text("ascii")
        return int(text)
    except FileNotFoundError:
        return 0
    except (ValueError, OSError) as exc:
        raise StoreError(
            f"{home / 'CURRENT'} cannot be read ({exc})", "kb reindex   (keeps the archive)"
        ) from exc


def folder(home: Path, generation: int) -> Path:
    return home / "generations" / str(generation)


def read(home: Path, generation: int) -> Manifest:
    return read_folder(folder(home, generation))


def read_folder(folder: Path) -> Manifest:
    try:
        return Manifest(**json.loads((folder / "manifest.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError) as exc:
        raise StoreError(
            f"generation {folder.name} of the index cannot be read ({exc})",
            "kb reindex   (keeps the archive, fetches nothing)",
        ) from exc


def write(folder: Path, manifest: Manifest) -> None:
    text = json.dumps(asdict(manifest), indent=1)
    (folder / "manifest.json").write_text(text + "\n", "utf-8")


def check(manifest: Manifest, embedder: str) -> None:
    """Raises IndexMismatch when the index was built with another embedder or layout."""
    if manifest.embedder != embedder:
        raise IndexMismatch(
            f"the index was built with {manifest.embedder}, the settings say {embedder}",
            "kb reindex        (keeps the archive, fetches nothing)",
        )
    if manifest.layout != LAYOUT_VERSION:
        raise IndexMismatch(
            f"the index has layout {manifest.layout}, this RepoKB reads {LAYOUT_VERSION}",
            "kb reindex        (keeps the archive, fetches nothing)",
        )


def swap(home: Path, generation: int) -> None:
    """Readers see `generation` from here on."""
    waiting = home / f"CURRENT.{os.getpid()}"
    with waiting.open("w", encoding="ascii") as file:
        file.write(f"{generation}\n")
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(home / "CURRENT")


def sweep(home: Path, keep: int) -> None:
    """Removes what no reader needs: all but `keep` and the generation before it."""
    import shutil

    place = home / "generations"
    if not place.is_dir():
        return
    entries = list(place.iterdir())
    numbers = sorted(int(item.name) for item in entries if item.name.isdigit())
    kept = [number for number in numbers if number <= keep][-KEPT:]
    for item in entries:
        if item.name.startswith(BUILDING) or (item.name.isdigit() and int(item.name) not in kept):
            shutil.rmtree(item, ignore_errors=True)
