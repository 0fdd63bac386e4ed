"""What a noun is: a frozen dataclass with slots that is cheap to define.

`dataclass` compiles equality, hash and repr anew for every class, a third of a millisecond each time,
and a cold search defines thirty nouns. These are written once here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def noun(cls: type[T]) -> type[T]:
    """`@dataclass(frozen=True, slots=True)`; for the type checker too."""
    kind: Any = cls
    kind.__eq__, kind.__hash__, kind.__repr__ = _equal, _hash, _repr
    return dataclass(frozen=True, slots=True, eq=False, repr=False)(cls)


def values(value: Any) -> tuple[object, ...]:
    """What the fields of a noun hold, in their order."""
    return tuple([getattr(value, name) for name in value.__slots__])


def _equal(value: Any, other: Any) -> Any:
    if other.__class__ is not value.__class__:
        return NotImplemented
    return values(value) == values(other)


def _hash(value: Any) -> int:
    return hash(values(value))


def _repr(value: Any) -> str:
    shown = ", ".join(f"{name}={getattr(value, name)!r}" for name in value.__slots__)
    return f"{type(value).__qualname__}({shown})"
