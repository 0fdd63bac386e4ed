"""A noun is what a frozen dataclass with slots is, to everything that knows dataclasses."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Mapping
from typing import get_type_hints

import pytest

from kb.types import Comment, ReviewThread, Term
from kb.types.noun import is_noun, noun


@noun
class Place:
    """Where something is."""

    path: str
    line: int = 1
    notes: Mapping[str, str] = dataclasses.field(default_factory=dict)


def test_a_noun_is_made_like_a_dataclass() -> None:
    place = Place("a.py", notes={"a": "b"})
    assert (place.path, place.line, place.notes) == ("a.py", 1, {"a": "b"})
    assert repr(Place("a.py", 2)) == "Place(path='a.py', line=2, notes={})"
    assert Place("a.py").notes is not Place("a.py").notes
    with pytest.raises(TypeError, match="path"):
        Place()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="row"):
        Place("a.py", row=1)  # type: ignore[call-arg]


def test_a_noun_never_changes() -> None:
    place = Place("a.py")
    with pytest.raises(dataclasses.FrozenInstanceError):
        place.line = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del place.line
    with pytest.raises(dataclasses.FrozenInstanceError):
        place.column = 2  # type: ignore[attr-defined]
    assert not hasattr(place, "__dict__")


def test_nouns_are_equal_by_what_they_hold() -> None:
    assert Comment("a", "b") == Comment("a", "b") != Comment("a", "c")
    assert Comment("a", "b") != ("a", "b", None)
    assert len({Comment("a", "b"), Comment("a", "b")}) == 1


def test_dataclasses_finds_the_fields_of_a_noun() -> None:
    assert dataclasses.is_dataclass(Place)
    assert [item.name for item in dataclasses.fields(Place)] == ["path", "line", "notes"]
    assert dataclasses.replace(Place("a.py"), line=3) == Place("a.py", 3)
    thread = ReviewThread("a.py", False, (Comment("a", "b"),))
    assert dataclasses.asdict(thread)["comments"] == ({"author": "a", "text": "b", "url": None},)
    assert get_type_hints(Place)["line"] is int
    match Place("a.py", 4):
        case Place(_, line):
            assert line == 4


def test_a_noun_can_be_copied_and_sent_to_another_process() -> None:
    term = Term("large", 1.5, {"files": "3"})
    assert pickle.loads(pickle.dumps(term)) == copy.deepcopy(term) == copy.copy(term) == term


def test_only_nouns_are_nouns() -> None:
    assert is_noun(Place)
    assert not any(is_noun(kind) for kind in (str, None, tuple[str, ...], Mapping[str, int]))
