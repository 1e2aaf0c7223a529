"""Files that cannot be written are named before any work."""

import os
import subprocess
import sys

import pytest

from junco.client.exits import Exit
from junco.client.wanted import Wanted
from junco.contract.errors import BadInput
from tests.client.test_cli import BRIEF, junco


@pytest.mark.parametrize(
    ("option", "where", "says"),
    [
        ("--out", "file", "file is not a folder"),
        ("--out", "file/out", "file is a file"),
        ("--json", "folder", "folder is a folder"),
        ("--junit", "file/o.xml", "file is not a folder"),
        ("--html", "file/deep/o.html", "file is a file"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_any_work(model, photos, tmp_path, option, where, says):
    """With the exit code of a usage error, and nothing measured."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    places = {"--out": tmp_path / "out", option: tmp_path / where}
    found = junco("check", model, photos, *BRIEF, *(word for pair in places.items() for word in pair))
    assert found.exit_code == Exit.REFUSED
    assert says in found.stderr
    assert f"for {option}" in found.stderr
    assert "%" not in found.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_inspection_names_a_report_that_cannot_be_written_first(model, tmp_path):
    """Before it shows anything."""
    found = junco("inspect", model, "--json", tmp_path)
    assert (found.exit_code, found.stdout) == (Exit.REFUSED, "")
    assert "for --json" in found.stderr


def test_standard_output_takes_one_document(tmp_path):
    """Two of them, one after the other, are neither JSON nor XML."""
    Wanted(tmp_path, json="-", junit="o.xml").require()
    with pytest.raises(BadInput, match="one document") as told:
        Wanted(tmp_path, json="-", junit="-").require()
    assert told.value.found == "--json - and --junit -"


TRIES = """
import sys
from pathlib import Path
from junco.client.wanted import Wanted
from junco.contract.errors import BadInput
try:
    Wanted(Path(sys.argv[1]) / "out", junit=sys.argv[1] + "/o.xml").require()
except BadInput as error:
    sys.exit(error.detail)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="as root, what files' modes forbid is tried without root's powers")
@pytest.mark.parametrize(("mode", "says"), [(0o755, ""), (0o555, "cannot be written")])
def test_a_folder_that_is_not_ours_to_write_is_named(tmp_path, mode, says):
    """By its mode, as an ordinary user meets it; with the control that it can be written otherwise."""
    tmp_path.chmod(mode)
    ordinary = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    tried = subprocess.run([*ordinary, sys.executable, "-c", TRIES, tmp_path], capture_output=True, text=True)
    assert says in tried.stderr
    assert bool(tried.stderr) is bool(says)
