"""What a map of the trained model resembles by itself: the image's edges, and noise as smooth as it is.

Neither decides. They tell how much of a similarity the input, or smoothness alone, would give.
"""

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.checks.compare import Prepared
from junco.audit.maps import Comparison


def to_edges(comparison: Comparison, own: Prepared, edges: Prepared) -> Tensor:
    """Similarity [n] to the image's own ``edges``, averaged over the map's cells, whatever its sign."""
    cells = (own.maps.shape[-2], own.maps.shape[-1])
    small = functional.adaptive_avg_pool2d(edges.maps[:, None], cells)[:, 0]
    # Edges have no sign: a signed map that paints them does so with its magnitudes.
    ours = comparison.prepare(own.maps.abs()) if own.signed else own.ranks
    return comparison.cross(ours, comparison.prepare(small)).diagonal().abs()


def to_noise(comparison: Comparison, own: Prepared, generator: torch.Generator) -> Tensor:
    """Similarity [n] to noise of the same power spectrum: what smoothness alone would give."""
    noise = comparison.prepare(phase_noise(own.maps, generator))
    table = comparison.cross(own.ranks, noise)
    return (table.abs() if own.signed else table).diagonal()


def phase_noise(maps: Tensor, generator: torch.Generator) -> Tensor:
    """Random maps [n, h, w] with the amplitude spectrum of ``maps`` and the phases of white noise."""
    white = torch.randn(maps.shape, generator=generator, dtype=torch.float64).to(maps)
    spectrum = torch.fft.rfft2(white)
    phase = spectrum / spectrum.abs().clamp_min(torch.finfo(maps.dtype).tiny)
    shaped: Tensor = torch.fft.irfft2(torch.fft.rfft2(maps).abs() * phase, s=(maps.shape[-2], maps.shape[-1]))
    return shaped
