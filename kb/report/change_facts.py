"""What can be said of one change from its diff, in no language yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar, cast

from kb.analysis.flags import MOST_CONFIG_KEYS
from kb.analysis.symbols import constructs
from kb.analysis.word_sets import words
from kb.report.quotes import Quote, best_quote, help_of, measured, stated_caveat
from kb.report.symptoms import symptom
from kb.report.titles import headline
from kb.types import ChangeRecord, FileChange, Flag, Risk, Symbol

Said = TypeVar("Said")

_OFF = frozenset(("false", "0", "off", "no", "store_true", "disabled"))
_UNSET = frozenset(("none", "null", "nil", ""))
_ON = frozenset(("true", "1", "on", "yes", "enabled", "store_false"))
_TESTING = re.compile(
    r"(^|/)(tests?|testing|bench\w*|examples?|scripts?|docs?|\.github|ci|docker)/"
)
# Where a change of a type stands, whatever else it touches: requirements move in no source file.
_ROLES = {
    "docs": ("docs",),
    "test": ("test",),
    "ci-config": ("ci", "build", "agent"),
    "dependency": ("dependency",),
}
# Examples are made of the first; the others every class or decorator has, and they tell nothing of it.
_ANY_NAMES = words(
    "foo baz qux foobar get set run call apply main reset close forward backward "
    "wrapper wrapped decorator inner"
)
# What a trait of Rust asks of each type that has it: nobody looks for it by name.
_OF_TRAITS = words(
    "Error Err Output Item Target Owned Future IntoIter Value fmt next from try_from into try_into from_str deref deref_mut drop "
    "clone default eq ne hash cmp partial_cmp into_iter poll serialize deserialize as_ref as_mut borrow index source"
)
_FORMS = {"type": "class", "method": "function"}  # one may take the other's place
_KINDS = {"class": 0, "type": 0, "function": 1, "method": 2, "constant": 3}


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    record: ChangeRecord
    added: tuple[str, ...]  # names of definitions, the telling ones first
    removed: tuple[str, ...]  # public ones first
    replaced: tuple[str, str] | None  # a removed name, and what stands for it
    lost: tuple[str, ...]  # public definitions that the compatibility risk names
    changed: tuple[str, ...]  # signature differs
    switches: tuple[Flag, ...]  # new, each name once
    dropped: tuple[Flag, ...]
    moved_defaults: tuple[tuple[str, str, str], ...]  # name, before, after
    renamed: tuple[FileChange, ...]
    new_files: tuple[FileChange, ...]  # source
    main_file: FileChange | None
    place_files: int  # the files that the change's type is about, the main file among them
    source_files: int
    symptom: str
    touched: tuple[str, ...] | None = None  # bodies edited; None: not looked at
    messages: tuple[str, ...] = ()  # new error and warning texts, where the patch was looked at
    tests: tuple[str, ...] = ()  # names of new tests, likewise
    standing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name -> its files
    # What was read from the change's own words: a report asks for it at every length that it tries.
    _said: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def type(self) -> str:
        return self.record.analysis.types[0]

    @property
    def mostly_new(self) -> bool:
        """New files that define something hold most of the added source."""
        added = sum(file.additions for file in self.record.change.files if file.role == "source")
        return bool(self.added) and 2 * sum(file.additions for file in self.new_files) > added

    @property
    def quote(self) -> Quote | None:
        return self._once("quote", best_quote)

    @property
    def effects(self) -> tuple[str, ...]:
        return self._once("effects", measured)

    @property
    def caveat(self) -> Quote | None:
        return self._once("caveat", stated_caveat)

    def _once(self, name: str, read: Callable[[ChangeRecord], Said]) -> Said:
        if name not in self._said:
            self._said[name] = read(self.record)
        return cast("Said", self._said[name])

    def files_of(self, names: Iterable[str]) -> list[FileChange]:
        """The files that define the names, the most-changed first."""
        paths = {path for name in names for path in self.standing.get(name, ())}
        files = [file for file in self.record.change.files if file.path in paths]
        return sorted(files, key=lambda file: (-(file.additions + file.deletions), file.path))

    def risk(self, kind: str) -> Risk | None:
        return next((risk for risk in self.record.analysis.risks if risk.kind == kind), None)


def switched(flag: Flag) -> str:
    """`off`, `on`, `unset`, `value` (a default that is none of these) or `unknown`."""
    if flag.default is None:
        return "unknown"
    value = flag.default.strip().strip(",").strip("\"'").lower()
    if value in _UNSET:
        # A field without a value: what reads it decides. An option without one is no switch.
        return "unknown" if flag.kind == "config" else "unset"
    if value in _OFF:
        return "off"
    if value in _ON:
        return "on"
    return (
        "value" if value and len(value) <= 24 and re.fullmatch(r"[\w.:/%+-]+", value) else "unknown"
    )


def telling_switches(facts: ChangeFacts) -> list[Flag]:
    """Switches with a default or a help text; those that explain themselves or are the title's first."""

    def shown(flag: Flag) -> bool:
        # A field that is off or empty by default is mostly a parameter, no switch of a user's.
        stated = ("on", "value") if flag.kind == "config" else ("off", "on", "unset", "value")
        return bool(help_of(flag)) or switched(flag) in stated

    return sorted(filter(shown, facts.switches), key=lambda flag: not explained(facts, flag))


