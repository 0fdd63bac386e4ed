"""What a title says: tags, conventional prefix, gitmoji, CJK words, verbs; nothing may depend on it alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from kb.analysis.word_sets import words


@dataclass(frozen=True, slots=True)
class Title:
    """`type`: what the title claims ("" where it says nothing); `how`: prefix, tag, emoji, word, verb."""

    text: str  # without tags, prefix and emoji
    tags: tuple[str, ...] = ()
    scope: str = ""
    type: str = ""
    how: str = ""
    breaking: bool = False
    release: bool = False  # it speaks of a release
    release_alone: bool = False  # and of nothing else


# Types beside CHANGE_TYPES that only the diff can settle.
CHORE = "chore"

_PREFIX_TYPES = {
    "feat": "feature", "feature": "feature", "features": "feature", "new": "feature", "add": "feature",
    "enh": "feature", "enhancement": "feature", "enhance": "feature", "model": "feature", "support": "feature",
    "fix": "bugfix", "bugfix": "bugfix", "bug": "bugfix", "hotfix": "bugfix", "fixes": "bugfix", "bug fix": "bugfix",
    "fixed": "bugfix", "bugs": "bugfix",
    "perf": "performance", "performance": "performance", "optimize": "performance", "optimization": "performance",
    "opt": "performance", "speed": "performance",
    "refactor": "refactor", "refact": "refactor", "refactoring": "refactor", "style": "refactor", "cleanup": "refactor",
    "clean": "refactor", "clean up": "refactor", "minor": CHORE, "tidy": "refactor", "format": "refactor", "lint": "refactor",
    "rename": "refactor", "code style": "refactor", "types": "refactor", "typing": "refactor", "nit": CHORE,
    "docs": "docs", "doc": "docs", "documentation": "docs", "document": "docs", "readme": "docs", "typo": "docs",
    "translation": "docs", "translations": "docs", "i18n": "docs", "l10n": "docs",
    "ci": "ci-config", "cicd": "ci-config", "ci/cd": "ci-config", "workflow": "ci-config", "workflows": "ci-config",
    "release": "ci-config", "infra": "ci-config", "devops": "ci-config", "nightly": "ci-config",
    "build": CHORE, "chore": CHORE, "misc": CHORE, "maint": CHORE, "internal": CHORE, "tooling": CHORE, "tools": CHORE,
    "test": "test", "tests": "test", "testing": "test", "ut": "test", "e2e": "test", "bench": "test",
    "deps": "dependency", "dep": "dependency", "dependencies": "dependency", "dependency": "dependency",
    "pre-commit.ci": "dependency", "pre-commit": "ci-config", "deps-dev": "dependency", "bump": "dependency", "upgrade": "dependency",
    "revert": "revert", "reverts": "revert",
    "security": "security", "sec": "security", "cve": "security",
}  # fmt: skip

_EMOJI_TYPES = {
    "✨": "feature", "🎉": "feature", "🚸": "feature", "♿": "feature", "💄": "feature", "🥅": "feature", "🌐": "docs",
    "🔊": "feature", "🚩": "feature", "➕": "dependency", "➖": "dependency", "⬆": "dependency", "⬇": "dependency", "📌": "dependency",
    "🐛": "bugfix", "🚑": "bugfix", "🩹": "bugfix", "🥚": "", "✏": "docs", "📝": "docs", "📄": "docs", "💡": "docs", "👥": "docs", "🍱": "docs",
    "🔒": "security", "🔐": "ci-config", "⚡": "performance", "🐎": "performance",
    "♻": "refactor", "🎨": "refactor", "🔥": "refactor", "⚰": "refactor", "🚚": "refactor", "🗑": "refactor", "🏗": "refactor", "🏷": "refactor",
    "🔨": CHORE, "🔧": CHORE, "🙈": "ci-config", "👷": "ci-config", "💚": "ci-config", "🚀": "ci-config", "🔖": "ci-config", "📦": CHORE,
    "✅": "test", "🧪": "test", "🤡": "test", "📸": "test", "🚨": "refactor", "⏪": "revert", "💥": "feature", "🛂": "security", "🧱": "ci-config",
    "🌱": "test", "📈": "feature", "🔇": "refactor", "🧑": "feature", "🧵": "feature", "🦺": "feature", "🍻": "",
}  # fmt: skip
_EMOJI_NAMES = {
    "sparkles": "✨", "bug": "🐛", "ambulance": "🚑", "memo": "📝", "pencil2": "✏", "zap": "⚡", "recycle": "♻", "art": "🎨",
    "fire": "🔥", "construction_worker": "👷", "green_heart": "💚", "arrow_up": "⬆", "arrow_down": "⬇", "lock": "🔒",
    "white_check_mark": "✅", "test_tube": "🧪", "wrench": "🔧", "hammer": "🔨", "rewind": "⏪", "bookmark": "🔖", "rocket": "🚀",
    "boom": "💥", "truck": "🚚", "label": "🏷", "heavy_plus_sign": "➕", "heavy_minus_sign": "➖", "pushpin": "📌",
    "adhesive_bandage": "🩹", "tada": "🎉", "lipstick": "💄", "globe_with_meridians": "🌐", "rotating_light": "🚨",
    "see_no_evil": "🙈", "building_construction": "🏗", "coffin": "⚰", "wastebasket": "🗑", "package": "📦", "bulb": "💡",
    "loud_sound": "🔊", "goal_net": "🥅", "children_crossing": "🚸", "triangular_flag_on_post": "🚩",
}  # fmt: skip
_CJK_TYPES = (
    ("security", ("安全漏洞", "漏洞", "越权", "注入攻击", "安全修复")),
    ("bugfix", ("修复", "修正", "解决", "修改错误", "纠正", "bug", "异常", "不生效", "报错", "失效", "错误")),
    ("dependency", ("升级依赖", "更新依赖", "依赖升级", "升级版本", "版本升级")),
    ("docs", ("文档", "注释", "翻译", "说明", "错别字", "教程", "拼写")),
    ("test", ("单元测试", "测试用例", "测试", "单测", "用例")),
    ("refactor", ("重构", "重命名", "整理", "清理", "代码优化", "优化代码", "调整结构", "抽取", "拆分", "移除", "删除", "规范", "简化")),
    ("performance", ("性能", "加速", "提速", "优化查询", "减少内存", "降低内存", "耗时")),
    ("feature", ("新增", "增加", "添加", "支持", "实现", "新功能", "引入", "接入", "适配", "新建", "开放", "提供", "允许", "完善")),
    ("ci-config", ("流水线", "构建", "发布", "发版", "部署脚本", "工作流")),
)  # fmt: skip
# Only where a title begins with them: a fix of an "undo" button is no revert.
_CJK_REVERT = ("回滚", "回退", "撤销", "还原")
# These say that something is different, not what: the diff has a say too.
_CJK_CHANGED = ("优化", "调整", "更新", "修改", "改进", "变更", "改为")
_FIX = r"(fix(es|ed|ing|up)?|bug-?fix(es)?|hot-?fix(es)?|repair|correct(s|ed|ly)?|resolve[sd]?|prevent(s|ed|ing)?|avoid(s|ed|ing)?|handle[sd]?|stop|workaround|work around|patch(es)?|ensure[sd]?|restore[sd]?|guard|don'?t|do not|never|no longer|properly|make sure)"
_VERBS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("revert", r"^(revert|roll ?back|back ?out|undo)\b"),
        ("dependency", r"^(bump|upgrade|update|pin|unpin|downgrade)s?\b.*\b(from|to|dependenc(y|ies)|deps|requirements?|lock ?file|packages?|version|crates?|submodules?|pre-?commit|actions?)\b"),
        ("dependency", r"^(bump|pin|unpin)\b|^\[?pre-commit"),
        ("docs", r"^(fix(ed|es)?\s+)?(a\s+|some\s+|minor\s+|few\s+)*(typos?|spelling|punctuation|grammar|misspell\w*|broken links?|dead links?|wording|documented \w+|docs? fix(es)?)\b|^\w+ (typos?|spelling)\b"),
        ("docs", r"^(document|clarify|docs?|update (the )?(docs?|documentation|readme|changelog|comments?)|add (some |more |missing )?(docs?|documentation|docstrings?|comments?|doc|examples? (to|for|in) (the )?docs)|improve (the )?(docs?|documentation|docstrings?)|mention|reword|translate|readme|changelog)\b"),
        ("docs", r"\b(typos?|documentation|docstrings?|readme|doc comments?)\b(?!.*\b(generat|option|build)\w*)"),
        ("test", r"^(add|fix|update|improve|refactor|skip|enable|disable|deflake|move|remove|stabilize|extend|use|rename|rewrite|unskip|make|increase|run|more|reduce|speed ?up|clean ?up)?\s*(a |an |some |more |missing |new |the |flaky |failing |broken |unit |regression |integration |e2e |fuzz |basic |additional |\w+ )*(tests?|testcases?|test cases?|unit ?tests?|flaky|coverage|fixtures?|fuzzer|fuzzing|snapshots?|benchmarks?)\b(?! (client|runner|server|util|framework|mode))"),
        ("ci-config", r"^(ci|github actions?|workflows?|codeql|travis|appveyor)\b|\b(in|on|to|for|from) (the )?(ci|github actions?|workflows?|pipelines?|pre-commit)\b|\bgithub (actions?|workflows?)\b|\b(renovate|dependabot|codecov|golangci|clippy|eslint|prettier|ruff|mypy|pre-commit|stale bot|issue templates?)\b"),
        ("bugfix", r"^" + _FIX + r"\b"),
        ("performance", r"^(optimi[sz]e|speed ?up|speed|accelerate|improve (the )?(performance|speed|throughput|latency)|reduce (the )?(\w+ ){0,2}(allocation|memory|overhead|latency|copies|copy|clones?|lock|contention)\w*|faster|cache|fuse|tune|inline|preallocate|parallelize|lazily|avoid (unnecessary|extra|redundant|needless|double|repeated) \w+)\b"),
        ("performance", r"\b(performance|perf|faster|speed-?up|speeds? up|throughput|latency|allocations?|optimi[sz](e|es|ed|ation|ations)|zero-?copy|contention)\b"),
        ("refactor", r"^(refactor|clean ?up|clean|rename|move|simplif(y|ies)|extract|split|reorgani[sz]e|restructure|consolidate|unify|dedup(licate)?|inline|tidy|moderni[sz]e|rewrite|reformat|format|replace|migrate|convert|switch|delete|remove|drop|purge|strip|merge|decouple|abstract|hoist|refine|use|prefer|lint|apply|silence|adjust|change|reuse|centrali[sz]e|make .* (private|const|final|internal))[sd]?(ed|ing)?\b"),
        ("refactor", r"\b(refactor(ing|ed|s)?|cleanups?|clean-?up|dead code|unused|deduplicat\w*|type (hints?|annotations?)|typing|lints?|formatting|nits?)\b"),
        ("feature", r"^(add(s|ed|ing)?|support(s|ed|ing)?|implement(s|ed|ing)?|introduc(e|es|ed|ing)|allow(s|ed|ing)?|enabl(e|es|ed|ing)|expos(e|es|ed|ing)|provide[sd]?|accept[s]?|extend[s]?|new|create|integrate|onboard|adapt|initial|register|deprecate[sd]?|promote|stabilize|export|emit|include|show|print|log|warn|report|track|implement|let|opt-in|make|improve|enhance|export|display|port|require|set|impl|turn on|per-\w+)\b"),
        ("bugfix", r"\b(fix(es|ed|ing)?|bug|crash(es)?|panics?|leaks?|race|deadlock|hang(s|ing)?|regressions?|incorrect(ly)?|wrong(ly)?|broken|missing|error when|fails?|failure|typo|overflow|segfault|oom|illegal memory)\b"),
        ("feature", r"\b(support|add|implement|introduce|enable|allow)(s|ed|ing)?\b"),
        ("dependency", r"\b(bump|upgrade)\b"),
    )
)  # fmt: skip
# What a title says first is what it is for: "Fix a hang & improve docstrings".
_ALSO = re.compile(
    r"\s(?:&|and|\+)\s+(?=(add|update|improve|refactor|clean|remove|rename|document|simplify|fix)\w*\s)",
    re.IGNORECASE,
)
_CONVENTIONAL = re.compile(
    r"^(?P<type>[A-Za-z][A-Za-z/ -]{0,14}?)\s*(\((?P<scope>[^)]{0,60})\))?(?P<bang>!)?\s*(?:\[[^\]]*\]\s*)?[:：]\s*(?P<rest>.+)$"
)
_AREA = re.compile(r"^(?P<scope>[\w./*,{}() +&-]{1,40}?)(?P<bang>!)?[:：]\s+(?P<rest>\S.*)$")
# "Fix grammar: ..." names no area.
_VERB_FIRST = re.compile(
    r"(fix|add|update|remove|improve|allow|support|make|use|change|refactor)(s|es|ed|d)?\s",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"^\s*(?:\[(?P<square>[^\]]{1,50})\]|【(?P<cjk>[^】]{1,50})】|\((?P<round>[A-Za-z]{2,12})\)(?=\s))\s*[:：]?\s*"
)
# What a fix calls unstable was a fault, and an object of JavaScript has a prototype.
UNFINISHED = (
    r"(?<!fix )(?<!fixes )(?<!fixed )(?<!avoid )(?<!prevent )unstable"
    r"|(?<!the )(?<!its )(?<!their )(?<!null )(?<!null-)(?<![.])prototype"
    r"(?![- ](?:chain|pollution|method|propert|getter|lookup|object|inherit))"
)
_EMOJI = re.compile(
    r"^\s*(?:(?P<char>[\u2190-\u2bff\u2600-\u27bf\U0001f000-\U0001faff])[\ufe0f\u200d]*(?:[\u2640-\u2642\U0001f3fb-\U0001faff][\ufe0f]?)?|:(?P<name>[a-z0-9_+-]+):)\s*"
)
# "ENH Raise when ...": the markers of scientific Python's projects, which need no colon. Those that are
# words as well are markers before a capital letter only.
MARKER = re.compile(
    r"^\s*(?P<marker>ENH|MAINT|MNT|STY|TST|TYP|BLD|(?:BUG|CHORE|DOC|FEAT|FIX|PERF)(?=\s+[A-Z`]))\s+(?=\S)"
)
_MARKER_TYPES = {
    "ENH": "feature", "MAINT": CHORE, "MNT": CHORE, "STY": "refactor", "TST": "test", "TYP": "refactor",
    "BLD": CHORE, "BUG": "bugfix", "CHORE": CHORE, "DOC": "docs", "FEAT": "feature", "FIX": "bugfix",
    "PERF": "performance",
}  # fmt: skip
_NUMBER = re.compile(r"\s*\(#\d+\)\s*$")
_RELEASE = re.compile(
    r"^(\w+: ?)?((prepare|cut|publish|start|begin|new|make)\s+(\w+\s+){0,3})?(releas(e|ing)|version|changelog for)\b.*\d"
    r"|^(bump|up|update|set|increment|change|upgrade)\s+(the\s+)?(\w+\s+)?(package\s+|crate\s+|project\s+)?version\b"
    r"|^(\w+[ -])?v?\d+\.\d+(\.\d+)?([-.\w]*)$|^release\b|^(prepare|tag)\s+(\w+\s+)?(to\s+|for\s+)?v?\d+\.\d+|^bump\s+(to\s+|for\s+)?v?\d+\.\d+|^(发版|发布)"
    r"|^start (working on )?v?\d+|^prep\w* (for )?(the )?(next|v?\d|release)|^release[-/: ]|^merge (back )?(the )?(release|branch|upstream)\b",
    re.IGNORECASE,
)  # fmt: skip
# A title that names a version and nothing else is a release, whatever was merged with it.
_RELEASE_ALONE = re.compile(
    r"^((prepare|cut|publish)\s+)?((release|version)\s+v?\d+\.\d+|v?\d+\.\d+|[\w-]{1,30}-v?\d+\.\d+|[\w-]{1,30} v?\d+(\.\d+){2})[-.+\w]*$"
    r"|^release\s+(rc\.?\d+|candidate\b.{0,12})$",
    re.IGNORECASE,
)  # fmt: skip
# The revert of a revert brings the first change back.
_RELAND = re.compile(
    r"^\s*(revert\s+[\"'\u201c]revert\s+|re(apply|land)\b:?\s+)[\"'\u201c]?", re.IGNORECASE
)
# "Fixes #12: add hinges" says which issue it closes, and after it what it does.
_CLOSES = re.compile(
    r"^(fix(es|ed)?|close[sd]?|resolve[sd]?)\s*:?\s+(\S{1,80}/\S{1,80})?#\d+\s*[:：,.\u2013-]\s*(?=\w)",
    re.IGNORECASE,
)
_CJK = re.compile(r"[\u3400-\u9fff]")
_OF_THE_PRODUCT = words("feature bugfix performance")
_KNOWN_AREA_TYPES = words("ci test tests docs doc build chore deps perf")


@lru_cache(maxsize=4096)
def parse_title(raw: str) -> Title:
    """Never fails; a title that says nothing has an empty type."""
    text = _NUMBER.sub("", raw.strip())
    again = _RELAND.match(text)
    if again:
        raw = text = text[again.end() :].rstrip("\"'\u201d ")
    tags: list[str] = []
    kind = how = scope = ""
    breaking = False
    for _ in range(8):
        if match := _EMOJI.match(text):
            emoji = match["char"] or _EMOJI_NAMES.get(match["name"] or "", "")
            if not kind and _EMOJI_TYPES.get(emoji):
                kind, how = _EMOJI_TYPES[emoji], "emoji"
            breaking = breaking or emoji == "💥"
            text = text[match.end() :]
        elif match := _TAG.match(text):
            tag = (match["square"] or match["cjk"] or match["round"] or "").strip()
            tags.append(tag)
            claimed = _PREFIX_TYPES.get(tag.lower())
            if claimed and (not kind or kind == CHORE):
                kind, how = claimed, "tag"
            text = text[match.end() :]
        elif match := MARKER.match(text):
            if not kind or kind == CHORE or match["marker"] in ("TST", "DOC"):
                kind, how = _MARKER_TYPES[match["marker"]], "prefix"  # "FIX TST": of the tests
            text = text[match.end() :]
        else:
            break
    text = text.strip(" :：-")
    closes = _CLOSES.match(text)
    if closes:
        text = text[closes.end() :]
    release = bool(_RELEASE.match(text))
    if (match := _CONVENTIONAL.match(text)) and match["type"].strip().lower() in _PREFIX_TYPES:
        claimed = _PREFIX_TYPES[match["type"].strip().lower()]
        scope = match["scope"] or ""
        breaking = breaking or bool(match["bang"])
        if not kind or kind == CHORE or how == "tag":
            kind, how = claimed, "prefix"
        text = match["rest"].strip()
        if scope.lower() in ("deps", "deps-dev", "dependencies", "dev-deps") and kind in (
            CHORE,
            "bugfix",
            "ci-config",
        ):
            kind = "dependency"
        elif scope.lower() in ("release",):
            release = True
        elif scope.lower() in ("test", "tests") and kind == CHORE:
            kind = "test"
        elif scope.lower() in ("ci", "actions", "workflows", "docs") and kind == CHORE:
            kind = "docs" if scope.lower() == "docs" else "ci-config"
    elif (match := _AREA.match(text)) and not _VERB_FIRST.match(match["scope"]):
        scope = match["scope"]
        breaking = breaking or bool(match["bang"])
        text = match["rest"].strip()
        area = scope.lower().split("/")[0].split("(")[0].strip()
        if not kind and area in _PREFIX_TYPES and area in _KNOWN_AREA_TYPES:
            kind, how = _PREFIX_TYPES[area], "prefix"
    release = release or bool(_RELEASE.match(text))
    if (
        (not kind or kind == CHORE)
        and (found := _by_words(text))
        and (
            not kind
            or found[0]
            in (
                "bugfix",
                "dependency",
                "docs",
                "test",
                "ci-config",
                "revert",
                "performance",
            )
        )
    ):
        kind, how = found
    if closes and not kind:
        kind, how = "bugfix", "verb"
    if re.match(r"^(partial(ly)?\s+)?revert(s|ed|ing)?\b", text, re.IGNORECASE) or re.match(
        r'^\s*revert "', raw, re.IGNORECASE
    ):
        kind, how = "revert", "verb"
    if again or (how in ("prefix", "tag", "emoji") and kind in _OF_THE_PRODUCT):
        release = False  # "feat: HTTP 2.0"
    alone = (
        not again
        and kind in ("", CHORE, "ci-config", "dependency")
        and bool(_RELEASE_ALONE.match(text))
    )
    return Title(text, tuple(tags), scope, kind, how, breaking, release or alone, alone)


def _by_words(text: str) -> tuple[str, str] | None:
    if _CJK.search(text) and (found := _by_cjk_words(text.lower())):
        return found
    for part in (_ALSO.split(text, maxsplit=1)[0], text):
        for kind, pattern in _VERBS:
            if pattern.search(part):
                return kind, "verb"
    return None


def _by_cjk_words(text: str) -> tuple[str, str] | None:
    """The phrase that stands first decides, the longer one where two begin together."""
    if text.startswith(_CJK_REVERT):
        return "revert", "word"
    places = [
        (text.find(phrase), -len(phrase), kind)
        for kind, phrases in _CJK_TYPES
        for phrase in phrases
        if phrase in text
    ]
    changed = [text.find(phrase) for phrase in _CJK_CHANGED if phrase in text]
    first = min(places) if places else (len(text), 0, "")
    nouns = ("performance", "docs", "test", "dependency")  # "优化性能" is about performance
    if changed and min(changed) < first[0] and first[2] not in nouns:
        return "refactor", "verb"
    return (first[2], "word") if places else None
