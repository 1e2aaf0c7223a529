"""Where files come to lie: in the folder that was named, which stays as it is otherwise."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from junco.client.asked import Asked, OnProgress, Settings
from junco.client.placing import placed
from junco.contract.outcome import Outcome


@dataclass(frozen=True)
class Writes:
    """A backend that leaves one file in a folder; an outcome takes a model to make, and is not asked here."""

    def check(self, asked: Asked, *, out: Path, on_progress: OnProgress) -> Outcome:
        (out / "maps").mkdir()
        (out / "maps" / "0.png").write_bytes(b"map")
        return Outcome.model_construct()


def place(out: Path) -> tuple[Path, ...]:
    """Names of what was placed."""
    return placed(Asked(Path("m.pt"), (), Settings()), Writes(), out=out, on_progress=lambda _: None).names


@pytest.mark.parametrize("mode", [0o755, 0o775])
def test_a_folder_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    """Whoever could read it can: the files come from a temporary folder that only its owner may enter."""
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(mode)
    (out / "mine").write_text("mine")
    assert place(out) == (Path("maps"), Path("maps/0.png"))
    assert out.stat().st_mode & 0o777 == mode
    assert (out / "mine").read_text() == "mine"


def test_a_new_folder_has_the_modes_of_any_other(tmp_path: Path) -> None:
    """By the umask, as mkdir makes it."""
    other = tmp_path / "other"
    other.mkdir()
    place(tmp_path / "deep" / "out")
    for path in (tmp_path / "deep" / "out", tmp_path / "deep" / "out" / "maps"):
        assert path.stat().st_mode == other.stat().st_mode
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
