"""Risk observations of a set of changes: kinds, their evidence, how they are told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kb.report.change_facts import short_path
from kb.report.desk import Desk
from kb.report.facts import module_of, platforms_of, weightiest
from kb.report.quotes import sentences as sentences_of
from kb.report.say import codes, count, known, listing, say, word, words_of
from kb.report.sentences import code, named_title, quoted, reference, reverted, size
from kb.report.theme_terms import mass
from kb.report.titles import visible
from kb.report.types import Prose
from kb.types import ChangeRecord, Risk

MOST, TOP = 6, 5
OBJECTION_WORDS = 25
LARGEST_LETTERS = 60  # of the title of the largest change without a test
# How much a kind weighs against the others: what broke or may break users first.
_WEIGHTS = {
    "security": 1.8,
    "revert": 1.7,
    "relaxed-threshold": 1.6,
    "unresolved-review": 1.5,
    "compatibility": 1.4,
    "missing-tests": 1.3,
    "large": 1.0,
    "core-path": 1.0,
    "experimental": 0.9,
    "configuration": 0.8,
    "dependency": 0.8,
    "hardware": 0.6,
}


# What broke or may break somebody stands before what is only large, central or new.
_FIRST = frozenset(
    (
        "security",
        "revert",
        "relaxed-threshold",
        "unresolved-review",
        "compatibility",
        "missing-tests",
        "dependency",
    )
)


# Kinds of which one piece of evidence of each of three changes says more than two of one.
_ONE_EACH = frozenset(("relaxed-threshold", "dependency"))


@dataclass(frozen=True, slots=True)
class RiskGroup:
    kind: str
    records: tuple[ChangeRecord, ...]  # the weightiest first

    @property
    def top(self) -> tuple[ChangeRecord, ...]:
        return self.records[:TOP]


def risk_groups(records: Sequence[ChangeRecord], most: int = MOST) -> tuple[RiskGroup, ...]:
    """The kinds of risk that weigh most in these changes; bots' changes count for dependencies only."""
    groups = []
    for kind, weight in _WEIGHTS.items():
        members = weightiest(
            record
            for record in records
            if any(risk.kind == kind and _limits(record, risk) for risk in record.analysis.risks)
            and (not record.analysis.bot or kind == "dependency")
        )
        if members:
            score = weight * sum(mass(record) for record in members[:TOP])
            groups.append((kind not in _FIRST, -score, RiskGroup(kind, tuple(members))))
    groups.sort(key=lambda item: (*item[:2], item[2].kind))
    return tuple(group for _, _, group in groups[:most])


def _limits(record: ChangeRecord, risk: Risk) -> bool:
    """That a change holds on one platform only is no limit where the repository is for that platform."""
    if risk.kind != "hardware":
        return True
    return not platforms_of(risk.evidence) & platforms_of(record.change.repo)


def all_risk_groups(records: Sequence[ChangeRecord]) -> tuple[RiskGroup, ...]:
    return risk_groups(records, len(_WEIGHTS))


def others(group: RiskGroup, text: Prose, lang: str) -> Prose:
    """References to the heaviest of a group that the text does not give already."""
    said = set(text.references)
    return listing([reference(item) for item in group.top if item.id not in said], lang, last=False)


def refs(records: Sequence[ChangeRecord], lang: str, limit: int = TOP) -> Prose:
    parts = [reference(record) for record in records[:limit]]
    if len(records) > limit:
        parts.append(say("list.more", lang, n=len(records) - limit))
    return listing(parts, lang)


def evidence(desk: Desk, record: ChangeRecord, kind: str, limit: int = 2) -> Prose:
    """What stands in the change for this risk, as code; its own word for it is no code."""
    found = [risk for risk in record.analysis.risks if risk.kind == kind and risk.evidence.strip()]
    if kind == "dependency":
        found.sort(key=lambda risk: not _far(risk.evidence))
    if kind == "experimental" and found and not found[0].path:
        return named_title(record, LARGEST_LETTERS, desk.lang)
    if kind == "security" and found and not any(risk.path for risk in found):
        return quoted(found[0].evidence, desk.lang)
    return codes([shown_evidence(risk) for risk in found], desk.lang, limit)