def explained(facts: ChangeFacts, flag: Flag) -> bool:
    """It has a help text, or shares a word with the title: the change is about it."""
    words = {word.lower() for word in re.findall(r"[A-Za-z]{3,}", flag.name)}
    return bool(help_of(flag)) or bool(words & _title_words(facts.record.change.title))


@lru_cache(maxsize=4096)
def _title_words(title: str) -> frozenset[str]:
    return frozenset(word.lower() for word in re.findall(r"[A-Za-z]{3,}", title))


def _told(symbols: tuple[Symbol, ...], title: str) -> tuple[str, ...]:
    """Names worth saying: public and of the title first, classes before functions; no tests, no dunders."""
    words = _title_words(title)

    def order(entry: tuple[int, Symbol]) -> tuple[float, int]:
        position, symbol = entry
        parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", symbol.name)
        shared = sum(part.lower() in words for part in parts)
        # A word of the title that is a name as well ("kernel") is not named by it.
        named = symbol.name.lower() in title.lower() and bool(re.search(r"[A-Z_\d]", symbol.name))
        # A module of Rust is a folder with a name, no definition that tells what came.
        folder = symbol.kind == "type" and symbol.path.endswith(".rs") and symbol.name.islower()
        return (
            (2 if folder else _KINDS.get(symbol.kind, 2))
            - 0.8 * min(shared, 2)
            - (3.0 if named else 0.0)
            + (0 if symbol.public else 2),
            position,
        )

    names = [
        symbol.name
        for _, symbol in sorted(enumerate(symbols), key=order)
        if not symbol.name.startswith("__")
        and len(symbol.name) > 2
        and not symbol.name.lower().startswith("test")
        and symbol.name.lower() not in _ANY_NAMES
        and not (
            symbol.path.endswith(".rs") and symbol.kind != "class" and symbol.name in _OF_TRAITS
        )
    ]
    return tuple(dict.fromkeys(names))


def _replaced(
    gone: Iterable[Symbol], removed: Sequence[str], came: Iterable[Symbol], added: Sequence[str]
) -> tuple[str, str] | None:
    """The first removed name and the first added one of its kind in its file."""

    def places(symbols: Iterable[Symbol]) -> dict[str, tuple[str, str]]:
        return {
            symbol.name: (_FORMS.get(symbol.kind, symbol.kind), symbol.path) for symbol in symbols
        }

    before, after = places(gone), places(came)
    return next(
        (
            (name, other)
            for name in removed
            for other in added
            if name not in added and before[name] == after[other]
        ),
        None,
    )


