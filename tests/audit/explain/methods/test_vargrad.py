"""VarGrad: its formula, and the passes that it shares with SmoothGrad."""

import torch

from junco.audit.batch import Batch
from junco.audit.explain import Pass, build
from junco.audit.explain.backward import Wants
from junco.audit.explain.noise import Stream, normal
from junco.audit.model import Canonical
from junco.contract.catalogue import METHODS, Method, SmoothGradParameters, VarGradParameters, View
from tests.audit.explain.models import bound, convnet, images, linear


def draws(model: Canonical, batch: Batch, *, sigma: float, samples: int) -> torch.Tensor:
    """Gradients [samples, n, C, H, W] at noisy copies, one image and one draw at a time."""
    found = torch.zeros(samples, *batch.x.shape, dtype=torch.float64)
    for i, place in enumerate(batch.index):
        one = batch.x[i : i + 1]
        for k in range(samples):
            noise = normal(one, seed=6, stream=Stream.SMOOTHGRAD, index=(place,), draw=k)
            leaf = (one + sigma * (one.max() - one.min()) * noise).requires_grad_()
            model(leaf)[0, batch.targets[i]].backward()
            found[k, i] = leaf.grad
    return found


def test_it_is_the_variance_of_the_gradients_that_smoothgrad_averages() -> None:
    """Mean and mean squared distance of a naive loop over the same draws, Captum's vargrad formula, to rounding."""
    model, batch = convnet(), images(3)
    methods = [
        bound(Method.SMOOTHGRAD, SmoothGradParameters(samples=8)),
        bound(Method.VARGRAD, VarGradParameters(samples=8)),
    ]
    maps = build(methods, model, batch_size=5)(model, batch, seed=6).maps
    gradients = draws(model, batch, sigma=0.15, samples=8)
    torch.testing.assert_close(maps["smoothgrad"], gradients.mean(0), rtol=1e-11, atol=1e-13)
    by_captum = gradients.square().mean(0) - gradients.mean(0).square()
    torch.testing.assert_close(maps["vargrad"], by_captum, rtol=1e-9, atol=1e-11)
    assert maps["vargrad"].min() >= 0
    assert maps["vargrad"].max() > 1e-3
    assert METHODS[Method.VARGRAD].view is View.UNSIGNED


def test_a_linear_model_has_no_variance() -> None:
    """O1: exactly zero, not a difference of large squares."""
    model, _ = linear()
    assert not build([bound(Method.VARGRAD)], model)(model, images(3, (2, 4, 4)), seed=1).maps["vargrad"].any()


def test_fewer_samples_are_the_first_of_more() -> None:
    """VarGrad at 5 and SmoothGrad at 9 draws cost 9 gradient passes together, and each is what it is alone."""
    model, batch, calls = convnet(), images(2), []
    narrow = bound(Method.VARGRAD, VarGradParameters(samples=5))
    wide = bound(Method.SMOOTHGRAD, SmoothGradParameters(samples=9))
    alone = [build([method], model)(model, batch, seed=6).maps[method.label] for method in (narrow, wide)]
    model.submodule("0").register_forward_pre_hook(lambda module, inputs: calls.append(len(inputs[0])))
    maps = build([narrow, wide], model)(model, batch, seed=6).maps
    assert sum(calls) == 2 * (9 + 1)
    torch.testing.assert_close(maps["vargrad"], alone[0], rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(maps["smoothgrad"], alone[1], rtol=1e-11, atol=1e-13)


def test_other_noise_shares_nothing() -> None:
    """Two sigmas, or the softplus twin, are draws of their own."""
    model, batch = convnet(), images(2)
    run = Pass(model, batch, seed=6, wants=Wants(draws=frozenset({(0.1, 3), (0.2, 3)})))
    first, other, twin = run.noisy(0.1, 3), run.noisy(0.2, 3), run.smoothed(5.0).noisy(0.1, 3)
    assert not torch.equal(first.mean, other.mean)
    assert not torch.equal(first.mean, twin.mean)
    assert run.noisy(0.1, 3) is first
