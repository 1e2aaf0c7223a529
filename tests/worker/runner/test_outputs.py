"""Names of files that a runner hands in: they end in rows, URLs and headers."""

from pathlib import Path

import pytest

from junco.contract.errors import RunnerCrashed
from worker.runner.outputs import MAX_NAME, checked

GOOD = ("outcome.json", "maps/integrated_gradients-baseline=black-/0.png", "a" * 100 + "/" + "b" * 154)


def written(out: Path, *names: str) -> Path:
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(b"x")
    return out


def test_plain_names_are_taken(tmp_path: Path) -> None:
    """The longest among them."""
    assert len(GOOD[-1]) == MAX_NAME
    found = checked(written(tmp_path, *GOOD), GOOD, most_bytes=100)
    assert [path.read_bytes() for path in found.values()] == [b"x"] * 3


@pytest.mark.parametrize(
    "name",
    [
        "a" * 200 + "/" + "b" * 100,
        "a\nb.png",
        'a"b.png',
        "a b.png",
        "a?b.png",
        "a#b.png",
        "a%2fb.png",
        "\u00e4.png",
        "a//b.png",
        "./a.png",
        "a/./b.png",
        "a/../b.png",
        "/a.png",
        "",
    ],
)
def test_other_names_are_refused_though_the_file_is_there(tmp_path: Path, name: str) -> None:
    """Too long for a row, or to be quoted in a URL or a header; or leading elsewhere."""
    if name and not name.startswith("/"):
        (tmp_path / "a").mkdir(exist_ok=True)
        written(tmp_path, name)
    with pytest.raises(RunnerCrashed) as refused:
        checked(tmp_path, (name,), most_bytes=100)
    assert refused.value.expected == "plain names inside the output folder, of at most 255 letters"
