"""Finds what was measured: sentences, log lines and table rows with a figure and what it is of.

A number alone is no measurement ("after 30 minutes", "v2.13.0", "8 GPUs"): it needs a rate, a
comparison, or a unit beside a word that says what changed. English and Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MAX_METRICS = 24
MAX_LOG_LINES = 10  # of code blocks: a benchmark prints dozens, in its own order of importance
MAX_TABLE_ROWS = 12
MAX_CHARS = 320
WRAPPED = 50  # characters; a shorter line was ended on purpose
MAX_PARAGRAPH = 20_000

_NUMBER = r"(?<![\w.])[-+~≈<>]{0,2}\d[\d,]{0,14}(?:\.\d{1,8})?"
_UNIT = (
    r"(?:%|％|×|x\b|X\b|pp\b|[nµμm]?s\b|msec|secs?\b|seconds?\b|minutes?\b|mins?\b|hours?\b|h\b"
    r"|[KMGT]i?B(?:/s)?\b|[kmg]b\b|bytes?\b|(?:G|M|T)FLOPS?\b|FPS\b|fps\b|qps\b|QPS\b|rps\b|RPS\b"
    r"|(?:tok(?:en)?s?|req(?:uest)?s?|it|iter(?:ation)?s?|ops?|samples?|img|images?|rows?|msgs?|messages?|steps?|queries|docs?)"
    r"\s?/\s?(?:s|sec|second|min|minute)\b|(?:tokens?|requests?|messages?|rows?|queries) per second"
    r"|倍|毫秒|微秒|秒|分钟|小时|个?百分点|个点|兆|字节)"
)
_RATE = re.compile(
    rf"(?i){_NUMBER}\s?k?\s?(?:(?:tok(?:en)?s?|req(?:uest)?s?|it|iter(?:ation)?s?|ops?|samples?|img|images?|rows?|msgs?|messages?|steps?|queries|docs?)"
    rf"\s?/\s?(?:s|sec|second|min|minute)\b|(?:tokens?|requests?|messages?|rows?|queries) per second|qps\b|rps\b|fps\b|[tg]flops\b|[kmgt]i?b/s\b)"
)
_TIMES_FASTER = re.compile(
    rf"(?i){_NUMBER}\s?(?:x|×|倍)\s{{0,3}}(?:\w+\s)?(?:faster|slower|speed|less|more|fewer|smaller|larger|higher|lower|improve|throughput|reduction|better|bigger|cheaper|加速|提升|提速)"
    rf"|(?:加速|提升|提速|快|降低|减少)[^，。\n]{{0,12}}?\d[\d.]{{0,8}}\s?(?:倍|x\b|×)|\bspeed-?up\b[^\n]{{0,24}}?\d[\d.]{{0,8}}\s?[x×]"
)
_FIGURE = re.compile(rf"{_NUMBER}\s?{_UNIT}")
_CHANGE = re.compile(
    rf"{_NUMBER}\s?(?:{_UNIT})?\s{{0,3}}(?:->|=>|→|⇒|➜|⟶|到|降到|升到|\bto\b|\bvs\.?)\s{{0,3}}{_NUMBER}\s?(?:{_UNIT})?"
)
_SCORE = re.compile(
    r"(?i)(?:accuracy|\bacc\b|score|gsm8k|mmlu|\bmap\b|\bbleu\b|rouge|\bf1\b|recall|precision|perplexity|\bppl\b|hit rate|win rate|pass@1|准确率|精度|得分|命中率|召回率)"
    r"[^\n。]{0,60}?(?<![\w.])\d{1,3}(?:\.\d{1,6}|\s?%)"
)
_EFFECT = re.compile(
    r"""(?ix) \b(?:fast(?:er)?|slow(?:er)?|speed\w*|latenc\w+|throughput|reduc\w+|improv\w+|increas\w+|decreas\w+|drop(?:s|ped)?|sav(?:e|es|ed|ing|ings)
      | grow\w*|grew|shr[aiu]nk\w*|cut(?:s|ting)?|lower(?:s|ed)?|higher|rais(?:e|es|ed)|halv\w+|doubl\w+|regress\w*|overhead|gains?|boost\w*|better|worse|less|fewer|smaller|larger|shorter|longer
      | memory|rss|footprint|allocat\w+|peak|took|takes|taking|spent|spend\w*|cost[s]?|elapsed|wall(?:-?clock)?|start-?up|cold\ start|down\ (?:from|to|by)|up\ (?:from|to|by)|from
      | accura\w+|scor\w+|benchmark\w*|measur\w+|median|mean|average|avg|p\d{2,3}|ttft|itl|tpot|e2e|utili[sz]ation|occupancy|bandwidth|hit\ rate|size|usage|gsm8k|mmlu|coverage|before|baseline)\b
    | 提升|提高|提速|降低|下降|减少|缩短|节省|加速|增加|增长|吞吐|延迟|时延|显存|内存|占用|准确率|精度|耗时|开销|命中率|峰值|平均|实测|性能|优化|从|由|快|慢
    """
)
_SETTING = re.compile(
    r"(?i)\b(?:time-?outs?|deadline|ttl|interval|every|sleeps?|hangs?|stuck|retry|retries|waits?|limit(?:ed)? (?:of|to)|default[s]?|at least|up to a maximum|polls?)\b|超时|间隔|默认|每隔"
)
_METRIC_KEY = re.compile(
    r"""(?ix) through?put | latenc | \btt?ft\b | \bitl\b | \btpot\b | accura | speed-?up | \bscore\b | \bp\d\d\b | (?:\b|/|\()(?:ms|us|µs|tok|tokens?|req|qps|rps|fps|[gm]i?b)(?:/s)?(?:\b|\)) | memory | \brss\b
      | time | duration | elapsed | before | after | baseline | \bmain\b | this\ (?:pr|branch) | median | \bmean\b | average | hit\ rate | \bsize\b | % | ratio | \bgsm8k\b | \bmmlu\b | perplexity | recall | flops | bandwidth
      | 吞吐 | 延迟 | 耗时 | 时间 | 准确率 | 精度 | 显存 | 内存 | 优化前 | 优化后 | 加速 | 提升
    """
)
# How a table is to be read, not what stands in it.
_LEGEND = re.compile(
    r"(?i)\b(?:values?|ratios?|numbers?) (?:greater|larger|higher|lower|smaller|less|above|below|over|under)\b|\b(?:higher|lower|larger|smaller|less|more) is better\b"
)
_KEY_VALUE = re.compile(
    r"^[\s|*>#-]{0,12}([^:：=\n]{2,60}?)\s{0,40}[:：=]\s{0,40}([-+~]?\d[\d,]{0,14}(?:\.\d{1,10})?)\s{0,3}([^\s\d]\S{0,11}(?:\s?/\s?s)?)?[\s|]{0,40}$"
)
_SENTENCE_END = re.compile(
    r"(?<=[.!?;])\s{1,4}(?=[\"'(\[*`_A-Z0-9<>~+-]|[^\x00-\x7f])|(?<=[。！？；])"
)
_LEAD = re.compile(r"^\s{0,40}(?:(?:[-*+•·]|\d{1,3}[.)、]|>|#{1,6})\s{1,8}){0,4}")
_DELIMITER = re.compile(r"^[\s|:+=-]{3,2000}$")
_DIGIT = re.compile(r"\d")


def measured_lines(lines: Iterable[tuple[str, bool]]) -> tuple[str, ...]:
    """What was measured, in the order of the text, from (line, whether it is code)."""
    found: list[str] = []
    table: list[str] = []
    paragraph = ""
    logged = 0
    for text, code in [*lines, ("", False)]:
        in_table = text.count("|") >= 2 and not text.lstrip().startswith("||")
        if paragraph and not code and not in_table and _goes_on(paragraph, text):
            paragraph = f"{paragraph} {text.strip()}"
            continue
        found.extend(sentence for sentence in _sentences(paragraph) if is_measured(sentence))
        paragraph = ""
        if in_table:
            table.append(text)
            continue
        found.extend(_table_rows(table))
        table = []
        if not code:
            paragraph = text
        elif logged < MAX_LOG_LINES and (line := _log_line(text)):
            found.append(line)
            logged += 1
    return tuple(dict.fromkeys(_short(line) for line in found if line))[:MAX_METRICS]


def _goes_on(paragraph: str, text: str) -> bool:
    """Is `text` the next line of a wrapped paragraph, rather than a statement of its own?"""
    wrapped = len(paragraph) >= WRAPPED or text.strip()[:1].islower()
    begins = _LEAD.match(text)
    own = text.startswith("    ") or (begins is not None and begins[0].strip() != "")
    return bool(text.strip()) and wrapped and not own and len(paragraph) < MAX_PARAGRAPH


def is_measured(sentence: str) -> bool:
    """Does the sentence report a figure: a rate, a comparison, a score, a unit with an effect?"""
    if _LEGEND.search(sentence):
        return False
    if _RATE.search(sentence) or _TIMES_FASTER.search(sentence) or _SCORE.search(sentence):
        return True
    change = _CHANGE.search(sentence)
    if change and (_FIGURE.search(change[0]) or "->" in change[0] or "→" in change[0]):
        return bool(_FIGURE.search(sentence)) or bool(_EFFECT.search(sentence))
    if not _FIGURE.search(sentence) or not _EFFECT.search(sentence):
        return False
    return not _SETTING.search(sentence) or "%" in sentence


def _sentences(line: str) -> Iterator[str]:
    if not _DIGIT.search(line):
        return
    text = _LEAD.sub("", line).strip()
    for sentence in _SENTENCE_END.split(text[:MAX_PARAGRAPH]):
        if (cleaned := _unmarked(sentence)) and _DIGIT.search(cleaned):
            yield cleaned


def _unmarked(text: str) -> str:
    return " ".join(text.replace("**", "").replace("__", "").split()).strip()


def _log_line(line: str) -> str:
    """`Output throughput (tok/s):   1234.5` of a benchmark's output, with its blanks folded."""
    pair = _KEY_VALUE.match(line[:400])
    if not pair or not _METRIC_KEY.search(f"{pair[1]} {pair[3] or ''}"):
        return ""
    return _unmarked(f"{pair[1].strip()}: {pair[2]} {pair[3] or ''}")


