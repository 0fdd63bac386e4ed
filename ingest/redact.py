"""Secrets and unprintable characters leave a change before anything is stored.

Real token formats go by their shape. Anything else goes only when a name that says "secret" is
given a random-looking text: a hash or a sha in ordinary code stays. A pattern is tried only where
its fixed part occurs, which `in` finds a hundred times faster than a pattern.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from kb.types import Change, Comment, Commit, FileChange, PullRequest, ReviewThread

# name, what must occur, the pattern; a group "keep" stays in front of what is taken out
_SHAPES: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (name, literals, re.compile(pattern))
    for name, literals, pattern in (
        (
            "private key",
            ("PRIVATE KEY",),
            r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
            r"(?:[A-Za-z0-9+/=\s\\\"',:;-]{0,20000}?-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
            r"|(?:[\s\\\"',+n-]{0,8}[A-Za-z0-9+/=]{40,})+)",
        ),
        ("github token", ("gh",), r"\bgh[pousr]_[A-Za-z0-9]{30,255}\b"),
        ("github token", ("github_pat_",), r"\bgithub_pat_[A-Za-z0-9_]{22,255}\b"),
        ("gitlab token", ("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20,}"),
        ("aws key", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
        ("slack token", ("xox",), r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
        (
            "slack webhook",
            ("hooks.slack.com",),
            r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,}",
        ),
        (
            "api key",
            ("sk-",),
            r"\bsk-(?:proj-|svcacct-|admin-|ant-[a-z0-9]+-|or-v1-)?(?=[A-Za-z_-]*[0-9])"
            r"(?=[0-9a-z_-]*[A-Z]|[0-9a-f]{40})[A-Za-z0-9_-]{32,}",
        ),
        ("stripe key", ("_live_",), r"\b[rs]k_live_[A-Za-z0-9]{16,}\b"),
        ("hugging face token", ("hf_",), r"\bhf_(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{30,}\b"),
        ("google key", ("AIza",), r"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
        ("npm token", ("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("pypi token", ("pypi-",), r"\bpypi-AgEI[A-Za-z0-9_-]{50,}"),
        ("wandb key", ("wandb",), r"(?P<keep>\bwandb[^\n]{0,40}?['\"= ])[0-9a-f]{40}\b"),
        (
            "jwt",
            ("eyJ",),
            r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
        ),
        (
            "password",
            ("://",),
            r"(?P<keep>\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"<>{}$()\[\]]{0,80}:)"
            r"(?!(?:password|passwd|pass|pwd|secret|token|xxx+|\*+|x-oauth-basic)@)"
            r"[^\s/@'\"<>{}$()\[\]%]{3,200}(?=@[A-Za-z0-9\[])",
        ),
        (
            "authorization",
            ("uthorization", "UTHORIZATION"),
            r"(?P<keep>[Aa]uthorization['\"]?\s*[:=]\s*['\"]?(?:Bearer|Basic|token)\s+)"
            r"(?=[A-Za-z._~+/-]*[0-9])[A-Za-z0-9._~+/-]{20,}=*",
        ),
    )
)
_ASSIGNED = re.compile(r"[:=]\s{0,4}(['\"`]?)([A-Za-z0-9+/_.=~-]{20,256})\1(?=[\s,;)}\]]|$)")
_SECRET_NAME = re.compile(
    r"(?:secret|passw(?:or)?d|passphrase|api_?-?key|apikey|access_?-?key|auth_?-?key|private_?-?key"
    r"|credential|token)[\w-]{0,20}['\"\]]*\s{0,4}$",
    re.IGNORECASE,
)
# Randomness, bits a letter: base64 of 20 random bytes has about 4.3, an identifier 3 to 3.9.
RANDOM_BITS = 3.9

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_ONE_LINE_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def redact(change: Change) -> Change:
    """The change without secrets, control characters and lone surrogates in any of its texts."""
    return replace(
        change,
        title=line(change.title),
        body=text(change.body),
        author=line(change.author),
        labels=tuple(line(label) for label in change.labels),
        files=tuple(_file(file) for file in change.files),
        commits=tuple(
            Commit(commit.sha, line(commit.title), line(commit.author)) for commit in change.commits
        ),
        reviews=tuple(_thread(thread) for thread in change.reviews),
        linked_issues=tuple(line(issue) for issue in change.linked_issues),
        pull_request=change.pull_request and _pull_request(change.pull_request),
    )


def text(value: str) -> str:
    """A text of several lines."""
    return without_secrets(_CONTROL.sub("", value) if _CONTROL.search(value) else value)


def line(value: str) -> str:
    """A text of one line: also nothing that moves the cursor or turns the reading direction."""
    return without_secrets(value if value.isprintable() else _ONE_LINE_CONTROL.sub("", value))


def without_secrets(value: str) -> str:
    """Every secret replaced by "[redacted: kind]"."""
    for name, literals, pattern in _SHAPES:
        for literal in literals:  # any() takes four times as long, of every title
            if literal in value:
                value = pattern.sub(_replacement(name), value)
                break
    return _ASSIGNED.sub(_assigned, value) if len(value) >= 24 else value


def _replacement(name: str) -> Callable[[re.Match[str]], str]:
    def replaced(match: re.Match[str]) -> str:
        kept = match.groupdict().get("keep") or ""
        # A key over many lines of a diff: the lines stay countable.
        return f"{kept}[redacted: {name}]" + _line_starts(match[0])

    return replaced


def _line_starts(taken: str) -> str:
    firsts = (part[:1] for part in taken.split("\n")[1:])
    return "".join("\n" + (first if first in "+- " else "") for first in firsts)


def _assigned(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 60) : match.start()].rpartition("\n")[2]
    if not _SECRET_NAME.search(before) or not looks_random(match[2]):
        return match[0]
    start = match.start(2) - match.start()
    return f"{match[0][:start]}[redacted: secret]{match[1]}"


def looks_random(value: str) -> bool:
    """Small and capital letters and digits well mixed; no hex (a hash), no path, no identifier."""
    if re.fullmatch(r"(?:0x)?[0-9a-fA-F-]+", value) or value.count("/") > 2 or "." in value:
        return False
    kinds = (any(map(str.islower, value)), any(map(str.isupper, value)))
    digits = sum(map(str.isdigit, value))
    if not all(kinds) or digits < 2:
        return False
    counts = Counter(value).values()
    bits = -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
    return bits >= min(RANDOM_BITS, math.log2(len(value)) * 0.85)


def _file(file: FileChange) -> FileChange:
    path, previous = line_only(file.path), file.previous_path and line_only(file.previous_path)
    patch = text(file.patch) if file.patch else file.patch
    if (path, previous, patch) == (file.path, file.previous_path, file.patch):
        return file
    return replace(file, path=path, previous_path=previous, patch=patch)


def line_only(value: str) -> str:
    """A path: control characters go, but a path that looks like a secret stays findable."""
    return _ONE_LINE_CONTROL.sub("", value)


def _thread(thread: ReviewThread) -> ReviewThread:
    comments = tuple(
        Comment(line(comment.author), text(comment.text), comment.url)
        for comment in thread.comments
    )
    return replace(thread, comments=comments)


def _pull_request(pull: PullRequest) -> PullRequest:
    return replace(pull, title=line(pull.title), author=pull.author and line(pull.author))
