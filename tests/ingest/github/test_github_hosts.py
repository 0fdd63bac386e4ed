"""A key goes to one host, encrypted, and stands nowhere else."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from github_server import TOKEN, Fault, some_pulls

from ingest.sources.github import Github, GithubSource
from ingest.sources.github_clone import cloned
from ingest.sources.github_hosts import (
    Token,
    endpoint_of,
    find_token,
    hide,
    repository_name,
    same_host,
)
from kb.errors import SourceError, UsageError
from kb.types import SilentObserver


@pytest.mark.parametrize(
    ("url", "api", "web"),
    [
        ("https://api.github.com", "https://api.github.com", "https://github.com"),
        ("https://github.com", "https://api.github.com", "https://github.com"),
        ("https://ghe.example.org", "https://ghe.example.org/api/v3", "https://ghe.example.org"),
        (
            "https://ghe.example.org/api/v3/",
            "https://ghe.example.org/api/v3",
            "https://ghe.example.org",
        ),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com", "https://acme.ghe.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:3000/api/v3", "http://localhost:3000/api/v3", "http://localhost:3000"),
        ("http://[::1]:8080", "http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_gives_the_api_and_the_pages_of_its_host(url, api, web):
    endpoint = endpoint_of(url)
    assert (endpoint.api, endpoint.web) == (api, web)


@pytest.mark.parametrize(
    "url",
    [
        "http://ghe.example.org",
        "http://127.0.0.1.example.org",
        "http://2130706433",
        "https://user:secret@ghe.example.org",
        "https://ghe.example.org/api/v3?token=x",
        "ftp://ghe.example.org",
        "file:///etc/passwd",
        "ghe.example.org",
        "https://",
        "https://ghe.example.org:port",
        "",
    ],
)
def test_an_unsafe_address_is_refused(url):
    with pytest.raises(UsageError) as refused:
        endpoint_of(url)
    assert "secret" not in refused.value.message + refused.value.hint


def test_python_without_assertions_is_refused():
    code = (
        "from ingest.sources.github_hosts import endpoint_of\n"
        "from kb.errors import UsageError\n"
        "try:\n    endpoint_of('https://api.github.com')\n"
        "except UsageError as error:\n    print(error.message)\n"
    )
    done = subprocess.run(
        [sys.executable, "-O", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert "python -O" in done.stdout


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("acme/relay", "acme/relay"),
        ("github:acme/relay", "acme/relay"),
        ("https://github.com/acme/relay.git", "acme/relay"),
        ("https://ghe.example.org/acme/re.la_y/", "acme/re.la_y"),
    ],
)
def test_a_repository_is_named_in_several_ways(text, name):
    assert repository_name(text) == name


@pytest.mark.parametrize(
    "text", ["acme", "acme/../etc", "a/b/c", "acme/relay?x=1", "-x/y", "acme/..", ""]
)
def test_what_is_no_repository_is_refused(text):
    with pytest.raises(UsageError):
        repository_name(text)


def test_the_token_comes_from_the_environment_in_a_fixed_order():
    github = endpoint_of("https://api.github.com")
    both = {"GITHUB_TOKEN": "first-token", "GH_TOKEN": "second-token", "PATH": ""}
    assert find_token(github, both) == Token("first-token", "GITHUB_TOKEN")
    assert find_token(github, {"GH_TOKEN": " second-token\n", "PATH": ""}) == Token(
        "second-token", "GH_TOKEN"
    )
    assert find_token(github, {"PATH": ""}) is None
    enterprise = endpoint_of("https://ghe.example.org")
    assert find_token(enterprise, both | {"GH_ENTERPRISE_TOKEN": "third-token"}) == Token(
        "third-token", "GH_ENTERPRISE_TOKEN"
    )


def test_the_token_of_gh_is_used_where_no_variable_is_set(tmp_path: Path):
    gh = tmp_path / "gh"
    gh.write_text('#!/bin/sh\n[ "$4" = github.com ] && echo "token-of-$4"\n')
    gh.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert find_token(endpoint_of("https://api.github.com"), environ) == Token(
        "token-of-github.com", "gh"
    )
    assert find_token(endpoint_of("https://ghe.example.org"), environ) is None
    gh.write_text("#!/bin/sh\nexit 1\n")
    assert find_token(endpoint_of("https://api.github.com"), environ) is None


def test_a_token_that_would_break_a_header_is_refused_and_not_shown():
    with pytest.raises(UsageError) as refused:
        find_token(endpoint_of("https://api.github.com"), {"GITHUB_TOKEN": "ghp_x\r\nHost: evil"})
    assert "ghp_x" not in refused.value.message + refused.value.hint


def test_a_token_prints_as_its_origin():
    token = Token("very-secret-value", "GITHUB_TOKEN")
    assert "very-secret" not in f"{token} {token!r} {[token]}"


def test_keys_are_hidden_in_any_text():
    token = Token("very-secret-value", "GITHUB_TOKEN")
    text = f"Authorization: token very-secret-value; also {TOKEN} and 'authorization': 'Basic eHg='"
    hidden = hide(text, token)
    assert "very-secret" not in hidden
    assert TOKEN not in hidden
    assert "eHg=" not in hidden


def test_only_the_same_scheme_host_and_port_is_the_same_host():
    endpoint = endpoint_of("https://ghe.example.org")
    assert same_host(endpoint, "https://ghe.example.org/api/v3/x?page=2")
    for other in (
        "http://ghe.example.org/x",
        "https://ghe.example.org:8443/x",
        "https://ghe.example.org.evil.example/x",
        "https://ghe.example.org@evil.example/x",
        "//evil.example/x",
        "https://[broken/x",
    ):
        assert not same_host(endpoint, other)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_to_another_host_is_refused_and_nothing_is_sent_there(world, world_of, status):
    other = world_of(pulls=some_pulls(1))
    target = {"location": f"{other.server.url}/repos/acme/relay"}
    world.server.plan(Fault.status(status, headers=target, times=9))
    for token in (TOKEN, None):
        with pytest.raises(SourceError, match="another host"):
            GithubSource(world.github(token=token)).identify()
    assert other.server.requests == []


def test_a_next_link_to_another_host_is_refused(world, world_of):
    other = world_of(pulls=some_pulls(1))
    link = {"link": f'<{other.server.url}/repos/acme/relay/pulls?page=2>; rel="next"'}
    world.server.plan(Fault.status(200, [], link, on="sort="))
    with pytest.raises(SourceError, match="another host"):
        world.enrich(token=None)
    world.server.plan(Fault.status(200, [], link, on="/files"))
    with pytest.raises(SourceError, match="another host"):
        world.read()
    assert other.server.requests == []


def test_redirects_in_a_circle_end(world):
    world.server.plan(
        Fault.status(301, headers={"location": f"{world.server.url}/repos/acme/relay"}, times=99)
    )
    with pytest.raises(SourceError, match="in a circle"):
        GithubSource(world.github(token=None)).identify()


def test_an_answer_without_an_end_is_cut_off(world, monkeypatch):
    monkeypatch.setattr("ingest.sources.github_client.ANSWER_LIMIT_BYTES", 2_000)
    with pytest.raises(SourceError, match="larger than"):
        world.enrich()


def test_the_token_stands_in_no_log_note_or_error(world, caplog):
    """Also where the host sends it back."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "github")  # PyGithub keeps its own at INFO
    caplog.set_level(logging.DEBUG, "github.Requester")
    echo = {"message": f"Bad header Authorization: token {TOKEN}"}
    world.server.plan(
        Fault.status(502, echo, after=2),
        Fault.status(400, echo, {"x-echo": TOKEN}, on="/pulls/30/files"),
    )
    world.read()
    world.server.tokens.clear()
    with pytest.raises(SourceError) as refused:
        world.enrich()
    said = "\n".join(
        [
            caplog.text,
            world.observer.text,
            *world.failed.values(),
            repr(refused.value),
            refused.value.hint,
        ]
    )
    assert "github.Requester" in {record.name for record in caplog.records}
    assert TOKEN not in said
    assert "Authorization: token ghp" not in said
    assert "acme/relay#30" in world.failed


