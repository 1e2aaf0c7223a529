"""Fashion-MNIST (Xiao et al. 2017): 60,000 + 10,000 pictures of clothes, from the Debian package of that name.

The four files in IDX format are looked for in ``JUNCO_FASHION_MNIST``, where the package puts them, and where an
earlier run unpacked it; else the package is downloaded by apt-get and unpacked, which needs no administrator.
"""

import gzip
import os
import shutil
import struct
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.replicate.work import OUT
from tests.truth.digits import Digits

PACKAGE = "dataset-fashion-mnist"
VARIABLE = "JUNCO_FASHION_MNIST"
_INSTALLED = Path("usr/share/datasets/fashion-mnist")
_PARTS = {"train": "train", "test": "t10k"}
_DIMENSIONS = {"images-idx3": 3, "labels-idx1": 1}
CLASSES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")


class Clothes(Digits):
    """Pictures of clothes as digits are held: pixels [n, 28, 28] uint8 and classes [n]."""

    def balanced(self, per_class: int) -> "Clothes":
        """The first ``per_class`` pictures of each class, classes in turns."""
        places = [np.flatnonzero(self.labels == c)[:per_class] for c in range(len(CLASSES))]
        return self[np.stack(places, axis=1).ravel().tolist()]


@cache
def clothes(part: str) -> Clothes:
    """``train`` or ``test``; exits with what to do where the files cannot be had."""
    folder = found() or fetched()
    images, labels = (_read(folder / f"{_PARTS[part]}-{name}-ubyte.gz", n) for name, n in _DIMENSIONS.items())
    return Clothes(images, labels.astype(np.int64))


def found() -> Path | None:
    """The folder of the four files, where there is one."""
    named = os.environ.get(VARIABLE)
    places = [Path(named)] if named else [Path("/") / _INSTALLED, OUT / "data" / _INSTALLED]
    return next((place for place in places if (place / "t10k-labels-idx1-ubyte.gz").exists()), None)


def fetched() -> Path:
    """Downloads and unpacks the package under ``OUT``."""
    folder = OUT / "data"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _run("apt-get", "download", PACKAGE, cwd=folder)
        _run("dpkg", "-x", str(next(folder.glob(f"{PACKAGE}*.deb"))), ".", cwd=folder)
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        raise SystemExit(
            f"Fashion-MNIST was not found, and apt-get could not download {PACKAGE}: {error}\n"
            f"Install that Debian package, or put its four *-ubyte.gz files into a folder and name it in {VARIABLE}."
        ) from error
    return folder / _INSTALLED


def _run(program: str, *arguments: str, cwd: Path) -> None:
    path = shutil.which(program)
    if path is None:
        raise FileNotFoundError(f"there is no {program} here")
    subprocess.run([path, *arguments], cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def _read(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """An IDX file: two zero bytes, the type (8: bytes), the number of dimensions, their sizes, the values."""
    data = gzip.decompress(path.read_bytes())
    if struct.unpack(">HBB", data[:4]) != (0, 8, dimensions):
        raise SystemExit(f"{path} is no IDX file of bytes in {dimensions} dimensions; take it from {PACKAGE} again.")
    sizes = struct.unpack(f">{dimensions}I", data[4 : 4 + 4 * dimensions])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(sizes).copy()
