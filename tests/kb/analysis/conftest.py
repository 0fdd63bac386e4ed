"""Changes made of small diffs that we wrote: `change(title, {path: patch})`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kb.types import Change, FileChange


def patch(text: str, section: str = "") -> str:
    """A hunk of lines that begin with "+", "-" or a blank; the header's numbers are made up."""
    body = text.strip("\n")
    return f"@@ -10,20 +10,20 @@ {section}\n{body}"


def build(
    title: str,
    files: dict[str, Any] | None = None,
    *,
    body: str = "",
    author: str = "Ada",
    number: int = 1,
    **fields: Any,
) -> Change:
    made = []
    for path, content in (files or {}).items():
        status = "modified"
        if isinstance(content, tuple):
            status, content = content
        text = content if content.startswith("@@") or not content else patch(content)
        made.append(
            FileChange(
                path,
                status,
                additions=text.count("\n+"),
                deletions=text.count("\n-"),
                patch=text or None,
            )
        )
    return Change(
        id=f"acme/tool#{number}",
        repo="acme/tool",
        number=number,
        sha=f"{number:040x}",
        title=title,
        body=body,
        author=author,
        merged_at=datetime(2026, 5, 1, tzinfo=UTC),
        files=tuple(made),
        **fields,
    )


@pytest.fixture
def change() -> Callable[..., Change]:
    return build


def lines(count: int, mark: str = "+", text: str = "    total = total + step_{}") -> str:
    return "\n".join(mark + text.format(index) for index in range(count))


@pytest.fixture
def many() -> Callable[..., str]:
    return lines
