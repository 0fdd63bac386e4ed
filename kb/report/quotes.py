"""Sentences of a change's own: chosen by relevance, quoted whole, never cut.

From the description where there is one, else from the natural language of the diff (docstrings,
comments, help texts). Measured effects and caveats are sentences too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from kb.analysis.natural_language import continues
from kb.report.asides import asides
from kb.report.say import words_of
from kb.report.titles import PLAIN_WORDS, headline, plain_markup, read_title, vague, visible
from kb.types import ChangeRecord, Flag

LONGEST = 30  # words; a longer sentence is left out rather than cut
SHORTEST = 5
IN_PASSING = 150  # letters that are read in passing; a longer sentence has to say more

_SPLIT = re.compile(
    r"(?:(?<=\n)|\A)#{1,6} [^\n]*(?:\n|\Z)|(?<=[.!?])\s+(?=[A-Z0-9`\"“(\[])|(?<=[。！？；])\s*|\n\s*\n|\n\s*[-*•]\s+|\n\s*\d+[.)]\s+"
)
_MARKED = re.compile(r"^#+(?!\w)\s*|\*\*")
# Bold by underscores; those of `__init__` are its letters.
_BOLD = re.compile(r"(?<![\w.`])__(?=\S)(?=[^_]*\s|[A-Z][a-z]+:?__)([^_]+)__(?!\w)")
_BLOCK_QUOTE = re.compile(r"^\s{0,3}(?:> ?)+", re.MULTILINE)
_NOISE = re.compile(
    r"https?://|copyright|\bXXX\b|cfg_attr|dependency-name|licen[cs]e|spdx|todo:?\s*$|noqa|type:\s*ignore|pylint|clang-format|^\W*(args|returns|raises|param|example|usage)\b"
    r"|[{}]{1,}|==|!=|\(\)\s*$|\w\(\"|</?\w+>|::|\|\s|^\s*(signed-off|co-authored)|%[sd(]|\\n|^#|=\s*[\"\w]|->|^\s*(if|for|while|return|import|from|def|class)\s",
    re.IGNORECASE,
)
_LACKS = re.compile(
    r"\b(?:this|the) (?:pr|change|patch|commit|implementation) (?:does not|doesn't|cannot) "
    r"(?!(?:affect|alter|change|modify|impact|break|introduce|require|add|need)\b)\w",
    re.IGNORECASE,
)
# A description tells in the present tense how it was before: only what names this change, what follows
# or what was left out is a limit of it.
_CAVEAT = re.compile(
    r"\b(not yet|for now|only (?:supports?|works?|tested|verified|applies)|(?:tested|verified|supported|enabled|available) only|limitation|drawback|downside|(?:is|are|be|remains?|still|yet|currently) unsupported|unsupported (?:for now|yet)|(?:is|are) not supported|"
    r"(?:in|as|for|with) (?:a |the |an? \w+ )?follow[- ]?ups?|future (?:pr|work|change)|to be (?:added|done|supported)|will be (?:added|done|handled|supported)|experimental|"
    r"(?<!not )(?<!longer )(?<!which )(?<!which now )(?<!that )(?<!^)requires?\b(?!-)(?=[^.]*\d)|^note\b(?!.*\b(?:was|were) not\b)(?!.*\b(?:was|were)n't\b).*(?:\bno[nt]?\b|n't\b|\bonly\b)|known issue|"
    r"temporar(?:y (?:fix|workaround|solution|measure|hack)|ily (?:\w+ ){0,1}(?:disable|skip|pin|comment|remove|turn)\w*)|does not yet (?:support|handle|cover)|todo)\b"
    r"|暂不|尚未|目前(?:仅|只)|仅支持|后续|待补|不支持|实验性|限制",
    re.IGNORECASE,
)
# How it was before.
_BEFORE = re.compile(r"\b(?:currently|previously|until now|so far|prior to)\b", re.IGNORECASE)
_NOW = re.compile(r"\b(?:now|no longer)\b", re.IGNORECASE)
# What is lacking in a case that is provided for ("falls back if X is not supported") is no limit.
_IN_CASE = re.compile(r"\b(?:if|when|unless)\b[^,;:.]*$", re.IGNORECASE)
_FIGURE = re.compile(
    r"\d+(?:\.\d+)?\s*(?:%|x\b|×|倍|ms\b|s\b|us\b|µs\b|tok(?:ens)?/s|GB\b|GiB\b|MB\b|MiB\b|tokens?\b|req/s|seconds?\b|minutes?\b|秒|毫秒)",
    re.IGNORECASE,
)
# What its author hopes for is not measured.
_FORECAST = re.compile(
    r"\b(?:should|would|could|might|expect(?:ed|s)? (?:to|an?)|estimated?|theoretical\w*)\b|预计|理论上",
    re.IGNORECASE,
)
_RATIO = re.compile(r"(?<![\w.])(\d{1,6}(?:\.\d{1,6})?)\s?[x×%](?!\w)")
_SET_AGAINST = re.compile(
    r"\W*(?:before|base(?:line)?|main|master|original|old|previous|without(?: (?:this|the) \w+)?|修改前|优化前|基线)\W*: ",
    re.IGNORECASE,
)
_EFFECT = re.compile(
    r"\b(faster|slower|speed ?up|improv\w*|reduc\w*|lower\w*|increas\w*|from\s.+\bto\b|throughput|latency|ttft|tpot|p\d\d|memory|saves?|accuracy|score)\b"
    r"|提升|降低|减少|加速|吞吐|延迟|显存",
    re.IGNORECASE,
)
_STOP_WORDS = (
    "the a an of to in on for and or with is are be this that it as by from when if we our not"
)
_STOP = frozenset(_STOP_WORDS.split())
# A string of the code that ends with one of these goes on in the next.
_WANTS_MORE = frozenset(
    ["supports", "requires", "expects", "needs", "accepts", "contains", "allows", "uses", "got"]
)


# What a diff says of errors, leftovers and other code is no statement about the change.
_NOT_A_STATEMENT = re.compile(
    r"\b(unavailable|not available|invalid|expected|failed to|cannot|can't|please|must|should|error|warning|deprecated|raise[sd]?|todo|fixme|hack|see\b|"
    r"e\.g\.|i\.e\.|same as|copied|adapted|skip(?:ped)? (?:if|when)|returns?\b|whether|number of|length|placeholder|mock|dummy|fallback|note that|side-effect|typo|certainly|probably|presumably|obviously|did not|didn't|(?:is|are) not)\b|^[\"'“(\[]",
    re.IGNORECASE,
)
_DIFF_CAVEAT = re.compile(
    r"\bnot yet (?:be )?(?:supported|implemented|handled|covered|tested|enabled|available|done|wired|compatible|support|work)\w*|\bdo(?:es)? not (?:yet |currently )?support\b|\bnot (?:\w+ )?(?:be )?(?:supported|implemented|handled|covered|tested|enabled|available|done|wired|compatible) yet\b|\bfor now\b|\bonly supports?\b|\b(?:is|are|remains?) (?:currently |still )?unsupported\b|\bnot (?:currently )?supported\b|\bnot implemented\b|\btodo\b:?\s*\(?\w*\)?:?\s*(?:support|add|implement|handle)"
    r"|暂不|尚未|仅支持|不支持|待实现",
    re.IGNORECASE,
)
# What is asked of a reader, and what tests cannot do, are no limits of the change.
_OF_OTHERS = re.compile(r"please|\btests?\b", re.IGNORECASE)
# What a check of arguments says when it refuses them is no limit of the change.
_REFUSAL = re.compile(
    r"unsupported\b|.*\b(?:got an?|this (?:device|platform|system|machine|gpu|model))\b",
    re.IGNORECASE,
)


# What a change is for: the sentences that a reader wants most.
_PURPOSE = re.compile(
    r"\b(?:avoid\w*|prevent\w*|mitigat\w*|eliminat\w*|reduc\w*|so that|so (?:the|it|we|they)\b|instead of|rather than|because|otherwise|"
    r"no longer|without \w+ing|allow\w*|let(?:s|ting)?|enabl(?:es|ing)|speeds? up|halv\w*|lowers?)\b|避免|防止|减少|从而|以便|不再|允许",
    re.IGNORECASE,
)
# A sentence of a diff that begins so stands on the one before it.
_DANGLING = re.compile(
    r"(?:it|they|these|those|he|she|you|we|then|also|so|but|and|however|otherwise)\b|th(?:is|at) (?:\w+s|can|may|will|was|should|must)\b",
    re.IGNORECASE,
)
# So does one of a description. What was tested is nothing that a change brings, nor how it was before.
_NO_POINT = re.compile(
    r"(?:also|and|but|then|however|otherwise|instead|in the others?|besides|moreover|lastly|finally|secondly|as a result|therefore|that \w+ed|note|this is (?:because|why|due|not))\b|it\b(?!.*\bnow\b)"
    r"|(?:in the current state|so far|currently|previously|at the moment|right now|until now|today|before this (?:pr|change)|.*\bthis test)\b"
    r"|.*\b(?:today|at the moment|at present|right now)\.$|[\w.]*(?:Error|Exception):|[^.]*(?:,[^,.]+){4,}\Z"
    r"|.*(?<!^this )\bfollow[- ]?ups?\b|`?tests?(?:\b|_\w)|(?:manually |locally )?(?:tested|verified)\b|.*\b(?:unit|e2e|snapshot|integration|regression) (?:tests?|regressions?)\b"
    r"|.*\b(?:is|are|stays?|remains?|left) (?:unchanged|unaffected|the same|as (?:is|it was|they were))\b",
    re.IGNORECASE,
)
# Its author's own talk, a commit's subject, and what it leaves undone are no points of a change either.
_TALK = re.compile(
    r"(?<![\w/.])I(?:'(?:m|ve|d|ll))?(?= [a-z])|\b[Mm]y\b|^[a-z]{2,10}\([^()]{1,40}\)!?: |^(?:feat|fix|docs|chore|refactor|perf|style|ci)(?: #\d+)?!?: "
    r"|\b(?:is|are) not (?:considered|covered|handled|addressed|included)\b|\bout of scope\b"
)
# What only a commit within a pull request is called.
_COMMIT_SUBJECT = re.compile(
    r"\[pre-commit\.ci\]|merge (?:remote|branch)\b|apply suggestions?\b|update [\w./-]+\.\w+$|address (?:\w+ )?(?:review|comments?|feedback)\b"
    r"|(?:fix )?(?:lint|ci|typo|typos|tests?|formatting)$",
    re.IGNORECASE,
)
_CONVENTIONAL = re.compile(r"[a-z]{2,10}(?:\([^()]{1,60}\))?!?: ")
_ITEM = re.compile(r"\s*- ")
# A comment that tells the next lines what to do, or a test what it tests, tells a reader nothing.
_INSTRUCTION = re.compile(
    r"(?:keep|use|set|build|emit|apply|register|install|pad|wake|bypass|mark|move|reuse|synchroni[sz]e|recover|evict|make|check|ensure|skip|get|create|"
    r"load|map|run|add|remove|update|compute|convert|wait|try|do|don't|always|never|assign|verify|test(?:s|case)?|call|pass|store|read|write|copy|"
    r"start|stop|default|upper|lower|match|fill|find|select|clear|reset|handle|prepare|initiali[sz]e|define|describe|determine|allocate)\b"
    r"|.*(?:\b(?:our|here|above|below|caller|above-mentioned)\b|\w- \w)",
    re.IGNORECASE,
)
_DECLARES = re.compile(
    r"\b(?:is|are|was|were|has|have|now|can|will|does|supports?|uses|runs|needs|owns|keeps|makes|takes|holds|caches|serves|fuses|reuses|adds|shares)\b"
    r"|\b(?:GHSA-|CVE-\d)|^(?:fixed|added|improved|changed|removed|deprecated)\b|[是会可将]",
    re.IGNORECASE,
)
_CODE_WORD = re.compile(r"\w+_\w+|`[^`]+`|\w+\(\)|\w\.\w+\.\w")
REPEATED = 2  # a sentence that help text, docs and code all hold is what its author says of it


@dataclass(frozen=True, slots=True)
class Quote:
    text: str
    origin: str  # description, tried (what it says of its tests), diff, review, help


def sentences(text: str) -> list[str]:
    """Whole sentences of running text; list items are sentences of their own."""
    found = []
    for piece in _SPLIT.split(_BLOCK_QUOTE.sub("", visible_lines(text))):
        sentence = re.sub(r"\s+", " ", piece).strip(" -*•\t")
        sentence = plain_markup(_MARKED.sub("", _BOLD.sub(r"\1", sentence)).strip())
        sentence = re.sub(r"^\d+[.)]\s+(?=[A-Z])", "", sentence)
        sentence = re.sub(r"^_(?=\w)([^_]+)_$", r"\1", sentence)
        if sentence:
            found.append(sentence)
    return found


def visible_lines(text: str) -> str:
    return "\n".join(visible(line) for line in text.splitlines())


def whole(sentence: str) -> bool:
    """A sentence that a reader can be shown: prose, complete, of a readable length."""
    if not SHORTEST <= words_of(sentence) <= LONGEST or len(sentence) > 240:
        return False
    if (
        _NOISE.search(sentence)
        or "``" in sentence
        or sentence.count("`") % 2
        or sentence.count('"') % 2
        or sentence.count("|") > 1
    ):
        return False
    if sentence.count("(") != sentence.count(")") or sentence.endswith(
        (":", ",", ";", "，", "：", "…", "...")
    ):
        return False
    letters = sum(char.isalpha() for char in sentence)
    if letters < 0.6 * len(sentence.replace(" ", "")):
        return False
    last = re.sub(r"[\s.!?。！？\"'”’)`]+$", "", sentence).rsplit(" ", 1)[-1].lower()
    if last in _WANTS_MORE and not sentence.endswith((".", "!", "?")):
        return False
    return last not in _STOP and not sentence.endswith("\\")


def _terms(text: str) -> set[str]:
    words = re.findall(r"[A-Za-z][a-z]+|[A-Z]{2,}|\d+|[㐀-鿿]{2}", text)
    return {word.lower()[:6] for word in words if len(word) > 2 and word.lower() not in _STOP}


_PLAIN_TERMS = frozenset(word[:6] for word in PLAIN_WORDS)


def _complete(sentence: str) -> bool:
    """Starts like a sentence and ends like one."""
    return bool(re.match(r"[A-Z`\"“㐀-鿿]", sentence)) and sentence.endswith(
        (".", "!", "。", "！", "`.")
    )


def _states(text: str) -> bool:
    """A line of a diff that tells a reader what the code does: a whole sentence, no error, no leftover."""
    return _complete(text) and not _NOT_A_STATEMENT.search(text) and words_of(text) >= 6


@lru_cache(maxsize=4096)
def _best(
    title: str, unnamed: bool, names: tuple[str, ...], candidates: tuple[tuple[str, str], ...]
) -> Quote | None:
    told, defined = _terms(title), {term for name in names for term in _terms(name)}
    counts = Counter(text for text, _ in candidates)
    best: tuple[float, Quote] | None = None
    for position, (text, origin) in enumerate(candidates):
        if not whole(text):
            continue
        terms = _terms(text)
        shared = len(terms & (told | defined))
        if not shared or len(terms - told - _PLAIN_TERMS) < 2:
            continue  # about something else, or the title again
        if origin == "tried" or (origin != "description" and not _states(text)):
            continue
        if origin != "help" and _NO_POINT.match(text):
            continue
        if origin == "description" and (
            _TALK.search(text) or _DIFF_CAVEAT.search(text) or _LACKS.search(text)
        ):
            continue  # what is lacking stands as the change's caveat
        if origin == "description" and _BEFORE.search(text) and not _NOW.search(text):
            continue  # read alone, it says of today what the change ended
        repeated = counts[text] >= REPEATED
        if origin == "diff":
            # It has to be about the title; where that names nothing, about what was defined.
            near = len((terms & (defined if unnamed else told)) - _PLAIN_TERMS)
            purpose = bool(_PURPOSE.search(text))
            if near < (1 if unnamed else 2) and not (repeated and near and purpose):
                continue
            if not (purpose or _DECLARES.search(text)) or _INSTRUCTION.match(text):
                continue
            if _DIFF_CAVEAT.search(text):
                continue  # stands as the change's caveat
            if _DANGLING.match(text) and not repeated:
                continue
        score = shared + 0.5 * _complete(text) + 0.5 * bool(_FIGURE.search(text))
        score += 2.5 * (origin == "description") + 1.5 * bool(_PURPOSE.search(text))
        score += 2.0 * (unnamed and bool(_terms(text.split(" ", 1)[0]) & defined))
        score += 0.8 * repeated - 0.6 * (len(_CODE_WORD.findall(text)) > 1)
        score -= 1.2 * (len(text) > IN_PASSING)
        score -= 0.03 * min(position, 30) + 0.02 * words_of(text)
        if best is None or score > best[0]:
            best = (score, Quote(text, origin))
    return best[1] if best else None


def candidates_of(record: ChangeRecord) -> tuple[tuple[str, str], ...]:
    digest = record.digest
    rows: list[tuple[str, str]] = []
    if digest.description and record.change.described:
        said = _without_commits(digest.description, record.change.title)
        before, tried = asides(record.change.body, sentences)
        rows.extend(
            (text, "tried" if text in tried else "description")
            for text in sentences(said)[:60]
            if text not in before
        )
    rows.extend(
        (visible(flag.help), "help")
        for flag in digest.flags
        if flag.help and not flag.removed and flag.kind != "config"  # a field says of itself only
    )
    for comment in _unwrapped(digest.comments_kept[:160]):
        rows.extend((text, "diff") for text in sentences(comment)[:3])
    return tuple(rows)


def _without_commits(description: str, title: str) -> str:
    """A description without the commits that were squashed into it, but for the first one's prose.

    What a later one mends an earlier one broke, and what the first one lists a later one may have
    undone: no user met either."""
    lines = description.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith("* ")]
    subjects = [lines[number][2:].strip() for number in starts]
    if len(subjects) < 2:
        return description
    named = read_title(subjects[0]).text.lower() == read_title(title).text.lower()
    squashed = sum(map(bool, map(_CONVENTIONAL.match, subjects))) > 1 or "---------\n" in lines
    if named or squashed or any(map(_COMMIT_SUBJECT.match, subjects)):
        return "".join(line for line in lines[: starts[1]] if not _ITEM.match(line))
    return description


def _unwrapped(lines: Iterable[str]) -> list[str]:
    """Lines of a diff as its author thought them: a sentence that was wrapped is one again."""
    found: list[str] = []
    last = ""
    for line in lines:
        # By the line before alone: a short one ends what was wrapped.
        if found and continues(last, line):
            found[-1] += " " + line
        else:
            found.append(line)
        last = line
    return found


def help_of(flag: Flag) -> str:
    """The first whole sentence of a flag's help text; "" where it has none."""
    return next((text for text in sentences(visible(flag.help)) if whole(text)), "")


