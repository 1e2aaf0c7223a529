"""The environment of a runner: what torch needs to start, and nothing that belongs to the worker."""

import os
from pathlib import Path

_CARRIED = ("LANG", "LC_ALL", "TZ", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
"""Harmless settings of the machine; everything else, credentials above all, stays behind."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def clean_environment(work: Path, *, threads: int) -> dict[str, str]:
    """Variables for a child whose home and temporary folder is ``work``."""
    carried = {name: os.environ[name] for name in _CARRIED if name in os.environ}
    folders = dict.fromkeys(("HOME", "TMPDIR", "TORCHINDUCTOR_CACHE_DIR", "MPLCONFIGDIR", "XDG_CACHE_HOME"), str(work))
    # One CUBLAS workspace size makes matrix products on a GPU repeatable.
    fixed = {"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    # Threads that spin while they wait steal a neighbour's core: on a busy host a shard took three times as long.
    fixed["OMP_WAIT_POLICY"] = "PASSIVE"
    return carried | folders | fixed | dict.fromkeys(_THREADS, str(threads))
