"""Attention rollout and relevance, and CAMs on tokens: naive loops over the eager transformer."""

from functools import cache
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from junco.audit.explain import build, capabilities, preflight, refusal
from junco.audit.graph import load
from junco.audit.model import Canonical
from junco.contract.catalogue import CamParameters, Method
from junco.contract.errors import InvalidPlan
from tests.audit.explain.models import bound, convnet, images
from tests.audit.graph.onnx.zoo import as_onnx
from tests.truth import models
from tests.truth.transformers import FEATURES, HEADS, Spelling, ViT, vit

METHODS = (
    Method.ATTENTION_ROLLOUT,
    Method.ATTENTION_RELEVANCE,
    Method.GRADIENT,
    Method.GRAD_CAM,
    Method.GRAD_CAM_PLUS_PLUS,
    Method.LAYER_CAM,
    Method.SCORE_CAM,
)
Twin = Literal["scripted", "traced", "onnx"]


@cache
def lifted(twin: Twin = "traced", spelling: Spelling = Spelling()) -> Canonical:  # noqa: B008 - frozen
    """The small transformer through a file."""
    model = vit(spelling)
    data = as_onnx(model) if twin == "onnx" else models.as_torchscript(model, models.IMAGE, twin)
    return load(data, input_shape=models.IMAGE)


def explained(model: Canonical, *names: Method) -> dict[str, Tensor]:
    """Maps of three images in single precision."""
    batch = images(3, models.IMAGE, dtype=torch.float32)
    return dict(build([bound(name) for name in names], model, batch_size=16)(model, batch, seed=0).maps)


