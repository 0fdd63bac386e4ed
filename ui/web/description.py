"""A description written elsewhere, as Markdown that shows its structure and can do nothing.

It is parsed by markdown-it without HTML and written anew from the tree, piece by piece: what is
not named here does not come through. Images become their text, links keep only http and https,
and a fence keeps its language only if it is one that is merely coloured (`mermaid` would draw).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from ui.web.text import clean, escape, stretches

LANGUAGES = frozenset(
    [
        "bash",
        "c",
        "cpp",
        "css",
        "diff",
        "go",
        "html",
        "ini",
        "java",
        "javascript",
        "js",
        "json",
        "jsx",
        "kotlin",
        "log",
        "makefile",
        "markdown",
        "php",
        "proto",
        "py",
        "python",
        "rs",
        "ruby",
        "rust",
        "sh",
        "shell",
        "sql",
        "swift",
        "toml",
        "ts",
        "tsx",
        "typescript",
        "text",
        "xml",
        "yaml",
        "yml",
        "cuda",
        "console",
        "ps1",
        "powershell",
        "dockerfile",
    ]
)
MOST = 40_000  # characters of one description that are shown
_CITED = re.compile(r"\[(\d{1,3})\]")


def safe_markdown(text: str, cited: Mapping[int, str] | None = None) -> str:
    """Markdown for `st.markdown` of what somebody wrote in a change, or a model about changes.

    `cited` says where `[n]` leads; addresses of ours, encoded.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(text[:MOST])
    if cited:
        for token in tokens:
            token.children = list(_citing(token.children or (), cited))
    tree = SyntaxTreeNode(tokens)
    cut = "\n\n…" if len(text) > MOST else ""
    return _blocks(tree.children) + cut


def safe_line(text: str) -> str:
    """A title for `st.markdown` and for labels: plain text, but for the code in it."""
    pieces = stretches(text, ())
    return "".join(_code(each.text) if each.code else _spaced(each.text) for each in pieces)


def _citing(tokens: Sequence[Token], cited: Mapping[int, str]) -> Iterator[Token]:
    """The pieces of a paragraph with each `[n]` of its text, outside of links, as one of its own."""
    links = 0
    for token in tokens:
        links += token.nesting * token.type.startswith("link")
        if token.type != "text" or links:
            yield token
            continue
        start = 0
        for found in _CITED.finditer(token.content):
            if address := cited.get(int(found[1])):
                yield Token("text", "", 0, content=token.content[start : found.start()])
                yield Token("citation", "", 0, content=found[0], meta={"address": address})
                start = found.end()
        yield Token("text", "", 0, content=token.content[start:])


def _blocks(nodes: list[SyntaxTreeNode]) -> str:
    return "\n\n".join(piece for node in nodes if (piece := _block(node)))


def _block(node: SyntaxTreeNode) -> str:
    kind = node.type
    if kind == "paragraph":
        return _inline(node)
    if kind == "heading":
        return f"**{words}**" if (words := _inline(node).strip()) else ""
    if kind in ("bullet_list", "ordered_list"):
        return _list(node)
    if kind in ("fence", "code_block"):
        return _fence(node)
    if kind == "blockquote":
        return _prefixed(_blocks(node.children), "> ", "> ")
    if kind == "table":
        return _table(node)
    if kind == "hr":
        return "---"
    if node.children:
        return _blocks(node.children)
    return escape(node.content) if node.content else ""


def _list(node: SyntaxTreeNode) -> str:
    items = []
    for index, item in enumerate(node.children, int(node.attrs.get("start", 1) or 1)):
        mark = "- " if node.type == "bullet_list" else f"{min(index, 999_999_999)}. "
        items.append(_prefixed(_blocks(item.children) or JOINED, mark, " " * len(mark)))
    return "\n".join(items)


JOINED = "\u2060"  # an empty list item still is one


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join(
        [first + lines[0], *(rest + line if line else rest.rstrip() for line in lines[1:])]
    )


def _fence(node: SyntaxTreeNode) -> str:
    content = "\n".join(_printable(line) for line in node.content.rstrip("\n").split("\n"))
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", content)), default=0))
    language = (node.info or "").strip().split(" ")[0].lower()
    return f"{ticks}{language if language in LANGUAGES else 'text'}\n{content}\n{ticks}"


def _printable(line: str) -> str:
    indent = len(line) - len(line.lstrip())
    return " " * min(indent, 200) + "".join(
        char for char in line.strip() if char.isprintable() or char == "\t"
    )


def _table(node: SyntaxTreeNode) -> str:
    rows = [
        [_inline(cell).replace("\n", " ") for cell in row.children]
        for part in node.children
        for row in part.children
    ]
    if not rows:
        return ""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def _inline(node: SyntaxTreeNode) -> str:
    return "".join(_piece(child) for child in node.children)


def _piece(node: SyntaxTreeNode) -> str:
    kind = node.type
    if kind == "text":
        return _spaced(node.content)
    if kind == "softbreak":
        return "\n"
    if kind == "hardbreak":
        return "  \n"
    if kind == "code_inline":
        return _code(node.content)
    if kind in ("strong", "em", "s"):
        mark = {"strong": "**", "em": "*", "s": "~~"}[kind]
        inner = _inline(node).strip()
        return f"{mark}{inner}{mark}" if inner else ""
    if kind == "citation":
        return f"[{escape(node.content)}]({node.meta['address']})"
    if kind == "image":
        return f"*{escape('[' + (clean(node.content) or 'image') + ']')}*"
    if kind == "link":
        return _link(_inline(node), str(node.attrs.get("href", "")))
    if node.children:
        return _inline(node)
    return escape(node.content) if node.content else ""


def _spaced(text: str) -> str:
    """Escaped text that keeps a space at its ends (the pieces stand side by side)."""
    inner = escape(text)
    if not inner:
        return " " if text else ""
    return (" " if text[:1].isspace() else "") + inner + (" " if text[-1:].isspace() else "")


def _code(text: str) -> str:
    text = clean(text)
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text else ""


def _link(label: str, href: str) -> str:
    """A link out with its host beside it where the label does not say it; else plain text."""
    address = safe_address(href)
    if address is None:
        return label
    host = urlsplit(address).hostname or ""
    told = "" if host in label.replace("\\", "").replace("\u2060", "") else f" ({escape(host)})"
    return f"[{label or escape(host)}]({address}){told}"


def safe_address(href: str) -> str | None:
    """An http(s) address with everything encoded that could end a Markdown link; None otherwise."""
    try:
        parts = urlsplit(href.strip())
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    return quote(href.strip(), safe=":/?#@!$&'*+,;=%-._~")
