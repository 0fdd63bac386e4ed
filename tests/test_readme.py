"""The README tells the truth: its commands, settings and examples are the program's."""

from __future__ import annotations

import dataclasses
import re
import shlex
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from kb.settings import Settings
from ui.cli.main import COMMANDS, kb

README = Path(__file__).resolve().parent.parent / "README.md"
WIDTH = 100


@pytest.fixture(scope="module")
def readme() -> str:
    return README.read_text(encoding="utf-8")


def help_block() -> str:
    """`kb --help`, as the README prints it."""
    return CliRunner().invoke(kb, ["--help"], prog_name="kb", terminal_width=WIDTH).output.strip()


def test_the_command_block_equals_the_help(readme: str) -> None:
    block = re.search(r"```text\n\$ kb --help\n(.*?)```", readme, re.S)
    assert block
    assert block[1].strip() == help_block(), "run: python -P tests/test_readme.py"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_documents_its_options(name: str) -> None:
    result = CliRunner().invoke(kb, [name, "--help"], prog_name="kb")
    assert result.exit_code == 0, result.output
    assert "Usage: kb" in result.output
    assert "--home" in result.output


def examples(text: str) -> list[tuple[str, str]]:
    """The commands of the block over the sample, each with what the README says it prints."""
    block = re.search(r"answers like this:\n\n```text\n(.*?)```", text, re.S)
    assert block
    told = re.split(r"^\$ kb (.*)\n", block[1], flags=re.M)[1:]
    return [(command, said.strip()) for command, said in zip(told[::2], told[1::2], strict=True)]


def printed(command: str, home: Path) -> str:
    result = CliRunner().invoke(kb, ["--home", str(home), *shlex.split(command)], prog_name="kb")
    assert result.exit_code == 0, (command, result.output, result.exception)
    return result.stdout.strip()


def test_the_sample_answers_as_the_readme_says(readme: str, writable_home: Path) -> None:
    told = examples(readme)
    assert len(told) > 2
    for command, said in told:
        assert printed(command, writable_home) == said, "run: python -P tests/test_readme.py"


def settings_keys() -> list[str]:
    keys = []
    for entry in dataclasses.fields(Settings):
        default = entry.default
        if dataclasses.is_dataclass(default):
            keys += [f"{entry.name}.{inner.name}" for inner in dataclasses.fields(default)]
        elif entry.name not in ("config", "repo", "overrides"):
            keys.append(entry.name)
    return keys


@pytest.mark.parametrize("key", settings_keys())
def test_every_setting_is_documented(readme: str, key: str) -> None:
    assert f"`{key}`" in readme


def test_the_links_of_the_readme_lead_somewhere(readme: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (README.parent / target).exists(), target


def test_the_architecture_map_names_what_is_there(readme: str) -> None:
    block = re.search(r"```text\nkb/\n(.*?)```", readme, re.S)
    assert block
    folder = ""
    for line in ("kb/\n" + block[1]).splitlines():
        word = line.split()[0]
        if not line.startswith(" "):
            folder = word
        path = README.parent / (word if not line.startswith(" ") else folder + word)
        assert path.exists(), path


def rewrite() -> None:
    """The help and the examples as the program prints them now."""
    from ingest.sources.jsonl import JsonlSource
    from ingest.sync import ingest

    text = README.read_text(encoding="utf-8")
    block = f"```text\n$ kb --help\n{help_block()}\n```"
    text = re.sub(r"```text\n\$ kb --help\n.*?```", lambda _: block, text, flags=re.S)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        ingest(JsonlSource(README.parent / "data/sample/changes.jsonl"), Settings(home=home))
        for command, said in examples(text):
            text = text.replace(said, printed(command, home))
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    rewrite()
    sys.exit(0)