def _far(moved: str) -> bool:
    """From one version to another whose first two numbers differ."""
    before, arrow, after = moved.partition(" -> ")
    first = (re.search(r"\d+(?:\.\d+)?", text.rpartition(" ")[2]) for text in (before, after))
    versions = [found[0] for found in first if found]
    return bool(arrow) and len(versions) == 2 and versions[0] != versions[1]


# A definition that stays and takes other parameters: `name(+added, -dropped)`, `def name(a) -> name(a, b)`.
_ALTERED = re.compile(r"[\w.:<>~ ]+\((?:[+-].*\)$|.*\) -> )|[^(]+\(.* -> ")
# The name after the word that says what is defined; Go has the receiver between them.
_DECLARED = re.compile(
    r"(?:(?:export|default|declare|public|static|abstract|final|override|async|inline|virtual|"
    r"pub(?:\([^)]*\))?|const|unsafe)\s+)*"
    r"(?:def|fn|func|fun|function|class|struct|interface|type|const)\s+(?:\([^)]*\)\s*)?([\w.:$]+)"
)
_DEFAULT_MOVED = re.compile(r"[\w.-]+: .* -> ")
_SETTING = re.compile(r"(?:- )?(?:--\w|[A-Z][A-Z0-9]*_[A-Z0-9_]+\b)|[\w.-]+: .* -> ")


def shown_evidence(risk: Risk, longest: int = 60) -> str:
    """The evidence as a reader takes it: the path without its count, the name without its signature."""
    text = visible(risk.evidence)
    if risk.kind == "core-path":
        text = re.sub(r"\s*\(\d+\)$", "", text)
        text = short_path(text)
    elif risk.kind == "security" and risk.evidence == risk.path:
        text = short_path(text)
    elif risk.kind == "compatibility":
        text = re.sub(r"^- (?:\w+ )?(?=\S+$)", "", text)
        if _ALTERED.match(text) or (" -> " in text and _DECLARED.match(text)):
            text = _definition(text)
    elif risk.kind == "dependency":
        text = re.sub(r"^\+\s*", "", text)  # what went keeps its minus
    elif risk.kind == "hardware":
        text = re.sub(r"^_?is_(\w+?)(?:\(\))?$", lambda found: found[1].upper(), text)
    elif risk.kind == "relaxed-threshold" and len(text) > longest:
        text = re.sub(r"^\w+: ", "", text)  # whose it is, before both numbers
    text = re.sub(r"\b([0-9a-f]{7})(?:[0-9a-f]{33}|[0-9a-f]{57})\b", r"\1", text)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def asked_for(risk: Risk) -> str:
    """The requirement that holds now: "torch 2.8 -> 2.9" asks for torch 2.9; "" for one that went."""
    name, _, rest = shown_evidence(risk).partition(" ")
    return "" if name == "-" else f"{name} {rest.rpartition(' -> ')[2]}".strip()


def _definition(signature: str) -> str:
    """The name in a signature: after `fn`, or before the parameters where the type comes first."""
    if found := _DECLARED.match(signature):
        return found[1].rstrip(":")
    head = re.sub(r"<[^<>]*>$", "", signature.partition("(")[0].rstrip())
    return head.rpartition(" ")[2]


def examples(desk: Desk, group: RiskGroup, limit: int = 2) -> Prose:
    """Evidence of the weightiest, each with its reference."""
    lang = desk.lang
    parts: list[Prose] = []
    told: set[str] = set()
    records: Sequence[ChangeRecord] = group.records
    if group.kind == "compatibility":
        records = sorted(records, key=distance)
    if group.kind in _ONE_EACH:
        limit += 1
    for record in records:
        if len(parts) == limit:
            break
        if group.kind == "revert":
            facts = desk.facts(record)
            parts.append(
                say(
                    "risk.text.revert_item", lang, ref=reference(record), what=reverted(facts, lang)
                )
            )
            continue
        if group.kind == "large":
            shown = say(
                "risk.text.large_item",
                lang,
                ref=reference(record),
                size=size(desk.facts(record), lang),
                files=count("file", len(record.change.files), lang),
            )
            parts.append(shown)
            continue
        if group.kind == "unresolved-review":
            parts.append(objection(record, lang))
            continue
        if group.kind == "compatibility":
            parts.extend(_incompatible(record, lang)[: limit - len(parts)])
            continue
        shown = evidence(desk, record, group.kind, 1 if group.kind in _ONE_EACH else 2)
        if shown and shown.plain not in told:
            told.add(shown.plain)
            parts.append(say("risk.example", lang, evidence=shown, ref=reference(record)))
    return Prose.join(parts, word("list.semicolon", lang))


