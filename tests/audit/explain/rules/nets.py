"""Small networks with every kind of node that rules meet, and the maps of one method on them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.explain import Pass
from junco.audit.explain.registry import REGISTRY
from junco.audit.graph.activations import Ceiling
from junco.audit.model import Canonical
from junco.contract.base import Frozen
from junco.contract.catalogue import METHODS, Method
from tests.audit.explain.models import canonical, seeded

SHAPE = (3, 8, 8)


class Mixed(nn.Module):
    """Stem, then a residual block, a depthwise dilated layer behind ReLU6, a concatenation, poolings and a gate."""

    def __init__(self, *, bias: bool = True, norm: bool = True, gate: bool = False, low: bool = True) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1, bias=bias)
        self.norm = nn.BatchNorm2d(6) if norm else nn.Identity()
        self.relu = nn.ReLU()
        self.inner = nn.Conv2d(6, 6, 3, padding=1, groups=2, bias=bias)
        self.relu2 = nn.ReLU()
        self.ceiling = Ceiling(0.9) if low else nn.Identity()
        self.depthwise = nn.Conv2d(6, 6, 3, padding=2, dilation=2, groups=6, bias=bias)
        self.relu3 = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.mean = nn.AvgPool2d(2)
        self.gate = nn.Linear(12, 12) if gate else None
        self.sigmoid = nn.Sigmoid()
        self.fc = nn.Linear(12 * 16, 4, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.norm(self.stem(x)))
        x = x + self.inner(x)
        x = self.ceiling(self.relu2(x))
        y = self.relu3(self.depthwise(x))
        x = torch.cat([self.pool(x), self.mean(y)], 1)
        if self.gate is not None:
            x = x * self.sigmoid(self.gate(x.mean((2, 3))))[:, :, None, None]
        return self.fc(x.flatten(1))


def mixed(seed: int = 0, *, bias: bool = True, norm: bool = True, gate: bool = False, low: bool = True) -> Canonical:
    """Mixed with seeded weights and statistics away from 0 and 1, in double precision."""
    net = seeded(Mixed(bias=bias, norm=norm, gate=gate, low=low), seed, bias=0.2 if bias else 0.0)
    generator = torch.Generator().manual_seed(seed + 1)
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean = torch.randn(6, generator=generator) * 0.2
            part.running_var = torch.rand(6, generator=generator) + 0.5
            part.weight.data = torch.rand(6, generator=generator) + 0.5
    return canonical(net, SHAPE, spatial=("relu", "ceiling", "pool") if low else ("relu", "pool"))


def chain(*layers: nn.Module, shape: tuple[int, int, int] = SHAPE, seed: int = 0, bias: float = 0.2) -> Canonical:
    """Layers one after the other."""
    return canonical(seeded(nn.Sequential(*layers), seed, bias=bias), shape)


def drawn(model: Canonical, batch: Batch, name: Method, **parameters: object) -> Tensor:
    """The maps of one method."""
    chosen: Frozen = METHODS[name].parameters.model_validate(parameters)
    return REGISTRY[name].run(Pass(model, batch), chosen)


def refused(model: Canonical, name: Method) -> str | None:
    """Why the method is undefined for the model."""
    return REGISTRY[name].refuses(model, METHODS[name].parameters())


def scores(model: Canonical, batch: Batch) -> Tensor:
    """The targets' logits [n]."""
    return model(batch.x).gather(1, batch.targets[:, None])[:, 0]


Maker = Callable[[], Canonical]