def _table_rows(table: list[str]) -> Iterator[str]:
    """`Batch 8: before 41 ms, after 30 ms` for each row of a table that holds measurements."""
    if not table:
        return
    rows = [_cells(line) for line in table if not _DELIMITER.match(line)]
    if len(rows) < 2:
        yield from (row for row in (" ".join(cells) for cells in rows) if is_measured(row))
        return
    header, body = rows[0], rows[1:]
    heads = " ".join(header)
    measured = bool(_METRIC_KEY.search(heads)) or any(_FIGURE.search(" ".join(r)) for r in body)
    if not measured:
        return
    for cells in body[:MAX_TABLE_ROWS]:
        if row := _row(header, cells):
            yield row


def _row(header: list[str], cells: list[str]) -> str:
    if not any(_DIGIT.search(cell) for cell in cells[1:]):
        return ""
    if len(header) != len(cells):
        return ""  # nobody can tell what its figures are of
    values = [
        f"{head}{' = ' if head[-1:].isdigit() else ' '}{cell}".strip()
        for head, cell in zip(header[1:], cells[1:], strict=True)
        if cell
    ]
    label = f"{header[0]} {cells[0]}".strip() if cells[0].isdigit() else cells[0]
    return f"{label}: {', '.join(values)}" if label else ", ".join(values)


def _cells(line: str) -> list[str]:
    parts = [_unmarked(cell.strip().strip("`")) for cell in line[:4000].strip().split("|")]
    if parts and not parts[0]:
        parts = parts[1:]
    if parts and not parts[-1]:
        parts = parts[:-1]
    return parts


def _short(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    return text[:MAX_CHARS].rsplit(" ", 1)[0].rstrip(",;:") + " …"
