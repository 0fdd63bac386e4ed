"""What a diff says, without the diff: the summary that is indexed, shown and embedded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from kb.types.noun import noun


@noun
class Flag:
    """A command line flag, configuration key or environment variable that a diff adds or drops."""

    name: str  # --enable-x, SGLANG_X, tool.section.key
    kind: str  # flag, env, config
    path: str
    line: int = 0
    default: str | None = None  # as written in the diff; None where it does not show
    removed: bool = False
    help: str = ""


@noun
class Symbol:
    """A definition that a diff adds, removes or changes."""

    name: str
    kind: str  # class, function, method, constant, type
    path: str
    line: int = 0
    public: bool = True
    signature: str = ""  # as it stands after the change (before it, if removed)
    previous_signature: str = ""


@noun
class Passage:
    """A text that is embedded. `kind`: title, text (title, description, paths), diff (natural language lines)."""

    kind: str
    text: str
    chunk: int = 0


@noun
class Digest:
    """The diff summary of one change: what is indexed, shown and given to a model."""

    text: str  # readable summary: files by role, symbols, flags, natural language of the diff
    symbols_added: tuple[Symbol, ...] = ()
    symbols_removed: tuple[Symbol, ...] = ()
    symbols_changed: tuple[Symbol, ...] = ()
    flags: tuple[Flag, ...] = ()
    files_by_role: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    comments: tuple[
        str, ...
    ] = ()  # natural language lines of the diff: comments, strings, help, messages
    description: str = ""  # the body without templates, checklists, badges, images, trailers
    metrics: tuple[str, ...] = ()  # sentences of the description that carry a measured figure
    not_seen: tuple[tuple[str, str], ...] = ()  # (path, reason)
    comments_gone: int = 0  # of the last `comments`: lines that the diff only takes away

    @property
    def comments_kept(self) -> tuple[str, ...]:
        """What the change says: its lines of language without those that it takes away."""
        return self.comments[: len(self.comments) - self.comments_gone]

    @property
    def truncated(self) -> bool:
        return bool(self.not_seen)
