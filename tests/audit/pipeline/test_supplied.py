"""data_randomization on models that the user trained, from files to verdicts, in process."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from junco.audit.engine import LocalEngine
from junco.contract.base import digest_of
from junco.contract.catalogue import CheckName, Verdict
from junco.contract.images import ImageSet
from junco.contract.outcome import Caveat, Outcome
from tests.truth import digits, models, product
from tests.truth.digits import Digits

CHECK = CheckName.DATA_RANDOMIZATION


@dataclass(frozen=True)
class Given:
    """Files of three trainings on the same digits, and the labels that the last one learned."""

    true: bytes
    twin: bytes
    permuted: bytes
    data: Digits
    labels: tuple[int, ...]


def trained(data: Digits, *, epochs: int, seed: int, hidden: int = 128) -> bytes:
    """Two convolutions with strides after so many epochs, as an upload."""
    network = nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(16, 16, 5, stride=2, padding=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10),
    )  # fmt: skip
    return models.as_torchscript(digits.trained(network, data, epochs=epochs, seed=seed), digits.SHAPE, "traced")


@pytest.fixture(scope="module")
def given(one_thread: None) -> Given:
    """120 digits; the permuted labels take five times as long."""
    data = digits.split()[0][slice(0, 120)]
    mixed = replace(data, labels=np.random.default_rng(3).permutation(data.labels))
    true, twin = (trained(data, epochs=25, seed=seed) for seed in (0, 1))
    return Given(true, twin, trained(mixed, epochs=100, seed=1), data, tuple(int(c) for c in mixed.labels))


@pytest.fixture(scope="module")
def one_thread() -> None:
    """Sums in one order; the suite sets the count before each test, and this fixture comes first."""
    import torch

    torch.set_num_threads(1)


def checked(given: Given, folder: Path, *, twin: bool = True, **supplied: Any) -> Outcome:
    """The check, with gradients, Guided Backpropagation and the controls."""
    others = [given.permuted, *([given.twin] if twin else [])]
    models_of = {"permuted": digest_of(given.permuted), "labels": given.labels}
    models_of |= {"twin": digest_of(given.twin)} if twin else {}
    files = product.files_of(given.data)
    request = product.asked(
        given.true, files, ["guided_backprop"], profile="quick", checks=[CHECK], label_models=models_of | supplied
    )
    paths = [_written(folder / f"{i}", data) for i, data in enumerate((given.true, files[0][1], *others))]
    return LocalEngine(threads=1).check(
        paths[0], ImageSet.of((files[0][0],)), paths[1:2], request, out=folder / "out", input_shape=digits.SHAPE,
        others=paths[2:],
    )  # fmt: skip


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_three_models_give_the_verdicts_of_three_trainings(given: Given, tmp_path: Path) -> None:
    """The gradient passes, the edge detector fails, gates hold, and one training of each is said to be one."""
    outcome = checked(given, tmp_path)
    found = product.check(outcome, "gradient", CHECK)
    assert (found.verdict, product.check(outcome, "edge_detector", CHECK).verdict) == (Verdict.PASS, Verdict.FAIL)
    assert Caveat.ONE_TRAINING in found.caveats
    assert product.preflight(outcome, CHECK) == {
        "parity": True, "memorised_permuted": True,
        "generalises_true": True, "generalises_twin": True, "at_chance_permuted": True,
    }  # fmt: skip
    assert "checks/data_randomization/strip.png" in outcome.artifacts


def test_without_a_twin_nothing_passes_and_edges_still_fail(given: Given, tmp_path: Path) -> None:
    """A map that is lost may be lost with the seed; one that stayed, stayed."""
    outcome = checked(given, tmp_path, twin=False)
    found = product.check(outcome, "gradient", CHECK)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "with the labels or with the seed" in found.summary
    assert product.check(outcome, "edge_detector", CHECK).verdict is Verdict.FAIL


def test_labels_that_were_not_memorised_judge_nothing(given: Given, tmp_path: Path) -> None:
    """Other random labels than the model learned: it does not know them."""
    outcome = checked(given, tmp_path, labels=given.labels[1:] + given.labels[:1])
    assert product.check(outcome, "edge_detector", CHECK).verdict is Verdict.INVALID
    assert not product.preflight(outcome, CHECK)["memorised_permuted"]


def test_a_model_that_learned_the_truth_is_no_random_one(given: Given, tmp_path: Path) -> None:
    """The twin in the permuted one's place, with the true labels for random ones: not at chance."""
    honest = replace(given, permuted=given.twin, labels=tuple(int(c) for c in given.data.labels))
    outcome = checked(honest, tmp_path, twin=False)
    assert product.check(outcome, "gradient", CHECK).verdict is Verdict.INVALID
    assert product.preflight(outcome, CHECK)["memorised_permuted"]
    assert not product.preflight(outcome, CHECK)["at_chance_permuted"]


def test_random_labels_are_one_an_image(given: Given, tmp_path: Path) -> None:
    """One too few: not run, before any work."""
    outcome = checked(given, tmp_path, labels=given.labels[1:])
    assert "119 random labels were given for 120 images" in product.check(outcome, "gradient", CHECK).summary


def test_a_model_that_was_not_handed_over_is_not_run(given: Given) -> None:
    """Who calls the library step by step may forget it: the reason is said."""
    named = {"permuted": digest_of(given.permuted), "labels": given.labels}
    job = product.measured(given.true, given.data, ["gradient"], profile="quick", checks=[CHECK], label_models=named)
    found = product.check(job.outcome(), "gradient", CHECK)
    assert found.verdict is Verdict.NOT_RUN
    assert "were not handed over" in found.summary
