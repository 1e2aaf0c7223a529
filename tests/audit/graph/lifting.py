"""Models of the zoo as files, loaded once for all tests that only read them."""

from collections.abc import Callable
from functools import cache

from torch import nn

from junco.audit.graph import load
from junco.audit.model import Canonical
from tests.truth import models


@cache
def lifted(
    build: Callable[[], nn.Module], kind: models.Kind = "traced", shape: tuple[int, int, int] = models.IMAGE
) -> Canonical:
    """``build()`` exported as ``kind`` and loaded: shared, so not to be written to."""
    return fresh(build, kind, shape)


def fresh(
    build: Callable[[], nn.Module], kind: models.Kind = "traced", shape: tuple[int, int, int] = models.IMAGE
) -> Canonical:
    """As ``lifted``, but for the caller alone."""
    return load(models.as_torchscript(build(), shape, kind), input_shape=shape)
