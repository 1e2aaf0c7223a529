"""What rules refuse, and why."""

import pytest
import torch
from torch import nn

from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.roles import Role
from junco.contract.catalogue import Method
from tests.audit.explain.models import canonical, seeded
from tests.audit.explain.rules import nets
from tests.audit.graph.lifting import lifted
from tests.truth import models

SIGNED = [Method.LRP_Z_PLUS, Method.LRP_ALPHA2_BETA1]
LRP = [*SIGNED, Method.LRP_EPSILON, Method.LRP_GAMMA]
RECTIFIED = [Method.DEEP_TAYLOR, Method.EXCITATION_BACKPROP, Method.PATTERN_NET, Method.PATTERN_ATTRIBUTION]


@pytest.mark.parametrize("kind", [nn.GELU, nn.SiLU, nn.Hardswish, nn.LeakyReLU, nn.Tanh, nn.ELU])
def test_activations_through_zero_have_relevance_and_no_rule_of_rectifiers(kind: type[nn.Module]) -> None:
    """LRP hands relevance through; z+ with a theory, and patterns, were derived for ReLUs and refuse by name."""
    model = nets.chain(nn.Conv2d(3, 4, 3), kind(), nn.Flatten(), nn.Linear(144, 4))
    model = type(model)(**{**model.__dict__, "spatial": ("0",)})
    assert [nets.refused(model, name) for name in LRP] == [None] * 4
    for name in RECTIFIED:
        assert f"has no rule for {kind.__name__}, which the model has" in str(nets.refused(model, name))


@pytest.mark.parametrize("kind", [nn.Sigmoid, nn.Softplus])
def test_activations_that_speak_at_zero_have_no_relevance(kind: type[nn.Module]) -> None:
    """f(0) is not 0: a silent unit would hand on relevance. DeepLIFT has a quotient for them."""
    model = nets.chain(nn.Conv2d(3, 4, 3), kind(), nn.Flatten(), nn.Linear(144, 4))
    for name in LRP:
        assert kind.__name__ in str(nets.refused(model, name))
    assert nets.refused(model, Method.DEEP_LIFT) is None


def test_unknown_operations_are_told_by_name() -> None:
    """A sine on the way of relevance."""

    class Sine(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(192, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(torch.sin(x).flatten(1))

    model = canonical(seeded(Sine()), nets.SHAPE)
    for name in (*LRP, Method.DEEP_LIFT, Method.DEEP_TAYLOR, Method.PATTERN_NET):
        assert str(nets.refused(model, name)).endswith("has no rule for sin, which the model has")


def test_transformers_have_epsilon_alone() -> None:
    """LayerNorm and attention: LRP-epsilon and gamma by Ali et al., nothing else."""
    model = lifted(models.token_net, "traced", models.IMAGE)
    assert nets.refused(model, Method.LRP_EPSILON) is None
    assert nets.refused(model, Method.LRP_GAMMA) is None
    for name in SIGNED:
        assert "a norm of the image's own" in str(nets.refused(model, name))
    assert "attention" in str(nets.refused(model, Method.DEEP_LIFT))


def test_transposed_convolutions_have_no_patterns() -> None:
    """Their moments are not those of windows."""
    model = nets.chain(nn.ConvTranspose2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 4))
    assert nets.refused(model, Method.PATTERN_NET) == "patterns of transposed convolutions are not defined"
    assert nets.refused(model, Method.LRP_Z_PLUS) is None


def test_a_batch_norm_is_part_of_the_layer_before_it_and_of_no_other() -> None:
    """Behind a convolution that nothing else reads it is folded; behind a ReLU it is an offset of its own."""
    model = nets.chain(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 4)
    )
    anatomy = Anatomy(model.graph_module)
    roles = {str(node.target): part.role for node, part in anatomy.parts.items()}
    assert [roles[name] for name in "01235"] == [Role.INSIDE, Role.LAYER, Role.ACTIVATION, Role.OFFSET, Role.LAYER]
    assert [str(last.target) for last in anatomy.first] == ["1"]
