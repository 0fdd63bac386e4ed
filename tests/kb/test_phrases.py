"""Every sentence exists in both languages, with the same fields."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import kb
import ui
from kb.phrases import phrases, read
from ui.messages import catalogue

ROOMS = sorted(path.parent.name for path in Path(kb.__file__).parent.glob("*/phrases"))
CATALOGUES = sorted(
    {path.name.split(".")[0] for path in (Path(ui.__file__).parent / "messages").glob("*.en.toml")}
)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize(
    ("en", "zh"),
    [(phrases(room, "en"), phrases(room, "zh")) for room in ROOMS]
    + [(catalogue(name, "en"), catalogue(name, "zh")) for name in CATALOGUES],
    ids=[*ROOMS, *CATALOGUES],
)
def test_both_languages_say_the_same_things(en: dict[str, str], zh: dict[str, str]) -> None:
    assert en.keys() == zh.keys()
    different = {key for key in en if fields(en[key]) != fields(zh[key])}
    assert not different


FILES = [
    *Path(kb.__file__).parent.glob("*/phrases/*.toml"),
    *(
        path
        for path in (Path(ui.__file__).parent / "messages").glob("*.toml")
        if "errors" not in path.name
    ),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.parent.name}-{path.name}")
def test_a_file_of_phrases_reads_as_toml_does(path: Path) -> None:
    assert read(path) == dict(flat(tomllib.loads(path.read_text(encoding="utf-8"))))


def flat(table: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
