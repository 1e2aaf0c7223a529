"""Which coalitions Kernel SHAP asks about, and how much each counts (Lundberg & Lee 2017; Covert & Lee 2021).

The Shapley kernel gives all coalitions of size s of M together the mass (M - 1) / (s (M - s)). Sizes are listed in full
from both ends, s and M - s together, while the samples left are at least as many as a size's fair share needs; the mass
of the other sizes goes to random coalitions, each with its complement.
"""

import math
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor


@dataclass(frozen=True)
class Design:
    """Sizes ``listed`` in full and sizes ``drawn`` of, in how many samples, for ``count`` segments."""

    count: int
    listed: tuple[int, ...]
    drawn: tuple[int, ...]
    samples: int

    @property
    def masses(self) -> dict[int, float]:
        """Share of the kernel that falls to each size; they sum to 1."""
        raw = {size: 1 / (size * (self.count - size)) for size in range(1, self.count)}
        whole = sum(raw.values())
        return {size: mass / whole for size, mass in raw.items()}

    def coalitions(self, noise: Tensor) -> Tensor:
        """Coalitions [n, k, count], none empty or whole; ``noise`` [n, pairs, count + 1] is uniform in [0, 1)."""
        listed = _listed(self.count, self.listed).to(noise.device).expand(len(noise), -1, -1)
        return torch.cat([listed, self._random(noise)], dim=1) if self.samples else listed

    def weights(self) -> Tensor:
        """What each coalition counts, [k], float64."""
        masses, sizes = self.masses, [size for size in self.listed for _ in range(math.comb(self.count, size))]
        listed = [masses[size] / math.comb(self.count, size) for size in sizes]
        rest = sum(masses[size] for size in self.drawn) / max(self.samples, 1)
        return torch.tensor(listed + [rest] * self.samples, dtype=torch.float64)

    @property
    def pairs(self) -> int:
        """Random coalitions that are drawn before complements are taken."""
        return (self.samples + 1) // 2

    def _random(self, noise: Tensor) -> Tensor:
        masses = torch.tensor([self.masses[size] for size in self.drawn], dtype=torch.float64, device=noise.device)
        ladder = (masses / masses.sum()).cumsum(0)[:-1].contiguous()
        place = torch.searchsorted(ladder, noise[..., -1].contiguous(), right=True)
        size = torch.tensor(self.drawn, device=noise.device)[place]
        rank = noise[..., :-1].argsort(dim=-1).argsort(dim=-1)
        half = rank < size[..., None]
        both = torch.stack([half, ~half], dim=2).flatten(1, 2)
        return both[:, : self.samples]


def design(count: int, samples: int) -> Design:
    """The design of ``samples`` coalitions of ``count`` segments, or of all of them if they are fewer."""
    whole, left = Design(count, (), tuple(range(1, count)), 0), samples
    listed: list[int] = []
    for small in range(1, count // 2 + 1):
        pair = sorted({small, count - small})
        rest = [size for size in whole.drawn if size not in listed]
        share = sum(whole.masses[size] for size in pair) / sum(whole.masses[size] for size in rest)
        needed = sum(math.comb(count, size) for size in pair)
        # A hair of slack: the last size's share is 1 up to rounding.
        if left * share + 1e-6 < needed:
            return Design(count, tuple(listed), tuple(rest), left)
        listed += pair
        left -= needed
    return Design(count, tuple(listed), (), 0)


def _listed(count: int, sizes: tuple[int, ...]) -> Tensor:
    """Every coalition of each of ``sizes``, [k, count]."""
    chosen = [one for size in sizes for one in combinations(range(count), size)]
    shown = torch.zeros(len(chosen), count, dtype=torch.bool)
    for row, members in enumerate(chosen):
        shown[row, list(members)] = True
    return shown
