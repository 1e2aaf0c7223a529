"""Fixed prior: A = exp(-r^2 / (2 width^2)), r from the centre in halves of the shorter side; [n, 1, H, W], in (0, 1].

The same for every image and every model, so it must fail. Cost: none.
"""

import torch
from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.contract.catalogue import Control, FixedPriorParameters


@method(Control.FIXED_PRIOR)
def fixed_prior(run: Pass, parameters: FixedPriorParameters) -> Tensor:
    """A centred Gaussian blob."""
    height, width = run.x.shape[2:]
    half = min(height, width) / 2
    down = (torch.arange(height).to(run.x) - (height - 1) / 2) / half
    across = (torch.arange(width).to(run.x) - (width - 1) / 2) / half
    blob = torch.exp(-(down[:, None].square() + across.square()) / (2 * parameters.width**2))
    return blob.repeat(len(run.x), 1, 1, 1)
