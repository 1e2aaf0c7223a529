"""Gaussian noise: A ~ N(0, 1), [n, 1, H, W], drawn per (seed, image). Cost: none.

Binder et al., Shortcomings of Top-Down Randomization-Based Sanity Checks, 2022: similarity alone calls it
the best of all methods. It does not agree with itself under another seed, so it must be invalid.
"""

from torch import Tensor

from junco.audit.explain.noise import Stream, normal
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.contract.catalogue import Control, NoParameters


@method(Control.GAUSSIAN_NOISE)
def gaussian_noise(run: Pass, parameters: NoParameters) -> Tensor:  # noqa: ARG001 - every method takes its parameters
    """A random map that knows neither image nor model."""
    return normal(run.x[:, :1], seed=run.seed, stream=Stream.GAUSSIAN_NOISE, index=run.batch.index)
