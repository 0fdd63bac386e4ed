"""Settings: defaults < kb.toml < KB_* < flags."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from kb.errors import UsageError
from kb.settings import load_settings


def write(folder: Path, text: str) -> Path:
    path = folder / "kb.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    write(tmp_path, 'tz = "Asia/Tokyo"\nlang = "zh"\n[chat]\nmodel = "file"\ntimeout = 5\n')
    settings = load_settings(
        folder=tmp_path,
        environ={"KB_CHAT_MODEL": "environment", "KB_LANG": "en"},
        changes={"chat.model": "flag", "tz": None},
    )
    assert (settings.tz, settings.lang) == ("Asia/Tokyo", "en")
    assert (settings.chat.model, settings.chat.timeout, settings.chat.concurrency) == (
        "flag",
        5.0,
        4,
    )


def test_the_file_is_found_upward_and_its_home_is_relative_to_it(tmp_path: Path) -> None:
    write(tmp_path, 'home = "data/store"\n')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert load_settings(folder=below, environ={}).home == tmp_path / "data" / "store"


def test_without_a_file_the_home_is_the_users_data_folder(tmp_path: Path) -> None:
    environ = {"XDG_DATA_HOME": str(tmp_path)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path))
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        assert load_settings(folder=tmp_path, environ=environ).home == tmp_path / "repo-kb"


@pytest.mark.parametrize("named", [None, "", "relative", "/somewhere/else"])
def test_the_users_folders_are_where_platformdirs_says(
    named: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for kind in ("DATA", "CONFIG"):
        if named is None:
            monkeypatch.delenv(f"XDG_{kind}_HOME")
        else:
            monkeypatch.setenv(f"XDG_{kind}_HOME", named)
    found = load_settings(folder=tmp_path, environ={})
    assert found.home == platformdirs.user_data_path("repo-kb", appauthor=False)
    if named != "/somewhere/else":
        own = platformdirs.user_config_path("repo-kb", appauthor=False)
        own.mkdir(parents=True)
        write(own, 'tz = "Asia/Tokyo"\n')
        assert load_settings(folder=Path("/"), environ={}).tz == "Asia/Tokyo"


def test_a_repository_overrides_the_analysis(tmp_path: Path) -> None:
    write(
        tmp_path,
        '[analysis]\ncore_paths = ["src/*"]\nweights = {large = 2}\n'
        '[repo."o/n"]\ncore_paths = ["lib/*"]\n'
        '[overrides]\n"o/n#12" = {importance = 9, note = "ours"}\n',
    )
    settings = load_settings(folder=tmp_path, environ={})
    assert settings.for_repo("o/n").core_paths == ("lib/*",)
    assert settings.for_repo("o/n").weights == {"large": 2.0}
    assert settings.for_repo("other/one").core_paths == ("src/*",)
    assert settings.overrides["o/n#12"].importance == 9.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hoem = 'x'\n", "hoem"),
        ("[chat]\ntemprature = 1\n", "chat.temprature"),
        ("[chat]\ntimeout = 'soon'\n", "chat.timeout"),
        ("lang = 'fr'\n", "lang"),
        ("tz = 'Mars/Olympus'\n", "Mars/Olympus"),
        ("[search]\nengine = 'magic'\n", "search.engine"),
        ("not toml at all", "kb.toml"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, text)
    with pytest.raises(UsageError, match=said) as caught:
        load_settings(folder=tmp_path, environ={})
    assert caught.value.hint


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.toml"):
        load_settings(config=tmp_path / "nowhere.toml", environ={})
