"""Small classifiers [n, 3, 16, 16] -> [n, 5] with what makes TorchScript files hard to read, and their files."""

import io
import warnings
import zipfile
from typing import NamedTuple

import torch
from torch import Tensor, nn

SHAPE = (3, 16, 16)
CLASSES = 5


def settled(model: nn.Module) -> nn.Module:
    """``model`` in eval mode, every parameter and batch-norm statistic drawn, so that no two layers are alike."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.copy_(0.1 * torch.randn(module.num_features, generator=generator))
                module.running_var.copy_(torch.rand(module.num_features, generator=generator) + 0.5)
    return model.eval()


def scripted(model: nn.Module) -> torch.jit.ScriptModule:
    """``model`` compiled, quietly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(model)


def traced(model: nn.Module, *, dtype: torch.dtype = torch.float32, grad: bool = True) -> torch.jit.ScriptModule:
    """``model`` recorded on two images, quietly; without ``grad`` attention takes its fused inference path."""
    x = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(5)).to(dtype)
    with warnings.catch_warnings(), torch.set_grad_enabled(grad):
        warnings.simplefilter("ignore")
        return torch.jit.trace(model, x, check_trace=False)


def saved(script: torch.jit.ScriptModule) -> bytes:
    """The bytes of the program's file."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(script, buffer)
    return buffer.getvalue()


def entries(data: bytes) -> dict[str, bytes]:
    """Names and contents of an archive's entries."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive(held: dict[str, bytes]) -> bytes:
    """An archive of ``held``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as new:
        for name, content in held.items():
            new.writestr(name, content)
    return buffer.getvalue()


class Vit(nn.Module):
    """Patches, class token, positions, two nn.TransformerEncoderLayers, head; 5637 parameters in 12 layers."""

    def __init__(self, *, norm_first: bool = False, activation: str = "relu") -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            16, 2, 32, dropout=0.1, batch_first=True, norm_first=norm_first, activation=activation
        )
        self.patch = nn.Conv2d(3, 16, 4, 4)
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        self.position = nn.Parameter(torch.zeros(1, 17, 16))
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.size(0), -1, -1), x], 1) + self.position
        return self.head(self.norm(self.encoder(x))[:, 0])


VIT_STEPS = [
    "patch",
    "token",
    "position",
    *(
        f"encoder.layers.{place}.{name}"
        for place in (0, 1)
        for name in ("self_attn.in_proj_weight", "self_attn.out_proj", "linear1", "linear2")
    ),
    "head",
]


class Attention(nn.Module):
    """nn.MultiheadAttention over positions first."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 4, 4)
        self.attention = nn.MultiheadAttention(16, 2)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).permute(2, 0, 1)
        mixed, _ = self.attention(x, x, x)
        return self.head(mixed.mean(0))


class Cnn(nn.Module):
    """Two convolutions with batch norm and a linear layer; 877 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(8, CLASSES),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class Mixed(nn.Module):
    """Half precision up to the last layer, which computes in float32."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Cnn()
        self.head = nn.Linear(CLASSES, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x.to(self.body.body[0].weight.dtype)).float())


class Reused(nn.Module):
    """One convolution, batch norm and activation run three times, and the convolution once more under another name."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.shared = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.activation = nn.ReLU()
        self.head = nn.Linear(8, CLASSES)
        self.alias = self.shared

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.stem(x))
        for _ in range(3):
            x = self.activation(self.norm(self.shared(x)))
        return self.head(self.alias(x).mean([2, 3]))


class InPlace(nn.Module):
    """Writes into its input, into activations and into slices of a fresh tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x.sub_(0.5).div_(0.25)
        y = self.first(x).relu_() * 1.0
        y.add_(1.0)
        y.mul_(self.scale)
        z = torch.zeros_like(y)
        z[:, :4].copy_(y[:, :4])
        z[:, 4:] = y[:, 4:] * 2
        z[:, 0].sub_(0.5)
        z += y
        z = self.second(z).clamp_(min=0) * 1.0
        z[:, :, 0, :].fill_(0.0)
        return self.head(z.transpose_(2, 3).mean([2, 3]))


class Scores(NamedTuple):
    """A named answer of two classifications."""

    logits: Tensor
    auxiliary: Tensor


class NamedOut(nn.Module):
    """Answers a named tuple."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Cnn()
        self.extra = nn.Linear(CLASSES, CLASSES)

    def forward(self, x: Tensor) -> Scores:
        y = self.body(x)
        return Scores(y, self.extra(y))


class NestedOut(NamedOut):
    """Answers the image and a dictionary of lists of classifications."""

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, list[Tensor]]]:
        y = self.body(x)
        return x, {"heads": [y, self.extra(y)]}


class Buffers(nn.Module):
    """Its kernel and its last matrix are buffers, and so are a mean and a channel scale that is not saved as state."""

    kernel: Tensor
    mean: Tensor
    scale: Tensor
    last: Tensor

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.register_buffer("kernel", torch.randn(8, 3, 3, 3, generator=generator))
        self.register_buffer("mean", torch.randn(3, 1, 1, generator=generator))
        self.register_buffer("scale", torch.randn(8, generator=generator), persistent=False)
        self.register_buffer("last", torch.randn(CLASSES, CLASSES, generator=generator))
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.conv2d(x - self.mean, self.kernel, padding=1).relu()
        return self.head((x * self.scale.view(1, -1, 1, 1)).mean([2, 3])) @ self.last


class Pooled(nn.Module):
    """Convolution, ReLU, mean, linear: what the programs below add something to."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.head = nn.Linear(8, CLASSES)

    def scores(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x).relu().mean([2, 3]))

    def forward(self, x: Tensor) -> Tensor:
        return self.scores(x)
