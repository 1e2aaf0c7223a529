"""A small real model and a few real images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.truth.models import as_torchscript, not_classifier, small_cnn

SHAPE = (3, 32, 32)


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.pt"
    path.write_bytes(as_torchscript(small_cnn(), SHAPE, "scripted"))
    return path


@pytest.fixture(scope="session")
def segmenter(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "segmenter.pt"
    path.write_bytes(as_torchscript(not_classifier(), SHAPE, "scripted"))
    return path


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> Path:
    """Two folders that are labels, six images each."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for i in range(12):
        path = folder / str(i % 2) / f"{i:02}.png"
        path.parent.mkdir(exist_ok=True)
        small = Image.fromarray(random.integers(0, 255, (8, 8, 3), dtype=np.uint8))
        small.resize((32, 32), Image.Resampling.BICUBIC).save(path)
    return folder
