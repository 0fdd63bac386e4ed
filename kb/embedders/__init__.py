"""Embedders: `light` for questions and small increments, `sentence_transformer` for everything else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kb.embedders.model_files import BUNDLED, BUNDLED_NAME, BUNDLED_REVISION

if TYPE_CHECKING:
    from kb.embedders.interface import Embedder
    from kb.settings import Settings

# Texts; more are quicker in torch, whose import with sentence-transformers takes 6-12 s here.
SMALL_INCREMENT = 100


def identity_for(settings: Settings) -> str:
    """What `embedder_for(settings, ...).identity()` says, without loading anything."""
    model = settings.embedder.model
    if model == BUNDLED:
        return f"{BUNDLED_NAME}@{BUNDLED_REVISION}"
    folder = Path(model).expanduser()
    if folder.is_dir():
        return f"{folder.name}@{folder_revision(folder)}"
    return f"{model}@main"


def folder_revision(folder: Path) -> str:
    """A folder's weights by name, size and time: a model trained again is another one."""
    import hashlib

    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".safetensors", ".bin", ".onnx", ".json"):
            stat = path.stat()
            digest.update(f"{path.relative_to(folder)}:{stat.st_size}:{stat.st_mtime_ns}".encode())
    return digest.hexdigest()[:12]


def embedder_for(settings: Settings, *, bulk: bool) -> Embedder:
    """The settings' embedder; `bulk` says that more than `SMALL_INCREMENT` texts will come.

    Raises StoreError where the model is not there or cannot be loaded.
    """
    if settings.embedder.model == BUNDLED and not bulk:
        from kb.embedders.light import LightEmbedder

        return LightEmbedder(home=settings.home)
    from kb.embedders.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(settings.embedder, identity_for(settings), settings.home)
