"""Bug fixes by what a user would have seen; from the title first, then from the change's own words."""

from __future__ import annotations

import re
from functools import lru_cache

from kb.report.quotes import sentences
from kb.report.titles import headline, read_title, vague
from kb.types import ChangeRecord

SYMPTOMS = (
    "security",
    "hang",
    "crash",
    "leak",
    "wrong-result",
    "startup",
    "build",
    "slow",
    "request",
    "display",
    "combination",
    "flaky",
    "other",
)

_WORDS = {
    "security": r"CVE-\d|GHSA-|vulnerab\w*|path traversal|injection|\bXSS\b|\bRCE\b|漏洞|注入",
    "message": r"\berror (?:messages?|types?)\b|\bhelp/|\bhelp text|\bhints?\b|\bin (?:[\w-]+ )?messages\b|\btypos?\b|\b(?:formatting|wording) of\b.*\berrors?\b|\b(?:specific|clarif\w+) (?:\S+ ){0,2}errors?\b",
    "hang": r"\bhang\w*|dead ?lock\w*|\bstuck\b|\bfreez\w*|infinite loop|\bspin(?:s|ning)\b|\bspin[- ]?(?:loops?|waits?|locks?)\b|livelock|never (?:returns?|finish\w*)|busy[- ]?loop|\bblocked forever|\bstarv\w*|卡死|死锁|挂起|卡住|死循环",
    "leak": r"(?<!style )(?<!styles )(?<!CSS )\bleak\w*\b(?! (?:\S+ ){0,5}(?:into|onto|through) )|out[- ]of[- ]memory|\bOOM\w*|memory (?:growth|bloat|usage grows)|double[- ]free|use[- ]after[- ]free|(?:too many|exhaust\w*|out of|clos(?:e|es|ing)|orphan\w*) (?:\w+ ){0,2}file descriptors?|file descriptors? (?:exhaust\w*|growth|pile)|insufficient memory|memory is insufficient|泄[漏露]|内存溢出|显存溢出|爆显存",
    "crash": r"\bcrash\w*|seg ?fault|\bSIG(?:SEGV|ABRT|FPE)\b|illegal (?:memory|instruction|attribute)|\bIMA\b|\bpanic\w*|abort\w*|(?<![A-Za-z])assert(?:ion)?s?\b|exceptions?\b"
    r"|\b\w+(?:Error|Exception)\b|traceback|\braises?\b|null pointer|nil (?:pointer|deref\w*)|\bguard\w* (?:against )?(?:a )?(?:nil|null|none)\b|\bNPE\b|nonetype|\bundefined\b|\bunbound\b|out[- ]of[- ](?:range|bounds)|\bOOB\b|has no attribute|(?:over|under)flow|explosion|broken|(?<!to )(?<!line )(?<!page )\bbreaks?\b|cuda error|\berr(?:ors?)?\b|\bfail(?:s|ed|ing|ure)?\b"
    r"|崩溃|报错|异常|越界|空指针|段错误",
    "wrong-result": r"\bwrong\w*|incorrect\w*|correctness|\bcorrectly\b|overwrit\w*|indexing|\balignment\b|\balign\w* .*\b(?:reference|official)\b|\bcorrects?\b|mismatch\w*|\binaccura\w*|accuracy|\bnan\b|garbage|gibberish|corrupt\w*|precision|numeric\w*|duplicat\w*|missing (?:\w+ ){0,2}(?:fields?|values?|tokens?|rows?|entr(?:y|ies)|text|content|columns?|outputs?|results?|responses?|weights?|keys?)\b|\bmiss(?:es)?\b(?!-)|\blost\b|\bdrops\b|\w drop$|dropped|dropping|stale"
    r"|mis(?:align|handl|report|count|comput|detect|read|interpret)\w*|off[- ]by[- ]one|\bcolli(?:sions?|des?)\b|thread[- ]safe\w*|(?:non)?determinis\w*|out[- ]of[- ]order|inconsisten\w*|consistency|diverg\w*|in sync\b|\bmutated?\b|shadow(?:s|ing|ed)\b|double[- ](?:wrap\w*|count|tag|decod|escap|encod|appl)\w*|doubled\b|(?<!^)ignored?\b|not (?:applied|respected|honou?red|propagat\w*|updat\w*|working|used|enabled)|doesn'?t (?:work|apply|respect)|\braces?\b|leftover|returns? (?:an? )?`?empty"
    r"|^(?:honou?r|wire|forward|propagate|preserve|respect|pass|keep)s?\b|错误|不正确|不一致|不匹配|精度|丢失|重复|不生效|失效",
    "startup": r"\b(?:(?<!the )start(?:up|ing)?|(?<!kernel )launch(?:ing|ed)?\b(?! (?:grid|bound|config|param|overhead))|boot(?:s|ing|ed)?|(?<!^)initiali[sz]e\w*|initiali[sz](?:ation|ing)\w*|(?<!-)init|warm ?up|load(?:ing|er)?(?! (?:back|info|balanc\w*|metrics)\b)(?! (?:states?|indicators?|icons?|spinners?))|weights|(?:dead|circular|failed|broken) imports?|importing|imports? (?:error|cascade|for|of|in)|checkpoint\w*)\b|启动|加载|初始化|导入",
    "build": r"\bbuild\w*|(?<!torch\.)(?<!torch )\bcompil\w*|\b(?:re)?install(?:s|ed|ing|er|able)?\b|\binstallation (?:fail\w*|errors?|of)|\bwheels?\b|packaging|\bdocker\w*|\blinkers?\b|\blink(?:ing|age)? (?:errors?|fail\w*)|cmake|pip\b|npm\b|cargo\b|toolchain|编译|安装|构建|打包",
    "slow": r"\bslow\w*|perf(?:ormance)? regress\w*|\b(?:latency|overhead|throughput|bottleneck|regression)|\bperf\b|hot path|(?<!^)\bre-?(?:fetch|comput|creat|render|pars|walk)\w*|unnecessar(?:y|ily)|redundant|\btakes (?:\w+ ){1,3}(?:m?s|seconds|minutes)\b|性能|延迟|变慢",
    "request": r"(?<![-.])\b(?:requests?|responses?|streaming|parser?|pars(?:e|ing)|tool[ -]?calls?|json(?! schema)|http|endpoint|status code|headers?|(?:url|content|transfer|percent)[- ]?encod\w*|unicode|validation|(?:request|response|tool) schema|openai)\b|/v\d/|(?<!PEP )(?<!RFC )\b(?:4(?:0\d|1[0-8]|2\d)|50[0-4])\b(?!\))|请求|响应|流式|解析|接口",
    "display": r"\b(?:log(?:s|ging|ger)?|metrics?|print\w*|warn(?:ing)?s?|messages?|display\w*|typos?|formatting|label|dashboard|tracing|render\w*|statistics?)\b|日志|指标|显示|提示|渲染|样式",
    # What worked alone and not with that version, on that platform, beside that option.
    "combination": r"\bcompatib\w*|\bincompatib\w*|\bconflicts?\b|\bunsupported\b|\bfall(?:s|ing)?[- ]?back\b|\bsupports?\b|\badapt(?:s|ed)?\b|\bcombination\b"
    r"|\bon (?:the )?(?:CPU|GPU|NPU|XPU|ROCm|HIP|CUDA|Ascend|AMD|MUSA|MPS|Windows|macOS|Linux|ARM\w*|aarch64|Python|Node|Java|Go|SM\d+|\S*\d\S*)\b"
    r"|\b(?:for|in|under|with|when|if)\b(?: \S+){0,4} ?(?:[<>]=?|==) ?\d|\b(?:when|under|with|if)\b.{1,100}\b(?:is on|(?:is |are )?(?:enabled|disabled)|set to|is not true|mode)\b|兼容|冲突|适配|不支持",
    "flaky": r"\bflak\w*|\btest_|\blint\b|\bci\b|nightly|(?<!@)\btests?\b(?!@)|test case|unit tests?|(?<!text )\bbaseline\b|workflow|测试|用例|流水线",
}
_PATTERNS = {name: re.compile(words, re.IGNORECASE) for name, words in _WORDS.items()}
# In a description a failure is often somebody else's: only what is said outright counts.
_OUTRIGHT = {
    "security": _PATTERNS["security"],
    "hang": _PATTERNS["hang"],
    "leak": _PATTERNS["leak"],
    "crash": re.compile(
        r"\bcrash\w*|seg ?fault|\bpanic\w*|traceback|\b\w+Error\b|illegal memory|out of (?:range|bounds)|nil pointer|assertion fail\w*|崩溃|报错|越界",
        re.IGNORECASE,
    ),
    "wrong-result": re.compile(
        r"\bwrong\w*|\bincorrect\w*|\bcorrupt\w*|\bgarbage|\bgarbled|gibberish|\bclobber\w*|\bsilently\b|\bNaNs?\b|accuracy (?:drop|loss|issue|regress)\w*|precision (?:issue|loss|problem)|错误|丢失|精度问题",
        re.IGNORECASE,
    ),
}
_FROM_TITLE = (
    "security",
    "message",
    "hang",
    "leak",
    "flaky",
    "crash",
    "wrong-result",
    "build",
    "startup",
    "slow",
    "request",
    "display",
    "combination",
)
_OF_TESTS = re.compile(r"\btests?\b|\btest_|\bassert\w*|- \[[ x]\]", re.IGNORECASE)


