"""Figures in prose: numbers with their units, in digits or words, English or Chinese, in one spelling.

A figure is a value and a unit ("" where there is none): 70 %, 70%, seventy percent and 七成 are the
same; so are 1,024 and 1024, or 40s and 40 seconds. Units are not converted into each other. A date is
one figure; number words up to three are how a sentence speaks ("one of the two"), not what it counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from kb.text.sentences import plain_digits

_UNIT_NAMES = {
    "s": "s sec secs second seconds 秒 秒钟",
    "ms": "ms msec millisecond milliseconds 毫秒",
    "us": "us µs μs microsecond microseconds 微秒",
    "ns": "ns nanosecond nanoseconds 纳秒",
    "min": "min mins minute minutes 分钟",
    "h": "h hr hrs hour hours 小时 个小时",
    "day": "day days 天",
    "week": "week weeks 周",
    "month": "month months 个月",
    "x": "x × times fold 倍",
    "%": "% percent pct 个百分点 百分点 pp",
    "kb": "kb kib",
    "mb": "mb mib",
    "gb": "gb gib g",
    "tb": "tb tib",
    "byte": "byte bytes 字节",
    "b": "b",
    "token": "tok token tokens toks",
    "gpu": "gpu gpus",
    "flops": "flops flop",
    "tflops": "tflops",
    "qps": "qps rps",
    "hz": "hz",
    "mhz": "mhz",
    "ghz": "ghz",
}
_UNITS = {word: unit for unit, words in _UNIT_NAMES.items() for word in words.split()}
_RATE = "/"
_CURRENCIES = tuple("$€£¥")
_COUNTED = frozenset(("token", "gpu"))  # "8 GPUs" may stand as a bare 8 in a diff or a table
_SCALES = {
    "k": Decimal(1000),
    "m": Decimal(1_000_000),
    "万": Decimal(10_000),
    "亿": Decimal(100_000_000),
    "thousand": Decimal(1000),
    "million": Decimal(1_000_000),
    "billion": Decimal(1_000_000_000),
    "百万": Decimal(1_000_000),
    "千": Decimal(1000),
}

_CJK_UNITS = sorted((word for word in _UNITS if not word.isascii()), key=len, reverse=True)
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_])(?<!\d\.)"
    r"(?P<value>(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)(?:\.\d+)?|\.\d+)(?P<exponent>[eE][+-]?\d{1,3}(?![\w.]))?"
    r"(?:\s*(?P<scale>万|亿|百万|千|(?<=\d)[kKM](?![A-Za-z0-9])|(?<=\d)\s(?:thousand|million|billion)\b))?"
    r"(?:[\s-]?(?:[个块张]\s*)?(?P<unit>%|×|" + "|".join(_CJK_UNITS) + r"|[A-Za-zµμ]+"
    r"(?:(?:\s?/\s?|\s+per\s+)[A-Za-z]+)?))?"
)
_EVERY_SECOND = re.compile(r"每秒钟?\s*(?:约|近|可达|达到?|处理)?\s*$")
_DATE = re.compile(r"(?<![\w.-])\d{4}-\d{2}-\d{2}(?![\d-])")
# What is counted, not measured: "40 tests" does not stand where a change says 40 s.
_THINGS = re.compile(
    r"\s+(?:(?!(?:in|on|of|for|to|and|or|as|at|by|is|was|per|with|than|from|over|across)\b)[a-z-]+\s+)?"
    r"(?!times\b)[a-z-]{2,}[a-rt-z]s\b|\s*[个项种类处次条款名位份组套]"
)
_VERSION = re.compile(r"(?<![\w.])v?\d+\.\d+\.\d+(?:[\w.+-]*\w)?|(?<![\w.])v\d+(?:\.\d+)*\b")
_PREFIX = {True: "v?", False: r"(?:v|version )"}  # 1.2.3 stands alone, v1 does not
_NAME = re.compile(
    r"(?<!\w)(?=[A-Za-z_.+-]*\d)[A-Za-z_]\w*(?:[-.+]\w+)*"
)  # H100, Qwen3-235B: names, no figures
_JOINED = re.compile(
    r"^\s*(?:[-–—~～]|→|->|=>|to|and|or|vs\.?|至|到|降至|降到|升至|提升到|变为|/|,|、|和)\s*$", re.I
)

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_POWERS = {"十": 10, "百": 100, "千": 1000}
_CHINESE = r"[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?"
_CHINESE_MEASURED = re.compile(
    rf"(?P<n>{_CHINESE})\s*(?P<unit>成(?![为就功立员本果熟分])|" + "|".join(_CJK_UNITS) + ")"
)
_CHINESE_PERCENT = re.compile(rf"百分之\s*(?P<n>{_CHINESE}|\d+(?:\.\d+)?)")
_CHINESE_COUNT = re.compile(
    r"(?<![一二三四五六七八九十百千万第点])(?P<n>[四五六七八九十])\s*[个项种类处次条款名位份组套](?!月)"
)
_CHINESE_LARGE = re.compile(
    r"(?<![万亿零〇一二两三四五六七八九十百千])[一二两三四五六七八九十][零〇一二三四五六七八九十百千万亿]+"
)

_SMALL_WORDS = dict(
    zip(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
        range(1, 11),
        strict=True,
    )
)
_TEENS = [
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL = re.compile(
    rf"\b(?:{'|'.join(_SMALL_WORDS)})\b|[二两三](?=[个项种类处次条款名位份组套])", re.I
)
_LARGE_WORDS = {w: i + 11 for i, w in enumerate(_TEENS)} | {
    w: 10 * (i + 2) for i, w in enumerate(_TENS)
}
_LARGE_WORDS |= {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1_000_000}
_WORD_NUMBER = re.compile(
    r"\b(?P<n>(?:(?:" + "|".join((*_SMALL_WORDS, *_LARGE_WORDS)) + r")(?:[\s-](?=[a-z]))?)+)"
    r"[\s-]?(?P<unit>percent|times|folds?|x|seconds?|milliseconds?|minutes?|hours?|days?|weeks?|months?)?(?![a-z])(?P<noun>(?=\s+[a-z]))?",
    re.IGNORECASE,
)
_IDIOMS: tuple[tuple[re.Pattern[str], tuple[tuple[str, str], ...]], ...] = (
    (re.compile(r"\b(?:doubl(?:e|es|ed|ing)|twice(?=\s+(?:as|the|that)\b)|two-?fold)\b|翻倍|翻了?一?番|加倍", re.I), (("2", "x"), ("100", "%"))),
    (re.compile(r"\b(?:tripl(?:e|es|ed|ing)|thrice)\b", re.I), (("3", "x"), ("200", "%"))),
    (re.compile(r"\bquadrupl(?:e|es|ed|ing)\b|翻了?[两二]番", re.I), (("4", "x"), ("300", "%"))),
    (re.compile(r"翻了?三番"), (("8", "x"), ("700", "%"))),
    (re.compile(r"\b(?:halv(?:e|es|ed|ing)|half)\b|减半|一半|半数", re.I), (("50", "%"), ("0.5", "x"), ("2", "x"))),
    (re.compile(r"\borders? of magnitude\b|数量级", re.I), (("10", "x"), ("magnitude", ""))),
)  # fmt: skip
_FRACTIONS = "half third quarter fifth sixth seventh eighth ninth tenth hundredth"
_VAGUE = re.compile(
    r"[数几](?:十|百|千|万)?(?:倍|秒|毫秒|分钟|小时)|成倍|[一二三四五六七八九十千两]+分之[一二三四五六七八九十]+(?!十)"
    r"|\b(?:dozens|hundreds|thousands|tens) of\b|\btwice\b(?!\s+(?:as|the|that)\b)"
    r"|\b(?:an?\s+few|several|a\s+couple\s+of)\s+(?:milli|micro)?(?:second|minute|hour|day|week|month)s\b"
    r"|\b(?:\d{1,3}|[a-z]+)\s+out\s+of\s+(?:every\s+)?(?:\d{1,3}|" + "|".join(_SMALL_WORDS) + r")\b"
    r"|(?<![\w.])\d{1,2}\s+in\s+(?:every\s+)?\d{1,3}(?![\w.-])"
    r"|\b(?:an?|one|two|three|four|five|nine)[\s-](?:"
    + "|".join(_FRACTIONS.split()[1:])
    + r")s?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """`alternatives`: (value, unit) pairs of which one must stand in the evidence; `counts`: it is
    followed by what it counts, so a measured value will not do.
    """

    text: str
    start: int
    alternatives: tuple[tuple[str, str], ...]
    counts: bool = False


def figures(text: str) -> tuple[Figure, ...]:
    """The figures of a text whose references are already blanked (they are no figures)."""
    text = plain_digits(text)
    found: list[Figure] = []
    taken: list[tuple[int, int]] = []

    def add(start: int, end: int, *alternatives: tuple[str, str], counts: bool = False) -> None:
        if not any(start < e and s < end for s, e in taken):
            taken.append((start, end))
            found.append(Figure(text[start:end].strip(), start, alternatives, counts))

    for match in _DATE.finditer(text):
        add(match.start(), match.end(), (match[0], "date"))
    for match in _VERSION.finditer(text):
        add(match.start(), match.end(), (match[0].lower().removeprefix("v"), "version"))
    text = _NAME.sub(lambda name: "\0" * len(name[0]), text)
    for pattern, alternatives in _IDIOMS:
        for match in pattern.finditer(text):
            add(match.start(), match.end(), *alternatives)
    for match in _VAGUE.finditer(text):
        add(match.start(), match.end(), (match[0].lower(), "vague"))
    for match in _CHINESE_PERCENT.finditer(text):
        share = match["n"] if match["n"][0].isdigit() else _chinese(match["n"])
        if share is not None:
            add(match.start(), match.end(), (_normal(share), "%"))
    for match in _CHINESE_MEASURED.finditer(text):
        add(match.start(), match.end(), *_chinese_measured(match))
    for match in _CHINESE_LARGE.finditer(text):
        number = _chinese(match[0])
        if number is not None and Decimal(number) > 10:
            add(match.start(), match.end(), (number, ""))
    for match in _CHINESE_COUNT.finditer(text):
        add(match.start(), match.end(), (_chinese(match["n"]) or "", ""), counts=True)
    for match in _WORD_NUMBER.finditer(text):
        worded = _worded(match)
        if worded is not None:
            add(match.start(), match.end(), worded, counts=not worded[1])
    for figure in _numbers(text):
        end = figure.start + len(figure.text)
        add(figure.start, end, *figure.alternatives, counts=figure.counts)
    return tuple(sorted(found, key=lambda figure: figure.start))


def _numbers(text: str) -> list[Figure]:
    rows: list[tuple[int, int, str, str]] = []  # start, end, value, unit
    for match in _NUMBER.finditer(text):
        glued = match["unit"] is not None and match.start("unit") == match.end(
            "scale" if match["scale"] else "exponent" if match["exponent"] else "value"
        )
        unit, known = _unit(match["unit"])
        if glued and not known and match["unit"] not in ("st", "nd", "rd", "th"):
            continue  # 3D, 4bit, 7Bx: a name, not a figure
        try:
            number = Decimal(re.sub("[,_]", "", match["value"]) + (match["exponent"] or ""))
        except InvalidOperation:
            continue
        if match["scale"]:
            number *= _SCALES[match["scale"].strip().lower()]
        if known and "/" not in unit and _EVERY_SECOND.search(text[: match.start()]):
            unit += "/s"
        if not known and text[: match.start()].rstrip()[-1:] in _CURRENCIES:
            unit = text[: match.start()].rstrip()[-1:]
        end = match.end() if known else match.end("unit") if glued else _end_of_number(match)
        rows.append((match.start(), end, _normal(number), unit))
    figures_found = []
    for position, (start, end, value, unit) in enumerate(rows):
        alternatives = [(value, unit)]
        if not unit and position + 1 < len(rows):
            following = rows[position + 1]
            if following[3] and _JOINED.match(text[end : following[0]]):
                alternatives = [(value, following[3])]  # 40 -> 12 s, 5-15%
        counts = not alternatives[0][1] and bool(_THINGS.match(text, end))
        figures_found.append(Figure(text[start:end], start, tuple(alternatives), counts))
    return figures_found


def _end_of_number(match: re.Match[str]) -> int:
    return max(match.end(name) for name in ("value", "exponent", "scale"))


def _unit(word: str | None) -> tuple[str, bool]:
    """The unit in our spelling, and whether the word is one."""
    if word is None:
        return "", False
    rate = re.sub(r"\s+per\s+", _RATE, word)
    base, slash, per = (part.strip() for part in rate.partition(_RATE))
    known = _UNITS.get(base.lower())
    if known is None:
        return "", False
    if slash:
        return f"{known}/{_UNITS.get(per.lower(), per.lower())}", True
    return known, True


def _normal(value: Decimal | str) -> str:
    return f"{Decimal(value).normalize():f}"


def _chinese(text: str) -> str | None:
    """四十 -> 40, 一百二十 -> 120, 一点五 -> 1.5; None where it is no number."""
    whole, _, fraction = text.partition("点")
    total = section = digit = 0
    for character in whole:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _POWERS:
            section += (digit or 1) * _POWERS[character]
            digit = 0
        elif total == section == digit == 0:
            return None
        else:
            total = (total + section + digit) * (10_000 if character == "万" else 100_000_000)
            section = digit = 0
    number = str(total + section + digit)
    return _normal(f"{number}.{''.join(str(_DIGITS[c]) for c in fraction)}") if fraction else number


def _chinese_measured(match: re.Match[str]) -> tuple[tuple[str, str], ...]:
    number = _chinese(match["n"])
    if number is None:
        return ((match[0], "vague"),)
    if match["unit"] == "成":
        return ((_normal(Decimal(number) * 10), "%"),)
    unit = _UNITS[match["unit"]]
    if number == "1" and unit == "x":
        return ("1", "x"), ("2", "x"), ("100", "%")  # 提升一倍 is twice as much
    return ((number, unit),)


def _worded(match: re.Match[str]) -> tuple[str, str] | None:
    words = [word for word in re.split(r"[\s-]+", match["n"].lower()) if word]
    unit = _UNITS.get((match["unit"] or "").lower().rstrip("s"), "") or _UNITS.get(
        (match["unit"] or "").lower(), ""
    )
    small = [word for word in words if word in _SMALL_WORDS]
    if (
        not unit
        and len(small) == len(words)
        and (_SMALL_WORDS[small[-1]] <= 3 or match["noun"] is None)
    ):
        return None
    total = current = 0
    for word in words:
        if word in ("dozen", "hundred", "thousand", "million"):
            current = max(current, 1) * _LARGE_WORDS[word]
        else:
            current += _SMALL_WORDS.get(word, 0) or _LARGE_WORDS[word]
        if word in ("thousand", "million"):
            total, current = total + current, 0
    return str(total + current), unit


def known_figures(text: str) -> frozenset[tuple[str, str]]:
    """Every (value, unit) that a text states; a table's cells carry the units that its table names."""
    found: set[tuple[str, str]] = set()
    for figure in figures(text):
        found.update(figure.alternatives)
    for word in _SMALL.findall(text):  # "three workers" may be told as 3 workers
        found.add((str(_SMALL_WORDS.get(word.lower()) or _DIGITS[word]), ""))
    for table in re.findall(r"(?:^[^\n]*\|[^\n]*\n?){2,}", text, re.MULTILINE):
        units = {unit for word in re.findall(r"%|×|[A-Za-zµμ]+(?:/[A-Za-z]+)?", table)
                 for unit, known in [_unit(word)] if known}  # fmt: skip
        values = {v for figure in figures(table) for v, unit in figure.alternatives if not unit}
        found.update((value, unit) for value in values for unit in units)
    return frozenset(found)


def stands(figure: Figure, known: frozenset[tuple[str, str]], text: str) -> bool:
    """Whether the figure stands in a text whose figures are `known` (`text` is its folded form)."""
    for value, unit in figure.alternatives:
        if unit == "version":
            if re.search(rf"(?<![\w.]){_PREFIX['.' in value]}{re.escape(value)}(?!\w|\.\d)", text):
                return True
        elif unit == "vague" or value == "magnitude":
            if value in text:
                return True
        elif (
            (value, unit) in known
            or (unit in _COUNTED and (value, "") in known)
            or (not unit and any(value == n and _fits(figure, other) for n, other in known))
        ):
            return True
    return False


def _fits(figure: Figure, unit: str) -> bool:
    """Whether a figure without a unit may stand for one that has it: "from 40 to 12" of seconds."""
    return unit != "date" and (not figure.counts or unit in _COUNTED)
