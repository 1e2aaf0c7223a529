"""Models beside the one that is judged, from the command line over HTTP through a sandboxed runner, as in process."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from junco.client.cli import app
from junco.client.exits import Exit
from tests.audit.pipeline.test_supplied import trained
from tests.e2e.processes import Installation
from tests.e2e.talk import SHAPE, identity
from tests.truth.digits import split

pytestmark = pytest.mark.e2e
BRIEF = ("--profile", "quick", "--checks", "data_randomization", "--methods", "gradient", "--input-shape", SHAPE)


@dataclass(frozen=True)
class Given:
    """Files of two trainings on the same digits, the digits, and the random labels that the second one learned."""

    true: Path
    permuted: Path
    digits: Path
    labels: tuple[int, ...]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """Forty digits: few enough to be memorised in a second."""
    torch.set_num_threads(1)
    folder, data = tmp_path_factory.mktemp("beside"), split()[0][slice(0, 40)]
    mixed = replace(data, labels=np.random.default_rng(3).permutation(data.labels))
    true, permuted, digits = (folder / name for name in ("true.pt", "permuted.pt", "digits.npz"))
    true.write_bytes(trained(data, epochs=25, seed=0))
    permuted.write_bytes(trained(mixed, epochs=60, seed=1))
    digits.write_bytes(data.npz())
    return Given(true, permuted, digits, tuple(int(label) for label in mixed.labels))


def checked(given: Given, folder: Path, *more: object) -> tuple[int, dict[str, Any]]:
    """``junco check`` of the first model with the second beside it: how it ended, and the outcome."""
    named = ("--random-label-model", given.permuted, "--random-labels", ",".join(map(str, given.labels)))
    files = ("--json", folder / "o.json", "--out", folder / "out")
    words = [str(word) for word in ("check", given.true, given.digits, *BRIEF, *named, *files, *more)]
    done = CliRunner().invoke(app, words)
    assert (folder / "o.json").exists(), done.output
    return done.exit_code, identity((folder / "o.json").read_text())


def of_edges(outcome: dict[str, Any]) -> dict[str, Any]:
    """What data_randomization says of the edge detector, which any network's labels leave as it is."""
    (found,) = [control["checks"][0] for control in outcome["controls"] if control["label"] == "edge_detector"]
    return dict(found)


def test_a_memorised_model_gives_the_outcome_of_the_library(
    given: Given, embedded: Installation, tmp_path: Path
) -> None:
    """Bit for bit, plan and artifacts included: edges, which do not change with the labels, fail."""
    (tmp_path / "here").mkdir()
    code, here = checked(given, tmp_path / "here")
    assert checked(given, tmp_path, "--url", embedded.url) == (code, here)
    assert of_edges(here)["verdict"] == "fail"
    gates = {gate["name"]: gate["holds"] for check in here["checks"] for gate in check["preflight"]}
    assert gates["memorised_permuted"] is True


@pytest.mark.slow
def test_a_model_that_did_not_memorise_judges_nothing(given: Given, embedded: Installation, tmp_path: Path) -> None:
    """Other random labels than it learned: invalid, and the reason says how few of them it knows."""
    other = replace(given, labels=given.labels[1:] + given.labels[:1])
    code, outcome = checked(other, tmp_path, "--url", embedded.url)
    found = of_edges(outcome)
    assert (code, found["verdict"]) == (Exit.INCONCLUSIVE, "invalid")
    assert "'memorised_permuted' does not hold: train accuracy 12.5%" in found["summary"]
