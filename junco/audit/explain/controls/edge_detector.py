"""Edge detector: A = Sobel magnitude of the image's mean over channels, [n, 1, H, W], not negative. Cost: none.

Adebayo et al., Sanity Checks for Saliency Maps, 2018. It never asks the model, so it must fail. Borders
are continued, not filled with zeros, so that a constant shift of the input leaves no frame.
"""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.contract.catalogue import Control, NoParameters


@method(Control.EDGE_DETECTOR)
def edge_detector(run: Pass, parameters: NoParameters) -> Tensor:  # noqa: ARG001 - every method takes its parameters
    """Sobel magnitude of the image."""
    return sobel(run.x)


def sobel(x: Tensor) -> Tensor:
    """Root mean square [n, 1, H, W] of the differences over two pixels down and across, smoothed, of grey ``x``."""
    down = torch.outer(x.new_tensor([1.0, 0.0, -1.0]), x.new_tensor([1.0, 2.0, 1.0]) / 4)
    grey = pad(x.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    slopes = conv2d(grey, torch.stack([down, down.T])[:, None])
    return slopes.square().mean(dim=1, keepdim=True).sqrt()
