"""Which changes carry an answer, and which of their sentences say it: by words, without a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.text.glossary import segments
from kb.text.sentences import clean, sentences
from kb.text.tokenizer import has_cjk, tokens
from kb.types import Hit

# Fitted on questions over the sample: below it the best hit shares only passing words with the question.
CARRIES = 0.5
CARRIES_WITH_BOTH = 0.34  # where words and meaning both put it first
MAX_QUOTE = 280

_STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "without",
        "into",
        "over",
        "under",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "do",
        "does",
        "did",
        "done",
        "have",
        "has",
        "had",
        "how",
        "what",
        "which",
        "who",
        "whom",
        "whose",
        "when",
        "where",
        "why",
        "can",
        "could",
        "should",
        "would",
        "will",
        "shall",
        "may",
        "might",
        "must",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "we",
        "us",
        "our",
        "you",
        "your",
        "i",
        "me",
        "my",
        "they",
        "them",
        "their",
        "he",
        "she",
        "his",
        "her",
        "not",
        "no",
        "any",
        "some",
        "all",
        "every",
        "each",
        "more",
        "most",
        "much",
        "many",
        "few",
        "than",
        "then",
        "so",
        "such",
        "if",
        "but",
        "about",
        "after",
        "before",
        "since",
        "until",
        "during",
        "up",
        "down",
        "out",
        "off",
        "again",
        "get",
        "got",
        "make",
        "made",
        "tell",
        "show",
        "list",
        "find",
        "give",
        "please",
        "change",
        "changes",
        "changed",
        "pr",
        "prs",
        "pull",
        "request",
        "commit",
        "commits",
        "turn",
        "happen",
        "happened",
        "there's",
    ]
)
_STOP_TOKENS = frozenset(token for word in _STOP for token in tokens(word))
_STOP_CJK = re.compile(
    r"为什么|怎么样?|如何|什么|问题|哪些|哪个|哪里|有没有|是否|我们|你们|他们|请问|请|告诉|关于|以及|或者|因为|所以|变更|变化|改动|有何|有|了|的|吗|呢|在|是|和|与|对|把|被|里|中"
)


@dataclass(frozen=True, slots=True)
class Quote:
    hit: Hit
    text: str
    coverage: float  # share of the question's words that the change holds


def content_words(question: str) -> tuple[str, ...]:
    """The tokens of a question that ask for something; Chinese as bigrams."""
    text = _STOP_CJK.sub(" ", question) if has_cjk(question) else question
    found = [token for token in tokens(text) if token not in _STOP_TOKENS]
    kept = [token for token in found if not has_cjk(token) or len(token) > 1]
    return tuple(dict.fromkeys(kept or found))


def best_quotes(
    question: str, hits: Sequence[Hit], limit: int = 5, *, listed: bool = False
) -> tuple[Quote, ...]:
    """Quotes of the changes that carry the question, the best first; none where nothing does.

    `listed`: the question names an author or module, so its filters carry most of it.
    """
    words = content_words(question)
    quotes = [quote for hit in hits if (quote := _quote(hit, question, words)) is not None]
    carried = any(_carries(quote) or (listed and quote.coverage > 0) for quote in quotes)
    if not carried:
        return ()
    top = max(quote.coverage for quote in quotes)
    kept = [quote for quote in quotes if quote.coverage >= 0.6 * top or "exact" in quote.hit.ranks]
    return tuple(kept[:limit])


def _carries(quote: Quote) -> bool:
    ranks = quote.hit.ranks
    if "exact" in ranks or quote.coverage >= CARRIES:
        return True
    both = ranks.get("dense", 99) <= 3 and ranks.get("lexical", 99) <= 3
    return both and quote.coverage >= CARRIES_WITH_BOTH


def _quote(hit: Hit, question: str, words: Sequence[str]) -> Quote | None:
    change, digest = hit.record.change, hit.record.digest
    everything = " ".join((change.title, change.body, digest.text, hit.passage, *digest.comments))
    held = set(tokens(everything)) | {token for word in hit.matched for token in tokens(word)}
    asked = [word for word in words if word]
    coverage = (
        sum(word in held for word in asked) / len(asked) if asked else float("exact" in hit.ranks)
    )
    coverage = max(coverage, _translated_coverage(question, everything, held))
    candidates = list(_candidates(hit))
    if not candidates:
        return None
    best = max(candidates, key=lambda text: _overlap(text, words))
    if _overlap(best, words) == 0:
        best = candidates[0]
    return Quote(hit, shorten(best), coverage)


def _translated_coverage(question: str, everything: str, held: set[str]) -> float:
    """The share of a Chinese question whose glossary terms stand in an English change."""
    if not has_cjk(question):
        return 0.0
    asked = found = 0
    for segment in segments(" ".join(_STOP_CJK.sub(" ", question).split())):
        if segment.renderings:
            asked += len(segment.text)
            if segment.text in everything or any(
                held.issuperset(tokens(rendering)) for rendering in segment.renderings
            ):
                found += len(segment.text)
            continue
        pieces = [token for token in tokens(segment.text) if len(token) > 1 or not has_cjk(token)]
        pieces = [token for token in pieces if token not in _STOP_TOKENS]
        asked += 2 * len(pieces)
        found += 2 * sum(token in held for token in pieces)
    return found / asked if asked else 0.0


def _candidates(hit: Hit) -> Sequence[str]:
    """Sentences that may be quoted: description, figures, the passage that matched, reviews, the title."""
    change, digest = hit.record.change, hit.record.digest
    sources = [
        digest.description,
        *digest.metrics,
        *(c.text for t in change.reviews for c in t.comments),
    ]
    if hit.passage_kind in ("text", "diff", "review", ""):
        sources.append(hit.passage)
    found = [sentence for source in sources for sentence in sentences(source) if len(sentence) > 20]
    return [change.title, *found]


def _overlap(text: str, words: Sequence[str]) -> float:
    held = set(tokens(text))
    return sum(word in held for word in words) - len(text) / 5000


def shorten(text: str, limit: int = MAX_QUOTE) -> str:
    """One line, cut between words."""
    line = " ".join(clean(text).split())
    if len(line) <= limit:
        return line
    cut = line[:limit]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut).rstrip(",;:，；：") + " …"
