"""A sentence against the changes that it cites itself (REPORTS.md, rule 2): pure, no model.

What is checked: references, figures, symbols, flags, files, links, markup. What is not: entailment;
a sentence that names nothing and counts nothing stands as it was written.
Where one sentence cites several changes, a figure belongs to the references of its own clause; where
the clauses do not decide, it has to stand with every neighbour. So a swap inside a sentence fails too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kb.text.figures import Figure, figures, known_figures, stands
from kb.text.sentences import clean, plain_digits, sentences
from kb.types import ChangeRecord


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a model was shown of one change. `prose` and `code` are what its sentences may repeat."""

    id: str  # owner/name#12 or owner/name@sha
    repo: str
    number: int | None
    sha: str
    prose: str  # title, description, review threads, digest: figures count here
    code: str = ""  # added and removed lines: names and literal figures
    index: int | None = None  # [n] in an answer
    aliases: tuple[str, ...] = ()
    context: str = ""  # unchanged lines around the changed ones: names only, no figures

    @property
    def label(self) -> str:
        """How a text refers to it: `[n]` in an answer, else `#12`, or seven digits of the SHA."""
        if self.index is not None:
            return f"[{self.index}]"
        return f"#{self.number}" if self.number is not None else self.sha[:7]

    @cached_property
    def folded(self) -> str:
        return plain_digits(
            clean(f"{self.id}\n{self.prose}\n{self.code}\n{self.context}")
        ).casefold()

    @cached_property
    def figures(self) -> frozenset[tuple[str, str]]:
        told = plain_digits(f"{self.prose}\n{self.code}")
        # [0] may be an index into an array there; #12 is never a figure.
        return known_figures(_REFERENCE.sub(lambda m: m[0] if m["index"] else " ", told))

    @cached_property
    def instructions(self) -> tuple[str, ...]:
        """Lines that address a model instead of a reader."""
        lines = (
            line.strip().casefold() for line in clean(self.prose + "\n" + self.code).split("\n")
        )
        return tuple(line for line in lines if _INJECTION.search(line))


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


@dataclass(frozen=True, slots=True)
class Rules:
    """`subject`: the change that every sentence is about and so cites (a per-change field)."""

    subject: str | None = None
    must_cite: bool = False  # answers: a sentence without a reference goes
    repo: str | None = None  # what a bare #12 means where several repositories were shown


_REFERENCE = re.compile(
    r"(?P<repo>(?<![\w/.-])[\w.-]+/[\w.-]+)?\#\s?(?P<number>\d+)"
    r"|(?:\b(?:PRs?|MRs?|pull(?:\s+requests?)?|merge\s+requests?|issues?|GH)|合并请求|拉取请求)"
    r"[\s:-]*(?:number|no\.?|№|!|编号|第)?\s*\#?(?P<worded>\d+)(?![\w.]*[\w%])"
    r"|(?P<counted>\d+)\s*号\s*(?:PR|拉取请求|合并请求|提交)"
    r"|(?<![\w)])!(?P<bang>\d+)\b"
    r"|(?:\b(?:pull|issues)/)(?P<path>\d+)"
    r"|\[(?P<index>\d+(?:\s*[,、]\s*\d+)*)\]|【(?P<index2>\d+(?:\s*[,、]\s*\d+)*)】"
    r"|(?<![\w#./-])(?P<sha>(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40})(?![\w-])",
    re.IGNORECASE,
)
_NUMBERED = ("number", "worded", "counted", "bang", "path")
_RANGE = re.compile(
    r"\#\d+\s*(?:-|–|—|~|～|\.{2,}|…|至|到|\bto\b|\bthrough\b|\bthru\b)\s*(?:PR\s*)?\#?\d+"
    r"|\[\d+\s*[-–—~]\s*\d+\]",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"[a-z][a-z0-9+.-]*://|\bwww\.|\b(?:javascript|data|vbscript|mailto|file):\S|\]\s*\(|!\[|\]:\s*\S"
    r"|(?<![\w@/.-])(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|ai|cn|co|app|xyz|info|me|gg|ly|top|site|ru)\b(?![(._])",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"</?[a-z!][^>]*>|<!--|\|[^|]*\||^\s*\||\{\{|\{%|\$\$", re.IGNORECASE)
