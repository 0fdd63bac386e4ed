"""Settings: defaults < kb.toml < KB_* variables < flags; every value is checked, unknown keys refused.

Plain dataclasses and tomllib rather than pydantic: this module stands on the path of every cold
command, and importing pydantic alone costs 60 ms.
"""

from __future__ import annotations

import os
import sys
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, field, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from kb.errors import UsageError
from kb.periods import machine_zone, zone
from kb.types.noun import noun
from kb.vocabulary import LANGUAGES, LEVELS

CONFIG_NAME = "kb.toml"
APPLICATION = "repo-kb"
ENGINES = ("auto", "chroma", "exact")


@noun
class AnalysisSettings:
    """How changes are judged; `[repo."owner/name"]` overrides it for one repository."""

    core_paths: tuple[str, ...] = ()  # globs; none: the most-changed source files of 180 days
    weights: Mapping[str, float] = field(default_factory=dict)  # importance term -> factor
    package_root: str | None = None  # where modules start; none: found from the tree


@noun
class EmbedderSettings:
    """`model`: "bundled" (all-MiniLM-L6-v2), a sentence-transformers name, or a folder."""

    model: str = "bundled"
    device: str | None = None  # none: what sentence-transformers chooses
    backend: str = "auto"  # auto: what is quickest here; torch, openvino, onnx
    batch_size: int = 32


@noun
class SearchSettings:
    """`engine`: auto, chroma, exact; `reranker`: a cross-encoder's name or folder."""

    engine: str = "auto"
    reranker: str | None = None


@noun
class ChatSettings:
    """The chat model; keys come from the environment only."""

    model: str | None = None  # "ollama:qwen3:8b", "openai:gpt-...", "anthropic:..."
    base_url: str | None = None  # of an OpenAI-compatible server
    temperature: float = 0.0
    timeout: float = 60.0  # seconds a call
    max_tokens: int = 2048  # of one answer
    context_tokens: int = 8192  # what a prompt and its answer must fit into
    concurrency: int = 4
    retries: int = 3
    budget_tokens: int | None = None
    max_calls: int | None = None
    min_level: str = "low"  # changes below it are left to the rules
    max_failed: float = 0.2  # share of failed changes above which the command fails


@noun
class GitHubSettings:
    """The host of pull requests."""

    url: str = "https://api.github.com"
    max_wait: float = 900.0  # seconds to wait for a rate limit before stopping with 75


@noun
class Override:
    """A maintainer's word on one change."""

    importance: float | None = None
    level: str | None = None
    note: str = ""


@noun
class Settings:
    """All settings of one run."""

    home: Path
    tz: str = "UTC"
    lang: str = "en"
    chroma_url: str | None = None
    analysis: AnalysisSettings = AnalysisSettings()
    embedder: EmbedderSettings = EmbedderSettings()
    search: SearchSettings = SearchSettings()
    chat: ChatSettings = ChatSettings()
    github: GitHubSettings = GitHubSettings()
    repo: Mapping[str, AnalysisSettings] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)
    config: Path | None = None  # the file that was read

    def for_repo(self, repo: str) -> AnalysisSettings:
        return self.repo.get(repo, self.analysis)