def attentions(model: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Logits and softmax weights of every block of the eager model, written out with gradients of their own."""
    assert isinstance(model, ViT)
    found = []
    x = model.embed(x).flatten(2).transpose(1, 2)
    if not model.pooled:
        x = torch.cat([model.token.expand(len(x), -1, -1), x], dim=1)
    x = x + model.position
    for block in (model.block1, model.block2):
        tokens = x.shape[1]
        q, k, v = block.attention.qkv(block.norm1(x)).reshape(len(x), tokens, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.mT / (FEATURES / HEADS) ** 0.5, dim=-1)
        found.append(weights if weights.requires_grad else weights.requires_grad_())
        mixed = (found[-1] @ v).transpose(1, 2).reshape(len(x), tokens, FEATURES)
        x = x + block.attention.project(mixed)
        x = x + block.narrow(nn.functional.gelu(block.wide(block.norm2(x))))
    x = model.norm(x)
    return model.head(x.mean(1) if model.pooled else x[:, 0]), found


def assert_near(found: Tensor, expected: Tensor) -> None:
    """Within 1e-4 of the largest value: float32, other kernels."""
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * expected.abs().max().item())


@pytest.mark.parametrize("pooled", [False, True])
def test_rollout_multiplies_half_attention_and_half_identity(pooled: bool) -> None:
    """Abnar & Zuidema, image by image and block by block; the class token's row, or the mean over tokens."""
    spelling = Spelling(pooled=pooled)
    batch = images(3, models.IMAGE, dtype=torch.float32)
    _, weights = attentions(vit(spelling), batch.x)
    expected = torch.zeros(3, 1, 4, 4)
    for i in range(3):
        flow = torch.eye(16 + (not pooled))
        for block in weights:
            flow = (0.5 * block[i].detach().mean(0) + 0.5 * torch.eye(len(flow))) @ flow
        row = flow.mean(0) if pooled else flow[0, 1:]
        expected[i, 0] = row.view(4, 4)
    found = explained(lifted("traced", spelling), Method.ATTENTION_ROLLOUT)["attention_rollout"]
    assert_near(found, expected)
    assert found.flatten(1).std(1).min() > 1e-4


@pytest.mark.parametrize("pooled", [False, True])
def test_relevance_accumulates_attention_times_its_gradient(pooled: bool) -> None:
    """Chefer et al.: R <- R + mean_h((dz/dP * P)+) R, image by image."""
    spelling = Spelling(pooled=pooled)
    batch = images(3, models.IMAGE, dtype=torch.float32)
    expected = torch.zeros(3, 1, 4, 4)
    for i in range(3):
        logits, weights = attentions(vit(spelling), batch.x[i : i + 1])
        slopes = torch.autograd.grad(logits[0, batch.targets[i]], weights)
        relevance = torch.eye(16 + (not pooled))
        for block, slope in zip(weights, slopes, strict=True):
            speaks = (slope[0] * block[0].detach()).clamp(min=0).mean(0)
            relevance = relevance + speaks @ relevance
        row = relevance.mean(0) if pooled else relevance[0, 1:]
        expected[i, 0] = row.view(4, 4)
    found = explained(lifted("traced", spelling), Method.ATTENTION_RELEVANCE)["attention_relevance"]
    assert_near(found, expected)
    assert found.flatten(1).std(1).min() > 1e-4


def test_relevance_knows_the_class_and_rollout_does_not() -> None:
    """Another target moves one map and not a bit of the other."""
    model, batch = lifted(), images(2, models.IMAGE, dtype=torch.float32)
    explain = build([bound(name) for name in METHODS[:2]], model)
    other = batch.__class__(batch.x, batch.targets + 5, batch.index, batch.box)
    first, second = explain(model, batch, seed=0).maps, explain(model, other, seed=0).maps
    assert torch.equal(first["attention_rollout"], second["attention_rollout"])
    assert not torch.allclose(first["attention_relevance"], second["attention_relevance"], rtol=1e-2)


@pytest.mark.parametrize("twin", ["scripted", "onnx"])
def test_every_file_of_a_network_gives_one_set_of_maps(twin: Twin) -> None:
    """Scripted, traced and ONNX agree to 1e-4 of the largest value, CAMs on the same layer included."""
    expected, found = explained(lifted(), *METHODS), explained(lifted(twin), *METHODS)
    for name in METHODS:
        assert_near(found[name], expected[name])


def test_fused_attention_gives_the_same_maps() -> None:
    """torch's fused operator hides its weights; the maps do not tell."""
    expected, found = explained(lifted(), *METHODS), explained(lifted("traced", Spelling(fused=True)), *METHODS)
    for name in METHODS:
        assert_near(found[name], expected[name])


def test_gradient_and_both_attention_maps_share_one_forward_pass() -> None:
    """Three methods, one call of the patch embedding."""
    model, calls = lifted(), []
    handle = model.submodule("embed").register_forward_hook(lambda module, inputs, output: calls.append(len(output)))
    try:
        together = explained(model, *METHODS[:3])
    finally:
        handle.remove()
    assert calls == [3]
    for name in METHODS[:3]:
        assert_near(explained(model, name)[name], together[name])


def test_grad_cam_reads_tokens_as_patches() -> None:
    """Features of the last norm on the patches' way, weighted by their mean gradient over the patches."""
    model, batch = lifted(), images(3, models.IMAGE, dtype=torch.float32)
    eager = vit()
    seen: list[Tensor] = []
    eager.get_submodule("block2.norm1").register_forward_hook(
        lambda _module, _inputs, output: seen.append(output.requires_grad_())
    )
    logits = eager(batch.x)
    (signal,) = torch.autograd.grad(logits.gather(1, batch.targets[:, None]).sum(), seen[0])
    weights = signal[:, 1:].mean(1)
    expected = torch.einsum("nk,ntk->nt", weights, seen[0].detach()[:, 1:]).relu().view(3, 1, 4, 4)
    assert_near(explained(model, Method.GRAD_CAM)["grad_cam"], expected)
    assert expected.max() > 0


def test_another_token_layer_may_be_named() -> None:
    """Behind the last attention patches reach nothing, and the map is empty; an unknown name is a mistake."""
    model, batch = lifted(), images(2, models.IMAGE, dtype=torch.float32)
    late = bound(Method.GRAD_CAM, CamParameters(layer="block2.wide"))
    assert not build([late], model)(model, batch, seed=0).maps["grad_cam"].any()
    with pytest.raises(InvalidPlan, match=r"no spatial layer named 'block3\.norm1'"):
        refusal(bound(Method.GRAD_CAM, CamParameters(layer="block3.norm1")), model)


def test_preflight_has_no_complaint_about_a_transformer() -> None:
    """Captum has no CAM on tokens and is not asked; all that is available is sound."""
    model = lifted()
    found = preflight([bound(name) for name in METHODS], model, images(2, models.IMAGE, dtype=torch.float32))
    assert {label: seen.problems for label, seen in found.items()} == {str(name): () for name in METHODS}


def test_without_attention_there_is_nothing_to_draw() -> None:
    """A convolutional network refuses both, with the reason; the transformer refuses neither."""
    for name in (Method.ATTENTION_ROLLOUT, Method.ATTENTION_RELEVANCE):
        assert refusal(bound(name), convnet()) == "the graph shows no attention"
        assert refusal(bound(name), lifted()) is None


def test_capabilities_of_a_transformer() -> None:
    """GELU has no guided rule; gradients, CAMs and attention are there."""
    found = capabilities(lifted())
    assert found[Method.GUIDED_BACKPROP] is not None
    assert [found[name] for name in METHODS] == [None] * len(METHODS)
