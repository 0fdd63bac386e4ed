"""Every sentence exists in both languages, with the same fields."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

import kb
import ui
from kb.phrases import phrases
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