def test_the_token_is_sent_to_the_host_in_a_header_only(world):
    world.enrich()
    assert all(TOKEN in request.headers["authorization"] for request in world.server.requests)
    assert not any(TOKEN in request.line for request in world.server.requests)


def test_a_clone_gets_the_key_by_its_environment_alone(tmp_path: Path, monkeypatch):
    """`git` is replaced by a script that writes down what it was given."""
    git = tmp_path / "git"
    git.write_text(
        '#!/bin/sh\necho "$@" > "$LOG.args"; env > "$LOG.env"\n'
        'for last; do :; done; mkdir -p "$last"; touch "$last/HEAD"\n'
    )
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    endpoint = endpoint_of("https://api.github.com")
    home = tmp_path / "home"
    folder = cloned("acme/relay", endpoint, Token(TOKEN, "GITHUB_TOKEN"), home, SilentObserver())
    assert folder == home / "clones" / "acme" / "relay.git"
    arguments = (tmp_path / "log.args").read_text()
    assert "https://github.com/acme/relay.git" in arguments
    assert "Authorization" not in arguments
    assert "http.https://github.com/.extraHeader" in (tmp_path / "log.env").read_text()
    assert not any(TOKEN in path.read_text() for path in home.rglob("*") if path.is_file())


def test_a_clone_that_fails_says_why_and_leaves_nothing(tmp_path: Path):
    with pytest.raises(SourceError, match="no clone of acme/relay"):
        cloned("acme/relay", endpoint_of("http://127.0.0.1:9"), None, tmp_path, SilentObserver())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_opening_a_repository_asks_nothing():
    Github("acme/relay", "http://127.0.0.1:9")
