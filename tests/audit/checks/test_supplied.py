"""Another model's weights in the graph of the one that is judged."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from junco.audit.checks.randomise import snapshot
from junco.audit.checks.supplied import grafted, kin, signature
from junco.audit.checks.training import answers
from junco.audit.graph import load
from junco.audit.graph.steps import steps
from junco.audit.model import Canonical, Step
from junco.contract.errors import InvalidPlan
from tests.audit.explain.models import canonical, images, seeded
from tests.truth import models


def network(width: int = 6, *, scale: float = 1.0, depth: int = 1) -> Canonical:
    """A convolution with a batch norm, and linear layers."""
    hidden = [part for _ in range(depth - 1) for part in (nn.Linear(width, width), nn.ReLU())]
    model = nn.Sequential(
        nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), *hidden,
        nn.Linear(width, 4),
    )  # fmt: skip
    seeded(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
        model[1].running_mean.add_(scale)
    lifted = canonical(model)
    return replace(lifted, steps=steps(lifted.module))


def test_a_graft_answers_as_the_other_model_does_and_leaves_no_trace() -> None:
    """Weights and running statistics move in, and out again to the last bit."""
    ours, theirs, x = network(), network(scale=0.5), images(5).x
    before, wanted = snapshot(ours), answers(theirs, x)
    assert not torch.allclose(answers(ours, x), wanted)
    with grafted(ours, theirs, x):
        torch.testing.assert_close(answers(ours, x), wanted, rtol=1e-12, atol=1e-12)  # one graph twice, in float64
    assert all(torch.equal(value, before[name]) for name, value in snapshot(ours).items())


@pytest.mark.parametrize(
    ("other", "said"), [(network(8), "layer 1: Conv2d [[6, 3, 3, 3]"), (network(depth=2), "layer 2: Linear [[4, 6]")]
)
def test_another_architecture_is_refused(other: Canonical, said: str) -> None:
    """The first layer that differs is named, with what was found in its place."""
    with pytest.raises(InvalidPlan, match="another architecture") as caught, grafted(network(), other, images(2).x):
        pass
    assert said in str(caught.value.expected)


def test_equal_weights_that_answer_otherwise_are_refused() -> None:
    """A model that doubles its logits after its last layer is no model of this architecture."""
    theirs = network(scale=0.5)
    louder = replace(theirs, module=_Twice(theirs.module))
    louder = replace(louder, steps=tuple(_renamed(step) for step in theirs.steps))
    with pytest.raises(InvalidPlan) as caught, grafted(network(), louder, images(3).x):
        pass
    assert "same answers" in str(caught.value.expected)


class _Twice(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * self.inner(x)


def _renamed(step: Step) -> Step:
    """The step under the wrapper's prefix."""
    return replace(
        step, tensors=tuple(f"inner.{n}" for n in step.tensors), norms=tuple(f"inner.{n}" for n in step.norms)
    )


@pytest.mark.parametrize("mode", ["zeros", "reflect"])
@pytest.mark.parametrize("wide", [0, 1])
def test_kin_have_the_same_padding(mode: str, wide: int) -> None:
    """Tensors of one shape do not tell: zeros around an image light up the border of maps."""

    def lifted(padding: int, padding_mode: str) -> Canonical:
        convolution = nn.Conv2d(3, 6, 3, padding=padding, padding_mode=padding_mode)
        head = (nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4))
        file = models.as_torchscript(seeded(nn.Sequential(convolution, *head)), (3, 12, 12), "traced")
        return load(file, input_shape=(3, 12, 12))

    ours, theirs = lifted(1, "zeros"), lifted(wide, mode)
    assert signature(ours) == signature(theirs)
    assert kin(ours, theirs) is ((wide, mode) == (1, "zeros"))
