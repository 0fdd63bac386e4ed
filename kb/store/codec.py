"""Our frozen dataclasses to compact JSON and back; a field at its default is left out.

A row written before a field existed lacks it and gets the default, so adding a field with a
default to a noun needs no migration. Times are whole epoch seconds.
"""

from __future__ import annotations

import json
import types
import typing
import zlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin

from kb.types.noun import is_noun

T = TypeVar("T")
Convert = Callable[[Any], Any]

ZLIB_LEVEL = 6
RAW, DEFLATED = b"j", b"z"
# Hints of what JSON has as it is: to look at no more of them halves the time that a cold search
# takes to learn our nouns.
_AS_IT_IS = frozenset(["str", "int", "float", "bool", "str | None", "int | None", "float | None"])
DEFLATE_FROM = 200  # shorter texts do not shrink


def epoch(moment: datetime) -> int:
    """Whole seconds since 1970 of an aware time."""
    return int(moment.timestamp())


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def pack(value: object) -> bytes:
    """A dataclass as JSON bytes, deflated where that helps."""
    plain = json.dumps(encode(value), ensure_ascii=False, separators=(",", ":"))
    data = plain.encode("utf-8", "replace")  # a lone surrogate would fail every later reader
    if len(data) < DEFLATE_FROM:
        return RAW + data
    return DEFLATED + zlib.compress(data, ZLIB_LEVEL)


def unpack(cls: type[T], blob: bytes) -> T:
    data = zlib.decompress(blob[1:]) if blob[:1] == DEFLATED else blob[1:]
    return decode(cls, json.loads(data.decode()))


def encode(value: object) -> Any:
    kind: Any = type(value)
    return _encoder(kind)(value)


def decode(cls: type[T], value: Any) -> T:
    """`value` is what json.loads gave; it is used up."""
    kind: Any = cls
    return typing.cast(T, _dataclass_decoder(kind)(value))


@cache
def _encoder(cls: Any) -> Convert:
    if is_dataclass(cls):
        return _dataclass_encoder(cls)
    if issubclass(cls, datetime):
        return epoch
    if issubclass(cls, (tuple, list)):
        return lambda items: [encode(item) for item in items]
    if issubclass(cls, Mapping):
        return lambda mapping: {key: encode(item) for key, item in mapping.items()}
    return lambda plain: plain


def _dataclass_encoder(cls: Any) -> Convert:
    plan = [(item.name, _default(item)) for item in fields(cls)]

    def convert(value: object) -> dict[str, Any]:
        found = ((name, getattr(value, name), default) for name, default in plan)
        return {name: encode(item) for name, item, default in found if item != default}

    return convert


def _default(item: Field[Any]) -> Any:
    if item.default_factory is not MISSING:
        return item.default_factory()
    return item.default


@cache
def _dataclass_decoder(cls: Any) -> Convert:
    known = cls.__annotations__
    others = {name: hint for name, hint in known.items() if hint not in _AS_IT_IS}
    like = type(cls.__name__, (), {"__annotations__": others, "__module__": cls.__module__})
    converts = {name: _decoder(hint) for name, hint in typing.get_type_hints(like).items()}
    changing = [(name, change) for name, change in converts.items() if change is not None]

    def convert(value: dict[str, Any]) -> Any:
        for name, change in changing:
            item = value.get(name)
            if item is not None:
                value[name] = change(item)
        try:
            return cls(**value)
        except TypeError:  # written by a later version that knows more fields
            return cls(**{name: item for name, item in value.items() if name in known})

    return convert


@cache
def _decoder(hint: Any) -> Convert | None:
    """What turns a JSON value into the hinted type; None where nothing is to do."""
    if hint is datetime:
        return moment
    kind: Any = hint
    if is_noun(kind):
        found: Convert = _dataclass_decoder(hint)
        return found
    origin: Any = get_origin(hint)
    arguments: tuple[Any, ...] = get_args(hint)
    if origin in (Union, types.UnionType):
        (wanted,) = (item for item in arguments if item is not type(None))
        return _decoder(wanted)
    if origin is tuple:
        inner = _decoder(arguments[0])
        if inner is None:
            return tuple
        return lambda items: tuple([inner(item) for item in items])
    if origin is not None and issubclass(origin, Mapping):
        value = _decoder(arguments[1])
        if value is None:
            return None
        return lambda items: {key: value(item) for key, item in items.items()}
    return None
