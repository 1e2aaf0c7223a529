"""Oracle O16: an offset that all classes share moves the logit's map, and nothing else."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from junco.audit.checks.centring import centred_model
from junco.audit.explain import build
from junco.contract.catalogue import Method
from tests.audit.explain.models import bound, canonical, convnet, images, seeded


class _Offset(nn.Module):
    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = gain
        self.body = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(864, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.gain * x[:, :, 0].sum((1, 2))[:, None].square()


def test_probabilities_and_centred_maps_stay_and_the_logits_map_moves() -> None:
    """With an offset of 3 s^2: to 1e-12 of the largest value, in double precision."""
    honest, fooled = (canonical(seeded(_Offset(gain), 2)) for gain in (0.0, 3.0))
    batch = images(4)
    torch.testing.assert_close(fooled(batch.x).softmax(1), honest(batch.x).softmax(1), atol=1e-10, rtol=0)
    explain = build([bound(Method.GRADIENT)], honest)
    plain, lying = (explain(model, batch, seed=0).maps["gradient"] for model in (honest, fooled))
    assert float((plain - lying).abs().max()) > 1
    one, two = (explain(centred_model(model), batch, seed=0).maps["gradient"] for model in (honest, fooled))
    torch.testing.assert_close(one, two, atol=1e-10, rtol=0)


def test_centred_logits_have_mean_zero_and_the_model_is_left_alone() -> None:
    """A graph of its own, by the same weights; its layers keep their names for Grad-CAM."""
    model = convnet()
    batch = images(3)
    before = model(batch.x)
    centred = centred_model(model)
    torch.testing.assert_close(centred(batch.x), before - before.mean(1, keepdim=True))
    torch.testing.assert_close(model(batch.x), before, atol=0, rtol=0)
    found = build([bound(Method.GRAD_CAM)], model)(centred, batch, seed=0).maps["grad_cam"]
    assert found.shape == (3, 1, 6, 6)
    assert float(found.max()) > 0


def test_a_black_box_is_centred_behind_its_executor() -> None:
    """It has no graph to edit."""
    model = replace(convnet(), no_gradients="a test")
    x = images(2).x
    torch.testing.assert_close(centred_model(model)(x), model(x) - model(x).mean(1, keepdim=True))
