"""What this machine computes embeddings in, found out without importing torch."""

from __future__ import annotations

import os
import sys
from pathlib import Path

BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # bf16: as ARM spells it
GPUS = ("/dev/nvidia0", "/dev/kfd")  # of NVIDIA; of AMD


def has_gpu() -> bool:
    """Whether there is one that torch may run in (Apple's processors have one)."""
    return sys.platform == "darwin" or any(Path(gpu).exists() for gpu in GPUS)


def has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the CPU computes in bfloat16; emulated it is slower than float32."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return False
    flags = (line for line in lines if line.lower().startswith(("flags", "features")))
    return bool(BFLOAT16_FLAGS & set(next(flags, "").split()))


def cores() -> int:
    """Cores that this process may run on."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
