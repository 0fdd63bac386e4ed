"""Compatibility, configuration, experimental, revert: what those who depend on the project meet."""

from __future__ import annotations

import re

from kb.analysis.facts import Facts
from kb.analysis.flags import MOST_CONFIG_KEYS
from kb.analysis.symbols import constructs
from kb.analysis.titles import UNFINISHED
from kb.types import Flag, Risk, Symbol

_EXPERIMENTAL = re.compile(
    rf"\b(experimental(ly)?|{UNFINISHED}|alpha feature|beta feature|work[- ]in[- ]progress|\bWIP\b|proof of concept)\b|实验性|试验性",
    re.IGNORECASE,
)
_EXPERIMENTAL_BODY = re.compile(
    r"\b(is|as|an|mark\w*|still|currently|considered) experimental\b|实验性", re.IGNORECASE
)
_NOT_EXPERIMENTAL = re.compile(
    r"\b(no longer|not|remove|stabili[sz]e|promote|graduate|drop)\b.{0,40}\b(experimental|unstable)|(experimental|unstable)\b.{0,20}\b(removed|stable)",
    re.IGNORECASE,
)
# Of a title: what is mended or moved there was experimental before. A description has both.
_WAS_EXPERIMENTAL = re.compile(
    r"\b(in|of|from|across|fix|align|rename|move) (the )?experimental\b", re.IGNORECASE
)
_OFF = frozenset(
    ["False", "false", "0", '"0"', '"false"', "'0'", "'false'", "None", "off", '"off"', '"False"']
)
_SWITCH = re.compile(
    r"(enable|use|allow|with|experimental|opt[-_]?in)[-_]|^--?(enable|use)|^[A-Z0-9_]*_(ENABLE|USE|EXPERIMENTAL)(D)?(_|$)",
    re.IGNORECASE,
)
_DEPRECATED_GONE = re.compile(
    r"\b(remov|drop|delet)(e[sd]?|s|p?ed|p?ing)? (the |all |some |old )?deprecated\b(?! (use|usage|calls?)\b|.*\btest(s\b|_))"
    r"|(移除|删除|去除)(了)?(所有)?(已)?(弃用|废弃)",
    re.IGNORECASE,
)
_OPTIONAL = re.compile(r"=|\?\s*:|\*\*?\w+|\.\.\.")
# Where arguments go by their place, a parameter's name is nobody's concern: before a colon, or last of all.
_POSITIONAL = (".rs", ".ts", ".tsx", ".java", ".c", ".cc", ".cpp", ".cu", ".cuh", ".h", ".hpp")
_OWN_NAME = re.compile(r"^(?:mut )?\w+(?=\??\s*:(?!:))|(?<=[\s*&>])\w+(?=(?:\s*=[^=]*)?$)")


def compatibility(facts: Facts, types: tuple[str, ...]) -> list[Risk]:
    """Public definitions, options and defaults that are gone or different."""
    found: list[Risk] = []
    surface = facts.surface
    if facts.title.breaking:
        found.append(Risk("compatibility", facts.change.title[:80]))
    for flag in _settings(facts, removed=True):
        found.append(Risk("compatibility", f"- {flag.name}", flag.path, flag.line))
    for before, after in surface.defaults:
        found.append(
            Risk(
                "compatibility",
                f"{after.name}: {before.default} -> {after.default}",
                after.path,
                after.line,
            )
        )
    for symbol, name, old, new in surface.parameter_defaults:
        found.append(
            Risk(
                "compatibility", f"{symbol.name}({name}): {old} -> {new}", symbol.path, symbol.line
            )
        )
    for floor in surface.floors:
        found.append(
            Risk("compatibility", f"{floor.before} -> {floor.after}", floor.path, floor.line)
        )
    if types[0] in ("test", "docs", "ci-config"):
        return found
    kept = [symbol for symbol in surface.removed if _promised(symbol)]
    ranked = sorted(kept, key=lambda symbol: (symbol.kind != "class", symbol.path, symbol.line))
    for symbol in ranked:
        evidence = f"- {symbol.kind} {symbol.name}"
        if constructs(symbol):
            if any(other.name == symbol.name and other.kind == "class" for other in ranked):
                continue  # its class is gone, and said to be
            evidence = f"{symbol.signature[:90]} -> {symbol.name}"
        found.append(Risk("compatibility", evidence, symbol.path, symbol.line))
    for symbol in surface.changed:
        # A constant has a value, no parameters: who uses it gets the new one.
        if symbol.kind != "constant" and _promised(symbol) and not _only_grew(symbol):
            found.append(Risk("compatibility", _difference(symbol), symbol.path, symbol.line))
    # A parameter far below its function's name, an alias: a hunk does not show whose it was.
    shrank = facts.size.source_removed > facts.size.source_added and types[0] != "revert"
    if not found and shrank and _DEPRECATED_GONE.search(facts.change.title):
        found.append(Risk("compatibility", facts.change.title[:80]))
    return found


def _promised(symbol: Symbol) -> bool:
    """Whether a public definition is one that others may rely on.

    Python marks nothing public: deep in a package only classes and functions are taken as promised.
    """
    if symbol.name in ("__init__", "main", "forward", "run"):
        return False
    if symbol.path.endswith((".py", ".pyi")):
        return symbol.kind in ("class", "function") or symbol.path.count("/") <= 2
    return True


