"""Hand-made canonical models whose explanations are known, and the batches to explain on them."""

from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, fx, nn

from junco.audit.batch import Batch, Box
from junco.audit.explain import REGISTRY, Pass, refusal, residual
from junco.audit.explain.explainer import Bound
from junco.audit.graph.activations import Ceiling
from junco.audit.model import Canonical
from junco.contract.base import Frozen
from junco.contract.catalogue import METHODS, Control, IntegratedGradientsParameters, Method

ALL: tuple[Method | Control, ...] = (*Method, *Control)


class SumPool(nn.Module):
    """[n, classes, h, w] to [n, classes]."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum((2, 3))


class PreActivation(nn.Module):
    """A skip that reads what the ReLU reads, and a ReLU6 later on."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(6, 6, 3, padding=1)
        self.relu2 = nn.ReLU()
        self.ceiling = Ceiling(6.0)
        self.fc = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x + self.conv(self.relu(x))
        return self.fc(self.ceiling(self.relu2(x)).mean((2, 3)))


class Leaf(fx.Tracer):
    """Keeps every module that calls no other as one node."""

    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        return not list(module.children())


def canonical(
    model: nn.Module,
    shape: tuple[int, int, int] = (3, 12, 12),
    *,
    spatial: Sequence[str] = (),
    dtype: torch.dtype = torch.float64,
    batch: int | None = None,
) -> Canonical:
    """``model`` as the lifter would hand it over, with Grad-CAM on the last of ``spatial``."""
    model = model.to(dtype).eval().requires_grad_(False)
    module = fx.GraphModule(model, Leaf().trace(model))
    pointwise = (nn.ReLU, Ceiling, nn.GELU, nn.SiLU, nn.Sigmoid, nn.LeakyReLU, nn.Softplus)
    kinds = Counter(type(part).__name__ for part in module.modules() if isinstance(part, pointwise))
    with torch.no_grad():
        classes = module(torch.zeros(batch or 1, *shape, dtype=dtype)).shape[1]
    return Canonical(
        module=module,
        steps=(),
        input_shape=shape,
        classes=classes,
        format="test",
        producer="test",
        original=module,
        batch=batch,
        cam_layer=spatial[-1] if spatial else None,
        spatial=tuple(spatial),
        activations=dict(kinds),
    )


def seeded(model: nn.Module, seed: int = 0, *, bias: float = 0.2) -> nn.Module:
    """``model`` with weights of the size that keeps signals alive, drawn from ``seed``."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            fan = parameter[0].numel() if parameter.dim() > 1 else 0
            scale = (2 / fan) ** 0.5 if fan else bias
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
    return model


def convnet(*, bias: float = 0.2, dtype: torch.dtype = torch.float64, batch: int | None = None) -> Canonical:
    """Two convolutions with ReLU and max pooling, [n, 3, 12, 12] to 4 classes; Grad-CAM on either ReLU."""
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1, bias=bias > 0),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, padding=1, bias=bias > 0),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(288, 4, bias=bias > 0),
    )
    return canonical(seeded(model, bias=bias), spatial=("1", "4"), dtype=dtype, batch=batch)


def preactivation(*, dtype: torch.dtype = torch.float64) -> Canonical:
    """See PreActivation."""
    return canonical(seeded(PreActivation(), 1), spatial=("stem", "ceiling"), dtype=dtype)


def layer_sum(*, channels: int = 2, size: int = 6) -> tuple[Canonical, nn.Conv2d]:
    """z_k(x) = sum relu(w_k * x + b_k), zero padded: the one-layer oracle, and its convolution."""
    model = nn.Sequential(nn.Conv2d(channels, 3, 3, padding=1), nn.ReLU(), SumPool())
    lifted = canonical(seeded(model, 2), (channels, size, size), spatial=("1",))
    conv = lifted.submodule("0")
    assert isinstance(conv, nn.Conv2d)
    return lifted, conv


def linear(*, shape: tuple[int, int, int] = (2, 4, 4)) -> tuple[Canonical, Tensor]:
    """z = W x + b, and W as maps [classes, C, H, W]."""
    model = canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(2 * 4 * 4, 3)), 3), shape)
    weight = model.submodule("1").weight
    assert isinstance(weight, Tensor)
    return model, weight.detach().view(3, *shape)


def shifted(model: Canonical, shift: Tensor) -> Canonical:
    """``model`` behind x - shift: the compensated model of the input-shift check, layers under their own names."""
    graph = fx.Graph()
    image = graph.placeholder("image")
    original = next(iter(model.module.graph.nodes))
    plain = graph.call_function(torch.sub, (image, graph.get_attr("junco_shift")))
    graph.output(graph.graph_copy(model.module.graph, {original: plain}))
    parts = {**dict(model.module.named_children()), "junco_shift": shift}
    return model.with_module(fx.GraphModule(parts, graph))


def images(n: int = 5, shape: tuple[int, int, int] = (3, 12, 12), *, dtype: torch.dtype = torch.float64) -> Batch:
    """Random images in [0, 1] with targets 0, 1, 2, 0, ..., a box of that range, and ten images before them."""
    x = torch.rand(n, *shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64).to(dtype)
    low, high, mean = (x.new_full((shape[0],), value) for value in (0.0, 1.0, 0.5))
    box, index = Box(low, high, mean), tuple(range(10, 10 + n))
    others = torch.rand(10, *shape, generator=torch.Generator().manual_seed(8), dtype=torch.float64).to(dtype)
    return Batch(x=x, targets=torch.arange(n) % 3, index=index, box=box, references=torch.cat([others, x]))


def bound(name: Method | Control, parameters: Frozen | None = None, *, label: str | None = None) -> Bound:
    """A method at its defaults unless told otherwise."""
    return Bound(label or str(name), name, parameters or METHODS[name].parameters())


def completeness(model: Canonical, batch: Batch, maps: Tensor, *, parameters: IntegratedGradientsParameters) -> Tensor:
    """Share [n] of what the logit climbs from the baseline that the maps of Integrated Gradients miss."""
    sums_to = REGISTRY[Method.INTEGRATED_GRADIENTS].sums_to
    assert sums_to is not None
    return residual(maps, sums_to(Pass(model, batch), parameters))


BRIEF: Mapping[Method | Control, Mapping[str, object]] = {
    Method.PREDICTION_DIFFERENCE: {"segments": 9, "samples": 2},
    Method.RISE: {"side": 4, "samples": 20},
    Method.LIME: {"segments": 9, "samples": 20},
    Method.KERNEL_SHAP: {"segments": 9, "samples": 20},
    Method.SHAPLEY_SAMPLING: {"segments": 9, "permutations": 2},
    Method.INTEGRATED_GRADIENTS_SMOOTHGRAD: {"samples": 2, "steps": 40},
    Method.ANCHORS: {"segments": 9, "samples": 50},
}
"""Budgets for tests of what all methods have in common."""


def brief(name: Method | Control) -> Bound:
    """A method at its defaults, or at a small budget where its defaults take hundreds of passes."""
    return bound(name, METHODS[name].parameters.model_validate(BRIEF.get(name, {})))


def available(model: Canonical) -> list[Bound]:
    """Every method and control whose rule is defined for ``model``, the long ones shortened."""
    return [method for method in map(brief, ALL) if refusal(method, model) is None]
