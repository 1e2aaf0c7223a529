"""Noise as a pure function of (seed, image, draw, element), whatever the batch, the order or the device.

A torch.Generator draws other numbers on another device and has to hand them out in order. A counter-based generator
(Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, 2011) does neither, and needs no memory for draws
to come. The mixer is SplitMix64's (Steele et al., Fast Splittable Pseudorandom Number Generators, 2014).
"""

import math
from collections.abc import Sequence
from enum import IntEnum

import torch
from torch import Tensor

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB


class Stream(IntEnum):
    """Who draws: two consumers of one seed share no number."""

    SMOOTHGRAD = 1
    GAUSSIAN_NOISE = 2
    GRADIENT_SHAP = 11
    GRADIENT_SHAP_PLACE = 12
    GRADIENT_SHAP_IMAGE = 13
    EXPECTED_GRADIENTS_PLACE = 14
    EXPECTED_GRADIENTS_REFERENCE = 15
    RISE = 21
    LIME = 22
    KERNEL_SHAP = 23
    SHAPLEY_SAMPLING = 24
    ANCHORS = 25
    PREDICTION_DIFFERENCE = 26


def normal(like: Tensor, *, seed: int, stream: Stream, index: Sequence[int], draw: int = 0) -> Tensor:
    """Standard normal noise of the shape, dtype and device of ``like`` [n, ...], one key per image in ``index``."""
    size = like[0].numel()
    bits = _bits((size + 1) // 2, _keys(index, seed=seed, stream=stream, draw=draw, device=like.device))
    return _box_muller(bits, like.dtype)[:, :size].reshape(like.shape)


def uniform(
    size: tuple[int, ...], *, seed: int, stream: Stream, index: Sequence[int], draw: int = 0, device: torch.device
) -> Tensor:
    """Uniform noise in [0, 1), float64 [n, *size], one key per image in ``index``; the same bits on every device."""
    bits = _bits(math.prod(size), _keys(index, seed=seed, stream=stream, draw=draw, device=device))
    return _right(bits, 11).double().mul_(2.0**-53).reshape(len(index), *size)


def _keys(index: Sequence[int], *, seed: int, stream: Stream, draw: int, device: torch.device) -> Tensor:
    return torch.tensor([_signed(_key(seed, stream, i, draw)) for i in index], device=device)


def _bits(count: int, keys: Tensor) -> Tensor:
    """64 random bits for each of ``count`` places of each key, [n, count]."""
    return _mixed(torch.arange(1, count + 1, device=keys.device) * _signed(_STEP) + keys[:, None])


def _box_muller(bits: Tensor, dtype: torch.dtype) -> Tensor:
    """Two independent normals of each 64 random bits, [n, 2 pairs]."""
    # float32 holds 24 bits of a uniform; half a unit is added so that the logarithm never meets zero.
    wide, width = (torch.float64, 32) if dtype == torch.float64 else (torch.float32, 24)
    upper = _right(bits, 64 - width).to(wide).add_(0.5).mul_(2.0**-width)
    lower = _right(bits.bitwise_and((1 << 32) - 1), 32 - width).to(wide).mul_(2 * math.pi * 2.0**-width)
    radius = upper.log_().mul_(-2).sqrt_()
    return torch.cat([radius * lower.cos(), radius * lower.sin()], dim=1).to(dtype)


def _mixed(z: Tensor) -> Tensor:
    z = (z ^ _right(z, 30)).mul_(_signed(_FIRST))
    z = (z ^ _right(z, 27)).mul_(_signed(_SECOND))
    return z ^ _right(z, 31)


def _right(z: Tensor, by: int) -> Tensor:
    """Logical shift to the right, which torch lacks for signed integers."""
    return (z >> by).bitwise_and_((1 << (64 - by)) - 1)


def _key(*parts: int) -> int:
    state = 0
    for part in parts:
        state = _mix((state + _STEP + _mix(part & _MASK)) & _MASK)
    return state


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return z ^ (z >> 31)


def _signed(z: int) -> int:
    return z - (1 << 64) if z >> 63 else z
