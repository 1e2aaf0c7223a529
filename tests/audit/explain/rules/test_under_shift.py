"""Rules under an input shift that is folded into the first layer: the pattern of Kindermans et al. (2017)."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from junco.audit.batch import Batch, Box
from junco.audit.checks.input_shift import ShiftStudy, run
from junco.audit.explain import build
from junco.audit.graph import double
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.audit.similarity.spearman import cross, prepare
from junco.contract.catalogue import METHODS, CheckName, Method
from junco.contract.plan import Shard, ShardKind
from tests.audit.explain.models import bound
from tests.audit.graph.lifting import lifted
from tests.truth import models

SHAPE = models.IMAGE
CONSTANT = -torch.ones(SHAPE, dtype=torch.float64)
BOARD = (torch.arange(32)[:, None] + torch.arange(32)).remainder(2).double().expand(SHAPE).clone()


def labelled(name: Method, **parameters: object) -> tuple[str, Method, dict[str, object]]:
    """A row of the table."""
    return (",".join([name, *(f"{key}={value}" for key, value in parameters.items())]), name, parameters)


# Passes under m = -1, and under a checkerboard.
TABLE = [
    (labelled(Method.GRADIENT), True, True),
    (labelled(Method.DECONVOLUTION), True, True),
    (labelled(Method.PATTERN_NET), True, True),
    (labelled(Method.PATTERN_ATTRIBUTION), True, True),
    (labelled(Method.LRP_EPSILON), False, False),
    (labelled(Method.LRP_GAMMA), False, False),
    (labelled(Method.LRP_Z_PLUS), False, False),
    (labelled(Method.LRP_ALPHA2_BETA1, root="zero"), False, False),
    (labelled(Method.DEEP_TAYLOR, root="zero"), False, False),
    (labelled(Method.DEEP_TAYLOR), True, True),  # its box moves with the data
    (labelled(Method.LRP_ALPHA2_BETA1), True, True),
    (labelled(Method.DEEP_LIFT), False, False),
    (labelled(Method.DEEP_LIFT, baseline="black"), True, False),
    (labelled(Method.EXCITATION_BACKPROP), True, True),  # its hidden layer never sees the shift
]


def images(n: int = 12) -> Batch:
    """Random images of multiples of 1/256 in [0, 1], float64."""
    x = torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(3), dtype=torch.float64).mul(256).round() / 256
    low, high, mean = (torch.full((3,), value, dtype=torch.float64) for value in (0.0, 1.0, 0.5))
    return Batch(x, torch.arange(n) % 3, tuple(range(n)), Box(low, high, mean), references=x)


def checked(model: Canonical, shift: torch.Tensor) -> Partial:
    """All rows of the table through the check, each under its construction."""
    rows = [(label, name, METHODS[name].parameters.model_validate(chosen)) for (label, name, chosen), _, _ in TABLE]
    every = [bound(name, parameters, label=label) for label, name, parameters in rows]
    study = ShiftStudy(
        model=model,
        explainer=build([b for b in every if not METHODS[b.name].folds], model),
        folding=build([b for b in every if METHODS[b.name].folds], model),
        comparison=Comparison(prepare=prepare, cross=cross),
        seed=0,
    )
    shard = Shard(index=0, check=CheckName.INPUT_SHIFT, kind=ShardKind.SHIFT, images=tuple(range(12)), cost=25)
    return run(shard, study, images(), shift=shift)


@pytest.fixture(scope="module")
def found() -> dict[str, Partial]:
    """Both shifts on a padded CNN."""
    model = double(lifted(models.small_cnn, "traced", SHAPE))
    return {"constant": checked(model, CONSTANT), "checkerboard": checked(model, BOARD)}


@pytest.mark.parametrize("place", range(len(TABLE)), ids=[row[0][0] for row in TABLE])
def test_the_published_table(found: dict[str, Partial], place: int) -> None:
    """Median difference below 1e-9 of the map where it passes, over 5 % where it fails."""
    (label, _, _), constant, checkerboard = TABLE[place]
    for kind, passes in (("constant", constant), ("checkerboard", checkerboard)):
        difference = float(np.median(found[kind].arrays[label, "difference"]))
        assert difference < 1e-9 if passes else difference > 0.05, (kind, difference)


def test_each_method_has_its_construction(found: dict[str, Partial]) -> None:
    """Rules fold, the gradient prepends; both preconditions hold."""
    used = found["constant"].facts["constructions"]
    assert isinstance(used, dict)
    assert used["gradient"] == used["deconvolution"] == "prepend"
    assert used["lrp_z_plus"] == used["deep_lift"] == used["pattern_net"] == "fold"
    held = found["constant"].facts["preconditions"]
    assert isinstance(held, dict)
    assert all(seen["difference"] < 1e-12 for seen in held.values())


def test_a_prepended_shift_would_let_rules_pass_without_looking() -> None:
    """The reason for folding: with x - m put before it, LRP-z+ never sees x + m, and its map stays but for moves."""
    model, batch = double(lifted(models.small_cnn, "traced", SHAPE)), images()
    study = ShiftStudy(
        model=model, explainer=build([bound(Method.LRP_Z_PLUS)], model), seed=0,
        comparison=Comparison(prepare=prepare, cross=cross),
    )  # fmt: skip
    shard = Shard(index=0, check=CheckName.INPUT_SHIFT, kind=ShardKind.SHIFT, images=tuple(range(12)), cost=25)
    for construction, passes in (("prepend", True), ("fold", False)):
        forced = replace(study, construction=construction)
        difference = run(shard, forced, batch, shift=CONSTANT).arrays["lrp_z_plus", "difference"]
        assert bool(np.median(difference) < 1e-9) is passes


def test_rules_are_left_out_where_nothing_can_be_folded() -> None:
    """A model that normalises first: the gradient is compared, rules are not, and nothing is made up."""
    partial = checked(double(lifted(models.normalising, "traced", SHAPE)), CONSTANT)
    used = partial.facts["constructions"]
    assert used == {"gradient": "prepend", "deconvolution": "prepend"}
    assert ("lrp_z_plus", "difference") not in partial.arrays
