"""Embedding by sentence-transformers: any of its models; the bundled one in bulk, where torch has
bfloat16 or a GPU, or where a backend is set."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.embedders.batches import encode_beside, padded
from kb.embedders.hardware import has_bfloat16
from kb.embedders.minilm import MiniLM
from kb.embedders.model_files import BUNDLED
from kb.errors import StoreError

if TYPE_CHECKING:
    from kb.embedders.interface import Vectors
    from kb.settings import EmbedderSettings

    Pass = Callable[[Any, Any], Any]  # token ids and mask (n, longest) to rows (n, width)

BATCH_TOKENS = 2048  # of the bundled model on a CPU, a batch a core


class SentenceTransformerEmbedder:
    def __init__(self, settings: EmbedderSettings, identity: str, home: Path | None) -> None:
        self._settings = settings
        self._identity = identity
        self.name, _, self.revision = identity.rpartition("@")
        bundled = MiniLM(home) if settings.model == BUNDLED else None
        self._model = _load(settings, bundled.folder if bundled else None)
        on_cpu = settings.backend in ("auto", "torch") and self._model.device.type == "cpu"
        self._bulk = (bundled, _pass_of(self._model)) if bundled and on_cpu else None

    @property
    def dimension(self) -> int:
        found = getattr(self._model, "get_embedding_dimension", None)
        get = found or self._model.get_sentence_embedding_dimension
        return int(get())

    def identity(self) -> str:
        return self._identity

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self._bulk is None:
            return self._unit(self._model.encode_document, list(texts))
        import torch

        # `encode_document` sorts by letters, has all cores compute each batch, and goes through the
        # model module by module: on two cores with AMX this takes a quarter of its time.
        bundled, forward = self._bulk
        one_thread = partial(torch.set_num_threads, 1)
        ids = bundled.tokenize(list(texts))
        rows = partial(_rows, forward)
        return encode_beside(ids, bundled.dimension, BATCH_TOKENS, rows, one_thread)

    def encode_query(self, text: str) -> Vectors:
        row: Vectors = self._unit(self._model.encode_query, [text])[0]
        return row

    def _unit(self, encode: Any, texts: list[str]) -> Vectors:
        import numpy as np
        import torch

        if not texts:
            return np.empty((0, self.dimension), np.float32)
        with torch.inference_mode():
            found = encode(
                texts,
                batch_size=self._settings.batch_size,
                show_progress_bar=False,
                convert_to_tensor=True,
                normalize_embeddings=False,
            )
            rows: Vectors = _unit_rows(found).cpu().numpy()
        return rows


def _pass_of(model: Any) -> Pass:
    """The bundled model over a batch: fused where torch has what that takes on this CPU."""
    from kb.embedders.fused_bert import FusedBert

    try:
        return FusedBert(model[0].auto_model)
    except (AttributeError, RuntimeError):
        return lambda tokens, mask: model({"input_ids": tokens, "attention_mask": mask})[
            "sentence_embedding"
        ]


def _rows(forward: Pass, ids: Sequence[Sequence[int]]) -> Vectors:
    """Token ids of a batch to unit rows."""
    import torch

    tokens, mask = map(torch.from_numpy, padded(ids))
    with torch.inference_mode():
        rows: Vectors = _unit_rows(forward(tokens, mask)).numpy()
    return rows


def _unit_rows(found: Any) -> Any:
    import torch

    return torch.nn.functional.normalize(found.float(), dim=1)


def _load(settings: EmbedderSettings, folder: Path | None) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    if folder is not None or Path(settings.model).expanduser().is_dir():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    try:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        quiet: Any = logging
        quiet.disable_progress_bar()
        quiet.set_verbosity_error()
        options: dict[str, Any] = {}
        backend = "torch" if settings.backend == "auto" else settings.backend
        if backend == "torch" and settings.device in (None, "cpu") and _in_bfloat16():
            options["dtype"] = torch.bfloat16
        name = str(folder or Path(settings.model).expanduser())
        return SentenceTransformer(
            name if folder is not None or Path(name).is_dir() else settings.model,
            device=settings.device,
            backend=backend,  # type: ignore[arg-type]
            model_kwargs=options,
        )
    except Exception as exc:
        words = str(exc).splitlines() or [type(exc).__name__]
        raise StoreError(
            f"the embedding model {settings.model} cannot be loaded: {words[0]}",
            'set embedder.model in kb.toml to "bundled", a name or a folder',
        ) from exc


def _in_bfloat16() -> bool:
    import torch

    if torch.cuda.is_available() or not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    return has_bfloat16()
