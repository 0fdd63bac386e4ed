"""The page without a browser: one screen run by Streamlit's AppTest over the sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

Opened = Callable[..., AppTest]
SCRIPT = "from ui.web import app\napp.main(only={name!r})\n"


@pytest.fixture
def opened(sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """`opened("search", q="cache")`: the screen at that address, run once."""

    def run(name: str, home: Path = sample_home, **params: Any) -> AppTest:
        monkeypatch.setenv("KB_HOME", str(home))
        app = AppTest.from_string(SCRIPT.format(name=name), default_timeout=60)
        for key, value in params.items():
            app.query_params[key] = value
        return app.run()

    return run
