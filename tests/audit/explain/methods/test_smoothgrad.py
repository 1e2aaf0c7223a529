"""SmoothGrad: its expectation, its scale, its noise."""

import torch
from torch.nn.functional import conv2d, conv_transpose2d

from junco.audit.batch import Batch
from junco.audit.explain import build
from junco.contract.catalogue import Method, SmoothGradParameters
from tests.audit.explain.models import bound, convnet, images, layer_sum


def test_the_mean_of_many_draws_is_the_gaussian_smoothing_of_the_gradient() -> None:
    """O5: for sum relu(w * x + b), E = conv_transpose(Phi(z / (s |w|)), w), |w| without the taps that meet padding.

    40 images of the same pixels at 1000 draws each; 40 000 draws leave a standard error of about 0.005.
    """
    model, conv = layer_sum()
    one = images(1, (2, 6, 6))
    batch = Batch(one.x.repeat(40, 1, 1, 1), one.targets.repeat(40), tuple(range(40)), one.box)
    method = bound(Method.SMOOTHGRAD, SmoothGradParameters(samples=1000, sigma=0.3))
    found = build([method], model, batch_size=2000)(model, batch, seed=1).maps[method.label].mean(0)

    spread = 0.3 * (one.x.max() - one.x.min())
    reach = conv2d(torch.ones_like(one.x), conv.weight.square(), padding=1).sqrt()
    open_ = torch.distributions.Normal(0, 1).cdf(conv(one.x) / (spread * reach))
    only = torch.zeros_like(open_)
    only[:, one.targets[0]] = open_[:, one.targets[0]]
    expected = conv_transpose2d(only, conv.weight, padding=1)[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=0.026)
    plain = conv_transpose2d((only > 0.5).double(), conv.weight, padding=1)[0]
    assert (plain - expected).abs().max() > 0.1


def test_the_noise_scale_is_the_images_own_range() -> None:
    """An image twice as wide in range gets twice the noise: with the bias doubled too, the map is the same."""
    model, conv = layer_sum()
    batch = images(2, (2, 6, 6))
    explain = build([bound(Method.SMOOTHGRAD)], model)
    before = explain(model, batch, seed=5).maps["smoothgrad"]
    conv.bias.mul_(2)
    after = explain(model, Batch(2 * batch.x, batch.targets, batch.index, batch.box), seed=5).maps["smoothgrad"]
    torch.testing.assert_close(after, before, rtol=1e-12, atol=1e-12)


def test_the_seed_alone_moves_the_noise() -> None:
    """The same seed gives the same bits, another seed another map that still resembles the first."""
    model, batch = convnet(), images()
    explain = build([bound(Method.SMOOTHGRAD)], model)
    torch.manual_seed(1)
    first = explain(model, batch, seed=0).maps["smoothgrad"]
    torch.manual_seed(2)
    state = torch.get_rng_state()
    again, other = (explain(model, batch, seed=seed).maps["smoothgrad"] for seed in (0, 1))
    assert torch.equal(first, again)
    assert torch.equal(state, torch.get_rng_state())
    assert not torch.equal(first, other)
    assert torch.corrcoef(torch.stack([first.flatten(), other.flatten()]))[0, 1] > 0.9
