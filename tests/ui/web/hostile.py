"""A repository whose authors want to break the page that shows them."""

from __future__ import annotations

import json
from pathlib import Path

REPO = "evil/repo"
TITLES = (
    "<script>window.pwned=1</script> fix",
    "<img src=http://outside.example/a.png onerror=window.pwned=1>",
    "![x](http://outside.example/b.png) :material/home: :smile: :streamlit:",
    "[click](javascript:window.pwned=1) $\\href{http://outside.example}{x}$",
    "http://outside.example www.outside.example -> |a|b| :red[x] ```",
    "\u202egnp.exe\u202c \x1b[31mred\x1b[0m # heading\n- item",
    "{{constructor.constructor('window.pwned=1')()}} {b} {c}",
)
BODY = (
    "<iframe src=http://outside.example></iframe>\n\n"
    "![pixel](http://outside.example/pixel.png)\n\n"
    "<style>@import url(http://outside.example/x.css)</style>\n\n"
    "[a](javascript:window.pwned=1) [b]: http://outside.example\n\n"
    '```mermaid\ngraph TD; A-->B; click A href "http://outside.example"\n```\n\n'
    "| <img src=http://outside.example/c.png> | b |\n|---|---|\n| :smile: | $x$ |\n\n"
    ":material/home: :streamlit: ![ref][r]\n\n[r]: http://outside.example/r.png\n"
)


def write(path: Path) -> Path:
    """A recorded file with one change a title; hostile in every field that allows text."""
    lines = [
        {
            "format": "repo-kb changes",
            "version": 1,
            "repos": {REPO: {"url": f"https://github.com/{REPO}"}},
        }
    ]
    for place, title in enumerate(TITLES, 1):
        name = f"src/<b>{place}</b>/![x](http:outside.example)/cache.py"
        lines.append(
            {
                "repo": REPO, "number": place, "sha": f"{place:040x}", "title": title,
                "author": "<img src=http://outside.example/author.png>", "body": BODY,
                "merged_at": f"2026-10-{place + 10:02d}T08:00:00Z",
                "url": f"https://github.com/{REPO}/pull/{place}",
                "labels": ["![l](http://outside.example/l.png)", "<b>label</b>"],
                "files": [
                    {
                        "path": name, "status": "modified", "additions": 2, "deletions": 1,
                        "patch": "@@ -1,2 +1,3 @@ def <script>\n-old = 1\n+new = '<img src=http://outside.example/p.png>'\n+more = 2\n",
                    }
                ],
                "reviews": [
                    {
                        "path": name, "resolved": False,
                        "comments": [{"author": "<script>", "text": BODY}],
                    }
                ],
                "described": True,
            }
        )  # fmt: skip
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    return path
