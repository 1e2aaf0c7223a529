"""A network of ResNet-18's shape (He et al. 2015), drawn at random: it weighs what the trained one weighs.

Imports torch alone, so that a peer's environment can build the same network.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

INPUT_SHAPE = (3, 224, 224)

_WIDTHS = (64, 64, 128, 256, 512)


class _Block(nn.Module):
    """Two 3x3 convolutions around a skip connection."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu2 = nn.ReLU()
        self.downsample = nn.Identity() if stride == 1 and inputs == outputs else _projection(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        answer: Tensor = self.relu2(y + self.downsample(x))
        return answer


def _projection(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class ResNet18(nn.Module):
    """Maps [n, 3, 224, 224] to 1000 logits."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        strides = (1, 2, 2, 2)
        pairs = zip(pairwise(_WIDTHS), strides, strict=True)
        self.stages = nn.Sequential(
            *(block for (a, b), stride in pairs for block in (_Block(a, b, stride), _Block(b, b, 1)))
        )
        self.fc = nn.Linear(512, 1000)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.stages(self.stem(x)).mean([2, 3]))
        return logits


def build(seed: int = 0) -> nn.Module:
    """The network in eval mode, the same weights for the same ``seed``."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return ResNet18().eval()
