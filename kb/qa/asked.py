"""What a question asks for: its words that carry meaning, and the things that it calls by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from kb.text.glossary import segments
from kb.text.thesaurus import same_things
from kb.text.tokenizer import has_cjk, tokens
from kb.text.tokenizer import words as words_of

_STOP_WORDS = """
a an the and or of to in on at by for from with without into over under as is are was were be
been being do does did done have has had how what which who whom whose when where why can could
should would will shall may might must it its this that these those there here we us our you
your i me my they them their he she his her not no any some all every each more most much many
few than then so such if but about after before since until during up down out off again get got
make made tell show list find give please change changes changed pr prs pull request commit
commits turn happen happened there's rather because only also while still just new merge merged
anything something everything add added adds adding introduce introduced
"""
_STOP = frozenset(_STOP_WORDS.split())
# Their stems are those of words that do ask: imports, works.
_STOP_PHRASES = re.compile(
    r"\b(?:(?:most\s+)?important|biggest|latest|lately|recent(?:ly)?|work(?:s|ed|ing)?\s+on)\b",
    re.IGNORECASE,
)
_STOP_TOKENS = frozenset(token for word in _STOP for token in tokens(word))
_STOP_CJK = re.compile(
    r"为什么|为何|(?:从|在)?(?:什么时候|何时|哪天)(?:开始|起)?|原因是?|多少|能不能|可不可以|可以|谁?(?:修改|改|做|干|动|合并|发生|实现|加入|添加|新增|增加|引入)了|重要的?|主要的?|最近|怎么样?|如何|什么|问题|哪些|哪个|哪里|有没有|是否|我们|你们|他们|请问|请|告诉|关于|以及|或者|因为|所以|变更|变化|改动|有何|有|了|的|吗|呢|在|是|和|与|对|把|被|里|中"
)
_WHY = re.compile(
    r"\b(?:why|reasons?|motivation|what\s+for)\b|为什么|为何|原因|干嘛", re.IGNORECASE
)
_RISKY = re.compile(
    r"\b(?:(?:high[-\s]?)?risk(?:y|iest|s)?|dangerous)\b"
    r"|(?:有|高|较大|什么|哪些)?(?:的)?风险(?:较|比较|最)?(?:高|大)?|危险",
    re.IGNORECASE,
)
# Windows, GraphQL, `max_retries`, 3.9: what an answer has to name itself; a lower-case word may be a paraphrase.
_NAME = re.compile(
    r"(?<![\w.])(?:[A-Za-z]*[A-Z][A-Za-z0-9]*|[A-Za-z]\w*[\d_]\w*|\d+(?:\.\d+)+)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """`words` are tokens, `names` as they were typed, `terms` each Chinese term with its renderings.

    `called`: the words of a thing that has another name, with each of these as tokens in a row: what
    is compiled at run time is called JIT."""

    words: tuple[str, ...]
    units: tuple[tuple[str, ...], ...] = ()  # the tokens of each word: pre-commit is asked for once
    names: tuple[str, ...] = ()
    terms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    why: bool = False  # it asks for a reason
    called: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = ()


def asked_in(question: str, repos: Iterable[str] = ()) -> Asked:
    """What a question over these repositories asks for; a repository's own name asks nothing."""
    own = {repo.rpartition("/")[2].casefold() for repo in repos}
    said = {token for name in own for token in tokens(name)}
    words = content_words(question)
    words = tuple(word for word in words if word not in said) or words
    terms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    if has_cjk(question):
        plain = " ".join(_STOP_CJK.sub(" ", question).split())
        terms = tuple((segment.text, segment.renderings) for segment in segments(plain))
    names = tuple(name for name in _names(question) if name not in own)
    units = _units(question, words)
    return Asked(words, units, names, terms, bool(_WHY.search(question)), _called(question, words))


def _units(question: str, words: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """The words by the word of the question that they come of; Chinese bigrams stand alone."""
    units: dict[tuple[str, ...], None] = {}
    for typed in words_of(question):
        of_it = [token for token in tokens(typed) if token in words]
        for unit in [(token,) for token in of_it] if has_cjk(typed) else [tuple(of_it)]:
            units.setdefault(unit)
    units.pop((), None)
    return tuple(units)


def _called(
    question: str, words: Collection[str]
) -> tuple[tuple[frozenset[str], tuple[str, ...]], ...]:
    return tuple(
        (said, tuple(" ".join(tokens(other)) for other in others))
        for term, others in same_things(question)
        if (said := frozenset(tokens(term)).intersection(words))
    )


def without_risk(question: str) -> str | None:
    """What a question asks besides for risks; None where it does not ask for them."""
    left = _RISKY.sub(" ", question)
    return left if left != question else None


def content_words(question: str) -> tuple[str, ...]:
    """The tokens of a question that ask for something; Chinese as bigrams."""
    text = _STOP_PHRASES.sub(" ", question)
    text = _STOP_CJK.sub(" ", text) if has_cjk(text) else text
    found = [token for token in tokens(text) if token not in _STOP_TOKENS]
    kept = [token for token in found if not has_cjk(token) or len(token) > 1]
    return tuple(dict.fromkeys(kept or found))


def is_stop(token: str) -> bool:
    return token in _STOP_TOKENS


def _names(question: str) -> Iterable[str]:
    """In casefold. A capital at the beginning of a sentence makes no name."""
    begins = {0} | {match.end() for match in re.finditer(r"[.?!]\s+", question)}
    for match in _NAME.finditer(question):
        name = match[0]
        capital_only = name[:1].isupper() and name[1:].islower()
        if (match.start() in begins and capital_only) or len(name) < 2:
            continue
        if name.casefold() not in _STOP:
            yield name.casefold()