_MIXED_SCRIPT = re.compile(
    r"[A-Za-z][\u0370-\u03bb\u03bd-\u04ff]|[\u0370-\u03bb\u03bd-\u04ff][A-Za-z]"
)
_BY_NAME = re.compile(
    r"\b(?:by|thanks\s+to|from)\s+(?P<en>[A-Z][\w'.-]+(?:\s+[A-Z][\w'.-]+){0,3})"
    r"|(?:由|作者(?:是|为)?)\s*(?P<zh>[A-Z][\w'.-]+(?:\s+[A-Z][\w'.-]+){0,3})"
)
_MENTION = re.compile(r"(?<![\w`/@.])@[A-Za-z0-9][\w-]*")
_DECORATION = re.compile(r"\*\*|__(?=\w[^_]*__)|(?<=\w)__(?!\w)|^#{1,6}\s+|^>\s*")
_CODE = re.compile(r"`+([^`]+)`+")
_INJECTION = re.compile(
    r"ignore\s+(?:all\s+|any\s+|the\s+|your\s+|these\s+)*(?:previous|prior|above|earlier|preceding)"
    r"|disregard\s+(?:all|any|the|your|previous|prior)|forget\s+(?:all|everything|your|previous)"
    r"|\b(?:system|assistant|developer)\s*(?:prompt|message|override)?\s*[:：>]|<\|?\s*/?\s*(?:system|im_start|inst)"
    r"|you\s+(?:are\s+now|must\s+(?:now\s+)?(?:answer|say|write|output|reply|state|report))"
    r"|(?:instructions?|note)\s+(?:to|for)\s+(?:the\s+)?(?:ai|llm|model|assistant|reviewer\s+model)"
    r"|忽略(?:以上|之前|前面|上述|先前|所有)|无视(?:以上|之前|前面|上述)|系统(?:提示|消息|指令)\s*[:：]|你现在是",
    re.IGNORECASE,
)

_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_FLAG = re.compile(r"(?<!-)--[A-Za-z][\w-]*\w(?![\w-])|(?<![\w-])-[A-Za-z][\w-]*\w(?![\w-])")
_FILE = re.compile(
    r"(?<![\w@])(?:[\w.*{},@+-]+/)+[\w.*{}+-]+\.[A-Za-z]\w{0,7}\b|(?<![\w@/])(?:[\w.*+-]+/){2,}[\w.*-]*"
    r"|(?<![\w/])[\w-]+\.(?:pyi?|rs|go|c|cc|cpp|cu|cuh|h|hpp|java|kt|js|jsx|tsx?|mjs|vue|svelte|toml|ya?ml|json|md|rst|sh|"
    r"txt|cfg|ini|lock|proto|cmake|rb|swift|sql|html|css|ipynb|jsonl|xml|gradle)\b"
)
_STRONG = re.compile(
    rf"(?<![\w.-])(?:{_WORD}(?:(?:\.|::){_WORD})+(?:\(\))?|{_WORD}\(\)|(?=\w*[A-Za-z])_*[A-Za-z0-9]+(?:_[A-Za-z0-9]*)+)(?![\w])"
)
_WEAK = re.compile(
    r"(?<![\w.-])(?:[A-Za-z]+[a-z][A-Z]\w*(?:-\w+)*|[A-Z]{2,}[a-z]+[A-Z]\w*|(?=[A-Za-z0-9.+-]*\d)(?=[A-Za-z0-9.+-]*[A-Za-z])[A-Za-z0-9]+(?:[-.+][A-Za-z0-9]+)*)(?![\w])"
)
_BOUNDARY = re.compile(
    r"[,;，；。、:：—–]|\b(?:and|while|whereas|but|then|also|whilst)\b|而|以及|同时|并且|并(?=[将使把在])|此外|另外",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"^(?:[\s,，、;；/&+()（）]|and|和|与|及|以及|PRs?|PR)*$", re.IGNORECASE)
_RESPECTIVELY = re.compile(r"\brespective(?:ly)?\b|分别|各自|依次", re.IGNORECASE)
_FREE_NAMES = frozenset(("github", "i.e", "e.g"))


def verify_sentences(
    text: str, evidence: Iterable[Evidence], rules: Rules | None = None
) -> Verified:
    """Splits `text` and keeps the sentences that hold against the evidence of what they cite."""
    shown = _Shown(tuple(evidence), rules or Rules())
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


