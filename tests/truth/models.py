"""Small untrained classifiers with seeded, non-degenerate weights: one per trait that a lifted graph must survive."""

import warnings
from io import BytesIO
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Kind = Literal["scripted", "traced", "frozen"]
KINDS: tuple[Kind, ...] = ("scripted", "traced", "frozen")

IMAGE = (3, 32, 32)
DIGIT = (1, 28, 28)
CLASSES = 10


def _settled(model: nn.Module, seed: int) -> nn.Module:
    """``model`` in eval mode, its weights drawn from ``seed`` and its batch-norm statistics away from 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 1
            spread = (2 / fan_in) ** 0.5 if parameter.dim() > 1 else 0.2
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d | nn.LayerNorm | nn.GroupNorm):
                module.weight.copy_(torch.rand(module.weight.shape, generator=generator) + 0.5)
            if isinstance(module, nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.copy_(torch.randn(module.running_mean.shape, generator=generator) * 0.1)
                module.running_var.copy_(torch.rand(module.running_var.shape, generator=generator) + 0.5)
    return model.eval()


def small_cnn() -> nn.Module:
    """Conv, batch norm, ReLU, max pool, twice; global average pool; linear."""
    return _settled(
        nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(16, CLASSES),
        ),
        seed=1,
    )


class _Mobile(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, bias=False)
        self.pad = nn.ZeroPad2d((0, 1, 0, 1))
        self.norm0 = nn.BatchNorm2d(8)
        self.expand = nn.Conv2d(8, 24, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(24)
        self.depthwise = nn.Conv2d(24, 24, 3, padding=1, groups=24, bias=False)
        self.norm2 = nn.BatchNorm2d(24)
        self.project = nn.Conv2d(24, 8, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(8)
        self.relu6 = nn.ReLU6()
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu6(self.norm0(self.stem(self.pad(x))))
        y = self.relu6(self.norm1(self.expand(x)))
        y = self.relu6(self.norm2(self.depthwise(y)))
        x = x + self.norm3(self.project(y))
        return self.fc(self.dropout(x.mean([2, 3])))


def mobile() -> nn.Module:
    """Depthwise convolution, one ReLU6 used three times, a skip that ends in an addition, zero padding first."""
    return _settled(_Mobile(), seed=2)


def mlp() -> nn.Module:
    """Flatten first, then linear layers."""
    layers = [nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, CLASSES)]
    return _settled(nn.Sequential(nn.Flatten(), *layers), seed=3)


class _FunctionalReLU(nn.Module):
    def __init__(self, *, inplace: bool) -> None:
        super().__init__()
        self.inplace = inplace
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 8 * 8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(functional.relu(self.conv1(x), inplace=self.inplace), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x), inplace=self.inplace), 2)
        return self.fc(x.view(x.size(0), -1))


def functional_relu() -> nn.Module:
    """ReLU as a function: no module for a hook to find."""
    return _settled(_FunctionalReLU(inplace=False), seed=4)


class _ReusedReLU(nn.Module):
    def __init__(self, *, inplace: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.relu = nn.ReLU(inplace=inplace)
        self.pool = nn.AvgPool2d(4)
        self.fc = nn.Linear(8 * 8 * 8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv2(self.relu(self.conv1(x))))
        return self.fc(torch.flatten(self.pool(x), 1))


def reused_relu() -> nn.Module:
    """One nn.ReLU called twice."""
    return _settled(_ReusedReLU(), seed=5)


class _Inplace(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv1(x))
        y = self.conv2(x)
        y += x
        return self.fc(self.relu(y).mean([2, 3]))


def inplace() -> nn.Module:
    """In-place ReLU and in-place addition."""
    return _settled(_Inplace(), seed=6)


def softmax_end() -> nn.Module:
    """Ends in a softmax."""
    return nn.Sequential(small_cnn(), nn.Softmax(dim=1)).eval()


def log_softmax_end() -> nn.Module:
    """Ends in a log-softmax."""
    return nn.Sequential(small_cnn(), nn.LogSoftmax(dim=1)).eval()


class _RegisteredBackwards(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, CLASSES)
        self.bn2 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(functional.max_pool2d(x, 2))))
        return self.fc(x.mean([2, 3]))


def registered_backwards() -> nn.Module:
    """The output layer is declared first."""
    return _settled(_RegisteredBackwards(), seed=7)


def gelu_net() -> nn.Module:
    """GELU and SiLU, for which guided rules are not defined; group norm and layer norm."""
    return _settled(
        nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.GroupNorm(2, 8),
            nn.GELU(),
            nn.Conv2d(8, 8, 3, stride=2),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d(3),
            nn.Flatten(),
            nn.LayerNorm(72),
            nn.Linear(72, CLASSES),
        ),
        seed=8,
    )


def one_by_one_out() -> nn.Module:
    """Answers [n, 10, 1, 1]: a 1x1 convolution as the classifier."""
    return _settled(
        nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, CLASSES, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
        ),
        seed=9,
    )


class _DictOut(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 8, 3, padding=1)
        self.main = nn.Linear(8, CLASSES)
        self.auxiliary = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = torch.relu(self.body(x)).mean([2, 3])
        return {"logits": self.main(x), "auxiliary": self.auxiliary(x)}


def dict_out() -> nn.Module:
    """Answers a dictionary of two classifications."""
    return _settled(_DictOut(), seed=10)


def not_classifier() -> nn.Module:
    """Answers an image."""
    return _settled(nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1)), seed=11)


class _Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.shared = nn.Conv2d(8, 8, 3, padding=1)
        self.encode = nn.Linear(8, 6)
        self.decode = nn.Linear(8, 6)
        self.decode.weight = self.encode.weight
        self.fc = nn.Linear(12, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x))
        x = torch.relu(self.shared(torch.relu(self.shared(x)))).mean([2, 3])
        return self.fc(torch.cat([self.encode(x), self.decode(x)], dim=1))


def tied() -> nn.Module:
    """One convolution called twice, and two linear layers sharing one weight tensor."""
    return _settled(_Tied(), seed=12)


class _TokenNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 16, 8, stride=8)
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        self.position = nn.Parameter(torch.zeros(1, 17, 16))
        self.norm = nn.LayerNorm(16)
        self.qkv = nn.Linear(16, 48)
        self.project = nn.Linear(16, 16)
        self.scale = nn.Parameter(torch.zeros(16))
        self.fc = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.position
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=-1)
        mixed = torch.softmax(q @ k.transpose(1, 2) / 4.0, dim=-1) @ v
        x = x + self.scale * self.project(mixed)
        return self.fc(x[:, 0])


def token_net() -> nn.Module:
    """Patches, a class token, positions, attention and a layer scale: raw parameters that belong to no layer."""
    return _settled(_TokenNet(), seed=13)


class _Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.conv1 = nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.downsample = nn.Sequential(nn.Conv2d(8, 16, 1, stride=2, bias=False), nn.BatchNorm2d(16))
        self.fc = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.stem(x))
        y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        x = functional.relu(y + self.downsample(x))
        return self.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))


def residual() -> nn.Module:
    """A ResNet block with a strided shortcut, and a ReLU after the addition."""
    return _settled(_Residual(), seed=14)


class _Normalising(nn.Module):
    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1))
        self.register_buffer("spread", torch.tensor([0.2, 0.25, 0.3]).view(1, 3, 1, 1))
        self.body = small_cnn()

    def forward(self, x: Tensor) -> Tensor:
        return self.body(((x.to(torch.float32) - self.mean) / self.spread).to(torch.float32))


def normalising() -> nn.Module:
    """Normalises its input with stored constants, and casts to float32 by name."""
    return _Normalising().eval()


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 16, 8, stride=8)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.fc = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = x + self.attention(x, x, x, need_weights=False)[0]
        return self.fc(x.mean(dim=1))


def attention() -> nn.Module:
    """nn.MultiheadAttention, whose script branches on data."""
    return _settled(_Attention(), seed=15)


def as_torchscript(model: nn.Module, shape: tuple[int, int, int], kind: Kind) -> bytes:
    """``model`` as the bytes of a TorchScript file."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        if kind == "traced":
            module = torch.jit.trace(model, torch.zeros(2, *shape), check_trace=False, strict=False)
        else:
            module = torch.jit.script(model)
        module = torch.jit.freeze(module) if kind == "frozen" else module
        buffer = BytesIO()
        torch.jit.save(module, buffer)
    return buffer.getvalue()
