"""Which definitions a diff adds, removes, moves, changes or touches."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kb.analysis.file_views import FileView, views_of
from kb.analysis.languages import GO, KIND_WORDS, PYTHON, RUST, Language, name_and_kind
from kb.analysis.source_lines import rust_tests_begin
from kb.analysis.word_sets import words
from kb.types import Change, Symbol

if TYPE_CHECKING:
    from kb.patch import Hunk, PatchLine

# A signature is followed over at most this many lines to its closing bracket.
MAX_SIGNATURE_LINES = 40
MAX_SIGNATURE_LENGTH = 400
_SPACES = re.compile(r"\s+")
_RUST_TESTS = ("test", "tests")  # modules of tests
_GO_GROUP = re.compile(r"(const|type|var) \($")
_GO_MEMBER = re.compile(r"\t([A-Za-z_]\w*)\b(?!\.)")  # one tab deep, as gofmt writes it
_NOT_NAMES = words(
    "if for while switch return else catch match do sizeof assert defined elif not and or in is "
    "await yield new delete throw case default static_assert super this self"
)


@dataclass(frozen=True, slots=True)
class SymbolChanges:
    """`changed`: the signature differs (names, order, defaults). `touched`: the body was edited. `moved`: same text elsewhere."""

    added: tuple[Symbol, ...] = ()
    removed: tuple[Symbol, ...] = ()
    changed: tuple[Symbol, ...] = ()
    touched: tuple[Symbol, ...] = ()
    moved: tuple[Symbol, ...] = ()
    retyped: tuple[Symbol, ...] = ()  # Python: only annotations differ, which breaks no caller


@dataclass(slots=True)
class _Found:
    symbol: Symbol
    head: bool  # the line of the definition itself is in the diff
    touched: bool  # any line of its signature is


_last: tuple[object, SymbolChanges] | None = None


def symbols_of(change: Change) -> SymbolChanges:
    """The definitions of source files that the change adds, removes, changes, touches or moves."""
    global _last
    held = _last
    if held is not None and held[0] is change.files:
        return held[1]
    found = symbols_in([view for view in views_of(change) if view.role == "source"])
    _last = (change.files, found)
    return found


def symbols_in(views: list[FileView]) -> SymbolChanges:
    added: dict[tuple[str, str], list[Symbol]] = {}
    removed: dict[tuple[str, str], list[Symbol]] = {}
    changed: list[Symbol] = []
    retyped: list[Symbol] = []
    touched: dict[tuple[str, str], Symbol] = {}
    standing: set[tuple[str, str]] = set()
    for view in views:
        if view.language is None:
            continue
        old: dict[tuple[str, str], _Found] = {}
        new: dict[tuple[str, str], _Found] = {}
        in_tests = False
        for hunk in view.hunks:
            if view.language is RUST and rust_tests_begin(hunk.section):
                in_tests = True
            _scan(hunk, view, "-", old, in_tests)
            enclosing = None if in_tests else _enclosing(hunk, view)
            in_tests = _scan(hunk, view, "+", new, in_tests)
            if view.language is GO:
                _scan_groups(hunk, view, "-", old)
                _scan_groups(hunk, view, "+", new)
            if enclosing is not None:
                touched.setdefault((view.path, enclosing.name), enclosing)
        standing.update(new)
        for key, after in new.items():
            before = old.get(key)
            if before is None:
                if after.head:
                    added.setdefault(key, []).append(after.symbol)
            elif (before.touched or after.touched) and (
                before.symbol.signature != after.symbol.signature
            ):
                both = replace(
                    after.symbol,
                    previous_signature=before.symbol.signature,
                    public=before.symbol.public or after.symbol.public,
                )
                (retyped if view.language is PYTHON and _retyped(both) else changed).append(both)
        for key, before in old.items():
            if key not in new and before.head:
                removed.setdefault(key, []).append(before.symbol)
    moved: list[Symbol] = []
    for key in list(added):
        if key not in removed:
            continue
        pairs = min(len(added[key]), len(removed[key]))
        for after_symbol, before_symbol in zip(
            added[key][:pairs], removed[key][:pairs], strict=True
        ):
            both = replace(after_symbol, previous_signature=before_symbol.signature)
            same = _bare(after_symbol.signature) == _bare(before_symbol.signature)
            if same or after_symbol.path != before_symbol.path:
                moved.append(both)
            elif both.path.endswith((".py", ".pyi")) and _retyped(both):
                retyped.append(both)
            else:
                changed.append(both)
        added[key] = added[key][pairs:]
        removed[key] = removed[key][pairs:]
    # A class that loses a method which another of the change has may inherit it: nobody misses it.
    removed = {
        key: group for key, group in removed.items() if key[1] != "method" or key not in standing
    }
    known = {(symbol.path, symbol.name) for group in added.values() for symbol in group}
    known |= {(symbol.path, symbol.name) for symbol in changed}
    return SymbolChanges(
        added=tuple(symbol for group in added.values() for symbol in group),
        removed=tuple(symbol for group in removed.values() for symbol in group),
        changed=tuple(changed),
        touched=tuple(symbol for key, symbol in touched.items() if key not in known),
        moved=tuple(moved),
        retyped=tuple(retyped),
    )


def constructs(symbol: Symbol) -> bool:
    """Whether it is a constructor, as Java names them: after the class that its file is named after.

    Where one is gone, its class may stay."""
    file = symbol.path.rsplit("/", 1)[-1]
    return symbol.kind == "function" and file == f"{symbol.name}.java"


_RETURNS = re.compile(r"\)\s*->.*$")


def _retyped(symbol: Symbol) -> bool:
    return _untyped(symbol.signature) == _untyped(symbol.previous_signature)


def _untyped(signature: str) -> str:
    """A Python signature without its annotations."""
    kept, depth, skipping = [], 0, False
    for letter in _RETURNS.sub(")", signature):
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if depth == 1 and letter == ":":
            skipping = True
        elif (depth <= 1 and letter in ",=") or depth < 1:
            skipping = False
        if not skipping and letter != " ":
            kept.append(letter)
    return "".join(kept)


def _bare(signature: str) -> str:
    return _SPACES.sub("", signature)


def _scan(
    hunk: Hunk, view: FileView, mark: str, found: dict[tuple[str, str], _Found], in_tests: bool
) -> bool:
    """Collects the definitions of one side of a hunk (context and `mark` lines).

    Not those of Rust's tests inside a source; whether they have begun goes in and comes back.
    """
    language = view.language
    if language is None:
        return in_tests
    match = language.definition.match
    lines = [line for line in hunk.lines if line.kind == mark or line.kind == " "]
    for index, line in enumerate(lines):
        text = line.text
        if language is RUST and not in_tests:
            in_tests = rust_tests_begin(
                text, (lines[later].text for later in range(index + 1, len(lines)))
            )
        if in_tests or len(text) > 500 or not (hit := match(text)):
            continue
        name, kind = name_and_kind(hit)
        if not name or name in _NOT_NAMES or (language is RUST and name in _RUST_TESTS):
            continue
        if language.name == "typescript" and not hit["export"] and kind == "constant":
            continue
        if language.name == "go" and kind == "constant" and not name[:1].isupper():
            continue
        signature, in_diff = _signature(lines, index, language, kind)
        head = line.kind != " "
        if not head and not in_diff:
            # A definition in the context still counts as known on both sides.
            in_diff = False
        symbol = Symbol(
            name=name,
            kind=kind,
            path=view.path,
            line=(line.new_line if mark == "+" else line.old_line) or 0,
            public=language.public(hit, view.path),
            signature=signature,
        )
        key = (name, kind)
        if key not in found or (head and not found[key].head):
            found[key] = _Found(symbol, head, head or in_diff)
    return in_tests


def _scan_groups(
    hunk: Hunk, view: FileView, mark: str, found: dict[tuple[str, str], _Found]
) -> None:
    """Adds what one side of a hunk of Go declares in a group, `const (...)`.

    As known, not as new: what goes into a group or comes out of one is still defined.
    """
    group = opened[1] if (opened := _GO_GROUP.match(hunk.section.strip())) else ""
    for line in hunk.lines:
        if line.kind not in (mark, " "):
            continue
        if opened := _GO_GROUP.match(line.text):
            group = opened[1]
        elif line.text and not line.text[0].isspace():
            group = ""
        elif group and (member := _GO_MEMBER.match(line.text)):
            kind = KIND_WORDS[group]
            text = f"{group} {line.text.strip()}"
            symbol = Symbol(
                name=member[1],
                kind=kind,
                path=view.path,
                line=(line.new_line if mark == "+" else line.old_line) or 0,
                signature=_cut(text, GO),
            )
            found.setdefault((symbol.name, kind), _Found(symbol, head=False, touched=False))


def _signature(
    lines: list[PatchLine], index: int, language: Language, kind: str
) -> tuple[str, bool]:
    """The signature up to its closing bracket, and whether a line of it is in the diff."""
    first = lines[index].text.strip()
    touched = lines[index].kind != " "
    if kind in ("constant",) or (kind == "class" and language is not PYTHON):
        return _cut(first, language), touched
    depth = first.count("(") - first.count(")")
    parts = [first]
    for line in lines[index + 1 : index + 1 + MAX_SIGNATURE_LINES]:
        if depth <= 0:
            break
        text = line.text.strip()
        if text.startswith(("#", "//")):
            continue
        parts.append(text)
        touched = touched or line.kind != " "
        depth += text.count("(") - text.count(")")
    return _cut(" ".join(parts), language), touched


def _cut(text: str, language: Language) -> str:
    text = _SPACES.sub(" ", text).replace("( ", "(").replace(", )", ")").replace(" )", ")")
    if language is PYTHON:
        text = text.rstrip()
        if text.endswith(":"):
            text = text[:-1]
    else:
        brace = text.find("{")
        if brace > 0 and not text.startswith("export type"):
            text = text[:brace].rstrip()
        if language is RUST:
            text = text.split(" where ")[0].rstrip()
        text = text.rstrip("{; ")
    return text[:MAX_SIGNATURE_LENGTH]


# What stands as far left as a definition comes after it; a label of C is still inside.
_NEXT = re.compile(r"[A-Za-z_@}](?!\w*\s*:$)")


def _reached(hunk: Hunk) -> bool:
    """Whether a line was changed before the definition of the hunk's header ends."""
    depth = len(hunk.section) - len(hunk.section.lstrip())
    for line in hunk.lines:
        text = line.text.lstrip()
        if not text.strip():
            continue
        if len(line.text) - len(text) <= depth and _NEXT.match(text):
            return False
        if line.kind != " ":
            return True
    return False


def _enclosing(hunk: Hunk, view: FileView) -> Symbol | None:
    """The definition that git names in the hunk's header, if a pattern of ours knows it."""
    language = view.language
    if language is None or not hunk.section:
        return None
    hit = language.definition.match(hunk.section)
    if not hit:
        return None
    name, kind = name_and_kind(hit)
    if not name or name in _NOT_NAMES or not _reached(hunk):
        return None
    return Symbol(
        name=name,
        kind=kind,
        path=view.path,
        line=hunk.new_start,
        public=language.public(hit, view.path),
        signature=_cut(hunk.section.strip(), language),
        previous_signature=_cut(hunk.section.strip(), language),
    )
