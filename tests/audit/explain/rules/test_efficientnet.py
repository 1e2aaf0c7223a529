"""All rules on a trained network of depthwise convolutions, ReLU6, BatchNorm and skips, at its own size."""

import pytest
import torch

from examples.efficientnet_lite0 import torchscript
from junco.audit.batch import Batch, Box
from junco.audit.explain import Pass, residual
from junco.audit.explain.registry import REGISTRY
from junco.audit.graph import load
from junco.contract.catalogue import METHODS, Method, PatternParameters
from tests.audit.explain.rules.test_idle import RULES, SUMMED


@pytest.mark.slow
def test_every_rule_is_finite_and_balances() -> None:
    """In float32, through 50 layers: map and what is absorbed sum to the start within 1e-3 of it."""
    model = load(torchscript("traced"))
    x = torch.rand(10, 3, 224, 224, generator=torch.Generator().manual_seed(0)) * 2 - 1
    x = torch.nn.functional.avg_pool2d(x, 15, stride=1, padding=7) * 4
    low, high, mean = (torch.full((3,), value) for value in (-1.0, 1.0, 0.0))
    batch = Batch(x[:1], model(x[:1]).argmax(1), (0,), Box(low, high, mean), references=x)
    run = Pass(model, batch)
    for name in RULES:
        chosen = PatternParameters(fitting_images=10) if "pattern" in name else METHODS[Method(name)].parameters()
        assert REGISTRY[name].refuses(model, chosen) is None
        maps, sums_to = REGISTRY[name].run(run, chosen), REGISTRY[name].sums_to
        assert maps.isfinite().all(), name
        assert maps.abs().max() > 0, name
        assert (sums_to is not None) is (name in SUMMED)
        if sums_to is not None:
            assert residual(maps, sums_to(run, chosen)).max() < 1e-3, name
