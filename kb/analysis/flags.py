"""New and dropped command line flags, environment variables and configuration keys of a diff."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kb.analysis.file_views import FileView, views_of
from kb.analysis.word_sets import words
from kb.types import Change, Flag

if TYPE_CHECKING:
    from kb.patch import PatchLine

MAX_FLAGS = 200
MOST_CONFIG_KEYS = 4  # of one change; more fields than this are a data class, not settings

# argparse/click/typer `"--name"`, Go `flag.String("name"`, kingpin `.Flag("name"`, cobra, clap, gflags,
# commander `.option('--name`, yargs `.option('name'`; `.arg("--name")` hands it to another program. One alternative per family; the name is a group.
_FLAG = re.compile(
    r"""(?:add_argument|\boption|Option|Argument|\.flag|add_option|addOption)\s*\(
          \s*(?:["'`][\w-]*["'`]\s*,\s*)*?["'`](?:-\w,\s*)?(?P<long>--[a-zA-Z][\w.-]+)
      | ^\s*["'](?P<alone>--[a-zA-Z][\w.-]+)["'](?:\s*,|\s*$)
      | \.(?:Flag|Switch)\(\s*"(?P<kingpin>[a-zA-Z][\w.-]+)"
      | \bflag\.(?:String|Bool|Int|Int64|Uint|Duration|Float64|Var)(?:Var)?\(\s*(?:&[\w.]+,\s*)?"(?P<goflag>[\w.-]+)"
      | \b[fF]lags\(?\)?\.(?:String|Bool|Int|Duration|StringSlice|StringArray|Float64|Uint)\w*\(\s*(?:&[\w.]+,\s*)?"(?P<cobra>[\w.-]+)"
      | \bDEFINE_(?:bool|int32|int64|uint64|double|string)\(\s*(?P<gflag>\w+)
      | \blong\s*=\s*"(?P<clap>[a-zA-Z][\w-]+)"
      | \bArg::new\(\s*"(?P<clapnew>[\w-]+)"
    """,
    re.VERBOSE,
)
_CLAP_BARE = re.compile(r"#\[(?:arg|clap|structopt)\([^\]]*\blong\b(?!\s*=)")
_RUST_FIELD = re.compile(r"\s*(?:pub(?:\([^)]*\))?\s+)?(?P<name>[a-z_]\w*)\s*:\s*\S")

_ENV = re.compile(
    r"""(?:os\.environ(?:\.get|\.pop)?\s*[\[(]|os\.getenv\(|\bgetenv\(|os\.Getenv\(|os\.LookupEnv\(|
        (?:std::)?env::var(?:_os)?\(|\benv!\(|option_env!\(|System\.getenv\(|ENV(?:\.fetch\(|\[)|Environment\.GetEnvironmentVariable\(|
        get_bool_env_var\(|get_int_env_var\(|get_env\w*\(|env_(?:bool|int|str|flag)\w*\(|envvar\s*=\s*|Envar\(|\.env\(|env\s*=\s*(?="))
        \s*["'](?P<call>[A-Z][A-Z0-9_]{2,})["'](?!\]\s*=[^=])
      | (?:process\.env|import\.meta\.env)(?:\.(?P<node>[A-Z][A-Z0-9_]{2,})|\[["'](?P<node2>[A-Z][A-Z0-9_]{2,})["'])
      | ^\s*(?P<declared>[A-Z][A-Z0-9_]{3,})\s*(?::\s*[\w\[\]| ]+)?\s*=\s*Env(?:Bool|Int|Str|Float|Field|Tuple|Var)?\w*\(
      | ^\s*["'](?P<table>[A-Z][A-Z0-9_]{4,})["']\s*:\s*(?:lambda|\(\)\s*=>)
    """,
    re.VERBOSE,
)
# Variables of the machine, not of the project.
_COMMON_ENV = words(
    "HOME PATH PWD USER TMPDIR TEMP TMP SHELL LANG TERM EDITOR CI GITHUB_ACTIONS GITHUB_TOKEN NODE_ENV PROD DEV "
    "MODE SSR BASE_URL CUDA_VISIBLE_DEVICES PYTHONPATH LD_LIBRARY_PATH OUT_DIR CARGO_MANIFEST_DIR DEBUG RANK "
    "WORLD_SIZE LOCAL_RANK MASTER_ADDR MASTER_PORT RUST_LOG CARGO_PKG_VERSION CARGO_PKG_NAME TARGET HOST"
)
# What launchers of parallel jobs and the desktop set for whatever they start.
_LAUNCHER_ENV = re.compile(r"(?:SLURM|PMIX?|OMPI|MV2|LSB|PALS|TORCHELASTIC|KUBERNETES|XDG)_")
# Go and Rust configuration structures: a field with a yaml/json/toml tag, or a serde field of a config file.
_GO_TAG = re.compile(
    r"""^\s+(?P<field>[A-Z]\w*)\s+\S+.*`.*\b(?:yaml|toml|mapstructure|hcl):"(?P<key>[\w.-]+)"""
)
# Python: a field of a dataclass or pydantic model whose class or file is about settings.
_PY_FIELD = re.compile(
    r"^    (?P<name>[a-z]\w*)\s*:(?!//)\s*(?P<type>[^=#]+?)(?:\s*=\s*(?P<default>.+?))?\s*(?P<comma>,)?\s*(?:#.*)?$"
)
_TS_FIELD = re.compile(r"^\s{2,4}(?:readonly\s+)?(?P<name>[a-z]\w*)\??\s*:\s*[^,()]*;?\s*$")
_CONFIG_CLASS = re.compile(
    r"\b(class|interface|struct|type)\s+\w*(Args|Config|Configuration|Options|Settings|Params)\b"
)
# In TypeScript "Args" and "Params" are what a function takes.
_TS_CONFIG_CLASS = re.compile(
    r"\b(class|interface|type)\s+\w*(Config|Configuration|Options|Settings)\b"
)
_CONFIG_FILE = re.compile(
    r"(^|[/_])(server_args|config|settings|options|args|arguments|cli_args)\.(py|ts)$"
)
_NOT_DEFAULT = words("Ellipsis ... MISSING")
_DEFAULT = re.compile(
    r"""\b(?:default|default_value|default_value_t)\s*(?:=\s*|\(\s*)(?P<value>"[^"]*"|'[^']*'|[\w.+-]+(?:\.\w+)?(?:\(\))?)"""
)
_GO_DEFAULT = re.compile(r"""\.Default\(\s*"(?P<value>[^"]*)""")
_FIELD_CALL = re.compile(r"(?:dataclasses\.)?[fF]ield\(")
_HELP = re.compile(r"""\b(?:help|description|desc)["']?\s*[=:(]\s*\(?\s*(?=[rf]?["'])""")
_LITERAL = re.compile(
    r"""[+\s\\]*[rRfF]?(?P<quote>["'])(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)"""
)
_FIELD_DEFAULT = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*\.(?P<field>[a-z_]\w*)")
# What a name on a line of its own may stand in; in a list it is an option of another program.
_OPTION_CALL = re.compile(
    r"(?:add_argument|\boption|Option|Argument|\.flag|add_option|addOption|\badd)\s*\(\s*(?:[\"'`-][^()]*)?$"
)
_ACTION = re.compile(
    r"""\baction\s*=\s*["'](?P<action>store_true|store_false)|is_flag\s*=\s*True"""
)
_ENV_DEFAULT = re.compile(r"""["'][A-Z0-9_]+["']\s*,\s*(?P<value>"[^"]*"|'[^']*'|[\w.-]+)\s*\)""")
_ENV_TYPED = re.compile(
    r"""\bEnv(?:Bool|Int|Str|Float|Field|Tuple)\w*\(\s*(?P<value>"[^"]*"|'[^']*'|[\w.+-]*)"""
)

_last: tuple[object, tuple[Flag, ...]] | None = None


def flags_of(change: Change) -> tuple[Flag, ...]:
    """Flags, environment variables and configuration keys that the change adds or drops."""
    global _last
    held = _last
    if held is not None and held[0] is change.files:
        return held[1]
    found = flags_in(views_of(change))
    _last = (change.files, found)
    return found


def flags_in(views: tuple[FileView, ...]) -> tuple[Flag, ...]:
    added: dict[tuple[str, str], Flag] = {}
    removed: dict[tuple[str, str], Flag] = {}
    kept: set[tuple[str, str]] = set()  # named in a context line: not new
    for view in views:
        if view.role != "source" or view.language is None or not _speaks_of_options(view):
            continue
        for flag in _side(view, "+"):
            added.setdefault((flag.kind, flag.name), flag)
        for flag in _side(view, "-"):
            removed.setdefault((flag.kind, flag.name), flag)
        kept.update(_context(view))
    for key, flag in added.items():
        field = _FIELD_DEFAULT.fullmatch(flag.default or "")
        if field is not None:  # default=Arguments.name: what that field says
            behind = added.get(("config", field["field"]))
            added[key] = replace(flag, default=behind.default if behind else None)
    long_names = {_plain(name) for kind, name in added if kind == "flag"}
    for key in [key for key in added if key[0] == "config" and _plain(key[1]) in long_names]:
        del added[key]  # the field behind a flag
    flags = [flag for key, flag in added.items() if key not in removed and key not in kept]
    flags += [flag for key, flag in removed.items() if key not in added and key not in kept]
    return tuple(flags[:MAX_FLAGS])


def _plain(name: str) -> str:
    return name.lstrip("-").replace("-", "_").lower()


def changed_defaults(views: tuple[FileView, ...]) -> list[tuple[Flag, Flag]]:
    """(before, after) of flags that stand on both sides of the diff with another default."""
    pairs: list[tuple[Flag, Flag]] = []
    for view in views:
        if view.role != "source" or view.language is None or not _speaks_of_options(view):
            continue
        old = {(flag.kind, flag.name): flag for flag in _side(view, "-")}
        if not old:
            continue
        for flag in _side(view, "+"):
            before = old.get((flag.kind, flag.name))
            if before and before.default and flag.default and before.default != flag.default:
                pairs.append((before, flag))
    return pairs


_PATCH_HINTS = (
    "--", "etenv", "environ", "env::var", "LookupEnv", "env_", "env.", "env(", "ENV", "env!", "= Env", ".Flag(", "flag.", "lags", "Arg::", "long", "yaml:",
    "toml:", "mapstructure:", "DEFINE_", "option(", "Option(", "lambda",
)  # fmt: skip
_CONFIG_NAMES = ("Args", "Config", "Options", "Settings", "Params")
_HINTS = re.compile(r"--|[eE]nv|ENV|[Ff]lag|Arg::|long|yaml:|toml:|mapstructure:|DEFINE_|option")


def _speaks_of_options(view: FileView) -> bool:
    """One look at the whole patch saves looking at each line."""
    patch = view.file.patch or ""
    if any(hint in patch for hint in _PATCH_HINTS) or _CONFIG_FILE.search(view.path):
        return True
    return any(name in patch for name in _CONFIG_NAMES)


def _side(view: FileView, mark: str) -> Iterator[Flag]:
    removed = mark == "-"
    config_file = bool(_CONFIG_FILE.search(view.path))
    patch = view.file.patch or ""
    settings = _TS_CONFIG_CLASS if view.path.endswith((".ts", ".mts")) else _CONFIG_CLASS
    classes = any(name in patch for name in _CONFIG_NAMES) and bool(settings.search(patch))
    for hunk in view.hunks:
        lines = [line for line in hunk.lines if line.kind in (mark, " ")]
        in_config = config_file or (classes and bool(settings.search(hunk.section)))
        for index, line in enumerate(lines):
            text = line.text
            if classes and settings.search(text):
                in_config = True
            elif in_config and text[:1].strip() and text[:1] not in "}])@#/*":
                in_config = config_file
            if line.kind != mark or len(text) > 400:
                continue
            number = (line.old_line if removed else line.new_line) or 0
            if _HINTS.search(text):
                name, kind = _named(text, lines, index)
                if name:
                    default, words = _default_and_help(lines, index, kind)
                    yield Flag(name, kind, view.path, number, default, removed, words)
                    continue
            if in_config and (name := _field(view, text)):
                default, words = _field_default(view, lines, index)
                yield Flag(name, "config", view.path, number, default, removed, words)


def _named(text: str, lines: Sequence[PatchLine], index: int) -> tuple[str, str]:
    if text.lstrip().startswith(("#", "//", "*")) and not text.lstrip().startswith("#["):
        return "", ""
    if match := _FLAG.search(text):
        name = next(value for value in match.groups() if value)
        if match["alone"] and not _in_option_call(lines, index):
            return "", ""
        return ("--" + name.lstrip("-"), "flag") if len(name.strip("-")) > 1 else ("", "")
    if match := _ENV.search(text):
        name = next(value for value in match.groups() if value)
        if name in _COMMON_ENV or _LAUNCHER_ENV.match(name):
            return "", ""
        return name, "env"
    if match := _GO_TAG.match(text):
        return match["key"], "config"
    if _CLAP_BARE.search(text):
        for line in lines[index + 1 : index + 8]:
            if line.text.lstrip().startswith(("#", "//")):
                continue
            if field := _RUST_FIELD.match(line.text):
                return "--" + field["name"].replace("_", "-"), "flag"
    return "", ""


def _in_option_call(lines: Sequence[PatchLine], index: int) -> bool:
    """A call that declares an option was opened just above; unknown at the start of a hunk is yes."""
    for line in reversed(lines[max(0, index - 4) : index]):
        text = line.text.split("#")[0].rstrip()
        if _OPTION_CALL.search(text):
            return True
        if text.endswith(("[", "{", "(")) or text.count("(") < text.count(")"):
            return False
    return index == 0


def _field(view: FileView, text: str) -> str:
    """The name of the field of a configuration that the line declares; "" where it is none."""
    if view.path.endswith(".py"):
        match = _PY_FIELD.match(text)
        if match and not match["name"].startswith("_") and not match["comma"]:  # a parameter
            return match["name"]
    elif view.path.endswith((".ts", ".mts")) and (match := _TS_FIELD.match(text)):
        return match["name"]
    return ""


def _field_default(
    view: FileView, lines: Sequence[PatchLine], index: int
) -> tuple[str | None, str]:
    """Default and help text of a field; a call of `field(...)` may hold them on the next lines."""
    match = _PY_FIELD.match(lines[index].text) if view.path.endswith(".py") else None
    default = match["default"] if match else None
    if default is None or default in _NOT_DEFAULT:
        return None, ""
    if _FIELD_CALL.match(default):
        return _default_and_help(lines, index, "config")
    return (None if default.startswith(("(", "{", "[")) else default), ""


def _default_and_help(lines: Sequence[PatchLine], index: int, kind: str) -> tuple[str | None, str]:
    """Looks through the call that names the flag: to its closing bracket or eight lines on."""
    text = lines[index].text
    # A name on a line of its own stands inside a call that was opened above.
    depth = text.count("(") - text.count(")") + ("(" not in text)
    parts = [text]
    for line in lines[index + 1 : index + 12]:
        if depth <= 0:
            break
        parts.append(line.text)
        depth += line.text.count("(") - line.text.count(")")
    call = "\n".join(parts)
    default: str | None = None
    if kind == "env" and (match := _ENV_DEFAULT.search(call) or _ENV_TYPED.search(call)):
        default = match["value"] or None
    elif match := _DEFAULT.search(call) or _GO_DEFAULT.search(call):
        default = match["value"]
    # `default=Arguments.name` beside an action says less than the action.
    if (default is None or _FIELD_DEFAULT.fullmatch(default)) and (match := _ACTION.search(call)):
        default = "True" if match["action"] == "store_false" else "False"
    help_words = _HELP.search(call)
    return default, _literals(call, help_words.end()) if help_words else ""


def _literals(call: str, start: int) -> str:
    """The text of the literals that stand one after another, as Python and C join them."""
    parts = []
    while literal := _LITERAL.match(call, start):
        parts.append(re.sub(r"\\(.)", r"\1", literal["text"]))
        start = literal.end()
    return " ".join("".join(parts).split())


def _context(view: FileView) -> set[tuple[str, str]]:
    kept: set[tuple[str, str]] = set()
    for hunk in view.hunks:
        for index, line in enumerate(hunk.lines):
            if line.kind == " " and _HINTS.search(line.text) and len(line.text) < 400:
                name, kind = _named(line.text, list(hunk.lines), index)
                if name:
                    kept.add((kind, name))
    return kept
