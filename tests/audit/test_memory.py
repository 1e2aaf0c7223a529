import subprocess
import sys

import pytest

_PROGRAM = """
import resource, sys
import torch
from junco.audit.memory import keep_pages
if sys.argv[1] == "keep":
    assert keep_pages()
for _ in range(20):
    torch.ones(10_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    torch.ones(10_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_freed_memory_is_used_again_without_a_page_fault() -> None:
    """Of a hundred tensors of 40 MB, plain malloc faults in each; kept pages fault a few times at most."""
    plain, kept = (
        int(subprocess.run([sys.executable, "-c", _PROGRAM, how], check=True, capture_output=True, text=True).stdout)
        for how in ("plain", "keep")
    )
    assert kept < plain / 5
