"""Per-language tables: how a definition, a comment and a public name look.

Patterns, not parsers: a diff holds hunks, not files, and 15,000 changes are read at about a
millisecond each. Where a pattern cannot know (a method's class outside the hunk) it says "public"
only for what the language itself marks so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """`definition` has the groups `name` and `kind`; other groups are for `public`."""

    name: str
    definition: re.Pattern[str]
    public: Callable[[re.Match[str], str], bool]
    line_comments: tuple[str, ...] = ("//",)
    block_comments: tuple[tuple[str, str], ...] = (("/*", "*/"),)


KIND_WORDS = {
    "def": "function", "fn": "function", "func": "function", "function": "function",
    "fun": "function", "sub": "function", "defp": "function", "rpc": "method",
    "class": "class", "struct": "class", "enum": "class", "trait": "class", "interface": "class",
    "union": "class", "record": "class", "object": "class", "protocol": "class", "actor": "class",
    "@interface": "class", "message": "class", "service": "class", "namespace": "class",
    "module": "class", "defmodule": "class",
    "type": "type", "typealias": "type", "typedef": "type", "using": "type", "extension": "type",
    "const": "constant", "static": "constant", "let": "constant", "var": "constant",
    "val": "constant", "define": "constant", "macro_rules!": "function", "mod": "type",
}  # fmt: skip


def _python_public(match: re.Match[str], path: str) -> bool:
    name = match["name"]
    if any(part.startswith("_") and not part.startswith("__") for part in path.split("/")):
        return False  # a private package or module
    return len(match["indent"]) <= 4 and (not name.startswith("_") or name == "__init__")


def _rust_public(match: re.Match[str], path: str) -> bool:
    return match["kind"] == "macro_rules!" or (match["pub"] or "").strip() == "pub"


def _go_public(match: re.Match[str], path: str) -> bool:
    if "/internal/" in f"/{path}" or "/cmd/" in f"/{path}":
        return False
    receiver = match["receiver"]
    if receiver and not receiver[:1].isupper():
        return False
    return match["name"][:1].isupper()


def _export_public(match: re.Match[str], path: str) -> bool:
    return bool(match["export"])


def _header_public(match: re.Match[str], path: str) -> bool:
    if not path.endswith((".h", ".hpp", ".hh", ".hxx", ".cuh", ".inl")):
        return False
    lower = f"/{path.lower()}"
    return not any(
        part in lower
        for part in ("/internal/", "/detail/", "/src/", "/impl/", "/csrc/", "/kernels/")
    )


def _modifier_public(match: re.Match[str], path: str) -> bool:
    words = (match["modifiers"] or "").split()
    return "public" in words or "protected" in words or "open" in words


def _not_private(match: re.Match[str], path: str) -> bool:
    words = set((match["modifiers"] or "").split())
    return words.isdisjoint({"private", "internal", "fileprivate", "override"})


def _name_public(match: re.Match[str], path: str) -> bool:
    return not match["name"].startswith("_")


PYTHON = Language(
    "python",
    re.compile(r"(?P<indent>\s*)(?:async\s+)?(?P<kind>def|class)\s+(?P<name>\w+)"),
    _python_public,
    ("#",),
    (),
)
RUST = Language(
    "rust",
    re.compile(
        r"\s*(?P<pub>pub(?:\s*\([^)]*\))?\s+)?(?:default\s+)?(?:unsafe\s+)?(?:const\s+(?=(?:async|unsafe|fn|extern)\b))?"
        r"(?:async\s+)?(?:unsafe\s+)?(?:extern\s+\"[^\"]*\"\s+)?"
        r"(?P<kind>fn|struct|enum|trait|union|type|const|static|mod|macro_rules!)\s+(?P<name>[A-Za-z_]\w*)"
    ),
    _rust_public,
)
GO = Language(
    "go",
    re.compile(
        r"(?P<kind>func|type|var|const)\s+(?:\(\s*(?:\w+\s+)?\*?(?P<receiver>\w+)[^)]*\)\s*)?(?P<name>\w+)"
    ),
    _go_public,
)
SCRIPT = Language(
    "typescript",
    re.compile(
        r"(?P<export>export\s+(?:default\s+)?)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?"
        r"(?P<kind>function|class|interface|type|enum|namespace|const|let|var)\b\*?\s*(?P<name>[\w$]+)"
    ),
    _export_public,
)
CPP = Language(
    "cpp",
    re.compile(
        r"\s*(?:template\s*<.*>\s*)?(?:typedef\s+)?(?P<kind>class|struct|enum|union|using)\s+(?:class\s+)?"
        r"(?:[A-Z_]+(?:\([^)]*\))?\s+)?(?P<name>[A-Za-z_]\w*)(?=\s*(?:final\s*)?(?::(?!:)|[{=]|$))"
        r"|\#\s*(?P<kind2>define)\s+(?P<name2>[A-Za-z_]\w*)"
        r"|(?!\s*(?:return|else|if|for|while|switch|case|delete|new|throw|using|goto)\b)"
        r"(?P<head>(?:[\w:<>,~*&\[\]]+\s+)+?[*&]*)(?P<name3>[A-Za-z_~][\w:~]*)\s*\((?!\s*\))?[^;=]*(?:\)[^;]*\{|\)\s*(?:const|noexcept|override)?\s*;|,|\(|\))\s*$"
    ),
    _header_public,
)
_JAVA_MODIFIERS = (
    r"(?P<modifiers>(?:(?:public|protected|private|static|final|abstract|default|synchronized|native|sealed|"
    r"non-sealed|virtual|override|async|internal|partial|readonly|strictfp|unsafe|new|extern)\s+)*)"
)
JAVA = Language(
    "java",
    re.compile(
        rf"\s*{_JAVA_MODIFIERS}(?:(?P<kind>class|interface|@interface|enum|record|struct)\s+(?P<name>[A-Za-z_]\w*)"
        r"|(?:(?<=public\s)|(?<=protected\s))(?P<name2>[A-Z]\w*)\s*\((?=[^;]*(?:[,({]|\)\s*\{?)\s*$|\s*$)"  # a constructor
        r"|(?:<[^>]+>\s+)?(?!return\b|new\b|throw\b|else\b|if\b|for\b|while\b|import\b|package\b|case\b|assert\b)"
        r"(?:[\w.]+(?:<[^()]*>)?(?:\[\])*\??\s+)(?P<name3>[A-Za-z_]\w*)\s*\((?=[^;]*(?:[,({]|\)\s*\{?|;)\s*$|\s*$))"
    ),
    _modifier_public,
)
KOTLIN = Language(
    "kotlin",
    re.compile(
        r"\s*(?P<modifiers>(?:(?:public|private|internal|protected|open|abstract|final|sealed|data|"
        r"inline|suspend|override|operator|infix|tailrec|external|const|lateinit|companion|value|"
        r"annotation|actual|expect|fileprivate|static|mutating|implicit|case|lazy|convenience|required|@\w+)\s+)*)"
        r"(?P<kind>fun|class|interface|object|typealias|func|struct|enum|protocol|actor|extension|def|trait)\s+"
        r"(?:<[^>]+>\s+)?(?:[\w<>?*]+\.)?(?P<name>[A-Za-z_]\w*)"
    ),
    _not_private,
)
RUBY = Language(
    "ruby",
    re.compile(
        r"\s*(?P<kind>def|class|module|defmodule|defp)\s+(?:self\.)?(?P<name>[A-Za-z_][\w:.]*[?!]?)"
    ),
    _name_public,
    ("#",),
    (("=begin", "=end"),),
)
PHP = Language(
    "php",
    re.compile(
        r"\s*(?P<modifiers>(?:(?:public|protected|private|static|final|abstract|local)\s+)*)"
        r"(?P<kind>function|class|interface|trait|enum)\s+&?(?P<name>[A-Za-z_][\w.:]*)"
    ),
    _not_private,
    ("//", "#", "--"),
)
PROTO = Language(
    "proto",
    re.compile(r"\s*(?P<kind>message|service|rpc|enum)\s+(?P<name>\w+)"),
    _name_public,
)
ZIG = Language(
    "zig",
    re.compile(r"\s*(?P<export>pub\s+)?(?P<kind>fn|const|var)\s+(?P<name>[A-Za-z_]\w*)"),
    _export_public,
)
SHELL = Language(
    "shell",
    re.compile(r"(?P<kind>function)\s+(?P<name>[\w-]+)"),
    _name_public,
    ("#",),
    (),
)
MARKUP = Language(
    "markup",
    re.compile(r"(?!)(?P<kind>x)(?P<name>x)"),
    _name_public,
    (),
    (("<!--", "-->"), ("/*", "*/")),
)

_BY_EXTENSION: dict[str, Language] = {}
for _language, _extensions in (
    (PYTHON, "py pyi pyx pxd"),
    (RUST, "rs"),
    (GO, "go"),
    (SCRIPT, "ts tsx js jsx mjs cjs mts cts vue svelte astro"),
    (CPP, "c h cc cpp cxx hpp hh hxx cu cuh inl m mm metal cl hip glsl wgsl"),
    (JAVA, "java cs"),
    (KOTLIN, "kt kts swift scala groovy dart"),
    (RUBY, "rb ex exs cr"),
    (PHP, "php lua"),
    (PROTO, "proto thrift"),
    (ZIG, "zig"),
    (
        MARKUP,
        "css scss less sass html htm tmpl gotmpl j2 hbs ejs sql y l jl hs ml clj erl r pl asm s ld graphql vm",
    ),
):
    for _extension in _extensions.split():
        _BY_EXTENSION[_extension] = _language

SOURCE_EXTENSIONS = frozenset(f".{extension}" for extension in _BY_EXTENSION)


def language_of(path: str) -> Language | None:
    """The table for a path, or None where the file is no source of a known language."""
    name = path.rsplit("/", 1)[-1]
    if "." not in name:
        return None
    extension = name.rsplit(".", 1)[1].lower()
    return _BY_EXTENSION.get(extension) or (SHELL if extension in ("sh", "bash") else None)


def name_and_kind(match: re.Match[str]) -> tuple[str, str]:
    """The defined name and its kind (class, function, method, constant, type)."""
    groups = match.groupdict()
    name = groups.get("name") or groups.get("name2") or groups.get("name3") or ""
    word = groups.get("kind") or groups.get("kind2") or ""
    kind = KIND_WORDS.get(word, "function")
    if kind == "function" and (groups.get("receiver") or groups.get("indent")):
        kind = "method"
    return name, kind
