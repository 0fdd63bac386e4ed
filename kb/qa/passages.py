"""Which changes carry an answer, and which of their sentences say it: by words, without a model."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from kb.analysis.commit_titles import commit_titles
from kb.analysis.digest import lexical_fields
from kb.qa.asked import Asked, asked_in, is_stop
from kb.text.description import inline_text
from kb.text.sentences import clean, sentences
from kb.text.tokenizer import has_cjk, tokens
from kb.types import Hit

# Fitted on questions over the sample and over a real history: below it the best hit shares only
# passing words with the question.
CARRIES = 0.5
CARRIES_WITH_BOTH = 0.34  # where words and meaning both put it among the first three
CARRIES_FIRST = 0.25  # where both put it first
TOLD = 0.34  # the share that the reader has to see in the title and the quote
BESIDE = 0.6  # of what the best quote holds and tells, for another beside it
RARE = 0.15  # the share by rarity among the hits: "support" is in all of them, "async" in none
CLOSE = 0.5  # the share that is told by a change that is named although it answers nothing
SHORT_NAME = 4  # letters
NAME_MISSED = 0.5  # what is left of a share where a name that was asked for is not there
MAX_QUOTE = 280
_MARKUP = re.compile(r"</?[a-z][^>]*>|^\s*[|>$]|https?://\S{40}", re.IGNORECASE)
# What git itself writes of a revert gives no reason for it.
_REVERTS = re.compile(
    r"(?:(?:close|fixe?|resolve)[sd]?:? \S*#\d+[.,]? )*this reverts commit [0-9a-f]{7,40}\.?",
    re.IGNORECASE,
)
_SCOPE = re.compile(r"^[\w-]+(?:\([^)]*\))?!?:\s+")  # `fix(api): `, `encode: `

# Of a diff only what somebody wrote to be read: `if self.limit is None:` and "see also:" answer nothing.
_CODE = re.compile(
    r"[{}=<>;\\]|//|%[sdr]\b|\w\(|\w\.\w+\.\w|[(:,]$|^(?:TODO|FIXME|XXX)\b"
    r"|\.\.\.$|…$|^(?:def|if|for|class|import|return|else|usage|note)\b"
)
# "The capital of France is" begins a prompt, or goes on in a line that was not changed.
_BROKEN_OFF = re.compile(
    r"\b(?:an?|the|is|are|was|were|be|of|to|and|or|with|for|by|from|that|which|when|if|as|its)$",
    re.IGNORECASE,
)
PROSE_WORDS = 5

_REASON = re.compile(
    r"\b(?:because|since|so that|otherwise|due to|caus(?:e[sd]?|ing)|avoids?|prevents?|lose[sd]?|lost|failed)\b"
    r"|因为|由于|否则|避免|导致|以便|防止",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quote:
    hit: Hit
    text: str
    coverage: float  # share of the question that the change holds
    told: float = 0.0  # share of it in the title and the quote
    rare: float = 0.0  # `coverage`, each word weighted by its rarity among the hits


def best_quotes(
    question: str, hits: Sequence[Hit], limit: int = 5, *, listed: bool = False
) -> tuple[Quote, ...]:
    """Quotes of the changes that carry the question, the best first; none where nothing does.

    `listed`: the question names an author or module, so its filters carry most of it.
    """
    asked = asked_in(question, {hit.record.change.repo for hit in hits})
    weights = _rarity(asked, hits)
    quotes = [_quote(hit, asked, weights) for hit in hits]
    carried = [q for q in quotes if _carries(q, asked) or (listed and q.coverage > 0)]
    if not carried:
        return ()
    kept = sorted(_kept(quotes, carried, asked), key=lambda quote: quote not in carried)
    return tuple(_distinct(kept)[:limit])


def closest(question: str, hits: Sequence[Hit], limit: int = 3) -> tuple[Hit, ...]:
    """Changes that do not carry the question, and hold half of its words where a reader sees them, or
    some where words and meaning both put them first.
    """
    asked = asked_in(question, {hit.record.change.repo for hit in hits})
    near = (
        hit
        for hit in hits
        if (told := _quote(hit, asked, {}).told) >= CLOSE or (told and _is_first(hit))
    )
    return tuple(islice(near, limit))


def best_passage(question: str, hit: Hit) -> str:
    """The sentence of one change that is nearest to a question."""
    return shorten(_telling(hit, asked_in(question, {hit.record.change.repo})))


def _carries(quote: Quote, asked: Asked) -> bool:
    ranks = quote.hit.ranks
    if "exact" in ranks:
        return True
    if len(asked.units) > 1 and quote.coverage * len(asked.units) < 2 and not asked.terms:
        return False  # one word of several is a coincidence
    place = max(ranks.get("dense", 99), ranks.get("lexical", 99))
    if place <= 3 and quote.told:
        least = CARRIES_FIRST if place == 1 else CARRIES_WITH_BOTH
        return quote.coverage >= least and quote.rare >= RARE
    return quote.coverage >= CARRIES and quote.rare >= RARE and _shows(quote, asked)


def _kept(quotes: Sequence[Quote], carried: Sequence[Quote], asked: Asked) -> list[Quote]:
    """What carries the question, and what says nearly as much of it. A change that has a name in its
    code alone shows nothing to a reader: it is left where another says it in words.
    """
    covered = BESIDE * max(quote.coverage for quote in quotes)
    told = max(TOLD, BESIDE * max(quote.told for quote in carried))
    said = [
        quote
        for quote in quotes
        if "exact" in quote.hit.ranks
        or (quote in carried and _is_first(quote.hit))
        or (quote.coverage >= covered and quote.told >= told and quote.rare >= RARE)
    ]
    in_code = (q for q in quotes if q.coverage >= covered and _shows(q, asked))
    return said or list(in_code) or list(carried)


def _is_first(hit: Hit) -> bool:
    """Whether words and meaning both put it first."""
    return hit.ranks.get("dense") == hit.ranks.get("lexical") == 1


def _shows(quote: Quote, asked: Asked) -> bool:
    """Whether a reader of the quote sees why it was chosen; a name may stand in the code alone."""
    return quote.told >= TOLD or bool(asked.names and quote.coverage >= CARRIES)


def _distinct(quotes: Sequence[Quote]) -> list[Quote]:
    """Release notes repeat the titles of others: the change itself says it."""
    titles = {_plain(quote.hit.record.change.title): quote.hit.record.id for quote in quotes}
    found: dict[str, Quote] = {}
    for quote in quotes:
        text = _plain(quote.text)
        if titles.get(text, quote.hit.record.id) == quote.hit.record.id:
            found.setdefault(text, quote)
    return list(found.values())


def _plain(text: str) -> str:
    return re.sub(r"\s*\(#\d+\)$", "", text.strip()).rstrip(".。").casefold()


def _unscoped(text: str) -> str:
    return _SCOPE.sub("", _plain(text))


def _quote(hit: Hit, asked: Asked, weights: Mapping[str, float]) -> Quote:
    everything, about = _everything(hit), _is_about(hit, asked)
    text = _telling(hit, asked) if about else hit.record.change.title
    found = f"{everything} {' '.join(hit.matched)}" if about else ""
    coverage = _held(asked, found) if asked.words else float("exact" in hit.ranks)
    held, plain = _meant(asked, found), everything.casefold()
    missed = not all(_named(name, plain, held) for name in asked.names)
    total = sum(weights.values())
    return Quote(
        hit,
        shorten(text),
        coverage * (NAME_MISSED if missed else 1.0),
        _held(asked, f"{hit.record.change.title} {text}"),
        sum(weight for word, weight in weights.items() if word in held) / total if total else 1.0,
    )


def _is_about(hit: Hit, asked: Asked) -> bool:
    """Whether what a change says of itself or calls by name holds a word of the question. What its
    diff alone says was written of something else: tests ask a model for "the capital of France". A
    name that is no word (`max_retries`) is meant also there.
    """
    if "exact" in hit.ranks or not asked.words or not all(map(str.isalpha, asked.names)):
        return True
    texts = lexical_fields(hit.record.change, hit.record.digest)
    return _held(asked, " ".join(text for kind, text in texts.items() if kind != "comments")) > 0


def _named(name: str, text: str, held: frozenset[str]) -> bool:
    """Whether a text has a name, also inside a longer one; a short one as a part that the tokenizer
    knows: CUDA is in CUDAGraph, REST is not in "interesting"."""
    return held.issuperset(tokens(name)) if len(name) <= SHORT_NAME else name in text


def _telling(hit: Hit, asked: Asked) -> str:
    """The sentence that says most of what is asked for. The title stands beside every quote, so a
    sentence of the description tells more than it; a reason stands in no title. A line of the diff
    was not written about the change, nor is the subject of a squashed commit a sentence about it: it
    has to say more of what is asked for than the title.
    """
    title, *told = _candidates(hit)

    def said(text: str) -> float:
        reason = 0.4 if asked.why and _REASON.search(text) else 0.0
        return _held(asked, text) + reason - len(text) / 5000

    best = max(told, key=said, default=title)
    held = _held(asked, best)
    if asked.why and hit.record.digest.description and (held or _REASON.search(best)):
        return best
    titled = _held(asked, title)
    if not hit.record.digest.description or _SCOPE.match(best):
        return best if held > titled else title
    return best if held and held >= 0.5 * titled else title


def _everything(hit: Hit) -> str:
    change, digest = hit.record.change, hit.record.digest
    commits = commit_titles(change)
    return " ".join((change.title, change.body, *commits, digest.text, *digest.comments))


def _rarity(asked: Asked, hits: Sequence[Hit]) -> dict[str, float]:
    """The weight of each word, by the number of hits that hold it. None where they say nothing:
    names decide for themselves, and the bigrams of Chinese stand in no English change.
    """
    if asked.terms or asked.names:
        return {}
    texts = [_meant(asked, f"{_everything(hit)} {' '.join(hit.matched)}") for hit in hits]
    return {
        word: math.log((len(texts) + 2) / (sum(word in text for text in texts) + 1))
        for word in asked.words
    }


def _held(asked: Asked, text: str) -> float:
    """The share of what is asked for that stands in a text, the Chinese also in its renderings."""
    held = _meant(asked, text)
    units = asked.units
    plain = sum(_share(unit, held) for unit in units) / len(units) if units else 0.0
    return max(plain, _translated(asked, text, held))


def _share(unit: Sequence[str], held: frozenset[str]) -> float:
    """How much of a word a text holds: a compound counts once, and not wholly by its parts."""
    return 1.0 if unit[0] in held else sum(token in held for token in unit) / len(unit)


def _meant(asked: Asked, text: str) -> frozenset[str]:
    """The tokens of a text, and those of what it calls by another name."""
    held = list(tokens(text))
    line = f" {' '.join(held)} "
    told = [said for said, others in asked.called if any(f" {other} " in line for other in others)]
    return frozenset(held).union(*told)


def _translated(asked: Asked, text: str, held: frozenset[str]) -> float:
    """The share of a Chinese question whose glossary terms stand in an English text."""
    wanted = found = 0
    for term, renderings in asked.terms:
        if renderings:
            wanted += len(term)
            if term in text or any(held.issuperset(tokens(told)) for told in renderings):
                found += len(term)
            continue
        pieces = [token for token in tokens(term) if len(token) > 1 or not has_cjk(token)]
        pieces = [token for token in pieces if not is_stop(token)]
        wanted += 2 * len(pieces)
        found += 2 * sum(token in held for token in pieces)
    return found / wanted if wanted else 0.0


def _candidates(hit: Hit) -> Iterator[str]:
    """What may be quoted: the title, sentences of the description and the reviews, and titles of the
    commits; what the diff says in words only where the change does not describe itself.
    """
    change, digest = hit.record.change, hit.record.digest
    yield change.title
    reviews = (comment.text for thread in change.reviews for comment in thread.comments)
    told = (digest.description, *digest.metrics) if digest.description else ()
    title = _unscoped(change.title)
    for source in (*told, *reviews):
        for plain in map(inline_text, sentences(source)):
            if _quotable(plain) and _unscoped(plain) != title:  # a squashed commit repeats it
                yield plain
    yield from filter(_quotable, map(inline_text, commit_titles(change)))
    if not told:
        for source in digest.comments:
            for plain in map(inline_text, sentences(source)):
                if _quotable(plain) and _is_prose(plain):
                    yield plain


def _quotable(plain: str) -> bool:
    return (
        len(plain) > 20
        and plain[-1] not in "?？:："
        and plain.count("`") % 2 == 0
        and not _MARKUP.search(plain)
        and not _REVERTS.fullmatch(plain)
    )


def _is_prose(plain: str) -> bool:
    if has_cjk(plain):
        return not _CODE.search(plain)
    begins = plain[0].isupper() or plain[0].isdigit()
    whole = len(plain.split()) >= PROSE_WORDS and not _BROKEN_OFF.search(plain)
    return begins and whole and not _CODE.search(plain)


def shorten(text: str, limit: int = MAX_QUOTE) -> str:
    """One line, cut between words."""
    line = " ".join(clean(text).split())
    if len(line) <= limit:
        return line
    cut = line[:limit]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut).rstrip(",;:，；：") + " …"
