"""Ranks with ties averaged, for many rows at once."""

import torch
from torch import Tensor


def average_ranks(values: Tensor) -> Tensor:
    """Rank of each value within its row, from 1; tied values share the mean of the ranks they cover.

    ``values`` [n, d] of any real dtype; the answer is [n, d] in float64, where every average rank is exact. A row with
    NaN has no order: all its ranks are NaN. Infinities rank as the largest and smallest values.
    """
    if values.numel() == 0:
        return values.new_zeros(values.shape, dtype=torch.float64)
    ordered, order = values.sort(dim=1)
    opens = torch.ones_like(ordered, dtype=torch.bool)  # whether a place opens a run of equal values
    torch.ne(ordered[:, 1:], ordered[:, :-1], out=opens[:, 1:])
    ranks = torch.empty_like(ordered, dtype=torch.float64).scatter_(1, order, _run_means(opens))
    return ranks.masked_fill_(ordered[:, -1:].isnan(), torch.nan)  # NaN sorts last


def _run_means(opens: Tensor) -> Tensor:
    """The mean place, from 1 in each row, of the run that each place belongs to."""
    n, d = opens.shape
    # Rows lie end to end: the first place of a row always opens a run, so that no run spans two rows.
    starts = opens.flatten().nonzero().squeeze(1)
    sizes = torch.diff(starts, append=starts.new_tensor([n * d]))
    means = starts % d + (sizes + 1).double() / 2
    if len(starts) < n * d:  # without a single tie every run is one place
        means = means.repeat_interleave(sizes, output_size=n * d)
    return means.view(n, d)