def distance(record: ChangeRecord) -> int:
    """How far from a user: another default meets everybody, a setting that is gone many, a definition few."""
    found = [risk.evidence for risk in record.analysis.risks if risk.kind == "compatibility"]
    if any(_DEFAULT_MOVED.match(text) for text in found):
        return 0
    return 1 if any(_SETTING.match(text) for text in found) else 2


def _incompatible(record: ChangeRecord, lang: str) -> list[Prose]:
    """What of a change is gone, what has another default, what takes other parameters: the first that holds."""
    found = [risk for risk in record.analysis.risks if risk.kind == "compatibility"]
    moved = [risk for risk in found if _DEFAULT_MOVED.match(risk.evidence)]
    gone = [risk for risk in found if risk.evidence.startswith("- ")]
    gone.sort(key=lambda risk: not _SETTING.match(risk.evidence))
    altered = [risk for risk in found if _ALTERED.match(risk.evidence)]
    for how, risks in (("moved", moved), ("gone", gone), ("altered", altered), ("other", found)):
        titled = record.change.title[:40]
        if names := [
            t for risk in risks if (t := shown_evidence(risk)) and not t.startswith(titled)
        ]:
            shown = codes(names, lang, 2)
            return [say(f"risk.text.compat_{how}", lang, names=shown, ref=reference(record))]
    return []


def objection(record: ChangeRecord, lang: str) -> Prose:
    """What the reviewer objected to, in at most 25 of his words."""
    for thread in record.change.reviews:
        if thread.resolved or not thread.comments:
            continue
        comment = thread.comments[0]
        text = next(
            (s for s in sentences_of(comment.text) if 2 < words_of(s) <= OBJECTION_WORDS), ""
        )
        author = Prose.of(visible(comment.author))
        if text:
            link = thread.url or comment.url
            quote = quoted(text, lang)
            if link and link.startswith("https://"):
                from kb.report.types import Span

                author = Prose((Span("link", visible(comment.author), link),))
            return say(
                "risk.text.unresolved_item", lang, ref=reference(record), author=author, quote=quote
            )
        return say("risk.text.unresolved_bare", lang, ref=reference(record), author=author)
    return reference(record)


def risk_text(desk: Desk, group: RiskGroup, limit: int = 2) -> Prose:
    """One observation: how many, what it stands on."""
    lang, kind = desk.lang, group.kind
    number = count("change", len(group.records), lang)
    values: dict[str, Prose | str | int] = {"n": number}
    if kind == "missing-tests":
        modules = Counter(module_of(record) for record in group.records if module_of(record))
        alone = len(group.records) == 1
        named = [
            code(name) if alone else say("risk.modules", lang, module=code(name), n=amount)
            for name, amount in modules.most_common(3)
        ]
        largest = max(
            group.records, key=lambda record: (record.analysis.size.source_added, record.id)
        )
        source = [
            r
            for r in desk.records.values()
            if r.analysis.size.source_added >= 10 and not r.analysis.bot
        ]
        values |= {
            "source": len(source),
            "tested": sum(record.analysis.size.test_lines > 0 for record in source),
            "modules": listing(named, lang),
            "largest": reference(largest),
            "title": named_title(largest, LARGEST_LETTERS, lang),
            "size": size(desk.facts(largest), lang),
        }
        if not named:
            values["modules"] = word("label.no_module", lang)
    elif kind == "configuration":
        undocumented = sum(not documented(record) for record in group.records)
        values["examples"] = examples(desk, group, limit)
        if not undocumented:
            return say("risk.text.configuration_documented", lang, **values)
        values |= {"undocumented": undocumented, "total": len(group.records)}
    else:
        values["examples"] = examples(desk, group, limit) or refs(group.records, lang, 3)
    key = f"risk.text.{kind}_one" if len(group.records) == 1 else f"risk.text.{kind}"
    return say(key if known(key, lang) else f"risk.text.{kind}", lang, **values)


def documented(record: ChangeRecord) -> bool:
    return any(file.role == "docs" for file in record.change.files)
