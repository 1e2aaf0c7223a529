"""Fashion-MNIST's files: read as IDX has them, found where they are named, refused when they are something else."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from benchmarks.replicate import data


def written(folder: Path, *, count: int = 20) -> None:
    """The package's four files, small: picture i is all i, its class i modulo 10."""
    for part in ("train", "t10k"):
        pixels = np.repeat(np.arange(count, dtype=np.uint8), 28 * 28).tobytes()
        images = struct.pack(">HBBIII", 0, 8, 3, count, 28, 28) + pixels
        labels = struct.pack(">HBBI", 0, 8, 1, count) + bytes(i % 10 for i in range(count))
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of these files that the environment names."""
    written(tmp_path)
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    monkeypatch.setattr(data, "clothes", data.clothes.__wrapped__)
    return tmp_path


def test_pictures_and_classes_are_those_of_the_files(folder: Path) -> None:
    """Big-endian sizes, row by row, pixels scaled to [0, 1]."""
    found = data.clothes("test")
    assert found.pixels.shape == (20, 28, 28)
    assert found.labels.tolist() == [*range(10), *range(10)]
    assert found.x[7].unique().tolist() == [pytest.approx(7 / 255)]


def test_a_balanced_choice_takes_the_first_of_each_class_in_turns(folder: Path) -> None:
    """Any prefix of ten holds every class once."""
    chosen = data.clothes("test").balanced(2)
    assert chosen.labels.tolist() == [*range(10), *range(10)]
    assert chosen.pixels[:, 0, 0].tolist() == list(range(20))


def test_a_file_that_is_no_idx_file_is_refused_by_name(folder: Path) -> None:
    """Labels where pictures should be: one dimension, not three."""
    wrong = folder / "t10k-images-idx3-ubyte.gz"
    wrong.write_bytes((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    with pytest.raises(SystemExit, match="no IDX file of bytes in 3 dimensions"):
        data.clothes("test")


def test_without_files_and_without_apt_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's name and the variable stand in the message."""
    monkeypatch.setattr(data, "OUT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=rf"(?s)Install that Debian package.*{data.VARIABLE}"):
        data.fetched()