def _difference(symbol: Symbol) -> str:
    """What of a signature moved: "name(-a, +b)", or both where no parameter did."""
    before, after = _parameters(symbol.previous_signature), _parameters(symbol.signature)
    if before is not None and after is not None:
        names = (
            [_name(parameter) for parameter in before],
            [_name(parameter) for parameter in after],
        )
        parts = [f"-{name}" for name in names[0] if name not in names[1]]
        parts += [f"+{name}" for name in names[1] if name not in names[0]]
        if parts:
            return f"{symbol.name}({', '.join(parts)})"
    return f"{symbol.previous_signature[:90]} -> {symbol.signature[:90]}"


_PARAMETERS = re.compile(r"\((.*)\)", re.DOTALL)


def _only_grew(symbol: Symbol) -> bool:
    """Whether the new signature takes every call of the old one: optional parameters at the end, types aside."""
    before, after = _parameters(symbol.previous_signature), _parameters(symbol.signature)
    bases = symbol.kind == "class" and symbol.path.endswith((".py", ".pyi"))
    if before is None or after is None or bases:
        # No parameters to compare: a class whose bases or generics moved is no break by itself.
        return symbol.kind in ("class", "type")
    if symbol.path.endswith(_POSITIONAL) and _unnamed(before) == _unnamed(after):
        return True
    names_before = [_name(parameter) for parameter in before]
    names_after = [_name(parameter) for parameter in after]
    if names_after[: len(names_before)] != names_before:
        kept = [name for name in names_after if name in names_before]
        if kept != names_before:
            return False
    new = [parameter for parameter in after if _name(parameter) not in names_before]
    return all(_OPTIONAL.search(parameter) for parameter in new) and _same_required(before, after)


def _unnamed(parameters: list[str]) -> list[str]:
    """The parameters without their names: types, marks of the optional, and defaults."""
    return [_OWN_NAME.sub("", parameter, count=1) or parameter for parameter in parameters]


def _same_required(before: list[str], after: list[str]) -> bool:
    required = {_name(parameter) for parameter in before if not _OPTIONAL.search(parameter)}
    optional = {_name(parameter) for parameter in before} - required
    return not any(
        _name(parameter) in optional and not _OPTIONAL.search(parameter) for parameter in after
    )


def _parameters(signature: str) -> list[str] | None:
    match = _PARAMETERS.search(signature)
    if match is None:
        return None
    parts, depth, part = [], 0, ""
    for letter in match[1]:
        if letter in "([{<":
            depth += 1
        elif letter in ")]}>":
            depth -= 1
        if letter == "," and depth <= 0:
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    if part.strip():
        parts.append(part.strip())
    return [
        entry for entry in parts if entry not in ("self", "cls", "&self", "&mut self", "*", "/")
    ]


def _name(parameter: str) -> str:
    text = parameter.split("=")[0].split(":")[0].strip().lstrip("*&.").strip()
    words = text.split()
    return words[-1].rstrip("?") if words else text


def configuration(facts: Facts) -> list[Risk]:
    return [
        Risk("configuration", _flag_words(flag), flag.path, flag.line)
        for flag in _settings(facts, removed=False)
    ]


def _settings(facts: Facts, removed: bool) -> list[Flag]:
    """What came or went of flags, variables and fields; many fields are a data class, no settings."""
    flags = [flag for flag in facts.surface.flags if flag.removed == removed]
    fields = sum(flag.kind == "config" for flag in flags)
    return [flag for flag in flags if flag.kind != "config" or fields <= MOST_CONFIG_KEYS]


def _flag_words(flag: Flag) -> str:
    return f"{flag.name} = {flag.default}" if flag.default else flag.name


def experimental(facts: Facts) -> list[Risk]:
    change, found = facts.change, []
    if facts.size.source_added:
        title = "" if _WAS_EXPERIMENTAL.search(change.title) else change.title
        # A description mentions much; only the word itself counts there.
        for text, pattern in (
            (title, _EXPERIMENTAL),
            (change.body[:4000], _EXPERIMENTAL_BODY),
        ):
            if (match := pattern.search(text)) and not _NOT_EXPERIMENTAL.search(text):
                found.append(Risk("experimental", _around(text, match)))
                break
    for flag in _settings(facts, removed=False):
        if flag.default in _OFF and _SWITCH.search(flag.name):
            found.append(
                Risk("experimental", f"{flag.name} = {flag.default}", flag.path, flag.line)
            )
    return found


def _around(text: str, match: re.Match[str]) -> str:
    """The match with a few words on each side, on one line."""
    before = re.sub(r"^\s*[-*+>#]+\s", "", text[: match.start()].split("\n")[-1]).split()[-4:]
    after = text[match.end() :].split("\n")[0].split()[:5]
    return " ".join([*before, match[0], *after])


def revert(facts: Facts, types: tuple[str, ...]) -> list[Risk]:
    return [Risk("revert", facts.change.title[:120])] if types[0] == "revert" else []