def _lost(record: ChangeRecord) -> tuple[str, ...]:
    """Public names that are gone, as the risk's evidence has them."""
    names = [
        risk.evidence.rsplit(" ", 1)[-1]
        for risk in record.analysis.risks
        if risk.kind == "compatibility" and re.fullmatch(r"- (?:\w+ )?\S+", risk.evidence)
    ]
    return tuple(dict.fromkeys(name for name in names if not name.startswith("_")))


def _switches(flags: list[Flag]) -> tuple[Flag, ...]:
    """Flags and environment variables of the product first; fields of configuration classes only where there are few."""
    shown = [flag for flag in flags if not _TESTING.search(flag.path)]
    outer = [flag for flag in shown if flag.kind != "config"]
    inner = [flag for flag in shown if flag.kind == "config"]
    return tuple(outer or (inner if len(inner) <= MOST_CONFIG_KEYS else []))


def change_facts(record: ChangeRecord) -> ChangeFacts:
    digest, change = record.digest, record.change
    title = headline(change)
    sources = [file for file in change.files if file.role == "source"]
    roles = _ROLES.get(record.analysis.types[0], ())
    about = [file for file in change.files if file.role in roles]
    if record.analysis.types[0] == "test":
        # What a tool recorded of a demo is not what the change is about.
        written = [file for file in about if not file.path.endswith(".snap")]
        about = written or [file for file in change.files if file.role == "bench"] or about
    if not about and record.analysis.types[0] == "dependency":
        # Hooks and actions; a manifest whose requirements had moved would have that role.
        about = [file for file in change.files if file.role == "ci"] or [
            file for file in change.files if file.role == "build"
        ]
    about = about or sources or list(change.files)
    # No file of its kind: what the change is about is its largest other file.
    ranked = sorted(about, key=lambda file: (-(file.additions + file.deletions), file.path))
    new = {flag.name: flag for flag in digest.flags if not flag.removed}
    gone = {flag.name: flag for flag in digest.flags if flag.removed}
    moved = tuple(
        (name, gone[name].default or "", flag.default or "")
        for name, flag in new.items()
        if name in gone
        and gone[name].default
        and flag.default
        and gone[name].default != flag.default
    )
    what = symptom(record) if record.analysis.types[0] in ("bugfix", "security") else ""
    gone_symbols = tuple(symbol for symbol in digest.symbols_removed if not constructs(symbol))
    added, removed = _told(digest.symbols_added, title), _told(gone_symbols, title)
    return ChangeFacts(
        record=record,
        added=added,
        removed=tuple(name for name in removed if name not in added),
        replaced=_replaced(gone_symbols, removed, digest.symbols_added, added),
        lost=_lost(record),
        changed=_told(digest.symbols_changed, title),
        switches=_switches([flag for name, flag in new.items() if name not in gone]),
        dropped=tuple(flag for name, flag in gone.items() if name not in new),
        moved_defaults=moved,
        renamed=tuple(file for file in change.files if file.status == "renamed"),
        new_files=tuple(file for file in sources if file.status == "added"),
        main_file=ranked[0] if ranked else None,
        place_files=len(ranked),
        source_files=len(sources),
        symptom=what,
        standing=standing_of((*digest.symbols_added, *digest.symbols_changed, *gone_symbols)),
    )


def standing_of(symbols: Iterable[Symbol]) -> dict[str, tuple[str, ...]]:
    """The files in which each name is defined."""
    found: dict[str, tuple[str, ...]] = {}
    for symbol in symbols:
        found[symbol.name] = (*found.get(symbol.name, ()), symbol.path)
    return found


def short_path(path: str, parts: int = 2) -> str:
    return "/".join(path.split("/")[-parts:])