# Where it was, before what it was ("tsdb: preserve ..."): the first word of the rest is the verb.
_AREA = re.compile(r"^[\w./+@-]{1,30}(?:[,&/] ?[\w./+@-]{1,30})?: +(?=\S)")


# What was tested with it is nothing that anybody saw.
_ADDED_TESTS = re.compile(
    r"\s*(?:(?:[,;&]|\band|\bwith)\s+add(?:s|ed|ing)?|\+(?:\s+add(?:s|ed|ing)?)?)\s+(?:\w+ ){0,3}tests?\s*$",
    re.IGNORECASE,
)
# Who raises or records an error on purpose saw no crash.
_ON_PURPOSE = re.compile(
    r"(?:use|raise|throw|record|report|expose|rename|define|add|align|give|display|show|print|(?:only )?warn)s?\b",
    re.IGNORECASE,
)
# Who refuses something names what is refused; what somebody saw stands behind "to avoid".
_REFUSES = re.compile(
    r"^(?:reject|refuse|disallow|forbid|validate)s?\b.*?(?:\bto (?:avoid|prevent)\b|$)",
    re.IGNORECASE,
)
_UNSEEN = re.compile(r"\bdocstrings?\b|\btype (?:hint|annotation)s?\b", re.IGNORECASE)


@lru_cache(maxsize=8192)
def _in_title(text: str) -> str | None:
    text = _REFUSES.sub("", _ADDED_TESTS.sub("", _AREA.sub("", text)))
    if _UNSEEN.search(text):
        return None
    asked: tuple[str, ...] = _FROM_TITLE
    if _ON_PURPOSE.match(text):
        asked = tuple(name for name in asked if name != "crash")
    found = next((name for name in asked if _PATTERNS[name].search(text)), None)
    return "display" if found == "message" else found


@lru_cache(maxsize=8192)
def _in_sentences(texts: tuple[str, ...]) -> str | None:
    return next(
        (name for name, words in _OUTRIGHT.items() if any(words.search(text) for text in texts)),
        None,
    )


def symptom(record: ChangeRecord) -> str:
    """One of SYMPTOMS; "other" where neither title nor text says.

    The area before a title's colon is where it was, not what it was (`fix(build): ...`).
    """
    title = record.change.title
    if found := _in_title(headline(record.change) if vague(title) else read_title(title).text):
        return found
    if record.change.described and record.digest.description:
        texts = sentences(record.digest.description[:1500])
        return _in_sentences(tuple(text for text in texts if not _OF_TESTS.search(text))) or "other"
    return "other"
