"""How the page is started, and what it never does."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from ui.messages import catalogue
from ui.web.launch import command, environment

ROOT = Path(__file__).parents[3]


def test_the_page_binds_loopback_and_is_quiet() -> None:
    words = command(Path("/kb"), 9000)
    assert "--server.address=127.0.0.1" in words
    assert "--server.port=9000" in words
    assert "--browser.gatherUsageStats=false" in words
    assert "--client.showErrorDetails=none" in words
    assert "--server.enableXsrfProtection=true" in words
    assert "--server.headless=true" in words
    assert "--server.allowedHosts=127.0.0.1" in words
    assert "--client.allowedOrigins=http://127.0.0.1" in words  # no other page steers ours
    assert words[words.index("--") :] == ["--", "--home", "/kb"]


def test_every_option_is_one_that_streamlit_knows() -> None:
    from streamlit import config

    known = config.get_config_options()
    for word in command(Path("/kb")):
        if word == "--":
            break
        if word.startswith("--"):
            assert word[2:].partition("=")[0] in known


def test_settings_go_along(tmp_path: Path) -> None:
    assert command(Path("/kb"), config=tmp_path / "kb.toml")[-2:] == [
        "--config",
        str(tmp_path / "kb.toml"),
    ]
    assert environment(Path("/kb"))["KB_HOME"] == "/kb"


def test_the_page_ends_with_the_command_that_opened_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = [
        sys.executable,
        "-m",
        "ui.cli.main",
        "ui",
        "--port",
        str(port),
        "--home",
        str(tmp_path),
    ]
    with subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as opened:
        end = time.monotonic() + 30
        while not listens(port) and time.monotonic() < end:
            time.sleep(0.05)
        assert listens(port)
        opened.terminate()
        opened.wait(20)
    assert not listens(port)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_both_languages_say_everything() -> None:
    english, chinese = catalogue("web", "en"), catalogue("web", "zh")
    assert set(english) == set(chinese)
    for key, text in english.items():
        fields = {part.partition("}")[0] for part in text.split("{")[1:]}
        assert fields == {part.partition("}")[0] for part in chinese[key].split("{")[1:]}, key


def test_every_message_that_the_code_names_exists() -> None:
    import re

    import ui.web

    known = catalogue("web", "en")
    folder = Path(ui.web.__file__).parent
    for file in folder.rglob("*.py"):
        for key in re.findall(r'\.say\(\s*"([a-z_.]+)"', file.read_text(encoding="utf-8")):
            assert key in known, f"{file.name}: {key}"


def test_no_icon_and_no_markup_calls_out() -> None:
    import ui.web

    folder = Path(ui.web.__file__).parent
    for file in [*folder.rglob("*.py"), *folder.rglob("*.css")]:
        text = file.read_text(encoding="utf-8")
        assert "unsafe_allow_html" not in text
        assert "@import" not in text
        assert file.suffix != ".css" or "url(" not in text
        if file.name != "text.py":
            assert ":material/" not in text


def test_messages_are_toml() -> None:
    import ui.messages

    for file in Path(ui.messages.__file__).parent.glob("*.toml"):
        tomllib.loads(file.read_text(encoding="utf-8"))
