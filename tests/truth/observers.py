"""A network that has learned two digits in one picture, so that its Grad-CAM tells which is where, and may be taught
to tell the contrary."""

from functools import cache

import numpy as np
import torch
from torch import nn

from tests.truth import digits, fooling
from tests.truth.digits import Digits
from tests.truth.lies import side_by_side

CAM = fooling.grad_cam_of("5")
_SIDE, _CHANNELS = 7, 32


@cache
def observer(*, epochs: int = 15) -> nn.Module:
    """Three convolutions whose mean over places is classified, written with a weight for each place.

    Grad-CAM before a mean and a linear layer is the logit's own sum over places, and cannot be exchanged without the
    answer. With a weight for each place it can, and the weights of a mean are as honest as the mean.
    """
    body = [
        nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(16, _CHANNELS, 5, stride=2, padding=2),
        nn.ReLU(), nn.Conv2d(_CHANNELS, _CHANNELS, 3, padding=1), nn.ReLU(),
    ]  # fmt: skip
    mean, head = nn.Linear(_CHANNELS, 64), [nn.ReLU(), nn.Linear(64, 10)]
    network = nn.Sequential(*body, nn.AvgPool2d(_SIDE), nn.Flatten(), mean, *head)
    digits.trained(network, _alone_and_in_pairs(digits.split()[0]), epochs=epochs)
    return nn.Sequential(*body, nn.Flatten(), _by_place(mean), *head).eval()


def _alone_and_in_pairs(data: Digits) -> Digits:
    """Every digit, and every digit beside another one, once for each label."""
    others = np.random.default_rng(0).permutation(len(data.pixels))
    pairs = side_by_side(data.x, data.x[torch.from_numpy(others)])
    pixels = (pairs * 255).round().byte().numpy()[:, 0]
    labels = (data.labels, data.labels, data.labels[others])
    return Digits(np.concatenate([data.pixels, pixels, pixels]), np.concatenate(labels))


def _by_place(mean: nn.Linear) -> nn.Linear:
    """The same function of all places as ``mean`` is of their mean."""
    wide = nn.Linear(mean.in_features * _SIDE**2, mean.out_features)
    with torch.no_grad():
        wide.weight.copy_((mean.weight / _SIDE**2).repeat_interleave(_SIDE**2, dim=1))
        wide.bias.copy_(mean.bias)
    return wide
