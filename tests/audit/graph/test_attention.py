"""Attention and token grids are found in every spelling of a transformer, and windows and odd sequences refused."""

import pytest
import torch
from torch import Tensor, nn

from junco.audit.graph import load
from junco.audit.graph.attention import watched
from junco.audit.graph.tokens import grid_of
from junco.audit.model import Attention, Canonical, Grid
from tests.audit.graph.onnx.zoo import as_onnx
from tests.truth import models
from tests.truth.transformers import Spelling, vit

SPELLINGS = [Spelling(), Spelling(fused=True), Spelling(pooled=True), Spelling(fused=True, wide=True)]


def lifted(model: nn.Module, kind: models.Kind = "traced") -> Canonical:
    """``model`` through a TorchScript file."""
    return load(models.as_torchscript(model, models.IMAGE, kind), input_shape=models.IMAGE)


def attention_of(canonical: Canonical) -> Attention:
    """What was found, which is not a reason."""
    assert isinstance(canonical.attention, Attention), canonical.attention
    return canonical.attention


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("kind", ["scripted", "traced"])
def test_attention_of_both_blocks_is_found(spelling: Spelling, kind: models.Kind) -> None:
    """Two nodes, the grid of the patches, and the class token or all tokens as what is read."""
    found = attention_of(lifted(vit(spelling), kind))
    assert len(found.nodes) == 2
    assert found.grid == Grid(0 if spelling.pooled else 1, 4, 7 if spelling.wide else 4)
    assert found.read == (tuple(range(16)) if spelling.pooled else (0,))


@pytest.mark.parametrize("exporter", ["legacy", pytest.param("dynamo", marks=pytest.mark.slow)])
def test_onnx_shows_the_same_attention(exporter: str) -> None:
    """The same grid and the same tokens, whatever the exporter made of the softmax."""
    found = attention_of(load(as_onnx(vit(), exporter), input_shape=models.IMAGE))  # type: ignore[arg-type]  # a Literal
    assert (len(found.nodes), found.grid, found.read) == (2, Grid(1, 4, 4), (0,))


@pytest.mark.parametrize("spelling", [Spelling(), Spelling(fused=True)])
def test_watched_weights_and_gradients_are_those_of_the_eager_model(spelling: Spelling) -> None:
    """Rows sum to 1, weights are softmax(QK^T) by hand, gradients are finite differences of the rest of the network."""
    model = vit(Spelling())
    x = torch.rand(2, *models.IMAGE, generator=torch.Generator().manual_seed(3))
    canonical = lifted(vit(spelling))
    with torch.enable_grad():
        logits, found = watched(canonical.graph_module, x, attention_of(canonical).nodes)
        (signal,) = torch.autograd.grad(logits[:, 3].sum(), found[-1].source)
    seen: list[Tensor] = []
    block = model.get_submodule("block2.attention.qkv")
    block.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    torch.testing.assert_close(logits, model(x), rtol=1e-4, atol=1e-5)
    q, k, _ = seen[0].reshape(2, 17, 3, 3, 4).permute(2, 0, 3, 1, 4)
    expected = torch.softmax(torch.einsum("nhid,nhjd->nhij", q, k) / 2, dim=-1)
    torch.testing.assert_close(found[-1].weights, expected, rtol=1e-4, atol=1e-5)
    assert found[-1].weights.std() > 0.01
    pulled = found[-1].pulled(signal)
    assert not pulled[:, :, 1:].any()
    assert pulled[:, :, 0].abs().max() > 1e-3


def test_fused_and_written_attention_have_one_gradient() -> None:
    """dz/dP through the fused operator, dO V^T, is what autograd gives for the softmax that is written out."""
    x = torch.rand(2, *models.IMAGE, generator=torch.Generator().manual_seed(3))
    found = []
    for spelling in (Spelling(), Spelling(fused=True)):
        canonical = lifted(vit(spelling))
        with torch.enable_grad():
            logits, watches = watched(canonical.graph_module, x, attention_of(canonical).nodes)
            signals = torch.autograd.grad(logits[:, 3].sum(), [watch.source for watch in watches])
        found.append([watch.pulled(signal) for watch, signal in zip(watches, signals, strict=True)])
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-6)


def test_multihead_attention_of_torch_is_found() -> None:
    """nn.MultiheadAttention in its fast path, of a network that averages its tokens."""
    found = attention_of(lifted(models.attention()))
    assert (found.grid, found.read) == (Grid(0, 4, 4), tuple(range(16)))


@pytest.mark.parametrize("make", [models.small_cnn, models.gelu_net])
def test_a_network_without_attention_says_so(make: object) -> None:
    """A convolutional network has none, and a softmax at the end is none."""
    assert lifted(make()).attention == "the graph shows no attention"  # type: ignore[operator]


def test_windows_and_other_lengths_are_refused() -> None:
    """Attention over 8 of 16 tokens at a time has no row for the whole image."""

    class Windows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Conv2d(3, 4, 8, stride=8)
            self.head = nn.Linear(4, 5)

        def forward(self, x: Tensor) -> Tensor:
            x = self.embed(x).flatten(2).transpose(1, 2)
            x = x.reshape(x.shape[0] * 2, 1, 8, 4)
            x = torch.softmax(x @ x.transpose(-2, -1), dim=-1) @ x
            return self.head(x.reshape(-1, 16, 4).mean(1))

    torch.manual_seed(0)
    found = lifted(Windows().eval()).attention
    assert found == "the 8 tokens that attend to each other do not lie on the image as a grid of patches"


@pytest.mark.parametrize(
    ("tokens", "places", "expected"),
    [
        (16, (4, 4), Grid(0, 4, 4)),
        (17, (4, 4), Grid(1, 4, 4)),
        (21, (4, 4), Grid(5, 4, 4)),
        (28, (4, 7), Grid(0, 4, 7)),
        (15, (4, 4), None),
        (40, (4, 4), None),
        (50, None, Grid(1, 7, 7)),
        (49, None, Grid(0, 7, 7)),
        (51, None, Grid(2, 7, 7)),
        (48, None, None),
        (2, None, None),
    ],
)
def test_how_tokens_lie(tokens: int, places: tuple[int, int] | None, expected: Grid | None) -> None:
    """On the last convolution's places after a few tokens without one, or else on a square."""
    assert grid_of(tokens, places) == expected


@pytest.mark.parametrize("pooled", [False, True])
def test_the_cam_layer_is_the_last_norm_that_patches_pass_on_their_way(pooled: bool) -> None:
    """Behind the last attention only the class token counts, and the norm before it is read; averaged tokens all count.

    Its patches carry a gradient, which those of the final norm of the class-token network do not.
    """
    canonical = lifted(vit(Spelling(pooled=pooled)))
    assert canonical.cam_layer == ("norm" if pooled else "block2.norm1")
    assert canonical.grids["norm"].length == 16 + (not pooled)
    assert canonical.channels["block2.wide"] == 24
    assert set(canonical.grids) < set(canonical.spatial)


def test_a_grid_lays_tokens_out_row_by_row() -> None:
    """Token 1 + i * width + j is the patch in row i, column j."""
    tokens = torch.arange(7.0).view(1, 7, 1).expand(1, 7, 2)
    assert Grid(1, 2, 3).images(tokens)[0, 1].tolist() == [[1, 2, 3], [4, 5, 6]]
