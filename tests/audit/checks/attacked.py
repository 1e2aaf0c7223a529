"""Networks with a known fate under attacks on their maps."""

import torch
from torch import Tensor, nn

from junco.audit.batch import Batch, Box
from junco.audit.model import Canonical
from tests.audit.explain.models import SumPool, canonical

SIDE = 12
_STAIRS = 10


def staircase() -> nn.Sequential:
    """z_0 climbs by stairs at every pixel: its gradient is 1 or 0 by the tenth that the pixel's value lies in.

    A change of a twentieth draws any pattern, and z_0 hardly moves: as manipulable as a map can be.
    """
    stairs = nn.Conv2d(1, _STAIRS, 1)
    both = nn.Conv2d(_STAIRS, 2, 1, bias=False)
    with torch.no_grad():
        stairs.weight.fill_(_STAIRS)
        stairs.bias.copy_(-torch.arange(_STAIRS).float())
        both.weight.zero_()
        both.weight[0, :, 0, 0] = 1e-3 * (-1.0) ** torch.arange(_STAIRS)
    return nn.Sequential(stairs, nn.ReLU(), both, SumPool())


def gate() -> Canonical:
    """One sum over all pixels decides if the gradient shows a pattern: z_0 = relu(.3 (w'x) + a'x - 1.5) + b'x + 15.

    w has random signs: eps at every pixel moves .3 w'x by .3 eps |w|_1 if aimed and by about .3 eps |w|_2 if not. The
    gradient is .3 w + a + b, or b alone; a is strong at three pixels, b less strong at three others.
    """
    a, b = torch.zeros(2, SIDE * SIDE)
    a[10], a[11], a[30] = 3.0, -3.0, 3.0
    b[100], b[101], b[130] = 2.0, -2.0, 2.0
    hidden, out = nn.Linear(SIDE * SIDE, 2), nn.Linear(2, 2)
    with torch.no_grad():
        hidden.weight.copy_(torch.stack([0.3 * _signs() + a, b]))
        hidden.bias.copy_(torch.tensor([-1.5, 15.0]))
        out.weight.copy_(torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
        out.bias.zero_()
    return canonical(nn.Sequential(nn.Flatten(), hidden, nn.ReLU(), out), (1, SIDE, SIDE))


def near_the_gate(n: int) -> Batch:
    """Grey images with w'x = 2, so that the gradient shows a; grain of .01."""
    signs = _signs().double()
    grain = 0.01 * torch.randn(n, SIDE * SIDE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = 0.5 + grain
    x = x + (2.0 - x @ signs)[:, None] * signs / len(signs)
    return batch_of(x.view(n, 1, SIDE, SIDE))


def grain(n: int) -> Batch:
    """Images of uniform noise."""
    return batch_of(torch.rand(n, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(2), dtype=torch.float64))


def batch_of(x: Tensor) -> Batch:
    """Images [n, 1, H, W] in [0, 1], target 0."""
    low, high, mean = (x.new_full((1,), value) for value in (0.0, 1.0, 0.5))
    targets = torch.zeros(len(x), dtype=torch.int64)
    return Batch(x=x, targets=targets, index=tuple(range(len(x))), box=Box(low, high, mean), references=x)


def _signs() -> Tensor:
    """As many +1 as -1."""
    order = torch.randperm(SIDE * SIDE, generator=torch.Generator().manual_seed(0))
    return 1.0 - 2.0 * (order % 2)
