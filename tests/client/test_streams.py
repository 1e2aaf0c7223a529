"""Readers that go away: the exit code stays the verdict's, and files are written all the same."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from junco.client.exits import Exit
from tests.client.test_cli import SHAPE

JUNCO = Path(sys.executable).with_name("junco")
TALKS = """
import sys
from junco.client.streams import Console
from junco.client.wanted import write
console = Console(stderr={stderr})
console.print("one")
console.print("two")
write("-", "three")
sys.exit(7)
"""


def deaf() -> int:
    """The writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("stderr", [False, True])
def test_a_stream_that_nobody_reads_decides_no_exit_code(stderr: bool) -> None:
    """Neither rich's 1, nor Python's 120 for a flush that fails at the end."""
    program = [sys.executable, "-c", TALKS.format(stderr=stderr)]
    talked = subprocess.run(program, stdout=deaf(), stderr=deaf() if stderr else subprocess.PIPE, check=False)
    assert talked.returncode == 7
    assert stderr or talked.stderr == b""


@pytest.mark.e2e
@pytest.mark.slow
def test_a_check_whose_outcome_nobody_reads_ends_with_its_verdict(model: Path, photos: Path, tmp_path: Path) -> None:
    """A fail is no pass because of a closed pipe, and JUnit is written though JSON had no reader."""
    words = ("--profile", "quick", "--checks", "input_shift", "--methods", "input_x_gradient", "--json", "-")
    command = [JUNCO, "check", model, photos, *SHAPE, *words, "--junit", tmp_path / "o.xml", "--out", tmp_path / "out"]
    checked = subprocess.run(list(map(str, command)), stdout=deaf(), stderr=deaf(), check=False, timeout=120)
    assert checked.returncode == Exit.FAIL
    assert ET.parse(tmp_path / "o.xml").getroot().get("failures") == "1"


@pytest.mark.e2e
@pytest.mark.slow
def test_a_check_that_is_terminated_leaves_nothing(model: Path, photos: Path, tmp_path: Path) -> None:
    """SIGTERM, by which CI systems stop a step, is as good as Ctrl-C."""
    command = [JUNCO, "check", model, photos, *SHAPE, "--profile", "thorough", "--out", tmp_path / "out"]
    checking = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
    assert checking.stderr is not None
    assert checking.stderr.readline().startswith("inspect")
    checking.terminate()
    assert checking.wait(60) == Exit.INTERRUPTED
    checking.stderr.close()
    assert list(tmp_path.iterdir()) == []
