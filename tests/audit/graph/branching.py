"""Programs whose course depends on their input's numbers, and programs that only look so."""

import torch
from torch import Tensor

from tests.audit.graph.hard import Pooled


class Bright(Pooled):
    """Divides images that look like bytes."""

    def forward(self, x: Tensor) -> Tensor:
        if bool(x.max() > 20):
            x = x / 255.0
        return self.scores(x)


class Guarded(Pooled):
    """Blackens images that hold undefined numbers."""

    def forward(self, x: Tensor) -> Tensor:
        if bool(torch.isnan(x).any()):
            x = torch.zeros_like(x)
        return self.scores(x)


class Equal(Pooled):
    """Compares two tensors, which recording answers for its example alone."""

    def forward(self, x: Tensor) -> Tensor:
        if torch.equal(x, x.abs()):
            x = x * 3
        return self.scores(x)


class Halving(Pooled):
    """Halves as often as it takes."""

    def forward(self, x: Tensor) -> Tensor:
        while bool(x.abs().max() > 1):
            x = x * 0.5
        return self.scores(x)


class Counting(Pooled):
    """As many rounds as the image's spread says."""

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for _ in range(int(x.abs().mean() * 5) + 1):
            y = y.relu() * 1.1
        return self.scores(y)


class Carried(Pooled):
    """A loop of fixed length hands the input's numbers round until they reach a branch."""

    def forward(self, x: Tensor) -> Tensor:
        a, b, c = torch.zeros(1), torch.zeros(1), x.sum()
        for _ in range(3):
            a, b = b, c
        if bool(a > 0):
            x = x * 2
        return self.scores(x)


class Listing(Pooled):
    """Reads numbers into a list, which recording takes for constants."""

    def forward(self, x: Tensor) -> Tensor:
        total = 0.0
        means: list[float] = x.mean([1, 2, 3]).tolist()
        for mean in means:
            total += mean
        return self.scores(x) * (2.0 + total)


class Shaped(Pooled):
    """Branches on sizes and types, and loops over a list of layers' outputs."""

    def forward(self, x: Tensor) -> Tensor:
        if x.dtype == torch.uint8:
            x = x.float() / 255.0
        if x.size(2) > 10 and not x.is_cuda:
            x = torch.nn.functional.avg_pool2d(x, 2)
        for size in [3, 5]:
            x = torch.nn.functional.max_pool2d(x, size, stride=1, padding=size // 2)
        return self.scores(x)


class Masked(Pooled):
    """Selects by data, without taking another course."""

    def forward(self, x: Tensor) -> Tensor:
        y = torch.zeros_like(x)
        y[x > 0] = x[x > 0] * 2
        return self.scores(torch.where(x < -1, x, y))


class Switched(Pooled):
    """Branches on a stored tensor."""

    use: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("use", torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        if bool(self.use > 0):
            x = x * 2
        return self.scores(x)


class ByImage(Pooled):
    """Loops over the images of its batch."""

    def forward(self, x: Tensor) -> Tensor:
        rows: list[Tensor] = []
        for place in range(x.size(0)):
            rows.append(self.scores(x[place : place + 1]))  # noqa: PERF401 - a comprehension compiles to no loop
        return torch.cat(rows, 0)


BY_DATA = (Bright, Guarded, Equal, Halving, Counting, Carried, Listing)
BY_FORM = (Shaped, Masked, Switched, ByImage)
