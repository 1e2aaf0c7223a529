"""A trained network of 50 layers, loaded from the file that its owner would upload."""

import pytest
import torch

from examples.efficientnet_lite0 import build, torchscript
from junco.audit.graph import coverage, load, parity, random_probes


@pytest.mark.parametrize("kind", ["traced", "frozen"])
def test_efficientnet_lite0_is_lifted_whole(kind):
    """49 convolutions and the classifier, every parameter covered, the last maps behind the last ReLU6, parity."""
    canonical = load(torchscript(kind))
    assert canonical.input_shape == (3, 224, 224)
    assert canonical.classes == 1000
    assert [step.kind for step in canonical.steps] == ["Conv2d"] * 49 + ["Linear"]
    assert coverage(canonical) == 1.0
    assert canonical.activations == {"ReLU": 33, "Ceiling": 33}
    assert canonical.cam_layer == "ceiling_33"
    assert canonical.first_linear == canonical.steps[0].name
    assert canonical.batch is None
    assert ["frozen" in warning for warning in canonical.warnings] == [True] * (kind == "frozen")
    probes = parity(canonical, random_probes(canonical, torch.Generator().manual_seed(0), 1))
    assert max(probe.max_relative for probe in probes) < 1e-5
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = build()(x)
    torch.testing.assert_close(canonical(x), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    if kind == "traced":
        names = [canonical.steps[place].name for place in (0, 1, -1)]
        assert names == ["_conv_stem", "_blocks.0._depthwise_conv", "_fc"]
        assert canonical.steps[0].norms == ("_bn0",)
        assert sum(step.parameters for step in canonical.steps) == sum(p.numel() for p in build().parameters())
