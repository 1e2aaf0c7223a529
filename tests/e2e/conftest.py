"""A network that has learned its digits, twenty of them, and the installations that judge it."""

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from tests.e2e.processes import JUNCO, Installation, environment, installation
from tests.e2e.talk import PLAN, SHAPE, Talk, identity
from tests.truth.digits import Widths, cnn, split, trained


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twenty digits as PNG files whose names carry their labels."""
    _, test = split()
    folder, found = tmp_path_factory.mktemp("photos"), []
    for label in range(10):
        for i, place in enumerate((test.labels == label).nonzero()[0][:2]):
            found.append(folder / f"{i}_{label}.png")
            Image.fromarray(test.pixels[place]).save(found[-1])
    return found


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits network as a TorchScript file, trained for a second: right on seven of ten digits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more gain nothing at this size, and the bits must not depend on the machine's cores
    try:
        train, _ = split()
        network = trained(cnn(Widths(8, 16, 32)), train[slice(0, 800)], epochs=3)
    finally:
        torch.set_num_threads(threads)
    path = tmp_path_factory.mktemp("model") / "digits.pt"
    path.write_bytes(scripted(network))
    return path


def scripted(module: torch.nn.Module) -> bytes:
    """A module as TorchScript."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(module), buffer)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def in_process(model: Path, photos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> "Checked":
    """PLAN by ``junco check`` without a service: the outcome that every other way must give, too."""
    folder = tmp_path_factory.mktemp("in-process")
    return checked(folder, model, *photos, "--methods", ",".join(PLAN["methods"]), "--checks", ",".join(PLAN["checks"]))


class Checked:
    """A ``junco check`` that has ended."""

    def __init__(self, done: "subprocess.CompletedProcess[str]", folder: Path) -> None:
        self.code, self.stdout, self.stderr, self.folder = done.returncode, done.stdout, done.stderr, folder

    @property
    def outcome(self) -> dict[str, Any]:
        """What --json wrote, without its provenance."""
        return identity((self.folder / "o.json").read_text())


def checked(folder: Path, *arguments: object) -> Checked:
    """``junco check`` as a process of its own, under the quick profile, asked for every file that it writes."""
    files = [word for kind in ("json", "junit", "html") for word in (f"--{kind}", str(folder / f"o.{kind}"))]
    told = ["--profile", "quick", "--out", str(folder / "out"), *files]
    told += [] if "--input-shape" in arguments else ["--input-shape", SHAPE]
    command = [JUNCO, "check", *map(str, arguments), *told]
    done = subprocess.run(
        command, env=environment(folder), cwd=folder, capture_output=True, text=True, timeout=200, check=False
    )
    return Checked(done, folder)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """``junco serve``."""
    with installation(tmp_path_factory.mktemp("embedded")) as made:
        made.serve()
        yield made


@pytest.fixture
def talk(embedded: Installation) -> Iterator[Talk]:
    """A client of ``junco serve``."""
    with Talk(embedded) as client:
        yield client
