"""Similarities after each layer of a cascade as the authors' code draws it, against the tables of test_digits.py."""

import copy
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from junco.audit.batch import Batch, Box
from junco.audit.explain import build
from junco.audit.graph import load
from junco.audit.model import Canonical
from junco.audit.similarity.spearman import paired, prepare
from junco.contract.catalogue import Method, View
from tests.audit.explain.models import bound
from tests.truth import digits
from tests.truth.conftest import Trained

# Abs Spearman after logits, fc1, conv2, conv1.
CASCADE: Mapping[Method, tuple[float, ...]] = {
    Method.GRADIENT: (0.57, 0.33, 0.19, 0.10), Method.GUIDED_BACKPROP: (0.84, 0.74, 0.57, 0.46),
    Method.GRAD_CAM: (0.30, -0.01, 0.05, 0.01), Method.GUIDED_GRAD_CAM: (0.32, 0.05, 0.09, 0.06),
    Method.INPUT_X_GRADIENT: (0.98, 0.98, 0.98, 0.98),
}  # fmt: skip


# The same, mean |signed Spearman|.
SIGNED: Mapping[Method, tuple[float, ...]] = {
    Method.GRADIENT: (0.28, 0.09, 0.04, 0.03), Method.INPUT_X_GRADIENT: (0.26, 0.13, 0.07, 0.06),
    Method.GUIDED_BACKPROP: (0.89, 0.79, 0.57, 0.41),
}  # fmt: skip


def published(model: Canonical, stage: int, seed: int) -> Canonical:
    """The authors' code: truncated normal of deviation .1, cut at two, biases .1, on the ``stage`` last layers."""
    generator = torch.Generator().manual_seed(seed)
    module = copy.deepcopy(model.module)
    for step in list(reversed(model.steps))[:stage]:
        for name in step.tensors:
            tensor = module.get_parameter(name)
            if tensor.dim() == 1:
                nn.init.constant_(tensor, 0.1)
            else:
                nn.init.trunc_normal_(tensor, 0, 0.1, -0.2, 0.2, generator=generator)
    return replace(model, module=module)


@pytest.fixture(scope="module")
def cascade(adebayo: Trained) -> dict[tuple[Method, View], list[float]]:
    """Mean similarity over 50 images and 5 seeds after each layer, unsigned and signed."""
    model = load(adebayo.file, input_shape=digits.SHAPE)
    x, edge = adebayo.digits.x, torch.ones(1)
    batch = Batch(x, model(x).argmax(1), tuple(range(50)), Box(0 * edge, edge, 0.2 * edge))
    explain = build([bound(name) for name in CASCADE], model, batch_size=50)
    before = explain(model, batch, seed=0).maps
    keys = [(name, view) for name in CASCADE for view in View]
    found: dict[tuple[Method, View], list[list[float]]] = {key: [[] for _ in range(4)] for key in keys}
    for seed in range(5):
        for stage in range(4):
            now = explain(published(model, stage + 1, seed), batch, seed=0).maps
            for name in CASCADE:
                for view in View:
                    found[name, view][stage].append(similarity(before[name], now[name], view))
    return {key: [sum(values) / 5 for values in stages] for key, stages in found.items()}


def similarity(a: Tensor, b: Tensor, view: View) -> float:
    """abs Spearman of the magnitudes, or |Spearman| of the signed maps; maps without ranks left out."""
    a, b = ((m.abs() if view is View.UNSIGNED else m).sum(1) for m in (a, b))
    rho = paired(prepare(a), prepare(b))
    return float((rho if view is View.UNSIGNED else rho.abs()).nanmean())


@pytest.mark.parametrize("name", CASCADE)
def test_the_cascade_reproduces_the_published_similarities(
    cascade: dict[tuple[Method, View], list[float]], name: Method
) -> None:
    """abs Spearman within .10, and within .30 for what goes through Grad-CAM, whose maps often vanish."""
    tolerance = 0.30 if name in (Method.GRAD_CAM, Method.GUIDED_GRAD_CAM) else 0.10
    assert cascade[name, View.UNSIGNED] == pytest.approx(CASCADE[name], abs=tolerance)


@pytest.mark.parametrize("name", SIGNED)
def test_signed_maps_lose_their_sign_first(cascade: dict[tuple[Method, View], list[float]], name: Method) -> None:
    """Mean |signed Spearman| of the table, within .08."""
    assert cascade[name, View.SIGNED] == pytest.approx(SIGNED[name], abs=0.08)
