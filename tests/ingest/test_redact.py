"""Secrets and unprintable characters leave a change; ordinary code stays."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.redact import line, redact, text
from kb.patch import parse_hunks
from kb.types import Change, Comment, Commit, FileChange, PullRequest, ReviewThread

LETTERS = string.ascii_letters + string.digits


def made_up(length: int, alphabet: str = LETTERS, seed: int = 7) -> str:
    """No real secret stands in these tests, and no scanner finds one."""
    chosen = random.Random(seed)
    return "".join(chosen.choice(alphabet) for _ in range(length - 3)) + "aB3"


GITHUB = "ghp" + "_" + made_up(36)
SECRETS = {
    "github": GITHUB,
    "github fine": "github" + "_pat_" + made_up(60, LETTERS + "_"),
    "gitlab": "glpat" + "-" + made_up(20),
    "aws": "AKIA" + made_up(19, string.ascii_uppercase + "234567")[:16],
    "slack": "xoxb" + "-1234567890-" + made_up(24),
    "openai": "sk-" + "proj-" + made_up(48),
    "openai old": "sk-" + made_up(48),
    "hugging face": "hf" + "_" + made_up(34),
    "google": "AIza" + made_up(35),
    "npm": "npm" + "_" + made_up(36),
    "jwt": "eyJ" + made_up(30) + ".eyJ" + made_up(40) + "." + made_up(43),
    "stripe": "sk" + "_live_" + made_up(24),
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_token_is_taken_out_of_any_text(name: str) -> None:
    secret = SECRETS[name]
    for around in (f'+    client = Client("{secret}")', f"see {secret}.", f"KEY={secret}\nnext"):
        kept = text(around)
        assert secret not in kept
        assert "[redacted: " in kept
        assert text(kept) == kept


def test_a_private_key_goes_whole_and_lines_stay_countable() -> None:
    body = "\n".join("+" + made_up(64, seed=n) for n in range(5))
    patch = (
        "@@ -0,0 +1,9 @@\n+before\n+-----BEGIN RSA PRIVATE " + f"KEY-----\n{body}\n"
        "+-----END RSA PRIVATE " + "KEY-----\n+after"
    )
    kept = text(patch)
    assert made_up(64, seed=2) not in kept
    assert parse_hunks(kept)[0].lines[0].text == "before"
    assert parse_hunks(kept)[0].lines[-1] == parse_hunks(patch)[0].lines[-1]


def test_a_key_that_a_cut_left_without_its_end_goes_too() -> None:
    kept = text("-----BEGIN PRIVATE " + "KEY-----\n" + "\n".join([made_up(64)] * 3))
    assert made_up(64) not in kept


def test_code_that_looks_for_keys_is_kept() -> None:
    code = 'if "-----BEGIN PRIVATE KEY-----" in value:\n    raise Refused(value)\n    go_on()'
    assert "raise Refused(value)" in text(code)


def test_passwords_in_addresses_are_taken_out_and_the_address_stays() -> None:
    kept = text("postgres://relay:s3cretpw@db.internal:5432/relay")
    assert kept == "postgres://relay:[redacted: password]@db.internal:5432/relay"


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8000/v1",
        "https://user:password@example.com",
        "postgres://{user}:{password}@{host}/db",
        "https://$USER:$TOKEN@host/x",
        "git@github.com:acme/relay.git",
        "redis://:@cache:6379",
    ],
)
def test_addresses_without_a_real_password_stay(address: str) -> None:
    assert text(address) == address


@pytest.mark.parametrize(
    "assignment",
    [
        'api_key = "{}"',
        "+  SECRET_KEY: '{}'",
        'password="{}"',
        'headers["x-auth-token"] = "{}"',
        "export DB_PASSWORD={}",
    ],
)
def test_a_random_value_of_a_secret_name_is_taken_out(assignment: str) -> None:
    value = made_up(32)
    assert value not in text(assignment.format(value))


@pytest.mark.parametrize(
    "code",
    [
        'token = "d41d8cd98f00b204e9800998ecf8427e"',
        'sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        'integrity="sha512-' + made_up(86) + '=="',
        "index 1a2b3c4..5d6e7f8 100644",
        'tokenizer = AutoTokenizer.from_pretrained("meta-llama/Llama-3.1-8B-Instruct")',
        "max_new_tokens=request.sampling_params.max_new_tokens,",
        'api_key = os.environ["OPENAI_API_KEY"]',
        'password = "your-password-goes-here"',
        "token_to_kv_pool = TokenToKVPoolAllocator(size, dtype)",
        "hf_config_for_causal_language_model = load()",
        'sk-learn, task-specific-instructions-for-each-of-the-models = "x"',
        "eyJ is how a JWT begins",
        "commit 3a9280c10b6680da51f6031ad6f7383cd8e9d076",
        'uuid_token = "123e4567-e89b-12d3-a456-426614174000"',
        "ghp_short",
    ],
)
def test_ordinary_code_stays(code: str) -> None:
    assert text(code) == code


def test_every_text_of_a_change_is_cleaned() -> None:
    change = Change(
        id="o/n#1",
        repo="o/n",
        number=1,
        sha="a" * 40,
        title=f"Use {GITHUB}",
        body=f"It is {GITHUB}",
        author="Ada",
        merged_at=datetime(2026, 1, 1, tzinfo=UTC),
        labels=(GITHUB,),
        files=(FileChange("a.py", "modified", patch=f"@@ -1 +1 @@\n+{GITHUB}"),),
        commits=(Commit("b" * 40, GITHUB, "Ada"),),
        reviews=(ReviewThread("a.py", False, (Comment("Bob", f"why {GITHUB}?"),)),),
        pull_request=PullRequest(GITHUB, "ada", None),
    )
    assert GITHUB not in repr(redact(change))
    assert redact(redact(change)) == redact(change)


def test_control_characters_and_reading_direction_cannot_leave_a_title() -> None:
    assert line("\x1b[31mred\x1b[0m \u202eevil\u2069\x00 name\r\n") == "[31mred[0m evil name"
    assert text("a\x00b\x1b[0m\ttab\nline \ud800") == "ab[0m\ttab\nline "


@given(st.text())
def test_no_text_breaks_and_all_can_be_stored(value: str) -> None:
    text(value).encode("utf-8")
    line(value).encode("utf-8")
