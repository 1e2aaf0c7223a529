"""Ranks with ties averaged, for many rows at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def average_ranks(values: Tensor) -> Tensor:
    """Rank of each value within its row, from 1; tied values share the mean of the ranks they cover.

    ``values`` [n, d] of any real dtype; the answer is [n, d] in float64, where every average rank is exact. A row with
    NaN has no order: all its ranks are NaN. Infinities rank as the largest and smallest values.
    """
    if values.numel() == 0:
        return values.new_zeros(values.shape, dtype=torch.float64)
    ordered, order = _sorted(values)
    opens = torch.ones_like(ordered, dtype=torch.bool)  # whether a place opens a run of equal values
    torch.ne(ordered[:, 1:], ordered[:, :-1], out=opens[:, 1:])
    ranks = torch.empty_like(ordered, dtype=torch.float64).scatter_(1, order, _run_means(opens))
    return ranks.masked_fill_(ordered[:, -1:].isnan(), torch.nan)  # NaN sorts last


def _sorted(values: Tensor) -> tuple[Tensor, Tensor]:
    """Each row in ascending order, NaN last, and where its values came from; ties in any order."""
    if values.device.type != "cpu":
        return values.sort(dim=1)
    # numpy sorts with vector instructions, in about half of torch's time, and lets other threads run meanwhile.
    threads = torch.get_num_threads()
    parts = [part.numpy() for part in values.chunk(threads)]
    with ThreadPoolExecutor(threads) as pool:
        order = torch.from_numpy(np.concatenate(list(pool.map(_argsort, parts))))
    return values.gather(1, order), order


def _argsort(rows: NDArray[Any]) -> NDArray[np.intp]:
    return np.argsort(rows, axis=1)


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
