"""The bundled weights are those that we tested, and a model that is not there is one sentence."""

from __future__ import annotations

import json
import shutil

import pytest

from kb.embedders import embedder_for, identity_for, model_files
from kb.embedders.hardware import has_bfloat16
from kb.embedders.model_files import bundled_folder, verify_bundled
from kb.errors import StoreError
from kb.settings import EmbedderSettings, Settings


def test_the_bundled_weights_are_the_known_ones():
    verify_bundled(bundled_folder(), None)


def test_changed_weights_are_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(StoreError) as caught:
        verify_bundled(tmp_path, None)
    assert "pip install" in caught.value.hint


def test_missing_weights_are_refused(tmp_path):
    with pytest.raises(StoreError):
        verify_bundled(tmp_path, None)


def test_the_check_is_remembered_in_the_home(tmp_path, monkeypatch):
    verify_bundled(bundled_folder(), tmp_path)
    assert json.loads((tmp_path / model_files.CHECKED_NAME).read_text())
    monkeypatch.setattr(model_files, "sha256", lambda path: pytest.fail("hashed again"))
    verify_bundled(bundled_folder(), tmp_path)


def test_a_home_that_is_not_there_is_not_made(tmp_path):
    verify_bundled(bundled_folder(), tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_a_model_that_is_not_there_is_an_error_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "empty"
    folder.mkdir()
    settings = Settings(home=tmp_path, embedder=EmbedderSettings(model=str(folder)))
    with pytest.raises(StoreError) as caught:
        embedder_for(settings)
    assert str(folder) in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_folder_is_a_model_and_its_weights_are_its_revision(tmp_path):
    folder = tmp_path / "mini"
    shutil.copytree(bundled_folder(), folder)
    settings = Settings(home=tmp_path, embedder=EmbedderSettings(model=str(folder)))
    identity = identity_for(settings)
    assert identity.startswith("mini@")
    embedder = embedder_for(settings)
    assert embedder.identity() == identity
    assert embedder.encode(["text"]).shape == (1, 384)
    (folder / "model.safetensors").touch()
    assert identity_for(settings) != identity


def test_bfloat16_is_used_only_where_the_cpu_computes_in_it(tmp_path):
    flags = tmp_path / "cpuinfo"
    flags.write_text("processor : 0\nflags : fpu avx2 avx512f\n")
    assert not has_bfloat16(flags)
    assert not has_bfloat16(tmp_path / "missing")
