"""Holding the canonical graph against the program that was uploaded."""

from collections.abc import Mapping

import torch
from torch import Tensor

from junco.audit.model import Canonical, Parity

_TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-4, torch.float16: 2e-2, torch.bfloat16: 1e-1}
"""Largest difference over the largest answer, by what the program computes in.

For float32: about 50 layers, each summing up to 10^4 products in another order, move a logit by some 10^-6 of the
largest one; a wrong epsilon, padding or weight moves it by 10^-3 and more.
"""

_ROUNDED = 5e-2
"""The same for a program that rounds its activations to eight bits.

A sum that lies between two steps falls to either side with the order of its terms: onnxruntime's own answers for one
quantised network of 50 layers differ by 3 % between its levels of optimisation.
"""


def parity(canonical: Canonical, probes: Mapping[str, Tensor]) -> tuple[Parity, ...]:
    """Canonical against original answers on each probe [n, C, H, W] in float32.

    Where the program ends in a softmax that was cut, probabilities (or their logarithms) are compared. Relative means
    over the largest magnitude that the original answers on that probe, or on any if it rounds its activations: its
    steps are as coarse where all answers are small.
    """
    answers = {name: _answers(canonical, x) for name, x in probes.items()}
    largest = max((float(theirs.abs().max()) for theirs, _ in answers.values()), default=0.0)
    floor = largest if _rounds(canonical) else 0.0
    return tuple(_compared(canonical, name, theirs, ours, floor) for name, (theirs, ours) in answers.items())


def random_probes(canonical: Canonical, generator: torch.Generator, count: int = 8) -> dict[str, Tensor]:
    """Inputs [count, C, H, W] for ``parity``: noise as wide as normalised images, wider and smooth noise, zeros."""
    shape = (count, *canonical.input_shape)
    noise = torch.randn(shape, generator=generator)
    coarse = torch.randn((*shape[:2], 4, 4), generator=generator)
    return {
        "noise": noise,
        "wide_noise": 3 * torch.randn(shape, generator=generator),
        "smooth_noise": torch.nn.functional.interpolate(coarse, shape[2:], mode="bilinear"),
        "zeros": torch.zeros(shape),
    }


@torch.no_grad()
def _answers(canonical: Canonical, x: Tensor) -> tuple[Tensor, Tensor]:
    """What the original answers, and what the canonical graph does."""
    # The original stays on the CPU, whatever device the canonical graph was sent to.
    theirs, ours = canonical.original(x.cpu()), canonical(x).cpu()
    if canonical.softmax_cut is not None:
        ours = ours.softmax(dim=1) if canonical.softmax_cut == "softmax" else ours.log_softmax(dim=1)
    return theirs, ours


def _compared(canonical: Canonical, probe: str, theirs: Tensor, ours: Tensor, floor: float) -> Parity:
    absolute = float((ours - theirs).abs().max())
    relative = absolute / max(float(theirs.abs().max()), floor, torch.finfo(torch.float32).tiny)
    original = canonical.original
    kind = getattr(original, "narrow", None) or getattr(original, "dtype", None) or torch.float32
    tolerance = _TOLERANCE.get(kind, _TOLERANCE[torch.float32])
    tolerance = max(tolerance, _ROUNDED) if _rounds(canonical) else tolerance
    return Parity(probe, absolute, relative, tolerance, within=relative <= tolerance)


def _rounds(canonical: Canonical) -> bool:
    return bool(getattr(canonical.original, "rounds", False))
