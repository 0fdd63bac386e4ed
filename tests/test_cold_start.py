"""What a cold command may import, and what an installation may bring along."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "torch",
    "sentence_transformers",
    "chromadb",
    "langchain",
    "streamlit",
    "pydantic",
    "numpy",
)


def loaded_after(code: str, *, environment: dict[str, str] | None = None) -> set[str]:
    """The top-level modules that a fresh interpreter holds after running `code`."""
    report = (
        "\nimport sys; print('|'.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code + report],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.strip().splitlines()[-1].split("|"))


@pytest.mark.parametrize(
    "module", ["kb", "kb.knowledge_base", "kb.langchain_retriever", "ui.cli.main"]
)
def test_importing_a_front_door_imports_nothing_heavy(module: str) -> None:
    light = HEAVY if module != "kb.langchain_retriever" else HEAVY[:3]
    assert not loaded_after(f"import {module}") & set(light)


def test_a_lexical_search_needs_neither_numpy_nor_a_model(sample_home: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from kb import KnowledgeBase\n"
        f"with KnowledgeBase.open(Path({str(sample_home)!r})) as knowledge:\n"
        "    assert knowledge.search('prefix cache', mode='lexical').hits\n"
    )
    assert not loaded_after(code) & set(HEAVY)


def test_a_hybrid_search_needs_neither_torch_nor_chromadb(sample_home: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from kb import KnowledgeBase\n"
        f"with KnowledgeBase.open(Path({str(sample_home)!r})) as knowledge:\n"
        "    result = knowledge.search('prefix cache')\n"
        "    assert result.hits and result.mode == 'hybrid'\n"
    )
    assert not loaded_after(code) & {"torch", "sentence_transformers", "chromadb", "streamlit"}


def test_a_machine_without_a_gpu_has_no_cuda_packages() -> None:
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has a GPU")
    names = {(dist.metadata["Name"] or "").lower() for dist in importlib.metadata.distributions()}
    assert not {name for name in names if name.startswith("nvidia-")}
