"""What a pull request's description says, without its template; and the figures that it measured.

Every step is a pass over lines with bounded patterns, so that a body of any size or malice costs
time in proportion to its length. Code fences are kept as they stand: only prose is cleaned.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kb.text.measures import measured_lines

MAX_ROW_LINES = 40  # of one row of a table, wrapped
MAX_BODY = 400_000  # characters; GitHub itself stops at 65,536


@dataclass(frozen=True, slots=True)
class Description:
    """`text`: the body without template, checklists, images, badges and trailers.

    `metrics`: the sentences, log lines and table rows of it that carry a measured figure.
    """

    text: str
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    code: bool = False
    level: int = 0  # of a heading; 0 for anything else


# Headings that a template brings: they say nothing, and go even where a text follows.
_TEMPLATE_HEADINGS = re.compile(
    r"""(?ix)
    (?: motivation | describe\ (?:your|the)\ changes? | solutions? | problem(?:\ statement)? | modifications? | descriptions? | summary(?:\ of\ changes)? | purpose | overview
      | (?:the\ |proposed\ )?changes(?:\ made)? | what(?:'s|\ is)?\ (?:changed|new)
      | (?:pr|pull\ request)\ (?:description|summary|type|info(?:rmation)?) | context | background
      | what\ (?:does|do|is|are|did)\ th(?:is|ese)\ (?:pr|pull\ request|changes?)\b.{0,40}
      | what\ this\ (?:pr|pull\ request)\ does.{0,40} | (?:why|how|what)(?:\ \&\ (?:why|how))?
      | why\ (?:are\ the\ changes|is\ this\ change|do\ we)\b.{0,30} | what\ type\ of\ pr\ is\ this
      | which\ issue\(?s?\)?.{0,50} | special\ notes\ for\ your\ reviewers?
      | (?:related|linked|fixed|closed)?\ ?(?:issues?|tickets?)(?:\ number)? | additional\ (?:context|notes?|info(?:rmation)?)
      | other(?:\ (?:information|comments|notes))? | (?:release\ )?notes? | screenshots?.{0,30} | details?
      | type\ of\ changes? | (?:does\ this\ pr\ introduce\ )?(?:any\ |a\ )?user[-\ ]facing\ changes?
      | how\ (?:has\ this\ been|was\ this(?:\ patch)?)\ tested | essential\ elements\b.{0,60}
      | 背景 | 动机 | 目的 | 描述 | 说明 | 概述 | 摘要 | 简介 | 修改(?:内容|说明)? | 改动(?:内容|说明|点)?
      | 变更(?:内容|说明|类型|描述)? | 主要(?:修改|改动|变更) | 相关\ ?(?:issue|问题) | 关联\ ?(?:issue|问题)
      | 其他 | 备注 | 补充(?:说明)? | 截图 )
    """
)
# Sections whose lists are ticks for the author and steps for reviewers.
_TICK_SECTIONS = re.compile(
    r"""(?ix)
    (?:.{0,30}\b)?check\ ?-?list\b.{0,30} | (?:code\ )?review(?:\ and\ merge)?\ (?:process|checklist|guidelines?)
    | before\ (?:submitting|you\ submit|requesting|merging).{0,40} | (?:pr|pull\ request)\ (?:checks|requirements)
    | contribut(?:or|ion|ing).{0,40}(?:agreement|guidelines?|requirements?) | type\ of\ changes?
    | to-?do\ before\ merg.{0,20} | dependabot\ commands.{0,20} | commands\ and\ options
    | ci\ states? | (?:检查|自查|提交)(?:清单|项|列表).{0,20} | 自测清单 | 变更类型
    """
)
_PLAN_SECTIONS = re.compile(
    r"(?i)to-?do|follow[- ]?ups?|road ?map|next steps?|future|(?<!test )(?<!testing )plan|limitations?|remaining|待办|后续|计划|遗留"
)
_BOILERPLATE = re.compile(
    r"""(?ix)
    (?: i(?:\ have|'ve|\ did|\ am|'m|\ will|\ confirm|\ agree|\ understand)\b
      | (?:my|the)\ (?:code|changes?|commits?|pr|branch)\ (?:follows?|generates?|requires?|is|are|has|have|passes)\b
      | (?:all\ )?(?:new\ and\ existing\ |unit\ |existing\ )?tests?\ (?:pass|are\ passing|have\ been\ added|added|added/updated)\b
      | (?:unit\ )?tests?(?:\ (?:added|updated|included))?$ | (?:docs?|documentation|changelog)(?:\ (?:added|updated|included|needed))?$
      | (?:added|updated?|add|wrote|write|provide|ran|run)\ (?:(?:the|a|new|unit|any|relevant|necessary|according)\ )*(?:tests?|docs?|documentation|docstrings|changelog|benchmark(?:\ results?)?|accuracy|lint(?:ers?|ing)?|pre-commit|formatters?)\b
      | format\ (?:your|the)\ code\b | follow\ the\b.{0,60}\b(?:style|guid|process)
      | (?:breaking\ change|bug\ ?fix|new\ feature|(?:code\ )?refactor(?:ing)?|performance(?:\ improvements?)?|documentation(?:\ update)?|chore|tests?|ci|style|build|security(?:\ fix)?|dependency\ (?:update|bump))\ ?(?:\(.{0,120}\))?$
      | signed\ the\ cla | cla\ signed | self-?review(?:ed)? | linked\ (?:the|an?|related)?\ ?issues? | pre-commit\b
      | the\ (?:purpose|test\ plan|test\ results?)\b.{0,120}(?:such\ as|provid|of\ the\ pr|command)
      | \(optional\)\ the\ | 我已 | 已(?:添加|补充|更新|阅读|通过)(?:.{0,12})(?:测试|文档|规范|检查)$ | 新功能$ | 修复$ | 文档$ | 重构$ )
    """
)
_PLACEHOLDERS = re.compile(
    r"""(?ix) [\s_*>(\[]*
    (?: please\ (?:describe|explain|include|add|provide|make\ sure|ensure|read|check|fill|delete|remove|refer|follow|link|note\ that\ we|see\ (?:the\ )?contribut)\b.{0,400}
      | (?:describe|explain|detail|summari[sz]e)\ (?:the|your|what|why|how|any|briefly|in\ detail)\b.{0,200}\b(?:pr|pull\ request|changes?|purpose|motivation|problem)\b.{0,120}
      | thank(?:s|\ you)\ for\ (?:your\ (?:contribut|pr|pull)|contributing|submitting|opening)\b.{0,300}
      | if\ (?:this|your)\ (?:pr|pull\ request)\ (?:fixes|closes|is|impacts|addresses)\b.{0,200}(?:link|add|please|here)\b.{0,120}
      | (?:fixes|closes|resolves)?\ ?\#\ ?(?:\(issue\)|issue|xxxx?|<.{0,20}>|_+|nnn+)?
      | (?:delete|remove)\ (?:this|the)\ (?:section|line|text|comment|template)\b.{0,120} | fill\ (?:in|out)\b.{0,120}
      | before\ submitting,?\ please\ read\b.{0,300} | .{0,20}anything\ (?:written\ )?below\ this\ line.{0,80}
      | none | n/?a | no | nope | tbd | todo | no\ response | nothing | 无 | 暂无 | 没有 | -+ | \.+ )
    [\s_*)\].!]*
    """
)
_TRAILERS = re.compile(
    r"""(?ix)
    (?: (?:signed-off|co-authored|reviewed|acked|tested|reported|suggested|approved|co-developed|helped|authored|committed|assisted|merged)-by
      | reviewed\ by | change-id | cc | commit-queue | auto-submit | bot-commit | tracked-on
      | differential\ (?:revision|version) | pull\ request\ resolved | (?:original\ )?phabricator\ diff
      | ghstack-(?:source-id|comment-id|poisoned) | imported-using | fbshipit-source-id | git-svn-id
      | x-lore-\S{1,40} | claude-session | generated-by | skip-checks | gitorigin-revid | lsc | rollback-plan ) :\ .{0,400}
    | stack\ from\ \[?ghstack\]?.{0,200} | \(cherry\ picked\ from\ commit\ [0-9a-f]{7,40}\)
    | (?:🤖\ ?)?generated\ (?:with|by)\ \[?(?:claude|copilot|codex|cursor|devin|gemini|openhands|aider)\b.{0,200}
    | /(?:kind|sig|priority|area|cc|uncc|assign|unassign|lgtm|approve|hold|retest|ok-to-test|label|milestone|triage|test|rerun\S{0,30}|run\S{0,30})(?:\ .{0,120})?
    | \[//\]:\ \#.{0,200} | dependabot\ will\ (?:resolve|merge)\b.{0,300} | you\ can\ (?:trigger|disable)\ .{0,200}\bdependabot\b.{0,300}
    | this\ pr\ (?:has\ been|was)\ generated\ by\ .{0,160} | read\ more\ about\ the\ use\ of\ renovate.{0,200}
    """
)
_TAG_NAMES = (
    "a|abbr|b|blockquote|br|center|code|dd|del|details|dfn|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|i|iframe|img|"
    "ins|kbd|li|mark|ol|p|picture|pre|q|s|samp|script|small|source|span|strike|strong|style|sub|summary|sup|"
    "table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|video"
)
_TAG = re.compile(rf"(?i)</?(?:{_TAG_NAMES})(?:[\s/][^<>]{{0,3000}})?/?>")
_CELL = re.compile(r"(?i)</t[dh]\s{0,5}>")
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,1000}\](?:\([^()\n]{0,3000}\)|\[[^\[\]\n]{0,200}\])")
_EMPTY_LINK = re.compile(r"\[\s{0,20}\]\([^()\n]{0,3000}\)")
_LINK = re.compile(r"\[([^\[\]\n]{1,1000})\]\((?:[^()\n]{0,3000})\)")
_UPLOAD = re.compile(
    r"(?i)https?://(?:github\.com/user-attachments/assets|(?:private-)?user-images\.githubusercontent\.com"
    r"|img\.shields\.io|badgen\.net|codecov\.io/gh|github\.com/[^/\s]{1,80}/[^/\s]{1,100}/assets)/\S{0,1000}"
)
_CHECKBOX = re.compile(r"^\s{0,40}(?:[-*+]|\d{1,3}[.)])\s{1,8}\[([ xX✓✔]?)\]\s{0,8}(.*)$")
_ITEM = re.compile(r"^\s{0,40}(?:[-*+]|\d{1,3}[.)])\s")
_ATX = re.compile(r"^\s{0,3}(#{1,6})(?:\s+(.*?))?(?:\s#{1,6})?\s*$")
_BOLD_TITLE = re.compile(r"^\s{0,3}(?:\*\*|__)([^*_\n]{1,80})(?:\*\*|__)\s{0,3}[:：]?\s{0,3}$")
_FENCE = re.compile(r"^\s{0,12}(`{3,}|~{3,})")
_TABLE_RULE = re.compile(r"^\s{0,3}\|(?=[\s:|]{0,400}-)[\s:|-]{1,800}\|\s*$")
_RULE = re.compile(r"^\s{0,3}([-=*_])(?:\s{0,3}\1){2,200}\s*$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]")
_ANSI = re.compile(r"\x1b(?:\[[0-9;?]{0,30}[ -/]{0,3}[@-~]|\][^\x07\x1b\n]{0,500}(?:\x07|\x1b\\)?)")


def clean_description(body: str | None) -> Description:
    """The content of a pull request's (or a commit's) body, and the figures that it reports."""
    if not body:
        return Description("")
    lines = list(read_lines(body))
    kept = _without_empty_headings(list(_without_template(lines)))
    text = _joined(kept)
    return Description(text, measured_lines((line.text, line.code) for line in kept))


def split_trailers(body: str) -> tuple[str, tuple[str, ...]]:
    """The body without the trailers at its end (and the rule above them), and these."""
    lines = body.rstrip().splitlines()
    end = len(lines)
    while end and (not (line := lines[end - 1].strip()) or _ends(line)):
        end -= 1
    trailers = tuple(line.strip() for line in lines[end:] if _TRAILERS.fullmatch(line.strip()))
    return "\n".join(lines[:end]), trailers


def _ends(line: str) -> bool:
    return bool(_TRAILERS.fullmatch(line) or _RULE.match(line))


def _plain(body: str) -> str:
    """Lines ended by \\n, no control, direction or escape sequences, no lone surrogate."""
    text = body.encode("utf-8", "replace").decode("utf-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", _ANSI.sub("", text))


def read_lines(body: str) -> Iterator[Line]:
    """Lines told apart as code, heading or prose; HTML comments outside of code are gone."""
    fence = ""
    in_comment = False
    prose: list[str] = []
    raw_lines = _plain(body[:MAX_BODY]).split("\n")
    closes = _comment_closes(raw_lines)
    for number, raw in enumerate(raw_lines):
        if fence:
            yield Line(raw, code=True)
            if raw.strip().startswith(fence) and not raw.strip().strip(fence[0]):
                fence = ""
            continue
        if not in_comment and (opened := _FENCE.match(raw)):
            yield from _prose(prose)
            prose = []
            fence = opened[1]
            yield Line(raw, code=True)
            continue
        line, in_comment, cut = _without_comments(raw, in_comment, closes[number])
        if not (cut and not line.strip()):
            prose.append(line)
    yield from _prose(prose)


def _comment_closes(lines: list[str]) -> list[bool]:
    """For each line: does a later line close an HTML comment? (An unclosed one hides nothing.)"""
    closes = [False] * len(lines)
    for number in range(len(lines) - 2, -1, -1):
        closes[number] = closes[number + 1] or "-->" in lines[number + 1]
    return closes


def _without_comments(line: str, inside: bool, closes_later: bool) -> tuple[str, bool, bool]:
    """(`line` without comments, whether a comment goes on, whether anything was cut)."""
    kept: list[str] = []
    rest, cut = line, inside
    while rest:
        if inside:
            _, closed, rest = rest.partition("-->")
            inside = not closed
            continue
        before, opened, rest = rest.partition("<!--")
        kept.append(before)
        if opened:
            if "-->" not in rest and not closes_later:
                kept.append(rest)
                break
            inside = cut = True
    return "".join(kept), inside, cut


def _prose(raw_lines: list[str]) -> Iterator[Line]:
    """Prose lines without images, badges and tags; headings are marked."""
    raw_lines = _unwrapped_rows(raw_lines)
    lines = [inline_text(raw) if raw.strip() else "" for raw in raw_lines]
    for number, line in enumerate(lines):
        if not line.strip():
            if not raw_lines[number].strip():
                yield Line("")
            continue
        under = lines[number + 1] if number + 1 < len(lines) else ""
        if _RULE.match(line):
            yield Line("")
        elif heading := _ATX.match(line):
            if title := (heading[2] or "").strip():
                yield Line(title, level=len(heading[1]))
        elif _is_setext(line, under):
            yield Line(line.strip(), level=1 if "=" in under else 2)
        elif (title := _weak_title(line, raw_lines[number])) and _is_template_title(title):
            yield Line(title, level=7)
        else:
            yield Line(line.rstrip())


def _unwrapped_rows(lines: list[str]) -> list[str]:
    """Rows of tables in one line each: a squashed commit's message is wrapped, its tables too."""
    found: list[str] = []
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
            continue
        start = next((n for n, text in enumerate(block) if text.lstrip()[:1] == "|"), len(block))
        found += [*block[:start], *_table(block[start:]), line]
        block = []
    return found[:-1]


def _table(block: list[str]) -> list[str]:
    """The block with its rows whole, if each row ends with a bar; else as it is."""
    if not any(_TABLE_RULE.match(line) for line in block):
        return block
    rows: list[list[str]] = []
    for line in block:
        text = line.strip()
        if rows and not (rows[-1][-1].endswith("|") and text.startswith("|")):
            rows[-1].append(text)
        else:
            rows.append([text])
    found: list[str] = []
    for row in rows:
        # What never ends with a bar is no part of the table: the text below it.
        whole = row[-1].endswith("|") and len(row) <= MAX_ROW_LINES
        found += [" ".join(row)] if whole else row
    return found


def inline_text(line: str) -> str:
    """One line of Markdown without images, links' targets and HTML tags; entities decoded."""
    line = _IMAGE.sub("", line)
    line = _EMPTY_LINK.sub("", line)
    line = _LINK.sub(r"\1", line)
    line = _UPLOAD.sub("", line)
    line = _CELL.sub(" | ", line)
    line = _TAG.sub("", line)
    return _CONTROL.sub("", html.unescape(line)) if "&" in line else line


def _weak_title(line: str, original: str) -> str:
    """A line in bold, or the summary of folded text: a heading if its words are a template's."""
    if bold := _BOLD_TITLE.match(line):
        return bold[1]
    return line.strip() if "<summary" in original.lower() else ""


def _is_setext(line: str, under: str) -> bool:
    text = under.strip()
    return (
        len(text) >= 3
        and set(text) in ({"="}, {"-"})
        and len(line.strip()) <= 80
        and "|" not in line
        and not _ITEM.match(line)
    )


def heading_words(title: str) -> str:
    """A heading without emoji, numbering, emphasis and the closing colon or question mark."""
    return re.sub(r"^[\W\d_]{0,20}|[\W_]{0,20}$", "", title)


def _is_template_title(title: str) -> bool:
    words = heading_words(title)
    return bool(_TEMPLATE_HEADINGS.fullmatch(words) or _TICK_SECTIONS.fullmatch(words))


def _without_template(lines: Iterable[Line]) -> Iterator[Line]:
    tick_level = 0  # level of the tick section that we are in
    plans = False
    skipping_item = False
    for line in lines:
        if line.code:
            yield line
            continue
        if line.level:
            words = heading_words(line.text)
            plans = bool(_PLAN_SECTIONS.search(words))
            skipping_item = False
            if tick_level and line.level <= tick_level:
                tick_level = 0
            if not tick_level and _TICK_SECTIONS.fullmatch(words):
                tick_level = line.level
            yield line
            continue
        if not line.text.strip():
            skipping_item = False
            yield line
            continue
        if skipping_item and not _ITEM.match(line.text):
            continue  # its next line: squashed commits are wrapped without indentation
        skipping_item = False
        checkbox = _CHECKBOX.match(line.text)
        bare = line.text.strip().strip("*_ ")
        if _TRAILERS.fullmatch(bare) or _PLACEHOLDERS.fullmatch(line.text):
            continue
        item = tick_level and _ITEM.match(line.text)
        if item or (checkbox and (tick_level or not _keeps(checkbox, plans))):
            skipping_item = True
        elif checkbox:
            yield Line(f"- {checkbox[2].strip()}")
        else:
            yield line


def _keeps(checkbox: re.Match[str], plans: bool) -> bool:
    """A to-do of a plan, or a ticked item that tells of this change, is content."""
    text = checkbox[2].strip().strip("*_ ")
    if not text or _BOILERPLATE.match(text):
        return False
    return plans or checkbox[1].strip() != ""


def _without_empty_headings(lines: list[Line]) -> list[Line]:
    """Template headings go; other short ones go when nothing stands under them."""
    headings = sum(1 for line in lines if line.level)
    kept: list[Line] = []
    filled_level = 0  # level of the nearest heading below that has something under it
    has_content = False
    for line in reversed(lines):
        if not line.level:
            has_content = has_content or bool(line.text.strip())
            kept.append(line)
            continue
        filled = has_content or filled_level > line.level
        template = _is_template_title(line.text)
        keeps = not template and (filled or headings == 1 or len(line.text) > 40)
        kept.append(line if keeps else Line(""))
        if filled or keeps:
            filled_level = line.level
        has_content = False
    return kept[::-1]


def _joined(lines: Iterable[Line]) -> str:
    """The lines with headings on lines of their own, and no two blank lines in a row."""
    out: list[str] = []
    for line in lines:
        if line.level:
            if out and out[-1]:
                out.append("")
            out.append("#" * min(line.level, 6) + " " + line.text)
        elif line.text.strip() or (out and out[-1]):
            out.append(line.text.rstrip())
    return "\n".join(out).strip("\n")