def best_quote(record: ChangeRecord) -> Quote | None:
    """The change's own sentence that says most of what its title is about; None where none does."""
    names = tuple(symbol.name for symbol in record.digest.symbols_added[:8])
    title = headline(record.change)
    return _best(title, vague(record.change.title), names, candidates_of(record))


def measured(record: ChangeRecord) -> tuple[str, ...]:
    """Sentences of the description with a measured effect, best first, whole."""
    if not record.change.described:
        return ()
    rows = []
    source = record.digest.metrics or tuple(sentences(record.digest.description))
    for position, text in enumerate(_each(source)):
        if _FORECAST.search(text) or _unchanged(text):
            continue
        if whole(text) and _FIGURE.search(text):
            rows.append((-(2 * bool(_EFFECT.search(text))) + 0.1 * position, text))
    rows.sort()
    return tuple(text for score, text in rows if score < 0)[:3]


def _unchanged(text: str) -> bool:
    """A row of a table that others are set against: called so, or its ratio is one, and it has no other."""
    if _SET_AGAINST.match(text):
        return True
    ratios = _RATIO.findall(text)
    return bool(ratios) and all(float(ratio) == 1 for ratio in ratios)


def _each(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(sentence for text in texts for sentence in sentences(text)))


def stated_caveat(record: ChangeRecord) -> Quote | None:
    """What the change itself says is missing, unverified or follows; a revert says why it came."""
    if record.analysis.types[0] == "revert":
        return None
    wanted = _terms(headline(record.change))
    for text, origin in candidates_of(record):
        if origin == "help" or not whole(text) or _DANGLING.match(text):
            continue
        told = origin in ("description", "tried")
        patterns = (_CAVEAT, _LACKS) if told else (_DIFF_CAVEAT,)
        found = next(filter(None, (pattern.search(text) for pattern in patterns)), None)
        if not found or _IN_CASE.search(text[: found.start()]):
            continue
        if told:
            if not _BEFORE.search(text) and not _TALK.search(text):
                return Quote(text, origin)
        elif _terms(text) & wanted and not _OF_OTHERS.search(text) and not _REFUSAL.match(text):
            return Quote(text, origin)
    return None
