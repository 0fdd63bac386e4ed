"""Bug fixes by what a user would have seen; from the title first, then from the change's own words."""

from __future__ import annotations

import re
from functools import lru_cache

from kb.report.titles import visible
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
    "flaky",
    "other",
)

_WORDS = {
    "security": r"CVE-\d|GHSA-|vulnerab\w*|path traversal|injection|\bXSS\b|\bRCE\b|漏洞|注入",
    "hang": r"\bhang\w*|dead ?lock\w*|\bstuck\b|\bfreez\w*|infinite loop|livelock|never (?:returns?|finish\w*)|busy[- ]?loop|\bblocked forever|卡死|死锁|挂起|卡住|死循环",
    "leak": r"\bleak\w*|out[- ]of[- ]memory|\bOOM\w*|memory (?:growth|bloat|usage grows)|double free|use[- ]after[- ]free|泄[漏露]|内存溢出|显存溢出|爆显存",
    "crash": r"\bcrash\w*|seg ?fault|\bSIG(?:SEGV|ABRT|FPE)\b|illegal (?:memory|instruction)|\bIMA\b|\bpanic\w*|abort\w*|assert(?:ion)?s?\b|exceptions?\b"
    r"|\b\w+(?:Error|Exception)\b|traceback|\braises?\b|null pointer|nil (?:pointer|deref\w*)|\bNPE\b|nonetype|\bundefined\b|unbound|out of (?:range|bounds)|overflow|broken|\bbreaks?\b|cuda error|\berrors?\b|compatibility|\bfail(?:s|ed|ing|ure)?\b"
    r"|崩溃|报错|异常|越界|空指针|段错误",
    "wrong-result": r"\bwrong\w*|incorrect\w*|correctness|overwrit\w*|indexing|\balign\w*|\bcorrects?\b|mismatch\w*|\binaccura\w*|accuracy|\bnan\b|garbage|gibberish|corrupt\w*|precision|numeric\w*|duplicat\w*|missing\b|\blost\b|drops?\b|dropped|dropping|stale"
    r"|mis(?:align|handl|report|count|comput)\w*|off[- ]by[- ]one|inconsistent|ignored?\b|not (?:applied|respected|honou?red|propagat\w*|updat\w*|working)|doesn'?t (?:work|apply|respect)|race\b|leftover|错误|不正确|不一致|不匹配|精度|丢失|重复|不生效|失效",
    "startup": r"\b(?:start(?:up|ing)?|launch\w*|boot\w*|initiali[sz]\w*|init|warm ?up|load(?:ing|er)?|weights?|import(?:s|ing)?|checkpoint\w*)\b|启动|加载|初始化|导入",
    "build": r"\bbuild\w*|compil\w*|\binstall\w*|\bwheels?\b|packag\w*|\bdocker\w*|\blinke?r?\b|cmake|pip\b|npm\b|cargo\b|toolchain|编译|安装|构建|打包",
    "slow": r"\bslow\w*|perf(?:ormance)? regress\w*|latency|overhead|throughput|bottleneck|regression|\bperf\b|性能|延迟|变慢",
    "request": r"\b(?:api|request\w*|response\w*|stream\w*|parser?|pars(?:e|ing)|tool[ -]?calls?|json|http|endpoint|status code|4\d\d|5\d\d|header|encoding|unicode|validation|schema|protocol|openai)\b|请求|响应|流式|解析|接口",
    "display": r"\b(?:log(?:s|ging|ger)?|metrics?|print\w*|warn(?:ing)?s?|message|display\w*|typos?|format(?:ting)?|label|dashboard|docs?|tracing|style|layout|render\w*|css)\b|日志|指标|显示|提示|渲染|样式",
    "flaky": r"\bflak\w*|\btest_|\blint\b|\bci\b|nightly|\btests?\b|test case|unit test|\bbaseline\b|workflow|测试|用例|流水线",
}
_PATTERNS = {name: re.compile(words, re.IGNORECASE) for name, words in _WORDS.items()}
_FROM_TITLE = (
    "security",
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
)
_FROM_TEXT = ("security", "hang", "leak", "crash", "wrong-result")


@lru_cache(maxsize=8192)
def _in_text(text: str, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if _PATTERNS[name].search(text)), None)


def symptom(record: ChangeRecord) -> str:
    """One of SYMPTOMS; "other" where neither title nor text says."""
    if found := _in_text(visible(record.change.title), _FROM_TITLE):
        return found
    if record.change.described and record.digest.description:
        return _in_text(record.digest.description[:1500], _FROM_TEXT) or "other"
    return "other"
