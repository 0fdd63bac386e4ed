"""What a model is shown of one change, and the schema that its answer has to fit."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from kb.chat.budget import estimated_tokens, token_share
from kb.chat.client import Ask
from kb.chat.schema import lines, text
from kb.prompts.files import Prompt, new_fence, prompt
from kb.settings import ChatSettings
from kb.types import ChangeRecord, FileChange

if TYPE_CHECKING:
    from pydantic import BaseModel

FIELDS = {
    "high": ("summary", "impact", "insights", "risks", "suggestions", "verdict"),
    "medium": ("summary", "impact", "suggestions", "verdict"),
    "low": ("summary",),
}
LISTS = frozenset(("impact", "insights", "risks", "suggestions"))
MOST_ITEMS = {"impact": 4, "insights": 6, "risks": 3, "suggestions": 3}
# Shares of the evidence budget; what one part leaves, the patch gets.
DESCRIPTION_SHARE, REVIEWS_SHARE, DIGEST_SHARE = 0.3, 0.15, 0.2
_ROLE_ORDER = (
    "source",
    "",
    "build",
    "dependency",
    "bench",
    "docs",
    "test",
    "ci",
    "data",
    "agent",
    "generated",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """The evidence text, and the parts that did not fit into it."""

    text: str
    not_seen: tuple[str, ...] = ()


def schema_for(level: str, langs: Sequence[str]) -> type[BaseModel]:
    """Flat: `summary_en`, `impact_en` ...; a medium change in two languages has eight fields."""
    return _schema(level, tuple(langs))


@functools.cache
def _schema(level: str, langs: tuple[str, ...]) -> type[BaseModel]:
    from pydantic import BeforeValidator, create_model

    fields: dict[str, Any] = {}
    for name in FIELDS[level]:
        for lang in langs:
            if name in LISTS:
                kind = Annotated[
                    list[str], BeforeValidator(functools.partial(lines, most=MOST_ITEMS[name]))
                ]
                fields[f"{name}_{lang}"] = (kind, [])
            else:
                needed = ... if name == "summary" else ""
                fields[f"{name}_{lang}"] = (Annotated[str, BeforeValidator(text)], needed)
    model: type[BaseModel] = create_model(f"{level.capitalize()}Change", **fields)
    return model


def ask_for(
    record: ChangeRecord,
    patches: Mapping[str, str],
    langs: Sequence[str],
    settings: ChatSettings,
    fence: str | None = None,
) -> tuple[Ask, Shown]:
    """The question about one change and what it holds; `fence` is given by tests only."""
    page = prompt("change", "zh" if tuple(langs) == ("zh",) else "en")
    names = [f"{name}_{lang}" for name in FIELDS[record.analysis.level] for lang in langs]
    frame = "".join(page.fill(**_values(page, names, "", "", fence or new_fence())))
    room = settings.context_tokens - settings.max_tokens - estimated_tokens(frame) - 64
    shown = evidence_text(record, patches, max(room, 256))
    system, user = page.fill(
        **_values(page, names, shown.text, _not_seen(page, shown), fence or new_fence())
    )
    schema = schema_for(record.analysis.level, langs)
    return Ask(
        record.id,
        system,
        user,
        schema,
        page.version,
        f"{' '.join(names)}\0{shown.text}",
        (record.change.repo,),
    ), shown


def _values(
    page: Prompt, names: Sequence[str], evidence: str, not_seen: str, fence: str
) -> dict[str, str]:
    lang_of = {"en": prompt("change", "en"), "zh": prompt("change", "zh")}
    fields = [f"- {name}: {page.texts['fields'][name.rpartition('_')[0]]}" for name in names]
    example = {
        name: lang_of[name.rpartition("_")[2]].texts["example"][name.rpartition("_")[0]]
        for name in names
    }
    return {
        "fence": fence,
        "fields": "\n".join(fields),
        "example": json.dumps(example, ensure_ascii=False),
        "evidence": evidence,
        "not_seen": not_seen,
        "names": ", ".join(names),
    }


def _not_seen(page: Prompt, shown: Shown) -> str:
    if not shown.not_seen:
        return ""
    named = ", ".join(shown.not_seen[:8]) + (" …" if len(shown.not_seen) > 8 else "")
    return str(page.texts["not_seen"]).replace("$files", named)


def evidence_text(record: ChangeRecord, patches: Mapping[str, str], room: int) -> Shown:
    """At most `room` tokens: title, description, reviews, digest, then patches, best files first."""
    change, digest = record.change, record.digest
    left = _not_kept(record)
    head = f"Title: {change.title}\nReference: {_label(record)}"
    if change.labels:
        head += f"\nLabels: {', '.join(change.labels)}"
    parts = [head]
    description = digest.description or change.body
    for name, body, share in (
        ("Description", description, DESCRIPTION_SHARE),
        ("Review threads", _reviews(record), REVIEWS_SHARE),
        ("Digest of the diff", digest.text, DIGEST_SHARE),
    ):
        if body.strip():
            fitted = fit(body.strip(), int(room * share))
            if len(fitted) < len(body.strip()):
                left.append(f"{name.lower()} (cut)")
            parts.append(f"{name}:\n{fitted}")
    used = sum(estimated_tokens(part) for part in parts)
    for file in ordered_files(change.files):
        patch = patches.get(file.path) or file.patch
        if not patch:
            continue
        block = f"Patch of {file.path} ({file.status}):\n{patch.rstrip()}"
        cost = estimated_tokens(block)
        if used + cost > room:
            fitted = fit(block, room - used) if room - used > 80 else ""
            left.append(f"{file.path} (budget)" if not fitted else f"{file.path} (cut)")
            if not fitted:
                continue
            block, cost = fitted, estimated_tokens(fitted)
        parts.append(block)
        used += cost
    return Shown("\n\n".join(parts), tuple(dict.fromkeys(left)))


def _not_kept(record: ChangeRecord) -> list[str]:
    left = [
        f"{file.path} ({file.reason or 'not kept'})"
        for file in record.change.files
        if not file.seen
    ]
    return left + [f"{path} ({reason})" for path, reason in record.digest.not_seen]


def ordered_files(files: Sequence[FileChange]) -> list[FileChange]:
    """Source before tests before generated; inside a role the most changed first."""

    def place(file: FileChange) -> tuple[int, int, str]:
        role = _ROLE_ORDER.index(file.role) if file.role in _ROLE_ORDER else len(_ROLE_ORDER)
        return role, -(file.additions + file.deletions), file.path

    return sorted(files, key=place)


def _reviews(record: ChangeRecord) -> str:
    threads = sorted(record.change.reviews, key=lambda thread: thread.resolved)
    return "\n".join(
        f"[{'resolved' if thread.resolved else 'unresolved'}] {thread.path or ''} "
        + " / ".join(
            f"{comment.author}: {' '.join(comment.text.split())}" for comment in thread.comments
        )
        for thread in threads
    )


def _label(record: ChangeRecord) -> str:
    _, mark, number = record.id.rpartition("#")
    return f"#{number}" if mark and number.isdigit() else record.change.sha[:7]


def fit(body: str, room: int) -> str:
    """As many whole lines as `room` tokens hold; a cut is marked."""
    if estimated_tokens(body) <= room:
        return body
    kept: list[str] = []
    used = 4.0
    for line in body.split("\n"):
        cost = token_share(line + "\n")
        if used + cost > room:
            if not kept and room > 8:
                kept.append(line[: max(1, int(room * len(line) / max(cost, 1.0)) - 8)])
            break
        kept.append(line)
        used += cost
    return re.sub(r"\s+$", "", "\n".join(kept)) + "\n[cut]" if kept else ""
