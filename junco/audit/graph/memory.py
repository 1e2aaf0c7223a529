"""Running out of memory, however torch says it."""

import torch

_WORDS = ("can't allocate memory", "not enough memory", "bad_alloc", "out of memory")


def starved(error: Exception) -> bool:
    """Whether ``error`` means that there was no memory left: TorchScript wraps even that into a RuntimeError."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)