@dataclass(frozen=True, eq=False)
class _Shown:
    evidence: tuple[Evidence, ...]
    rules: Rules
    _by_number: dict[int, list[Evidence]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in self.evidence:
            if item.number is not None:
                self._by_number.setdefault(item.number, []).append(item)

    @cached_property
    def by_id(self) -> Mapping[str, Evidence]:
        return {item.id: item for item in self.evidence}

    def numbered(self, number: int, repo: str | None) -> list[Evidence]:
        found = self._by_number.get(number, [])
        if repo:
            return [item for item in found if item.repo.casefold() == repo.casefold()]
        preferred = [item for item in found if item.repo == self.rules.repo]
        return preferred if preferred and len(found) > 1 else found

    def indexed(self, index: int) -> list[Evidence]:
        return [item for item in self.evidence if item.index == index]

    def hashed(self, sha: str) -> list[Evidence]:
        return [item for item in self.evidence if item.sha.startswith(sha.lower())]


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring references, read as one citation."""

    start: int
    end: int
    cites: tuple[Evidence, ...]


def _check(sentence: str, shown: _Shown) -> Sentence | Removed:
    checked = _readable(plain_digits(clean(sentence)), shown)
    outside_code = _CODE.sub(lambda code: "\0" * len(code[0]), checked)
    if _LINK.search(checked):
        return Removed(sentence, "link", _LINK.search(checked)[0])  # type: ignore[index]
    if (found := _MARKUP.search(outside_code)) or (found := _MENTION.search(outside_code)):
        return Removed(sentence, "markup", found[0][:40])
    if found := _MIXED_SCRIPT.search(outside_code):
        return Removed(sentence, "markup", found[0])
    if found := _RANGE.search(checked):
        return Removed(sentence, "range", found[0])
    if line := _echoed(checked, shown.evidence):
        return Removed(sentence, "instruction", line[:80])
    groups = _groups(checked, shown)
    if isinstance(groups, tuple):
        return Removed(sentence, *groups)
    subject = shown.by_id.get(shown.rules.subject or "")
    cited = tuple(dict.fromkeys(item for group in groups for item in group.cites))
    if shown.rules.must_cite and not cited and subject is None:
        return Removed(sentence, "uncited")
    everything = cited if subject is None else tuple(dict.fromkeys((*cited, subject)))
    if name := _foreign_name(checked, everything, shown.evidence):
        return Removed(sentence, "name", name)
    if figure := _foreign_figure(checked, groups, subject):
        return Removed(sentence, "figure" if everything else "uncited", figure)
    return Sentence(_relabelled(sentence, shown), tuple(item.id for item in everything))


def _relabelled(sentence: str, shown: _Shown) -> str:
    """References in the one form that renderers link: PR 12, o/r#12 and a long SHA become labels."""

    def label(match: re.Match[str]) -> str:
        found = [items[0].label for items in _resolve(match, shown) if len(items) == 1]
        return "".join(found) if found and found[0][0] == "[" else ", ".join(found) or match[0]

    return _REFERENCE.sub(label, sentence.replace("＃", "#"))


def _readable(text: str, shown: _Shown) -> str:
    """`items[0]` in code cites nothing; a SHA that begins with seven digits is no number."""

    def lengthened(match: re.Match[str]) -> str:
        found = shown.hashed(match[0])
        if len(found) != 1:
            return match[0]
        letter = re.search(r"[a-f]", found[0].sha)
        return found[0].sha[: max(len(match[0]), letter.end() if letter else 0)]

    text = _CODE.sub(lambda code: code[0].replace("[", "⟦").replace("]", "⟧"), text)
    return re.sub(r"(?<![\w#./-])\d{7,40}(?![\w.%-])", lengthened, text)


def _groups(text: str, shown: _Shown) -> list[_Group] | tuple[str, str]:
    """The citations of a sentence, or (why, detail) where one does not resolve."""
    groups: list[_Group] = []
    for match in _REFERENCE.finditer(text):
        cites: list[Evidence] = []
        for found in _resolve(match, shown):
            if len(found) != 1:
                return ("ambiguous" if found else "reference"), match[0]
            cites.extend(found)
        last = groups[-1] if groups else None
        if last and _SEPARATOR.match(text[last.end : match.start()]):
            groups[-1] = _Group(last.start, match.end(), (*last.cites, *cites))
        else:
            groups.append(_Group(match.start(), match.end(), tuple(cites)))
    return groups


def _resolve(match: re.Match[str], shown: _Shown) -> list[list[Evidence]]:
    """For each number that one reference holds, the shown changes that it may mean."""
    number = next((match[name] for name in _NUMBERED if match[name]), None)
    if number:
        return [shown.numbered(int(number), match["repo"])]
    if indices := match["index"] or match["index2"]:
        return [shown.indexed(int(n)) for n in re.split(r"\D+", indices) if n]
    return [shown.hashed(match["sha"])]


def _echoed(text: str, evidence: Iterable[Evidence]) -> str | None:
    """A line of the evidence that speaks to a model and whose words this sentence repeats."""
    folded = " ".join(re.findall(r"[\w#%]+", text.casefold()))
    words = folded.split()
    for item in evidence:
        for line in item.instructions:
            said = " ".join(re.findall(r"[\w#%]+", line))
            if len(folded) >= 4 and f" {folded} " in f" {said} ":
                return line
            runs = (" ".join(words[i : i + 4]) for i in range(len(words) - 3))
            if any(f" {run} " in f" {said} " for run in runs):
                return line
            squeezed = re.sub(r"\s", "", folded)
            if any("\u3400" <= c <= "\u9fff" for c in squeezed) and any(
                squeezed[i : i + 8] in said for i in range(max(1, len(squeezed) - 7))
            ):
                return line
    return None


def _foreign_name(
    text: str, cited: tuple[Evidence, ...], shown: tuple[Evidence, ...]
) -> str | None:
    """The first symbol, flag or file that stands in no evidence of the cited changes."""
    bare = _without_references(text)
    for name in _strong_names(bare):
        if not any(_holds(item, name) for item in cited):
            return name
    for match in _BY_NAME.finditer(_CODE.sub(" ", bare)):
        author = (match["en"] or match["zh"]).rstrip(".'")
        if not any(_stands_whole(item.folded, author.casefold()) for item in cited or shown):
            return author
    for match in _WEAK.finditer(_CODE.sub(" ", bare)):
        name = match[0].rstrip(".-+")
        if name.casefold() in _FREE_NAMES or _is_figure(name):
            continue
        # Hump words and H100-like names may be products: without a citation, anything shown will do.
        if not any(_holds(item, name) for item in cited or shown):
            return name
    return None


def _is_figure(name: str) -> bool:
    found = figures(name)
    return len(found) == 1 and found[0].text == name


def _strong_names(text: str) -> list[str]:
    names = [code.strip() for code in _CODE.findall(text)]
    rest = _CODE.sub(" ", text)
    for pattern in (_FLAG, _FILE, _STRONG):
        for match in pattern.finditer(rest):
            if match[0].casefold().rstrip(".") not in _FREE_NAMES and re.search(
                "[A-Za-z]", match[0]
            ):
                names.append(match[0])
        rest = pattern.sub(" ", rest)
    return [name for name in names if name]


def _holds(evidence: Evidence, name: str) -> bool:
    folded = name.replace("⟦", "[").replace("⟧", "]").casefold()
    if _stands_whole(evidence.folded, folded):
        return True
    if "/" in folded or "*" in folded:
        start = re.split(r"[*{]", folded)[0].rstrip("/")
        return (
            bool(start)
            and "/" in folded
            and _stands_whole(evidence.folded, start)
            and _is_path(folded)
        )
    if folded.startswith("-") and " " not in folded:
        return False
    parts = [part for part in re.split(r"[^\w]+", folded) if part]
    if len(parts) < 2:
        return folded.endswith("()") and bool(parts) and _stands_whole(evidence.folded, parts[0])
    names = [
        part
        for part in parts
        if not part.isalpha() or (len(parts) > 1 and not _plain_compound(name))
    ]
    return bool(names) and all(_stands_whole(evidence.folded, part) for part in names)


def stands_in(evidence: Evidence, name: str) -> bool:
    """Whether a symbol, flag, file or quoted code stands in what is known of one change."""
    return _holds(evidence, plain_digits(clean(name)).strip())


def _plain_compound(name: str) -> bool:
    """H100-based: only the part with a digit or a hump is a name."""
    return "-" in name and not re.search(r"[_.:()\[\]=\s]", name)


def _is_path(name: str) -> bool:
    """A glob or folder: what is left of the first star must be all there is, but for an ending."""
    return bool(re.fullmatch(r"[\w./@+-]*?/?(?:\*+|\{[^}]*\})?(?:[\w.*]*)/?", name)) and (
        "*" in name or "{" in name or name.endswith("/")
    )


def _stands_whole(text: str, name: str) -> bool:
    """Whether `name` stands in `text` with no letter, digit or underscore touching it."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        before = text[start - 1] if start else " "
        after = text[end] if end < len(text) else " "
        touched_before = _is_word(before) and _is_word(name[0])
        touched_before |= before == "-" and (name[0] == "-" or "." in name or "/" in name)
        touched_after = _is_word(after) and _is_word(name[-1])
        touched_after |= after == "-" and name[0] == "-"
        if not (touched_before or touched_after):
            return True
        start = text.find(name, start + 1)
    return False


def _is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())


def _foreign_figure(text: str, groups: list[_Group], subject: Evidence | None) -> str | None:
    """The first figure that does not stand with the citation that it belongs to."""
    return next((figure for figure, holds in _judged(text, groups, subject) if not holds), None)


def _judged(
    text: str, groups: list[_Group], subject: Evidence | None
) -> Iterator[tuple[str, bool]]:
    unordered = bool(_RESPECTIVELY.search(text))
    for figure in figures(_without_references(text, keep_length=True)):
        sets = _belongs_to(figure, text, groups, subject, unordered)
        yield (
            figure.text,
            bool(sets)
            and all(
                any(stands(figure, item.figures, item.folded) for item in candidates)
                for candidates in sets
            ),
        )


def judged_figures(
    sentence: str, evidence: Iterable[Evidence], rules: Rules | None = None
) -> tuple[tuple[str, bool], ...]:
    """Every figure of one sentence, and whether it stands with what the sentence cites."""
    shown = _Shown(tuple(evidence), rules or Rules())
    checked = _readable(plain_digits(clean(sentence)), shown)
    groups = _groups(checked, shown)
    subject = shown.by_id.get(shown.rules.subject or "")
    resolved = [] if isinstance(groups, tuple) else groups
    return tuple(_judged(checked, resolved, subject))


def _belongs_to(
    figure: Figure, text: str, groups: list[_Group], subject: Evidence | None, unordered: bool
) -> list[tuple[Evidence, ...]]:
    """Sets of changes; the figure has to stand in one member of each set."""
    if subject is not None and not groups:
        return [(subject,)]
    if not groups:
        return []
    if unordered:
        return [(item,) for group in groups for item in group.cites]
    before = [group for group in groups if group.end <= figure.start]
    after = [group for group in groups if group.start >= figure.start]
    if not before or not after:
        group = (before or after)[-1 if before else 0]
        return [group.cites]
    left, right = before[-1], after[0]
    cut_left = bool(_BOUNDARY.search(text[left.end : figure.start]))
    cut_right = bool(_BOUNDARY.search(text[figure.start + len(figure.text) : right.start]))
    if cut_left == cut_right:
        return [left.cites, right.cites]
    return [right.cites] if cut_left else [left.cites]


def _without_references(text: str, keep_length: bool = False) -> str:
    return _REFERENCE.sub(lambda match: " " * len(match[0]) if keep_length else " ", text)


def patch_lines(patch: str) -> tuple[list[str], list[str]]:
    """The changed lines of hunks, and what stands around them (with the hunks' section names)."""
    changed: list[str] = []
    around: list[str] = []
    for line in patch.splitlines():
        if line.startswith("@@"):
            around.append(line.rpartition("@@")[2])
        else:
            (changed if line[:1] in ("+", "-") else around).append(line[1:])
    return changed, around


def evidence_of(
    record: ChangeRecord,
    patches: Mapping[str, str] | None = None,
    *,
    index: int | None = None,
    extra: str = "",
) -> Evidence:
    """The evidence of one stored change: what it says of itself, and its changed lines."""
    change, digest = record.change, record.digest
    threads = [
        f"{thread.path or ''} {comment.author}: {comment.text}"
        for thread in change.reviews
        for comment in thread.comments
    ]
    prose = [change.title, change.body, digest.text, *digest.comments, *digest.metrics, *threads]
    prose += [
        change.author,
        " ".join(change.labels),
        *change.linked_issues,
        *(c.title for c in change.commits),
    ]
    prose += [f"{risk.evidence} {risk.path or ''}" for risk in record.analysis.risks]
    prose += [" ".join(record.analysis.modules), extra]
    symbols = (*digest.symbols_added, *digest.symbols_removed, *digest.symbols_changed)
    code = [f"{symbol.name} {symbol.signature} {symbol.previous_signature}" for symbol in symbols]
    code += [f"{flag.name} {flag.default or ''} {flag.help}" for flag in digest.flags]
    code += [f"{file.path} {file.previous_path or ''}" for file in change.files]
    context: list[str] = []
    for path, patch in (patches or {file.path: file.patch or "" for file in change.files}).items():
        code.append(path)
        changed, around = patch_lines(patch)
        code += changed
        context += around
    owns_number = change.id.endswith(f"#{change.number}")  # else #N is another change's
    return Evidence(
        change.id,
        change.repo,
        change.number if owns_number else None,
        change.sha,
        "\n".join(prose),
        "\n".join(code),
        index,
        change.aliases,
        "\n".join(context),
    )