def load_settings(
    *,
    config: Path | None = None,
    home: Path | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the settings of one run.

    `home` and `changes` ("chat.model": "...") are flags and win over everything. Raises UsageError
    for a file that cannot be read, an unknown key or a value of the wrong kind.
    """
    environ = os.environ if environ is None else environ
    path = _find(config, environ, folder or Path.cwd())
    table = _read(path) if path else {}
    for key, value in _from_environment(environ).items():
        _put(table, key, value)
    for key, value in (changes or {}).items():
        if value is not None:
            _put(table, key, value)
    if home is not None:
        table["home"] = str(home.expanduser().resolve())
    elif "KB_HOME" in environ:
        table["home"] = str(Path(environ["KB_HOME"]).expanduser().resolve())
    elif "home" in table and path is not None:
        table["home"] = str((path.parent / Path(str(table["home"])).expanduser()).resolve())
    else:
        table["home"] = str(_user_folder("data"))
    table.setdefault("tz", machine_zone())
    base = table.get("analysis", {})
    table["repo"] = {name: {**base, **own} for name, own in table.get("repo", {}).items()}
    settings: Settings = replace(_build(Settings, table, ""), config=path)
    _check(settings)
    return settings


def _find(config: Path | None, environ: Mapping[str, str], folder: Path) -> Path | None:
    named = config or (Path(environ["KB_CONFIG"]) if environ.get("KB_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise UsageError(f"no settings file at {named}", "see README, Settings")
        return named.resolve()
    for parent in (folder, *folder.parents):
        if (parent / CONFIG_NAME).is_file():
            return (parent / CONFIG_NAME).resolve()
    own = _user_folder("config") / CONFIG_NAME
    return own if own.is_file() else None


def _user_folder(kind: str) -> Path:
    """Where the user's "data" or "config" lies. On Linux as its desktop standard (XDG) says: to
    import platformdirs, which knows the other systems too, takes 8 ms of every cold command."""
    if sys.platform == "linux":
        named = Path(os.environ.get(f"XDG_{kind.upper()}_HOME", ""))
        usual = {"data": "~/.local/share", "config": "~/.config"}[kind]
        return (named if named.is_absolute() else Path(usual).expanduser()) / APPLICATION
    import platformdirs

    paths = {"data": platformdirs.user_data_path, "config": platformdirs.user_config_path}
    return paths[kind](APPLICATION, appauthor=False)


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise UsageError(f"cannot read {path}: {exc}", "see README, Settings") from exc


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """KB_TZ, KB_LANG, KB_CHROMA_URL, KB_<SECTION>_<KEY>; empty values count as unset."""
    if not any(name.startswith("KB_") for name in environ):
        return {}
    keys = {"tz", "lang", "chroma_url"}
    for section, kind in _hints(Settings).items():
        if is_dataclass(kind):
            keys |= {f"{section}.{entry.name}" for entry in fields(kind)}
    found = {}
    for key in keys:
        value = environ.get("KB_" + key.replace(".", "_").upper())
        if value:
            found[key] = value
    return found


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    section, _, name = key.rpartition(".")
    (table.setdefault(section, {}) if section else table)[name] = value


def _build(kind: type, table: Mapping[str, Any], where: str) -> Any:
    known = {entry.name: entry for entry in fields(kind) if entry.name != "config"}
    for key in table:
        if key not in known:
            raise UsageError(f"unknown setting {where}{key}", f"one of: {', '.join(sorted(known))}")
    missing = [
        name
        for name, entry in known.items()
        if name not in table and entry.default is MISSING and entry.default_factory is MISSING
    ]
    if missing:
        raise UsageError(f"missing setting {where}{missing[0]}", "see README, Settings")
    hints = _hints(kind)
    return kind(**{key: _value(hints[key], value, where + key) for key, value in table.items()})


def _value(kind: Any, value: Any, where: str) -> Any:
    if isinstance(kind, types.UnionType):
        kind = next(option for option in typing.get_args(kind) if option is not type(None))
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        return _build(kind, value, where + ".")
    if origin is Mapping and isinstance(value, dict):
        return {key: _value(arguments[1], entry, f"{where}.{key}") for key, entry in value.items()}
    if origin is tuple:
        entries = value.split(",") if isinstance(value, str) else value
        if isinstance(entries, (list, tuple)):
            return tuple(_value(arguments[0], entry, where) for entry in entries)
    elif kind is Path and isinstance(value, str):
        return Path(value)
    elif kind is str and isinstance(value, str):
        return value
    elif kind in (int, float) and not isinstance(value, bool):
        try:
            return kind(value)
        except (TypeError, ValueError):
            pass
    raise UsageError(f"setting {where} has a wrong value: {value!r}", "see README, Settings")


def _check(settings: Settings) -> None:
    zone(settings.tz)
    choices = (
        ("lang", settings.lang, LANGUAGES),
        ("search.engine", settings.search.engine, ENGINES),
        ("chat.min_level", settings.chat.min_level, LEVELS),
    )
    for name, value, allowed in choices:
        if value not in allowed:
            raise UsageError(
                f"setting {name} has a wrong value: {value!r}", f"one of: {', '.join(allowed)}"
            )
