"""The verdict on each sentence of a text: kept with what it cites, or removed with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kb.text.sentences import clean, plain_digits, sentences
from kb.verify.evidence import Evidence
from kb.verify.figures import foreign_figure
from kb.verify.instructions import echoed
from kb.verify.markup import foreign_markup
from kb.verify.names import foreign_name
from kb.verify.reference_forms import RANGE
from kb.verify.references import Rules, Shown, groups_of, readable, relabelled

_DECORATION = re.compile(r"\*\*|__(?=\w[^_]*__)|(?<=\w)__(?!\w)|^#{1,6}\s+|^>\s*")


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    cites: tuple[str, ...] = ()  # ids of the changes that it cites itself


@dataclass(frozen=True, slots=True)
class Removed:
    """`why`: reference, ambiguous, range, figure, name, uncited, link, markup, instruction."""

    text: str
    why: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    kept: tuple[Sentence, ...] = ()
    removed: tuple[Removed, ...] = ()

    @property
    def text(self) -> str:
        return join(sentence.text for sentence in self.kept)

    @property
    def cites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(ref for sentence in self.kept for ref in sentence.cites))

    @property
    def enough(self) -> bool:
        """Whether the section may stand; with less than half kept the rules write it."""
        return bool(self.kept) and 2 * len(self.kept) >= len(self.kept) + len(self.removed)


def verify_sentences(
    text: str, evidence: Iterable[Evidence], rules: Rules | None = None
) -> Verified:
    """Splits `text` and keeps the sentences that hold against the evidence of what they cite."""
    shown = Shown(tuple(evidence), rules or Rules())
    kept: list[Sentence] = []
    removed: list[Removed] = []
    for raw in sentences(text):
        sentence = _DECORATION.sub("", raw).strip()
        if not re.search(r"\w", sentence):
            continue
        result = _check(sentence, shown)
        if isinstance(result, Sentence):
            kept.append(result)
        else:
            removed.append(result)
    return Verified(tuple(kept), tuple(removed))


def join(texts: Iterable[str]) -> str:
    """Sentences side by side: a space between them, none after a Chinese full stop."""
    joined = ""
    for text in texts:
        joined += text if not joined or joined[-1] in "。！？；" else f" {text}"
    return joined


def _check(sentence: str, shown: Shown) -> Sentence | Removed:
    checked = readable(plain_digits(clean(sentence)), shown)
    if found := foreign_markup(checked):
        return Removed(sentence, *found)
    if spread := RANGE.search(checked):
        return Removed(sentence, "range", spread[0])
    orders = (line for item in shown.evidence for line in item.instructions)
    if line := echoed(checked, orders):
        return Removed(sentence, "instruction", line[:80])
    groups = groups_of(checked, shown)
    if isinstance(groups, tuple):
        return Removed(sentence, *groups)
    subject = shown.by_id.get(shown.rules.subject or "")
    cited = tuple(dict.fromkeys(item for group in groups for item in group.cites))
    if shown.rules.must_cite and not cited and subject is None:
        return Removed(sentence, "uncited")
    everything = cited if subject is None else tuple(dict.fromkeys((*cited, subject)))
    if name := foreign_name(checked, everything, shown.evidence):
        return Removed(sentence, "name", name)
    if figure := foreign_figure(checked, groups, subject):
        return Removed(sentence, "figure" if everything else "uncited", figure)
    return Sentence(relabelled(sentence, shown), tuple(item.id for item in everything))
