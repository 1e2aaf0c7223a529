"""What the tests of pictures share: reading a PNG back."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

Opened = tuple[np.ndarray, dict[str, str]]


@pytest.fixture
def opened() -> Callable[[bytes], Opened]:
    """Pixels [H, W, 3] as integers, and text, of a PNG."""

    def read(data: bytes) -> Opened:
        picture = Image.open(BytesIO(data))
        assert picture.format == "PNG"
        picture.load()
        return np.asarray(picture.convert("RGB")).astype(int), dict(picture.text)

    return read


@pytest.fixture
def photo() -> np.ndarray:
    """A photo of noise, 40 x 60."""
    return np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
