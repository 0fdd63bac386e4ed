"""Words of text, code and Chinese for the lexical index; the same on both sides.

Identifiers are split by hump, underscore, hyphen, digits and path, and their compound is kept
without separators, so that `fast_math`, `fastMath`, `fast-math` and `fastmath` meet. English words
are stemmed. Runs of CJK characters become unigrams and bigrams, because nothing there marks words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import pairwise

from kb.text.stemmer import stem

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CHUNK = r"_?[^\W_](?:\w|[-'](?=[^\W_])|(?<=\d)\.(?=\d))*"
_ASCII_CHUNK = re.compile(_CHUNK, re.ASCII)
# fooBar | FOOBar | foo | 123 -> foo Bar | FOO Bar | foo | 123
_PART = re.compile(r"[^\W\d_]?[^\WA-Z\d_]+|[A-Z]+(?![^\WA-Z\d_])|[A-Z]+|\d+(?:\.\d+)*")
_ATOM = re.compile(r"[-_]+")
_NAME = re.compile(r"[A-Za-z_]\w+", re.ASCII)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_LETTERS_BEFORE_DIGITS = re.compile(r"([^\W\d_]{2,}?)[vV]?\d")  # DeepSeekV3 is DeepSeek too
_APOSTROPHE = re.compile(r"'(?:s|t|re|ve|ll|d|m)?(?![^\W_])", re.IGNORECASE)
ZERO_WIDTH = "\u200b"  # Markdown of ours has it in #12 and @name, so that no host links them
LONGEST_TOKEN = 64  # hashes and base64 are no words
SHORTEST_WITH_HUMPS = 7  # GitHub, OpenAI and PyPI are words


@cache
def _wide_chunk() -> re.Pattern[str]:
    """Of text with letters or signs beyond ASCII, and none of CJK."""
    return re.compile(_CHUNK)


@cache
def _cjk_chunk() -> re.Pattern[str]:
    """Sets of CJK take 7 ms to compile: a cold search does without until a text has some."""
    return re.compile(
        rf"[{CJK}]+"
        rf"|_?[^\W_{CJK}](?:[^\W{CJK}]|[-'](?=[^\W_{CJK}])|(?<=\d)\.(?=\d))*"
    )


@cache
def _cjk() -> re.Pattern[str]:
    return re.compile(rf"[{CJK}]")


def has_cjk(text: str) -> bool:
    # Arrows and curly quotes stand before them all: no pattern is compiled for these.
    return bool(text) and max(text) >= CJK[0] and _cjk().search(text) is not None


def tokens(text: str) -> list[str]:
    """Lower-case tokens in the order of the text; parts follow their compound."""
    found: list[str] = []
    for chunk in words(text):
        found += chunk_tokens(chunk)
    return found


def normalize(text: str) -> str:
    """Full-width forms to ASCII, compatibility characters folded; ASCII text is returned as is."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def words(text: str) -> list[str]:
    """The chunks of a text as they stand: identifiers whole, CJK runs whole."""
    text = normalize(text)
    if text.isascii():
        return _ASCII_CHUNK.findall(text)
    return (_cjk_chunk() if has_cjk(text) else _wide_chunk()).findall(text)


def parts(identifier: str) -> list[str]:
    """The lower-case words that an identifier is made of: `maxNewTokens2` -> max, new, tokens, 2."""
    return [part.lower() for part in _PART.findall(identifier)]


def spelt_out(text: str) -> str:
    """The text with its names as words: `maxNewTokens` -> max New Tokens, `max_new` -> max new.

    For an embedder, which reads a name that it does not know in pieces of two or three letters.
    """
    return _NAME.sub(_words_of, text)


def _words_of(match: re.Match[str]) -> str:
    name = match[0]
    if "_" in name:
        return name.replace("_", " ").strip()
    pieces = _HUMP.split(name) if len(name) >= SHORTEST_WITH_HUMPS else [name]
    return " ".join(pieces) if min(map(len, pieces)) > 1 else name


@lru_cache(maxsize=65536)
def chunk_tokens(chunk: str) -> tuple[str, ...]:
    """The tokens of one chunk, each once: the compound, its parts (stemmed), and `fp8` of `FP8Block`."""
    if not chunk.isascii() and _cjk().match(chunk):
        return (*chunk, *(chunk[i : i + 2] for i in range(len(chunk) - 1)))
    chunk = _APOSTROPHE.sub("", chunk)
    pieces = parts(chunk)
    if len(pieces) > 1 and len(chunk) <= 5 and chunk.isalpha():
        lengths = [len(piece) for piece in pieces]
        if max(lengths) <= 2 or min(lengths) == 1:
            pieces = [chunk.lower()]  # LoRA, MoE and vLLM are words, not humps
    if len(pieces) == 1:
        return (_token(pieces[0]),) if len(pieces[0]) <= LONGEST_TOKEN else ()
    found = [_compound(pieces)]
    for atom in _ATOM.split(chunk):
        inner = parts(atom)
        if len(inner) > 1:
            found.append(_compound(inner))
            found += [word.lower() for word in _LETTERS_BEFORE_DIGITS.findall(atom)]
            found += [
                _token(word + after)
                for word, after in pairwise(inner)
                if word.isalpha() and after[0].isdigit()
            ]
    found += [_token(piece) for piece in pieces if len(piece) > 1]
    return tuple(dict.fromkeys(token for token in found if 0 < len(token) <= LONGEST_TOKEN))


def _compound(pieces: list[str]) -> str:
    return _token("".join(pieces))


def _token(word: str) -> str:
    """A dot inside a number becomes a letter, because FTS5 would cut there: 7.0 -> 7p0."""
    if word.isascii():
        return stem(word) if word.isalpha() else word.replace(".", "p")
    return word
