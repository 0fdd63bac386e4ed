"""The adapter of sentence-transformers' cross-encoders, for the reranker that a setting may name."""

from __future__ import annotations

from collections.abc import Sequence

from kb.errors import StoreError


class CrossEncoderReranker:
    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder

        try:
            self._model = CrossEncoder(name)
        except (OSError, ValueError, RuntimeError) as exc:
            raise StoreError(
                f"the reranker {name} cannot be loaded ({exc})",
                "unset search.reranker, or name a cross-encoder's folder",
            ) from exc

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """One score a text; higher answers better."""
        if not texts:
            return []
        found = self._model.predict(
            [(question, text) for text in texts], show_progress_bar=False, convert_to_numpy=True
        )
        return [float(score) for score in found]
