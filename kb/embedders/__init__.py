"""Embedders. The bundled model runs in numpy, by ONNX Runtime or in sentence-transformers, and gives
the same vectors in all of them; every other model runs in sentence-transformers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kb.embedders.model_files import BUNDLED, BUNDLED_NAME, BUNDLED_REVISION

if TYPE_CHECKING:
    from kb.embedders.interface import Embedder
    from kb.settings import EmbedderSettings, Settings

# Texts; for more, ONNX Runtime is quicker although its import and graph take 0.3 s.
SMALL_INCREMENT = 50
# Texts; for more, torch is quicker although its import takes 6-12 s: on a GPU, and in bfloat16 (two
# cores with AMX took 35 s for 4,000 texts by either, its start included).
GPU_INCREMENT, BFLOAT16_INCREMENT = 1000, 4000


Runtime = Literal["numpy", "onnx", "torch"]


def runtime_for(settings: EmbedderSettings, texts: int, *, resident: bool = False) -> Runtime:
    """What is quickest for so many texts, its start included; found out without loading anything.

    A `resident` process has the start behind it."""
    if settings.model != BUNDLED:
        return "torch"
    chosen = settings.backend != "auto" or settings.device not in (None, "cpu")
    if texts > SMALL_INCREMENT and chosen:
        return "torch"
    if texts > GPU_INCREMENT and texts > _most_without_torch(settings.device):
        return "torch"
    return "onnx" if resident or texts > SMALL_INCREMENT else "numpy"


def _most_without_torch(device: str | None) -> float:
    from kb.embedders.hardware import has_bfloat16, has_gpu

    if device is None and has_gpu():
        return GPU_INCREMENT
    return BFLOAT16_INCREMENT if has_bfloat16() else math.inf


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


def embedder_for(settings: Settings, texts: int = 1, *, resident: bool = False) -> Embedder:
    """The settings' embedder, run by what is quickest for so many texts.

    Raises StoreError where the model is not there or cannot be loaded.
    """
    runtime = runtime_for(settings.embedder, texts, resident=resident)
    if runtime == "numpy":
        from kb.embedders.light import LightEmbedder

        return LightEmbedder(settings.home)
    if runtime == "onnx":
        from kb.embedders.onnx_runtime import OnnxEmbedder

        return OnnxEmbedder(settings.home)
    from kb.embedders.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(settings.embedder, identity_for(settings), settings.home)
