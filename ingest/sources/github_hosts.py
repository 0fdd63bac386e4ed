"""Which host is asked, with which key; and that neither goes where it should not.

A key comes from the environment or from `gh`, is held by `Token`, which prints as its origin, and
goes to one host over https (plain http only to this machine). `hide` takes it out of any text,
`HideTokens` out of what PyGithub and urllib3 log.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from kb.errors import SourceError, UsageError

DEFAULT_URL = "https://api.github.com"
TOKEN_VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN")
ENTERPRISE_VARIABLES = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
LOGGERS = ("github", "github.Requester", "github.GithubRetry", "urllib3", "urllib3.connectionpool")
ANONYMOUS_NOTE = (
    "no GitHub token: 60 requests an hour, titles, descriptions and labels only "
    "(set GITHUB_TOKEN, or `gh auth login`; a clone gives every diff: kb ingest PATH)"
)
_GH_LIMIT_S = 5.0
_SHORTEST_SECRET = 8  # shorter values would blacken ordinary words
_KNOWN_KEYS = re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9_]{16,255}|github_pat_[A-Za-z0-9_]{20,255})\b")
_AUTHORIZATION = re.compile(
    r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?)(?:basic|bearer|token)\s+\S+"
)
HIDDEN = "(hidden)"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the REST answers stand (`api`), and the address that people open (`web`)."""

    api: str  # https://api.github.com, https://ghe.example.org/api/v3
    web: str  # https://github.com, https://ghe.example.org

    @property
    def host(self) -> str:
        return urlsplit(self.api).hostname or ""

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A key and where it came from; only `value` shows it."""

    value: str
    origin: str  # GITHUB_TOKEN, GH_TOKEN, gh

    def __repr__(self) -> str:
        return f"<token from {self.origin}>"

    __str__ = __repr__


def endpoint_of(url: str) -> Endpoint:
    """The endpoint that a person's `--github-url` means. Raises UsageError for an unsafe one."""
    if not __debug__:
        raise UsageError(
            "python -O switches off PyGithub's check of where the token goes",
            "run it without -O (unset PYTHONOPTIMIZE)",
        )
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as exc:
        raise UsageError(f"--github-url {url!r} is no address", DEFAULT_URL) from exc
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            "--github-url holds more than a host and a path", "keys belong in GITHUB_TOKEN"
        )
    if not host or parts.scheme not in ("https", "http"):
        raise UsageError(f"--github-url {url!r} is no https address", DEFAULT_URL)
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            f"--github-url {url!r} would send the token unencrypted", f"use https://{host}"
        )
    address = f"[{host}]" if ":" in host else host
    root = f"{parts.scheme}://{address}" + (f":{port}" if port else "")
    path = parts.path.rstrip("/")
    if host in ("github.com", "www.github.com", "api.github.com"):
        return Endpoint(DEFAULT_URL, "https://github.com")
    if is_loopback(host):
        return Endpoint(root + path, root)
    if host.startswith("api."):  # Enterprise Cloud with data residency
        return Endpoint(root + path, root.replace("://api.", "://", 1))
    return Endpoint(root + (path or "/api/v3"), root)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def same_host(endpoint: Endpoint, url: str) -> bool:
    """Does `url` (of a redirect or a next link) stay on the endpoint's scheme, host and port?"""
    try:
        there, here = urlsplit(url), urlsplit(endpoint.api)
        return (there.scheme, there.hostname, there.port) == (here.scheme, here.hostname, here.port)
    except ValueError:
        return False


def repository_name(name: str) -> str:
    """`owner/name` of `github:owner/name` or a link. Raises UsageError for anything else."""
    short = re.sub(r"^(?:github:|https?://[^/]+/)", "", name.strip())
    short = short.removesuffix("/").removesuffix(".git")
    if not NAME.fullmatch(short) or short.endswith(("/.", "/..")):
        raise UsageError(f"{name!r} is not of the form owner/name", "kb ingest github:owner/name")
    return short


def find_token(endpoint: Endpoint, environ: Mapping[str, str] | None = None) -> Token | None:
    """The first key that is set; None where there is none. Raises UsageError for a broken one."""
    environ = os.environ if environ is None else environ
    enterprise = endpoint.api != DEFAULT_URL and not endpoint.loopback
    for name in (ENTERPRISE_VARIABLES if enterprise else ()) + TOKEN_VARIABLES:
        if value := environ.get(name, "").strip():
            return _checked(Token(value, name))
    if endpoint.loopback:  # a server of a test or a proxy: `gh` has no key for it
        return None
    value = _gh_token(urlsplit(endpoint.web).hostname or "", environ)
    return _checked(Token(value, "gh")) if value else None


def _checked(token: Token) -> Token:
    if not re.fullmatch(r"[\x21-\x7e]{1,2048}", token.value):
        raise UsageError(
            f"{token.origin} holds a character that no token has", "copy the token again"
        )
    return token


def _gh_token(host: str, environ: Mapping[str, str]) -> str:
    """What `gh auth token` prints; "" where gh is missing, logged out or slow."""
    try:
        done = subprocess.run(
            ["gh", "auth", "token", "--hostname", host],
            capture_output=True,
            text=True,
            timeout=_GH_LIMIT_S,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def hide(text: str, token: Token | None) -> str:
    """`text` without the token, without anything shaped like one, and without credentials."""
    if token is not None and len(token.value) >= _SHORTEST_SECRET:
        text = text.replace(token.value, HIDDEN)
    return _AUTHORIZATION.sub(rf"\1{HIDDEN}", _KNOWN_KEYS.sub(HIDDEN, text))


class HideTokens(logging.Filter):
    """Takes keys out of records, also where a server sent one back."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, Token] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({record.exc_info[1]!r})"
            record.exc_info = record.exc_text = None
        for token in self.tokens.values():
            text = hide(text, token)
        record.msg, record.args = hide(text, None), ()
        return True


_GUARD = HideTokens()


def hide_in_logs(token: Token | None) -> None:
    """From here on the key stands in no record of the libraries that send it."""
    if token is not None:
        _GUARD.tokens[token.value] = token
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_GUARD)


class ForeignHost(SourceError):
    """A redirect or a next link leads to another host; the token is not sent there."""

    def __init__(self, url: str) -> None:
        there = urlsplit(url)
        super().__init__(
            f"GitHub's answer leads to another host ({there.scheme}://{there.hostname})",
            "nothing was sent there; check --github-url",
        )
