"""Fused operators are spelt out in operators that compute the same and can be differentiated."""

import pytest
import torch
from torch import fx, nn

from junco.audit.graph.lower import lower
from tests.audit.graph.hard import settled


def _layer(*, norm_first: bool, activation: str) -> nn.TransformerEncoderLayer:
    layer = nn.TransformerEncoderLayer(16, 4, 24, batch_first=True, norm_first=norm_first, activation=activation)
    settled(layer)
    return layer


def _call(layer: nn.TransformerEncoderLayer, x: torch.Tensor, mask: torch.Tensor | None = None) -> fx.GraphModule:
    """A graph of the one fused call that stands for ``layer``."""
    attention = layer.self_attn
    read = (
        *(attention.in_proj_weight, attention.in_proj_bias, attention.out_proj.weight, attention.out_proj.bias),
        *(layer.activation_relu_or_gelu == 2, layer.norm_first, layer.norm1.eps),
        *(layer.norm1.weight, layer.norm1.bias, layer.norm2.weight, layer.norm2.bias),
        *(layer.linear1.weight, layer.linear1.bias, layer.linear2.weight, layer.linear2.bias),
        *(mask, None if mask is None else 2),
    )
    graph, root = fx.Graph(), nn.Module()
    given = [graph.placeholder("x"), 16, 4]
    for place, value in enumerate(read):
        if isinstance(value, torch.Tensor):
            root.register_buffer(f"t{place}", value.detach())
        given.append(graph.get_attr(f"t{place}") if isinstance(value, torch.Tensor) else value)
    graph.output(graph.call_function(torch.ops.aten._transformer_encoder_layer_fwd.default, tuple(given)))
    return fx.GraphModule(root, graph)


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm_first", [False, True])
def test_an_encoder_layer_is_spelt_out(norm_first, activation):
    """Answers of the fused kernel, and gradients of the module, for both orders of norm and both activations."""
    layer = _layer(norm_first=norm_first, activation=activation)
    x = torch.randn(3, 7, 16, generator=torch.Generator().manual_seed(0))
    module = _call(layer, x)
    with torch.no_grad():
        expected = module(x)
    lower(module.graph)
    module.recompile()
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    # float32: the kernel sums in another order.
    torch.testing.assert_close(module(ours), expected, rtol=1e-5, atol=1e-5)
    (slope,) = torch.autograd.grad(module(ours).square().sum(), ours)
    (truth,) = torch.autograd.grad(layer(theirs).square().sum(), theirs)
    torch.testing.assert_close(slope, truth, rtol=1e-4, atol=1e-4 * float(truth.abs().max()))


def test_a_masked_layer_is_left_as_it_is():
    """A mask, whose kinds the kernel alone knows, is not passed over in silence."""
    layer = _layer(norm_first=False, activation="relu")
    module = _call(layer, torch.zeros(1, 4, 16), mask=torch.zeros(1, 4, 4, 4, dtype=torch.bool))
    lower(module.graph)
    targets = [str(node.target) for node in module.graph.find_nodes(op="call_function", target=_FUSED)]
    assert targets == ["aten._transformer_encoder_layer_fwd.default"]


_FUSED = torch.ops.aten._transformer_encoder_layer_fwd.default


def test_copying_into_a_tensor_casts_and_spreads():
    """What ``copy_`` leaves behind takes its target's type and shape, and hands gradients to its source."""
    graph = fx.Graph()
    given = (graph.placeholder("target"), graph.placeholder("source"))
    graph.output(graph.call_function(torch.ops.aten.copy.default, given))
    module = fx.GraphModule(nn.Module(), graph)
    lower(graph)
    module.recompile()
    source = torch.tensor([1.0, 2.0], requires_grad=True)
    answer = module(torch.zeros(3, 2, dtype=torch.float64), source)
    assert torch.equal(answer, torch.tensor([[1.0, 2.0]] * 3, dtype=torch.float64))
    (slope,) = torch.autograd.grad(answer.sum(), source)
    assert torch.equal(slope, torch.tensor([3.0, 3.0]))
