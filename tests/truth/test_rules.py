"""Sixt et al. 2020 on the digits CNN: which rules ignore the class and the later layers, and which do not."""

import pytest
import torch

from junco.audit.batch import Batch, Box
from junco.audit.checks.randomise import randomised
from junco.audit.explain import build
from junco.audit.graph import load
from junco.audit.maps import reduce
from junco.audit.model import Canonical
from junco.audit.similarity.spearman import paired, prepare
from junco.contract.catalogue import METHODS, Arm, Method
from tests.audit.explain.models import bound
from tests.truth.conftest import Trained

CONVERGED = [Method.LRP_Z_PLUS, Method.DEEP_TAYLOR, Method.EXCITATION_BACKPROP, Method.PATTERN_ATTRIBUTION]
CUTTING = [Method.GUIDED_BACKPROP, Method.DECONVOLUTION]
# These converge with depth (tests of O20); four layers are few.
CONVERGING = [Method.LRP_ALPHA2_BETA1, Method.PATTERN_NET]
SENSITIVE = [
    Method.GRADIENT, Method.INPUT_X_GRADIENT, Method.INTEGRATED_GRADIENTS, Method.DEEP_LIFT, Method.LRP_EPSILON,
]  # fmt: skip
IMAGES = 20


@pytest.fixture(scope="module")
def model(small: Trained) -> Canonical:
    """The narrow CNN from its file."""
    return load(small.file)


def maps(model: Canonical, small: Trained, classes: torch.Tensor) -> dict[str, torch.Tensor]:
    """Comparable maps of 20 digits for the classes given."""
    box = Box(torch.zeros(1), torch.ones(1), torch.full((1,), 0.2))
    x = small.digits.x
    batch = Batch(x[::2][:IMAGES], classes, tuple(range(0, 2 * IMAGES, 2)), box, references=x)
    made = build([bound(name) for name in (*CONVERGED, *CUTTING, *CONVERGING, *SENSITIVE)], model)(
        model, batch, seed=0
    ).maps
    return {label: reduce(raw, METHODS[Method(label)].view) for label, raw in made.items()}


def similar(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> dict[str, float]:
    """Median over images of |Spearman|."""
    return {label: float(paired(prepare(a[label]), prepare(b[label])).abs().nanmedian()) for label in a}


@pytest.fixture(scope="module")
def ranked(model: Canonical, small: Trained) -> torch.Tensor:
    """Classes of each digit, the likeliest first."""
    with torch.no_grad():
        return model(small.digits.x[::2][:IMAGES]).argsort(1, descending=True)


@pytest.fixture(scope="module")
def original(model: Canonical, small: Trained, ranked: torch.Tensor) -> dict[str, torch.Tensor]:
    """Maps of the predicted class."""
    return maps(model, small, ranked[:, 0])


def in_the_published_order(found: dict[str, float]) -> None:
    """What the paper separates: over .9 where converged, over .5 where signals are cut at every ReLU, then what
    converges with depth, and well below what does not."""
    highest = max(found[name] for name in SENSITIVE)
    assert min(found[name] for name in CONVERGED) > 0.9, found
    assert min(found[name] for name in CUTTING) > 0.5, found
    assert min(found[name] for name in CONVERGING) > 1.5 * highest, found
    assert highest < 0.2, found


def test_the_class_hardly_matters_to_converging_rules(
    model: Canonical, small: Trained, ranked: torch.Tensor, original: dict[str, torch.Tensor]
) -> None:
    """Maps of the first and the second class."""
    in_the_published_order(similar(original, maps(model, small, ranked[:, 1])))


def test_later_layers_hardly_matter_to_converging_rules(
    model: Canonical, small: Trained, ranked: torch.Tensor, original: dict[str, torch.Tensor]
) -> None:
    """The logits and the hidden layer drawn anew."""
    with randomised(model, arm=Arm.REINIT, seed=1, calibration=[]) as cascade:
        cascade.descend(2)
        in_the_published_order(similar(original, maps(model, small, ranked[:, 0])))
