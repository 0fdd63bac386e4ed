"""What a noun is: a frozen dataclass with slots that is cheap to define.

`dataclass` compiles six functions anew for every class, half a millisecond each time, and a cold
search defines thirty nouns. Here one is compiled, the constructor; the others are the same for all.
To `dataclasses` (`replace`, `fields`, `asdict`) and to the type checker a noun is a dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field
from typing import Any, TypeVar, cast, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def noun(cls: type[T]) -> type[T]:
    """What `@dataclass(frozen=True, slots=True)` makes of a class without base classes of its own."""
    names = tuple(cls.__annotations__)
    defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
    own = {name: value for name, value in cls.__dict__.items() if name not in defaults}
    for made_for_the_old_class in ("__dict__", "__weakref__"):
        own.pop(made_for_the_old_class, None)
    found: Any = type(
        cls.__name__,
        cls.__bases__,
        own
        | {
            "__slots__": names,
            "__match_args__": names,
            "__dataclass_fields__": _Fields(cls.__annotations__, defaults),
            "__init__": _constructor(names, defaults),
            "__setattr__": _refuse,
            "__delattr__": _refuse,
            "__eq__": _equal,
            "__hash__": _hash,
            "__repr__": _repr,
            "__getstate__": values,
            "__setstate__": _restore,
        },
    )
    found.__qualname__ = cls.__qualname__
    # The constructor sets a field through its slot, which costs half of `object.__setattr__`.
    slots = {f"put_{name}": getattr(found, name).__set__ for name in names}
    found.__init__.__globals__.update(slots)
    return cast("type[T]", found)


def is_noun(cls: Any) -> bool:
    """Like `is_dataclass`, without the fields of the class."""
    return getattr(cls, "__setstate__", None) is _restore


class _Fields:
    """The fields as `dataclasses` describes them, made when it asks for them."""

    def __init__(self, annotations: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        # With a text of its own: for a class without one `dataclass` imports `inspect`.
        self._like = {"__annotations__": annotations, "__doc__": "Fields.", **defaults}

    def __get__(self, instance: object, owner: Any) -> dict[str, Field[Any]]:
        like: Any = type(owner.__name__, (), self._like | {"__module__": owner.__module__})
        described = dataclass(init=False, repr=False, eq=False, match_args=False)(like)
        owner.__dataclass_fields__ = found = described.__dataclass_fields__
        return dict(found)


def _constructor(names: Sequence[str], defaults: Mapping[str, Any]) -> Any:
    known: dict[str, Any] = {"MISSING": MISSING}
    parameters, lines = ["self"], []
    for name in names:
        if name not in defaults:
            parameters.append(name)
        elif isinstance(default := defaults[name], Field):
            known[f"make_{name}"] = default.default_factory
            parameters.append(f"{name}=MISSING")
            lines.append(f" if {name} is MISSING: {name} = make_{name}()")
        else:
            known[f"default_{name}"] = default
            parameters.append(f"{name}=default_{name}")
        lines.append(f" put_{name}(self, {name})")
    exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines), known)  # noqa: S102 - ours
    return known["__init__"]


def values(value: Any) -> tuple[object, ...]:
    """What the fields of a noun hold, in their order."""
    return tuple([getattr(value, name) for name in value.__slots__])


def _restore(value: Any, state: Sequence[object]) -> None:
    for name, item in zip(value.__slots__, state, strict=True):
        object.__setattr__(value, name, item)


def _refuse(value: Any, name: str, *_: object) -> None:
    raise FrozenInstanceError(f"cannot change field {name!r} of a {type(value).__qualname__}")


def _equal(value: Any, other: Any) -> Any:
    if other.__class__ is not value.__class__:
        return NotImplemented
    return values(value) == values(other)


def _hash(value: Any) -> int:
    return hash(values(value))


def _repr(value: Any) -> str:
    shown = ", ".join(f"{name}={getattr(value, name)!r}" for name in value.__slots__)
    return f"{type(value).__qualname__}({shown})"
