"""How the page is started: `python -m streamlit run` with every option on the command line.

Nothing is read from or written to the user's own folder: Streamlit's settings file is not needed,
and secrets (for `st.login`) are looked for in `KB_WEB_SECRETS`, else beside the archive.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ADDRESS = "127.0.0.1"
APP = Path(__file__).with_name("app.py")

OPTIONS: tuple[tuple[str, str], ...] = (
    ("server.address", ADDRESS),
    ("server.enableCORS", "true"),
    ("server.enableXsrfProtection", "true"),
    ("server.enableStaticServing", "false"),
    ("server.enableWebsocketCompression", "true"),
    ("server.fileWatcherType", "none"),
    ("server.showEmailPrompt", "false"),
    ("browser.serverAddress", ADDRESS),
    ("browser.gatherUsageStats", "false"),
    # Frames of Streamlit's cloud may steer a page; ours obeys no other page. The browser asks this
    # of every message that the page sends itself: of the sixteen origins 40 ms a filter.
    ("client.allowedOrigins", f"http://{ADDRESS}"),
    ("client.toolbarMode", "viewer"),
    ("client.showErrorDetails", "none"),
    ("client.showErrorLinks", "false"),
    ("runner.magicEnabled", "false"),
    ("logger.level", "warning"),
    ("theme.light.primaryColor", "#2f6f5e"),
    ("theme.light.backgroundColor", "#ffffff"),
    ("theme.light.secondaryBackgroundColor", "#f4f6f5"),
    ("theme.light.textColor", "#1f2a27"),
    ("theme.light.linkColor", "#1d6b57"),
    ("theme.light.sidebar.backgroundColor", "#f4f6f5"),
    ("theme.light.sidebar.secondaryBackgroundColor", "#ffffff"),
    ("theme.dark.primaryColor", "#5cc2a4"),
    ("theme.dark.backgroundColor", "#14191a"),
    ("theme.dark.secondaryBackgroundColor", "#1e2526"),
    ("theme.dark.textColor", "#e4e9e7"),
    ("theme.dark.linkColor", "#7ad1b7"),
    ("theme.dark.sidebar.backgroundColor", "#191f20"),
    ("theme.dark.sidebar.secondaryBackgroundColor", "#232b2c"),
    ("theme.baseRadius", "0.5rem"),
    ("theme.linkUnderline", "false"),
)


def command(
    home: Path, port: int = 8501, *, config: Path | None = None, open_browser: bool = False
) -> list[str]:
    """The argv that serves the knowledge base in `home` on 127.0.0.1:`port`."""
    arguments = [sys.executable, "-P", "-m", "streamlit", "run", str(APP)]
    for name, value in (*OPTIONS, ("server.port", str(port)), ("browser.serverPort", str(port))):
        arguments.append(f"--{name}={value}")
    arguments.append(f"--server.headless={'false' if open_browser else 'true'}")
    # The name a browser was told, so that a page elsewhere cannot reach us by DNS rebinding.
    hosts = [ADDRESS, "localhost", *os.environ.get("KB_WEB_HOSTS", "").split()]
    arguments.extend(f"--server.allowedHosts={host}" for host in hosts)
    secrets = os.environ.get("KB_WEB_SECRETS") or home / "secrets.toml"
    arguments.append(f"--secrets.files={secrets}")
    arguments += ["--", "--home", str(home)]
    if config is not None:
        arguments += ["--config", str(config)]
    return arguments


def environment(home: Path) -> dict[str, str]:
    """The child's environment: quiet libraries, and no reach for the network by any of them.

    One question is a few rows: threads of BLAS would wait for each other longer than they multiply
    (on a busy machine 0.4 s of processor time a question).
    """
    return {
        "OPENBLAS_NUM_THREADS": "1",
        **os.environ,
        "KB_HOME": str(home),
        "ANONYMIZED_TELEMETRY": "False",
        "HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "1"),
        "TOKENIZERS_PARALLELISM": "false",
    }
