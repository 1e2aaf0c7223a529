"""What every test starts from."""

import sys

import pytest

THREADS = 1


def pytest_runtest_setup(item: pytest.Item) -> None:
    """One thread count for all: results are equal to the last bit only at equal thread counts, and engines set it."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(THREADS)
