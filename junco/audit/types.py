"""The nouns that every part of the maths shares: tensors, the canonical model, a batch to explain, an explainer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from junco.contract.catalogue import View


@dataclass(frozen=True)
class Step:
    """One step of the cascade: a parametrised layer with the norm parameters that follow it.

    ``tensors`` are names in ``module.named_parameters()`` (plus trained buffers that act as weights);
    ``norms`` are names of submodules whose running statistics belong to this step.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    tensors: tuple[str, ...]
    norms: tuple[str, ...]
    parameters: int


@dataclass(frozen=True)
class Parity:
    """Canonical output against the original executor's on one probe."""

    probe: str
    max_absolute: float
    max_relative: float
    tolerance: float
    within: bool


@dataclass(frozen=True)
class Grid:
    """How a sequence of tokens lies on the image: ``prefix`` tokens without a place, then patches row by row."""

    prefix: int
    height: int
    width: int

    @property
    def length(self) -> int:
        """Tokens of the whole sequence."""
        return self.prefix + self.height * self.width

    def images(self, tokens: Tensor) -> Tensor:
        """``tokens`` [n, length, features] as maps [n, features, height, width]."""
        patches = tokens[:, self.prefix :].transpose(1, 2)
        return patches.reshape(*patches.shape[:2], self.height, self.width)


@dataclass(frozen=True)
class Attention:
    """Self-attention over one sequence of tokens: nodes of the graph in execution order, and how tokens lie.

    ``read`` are the tokens that the classifier takes from the last attention: the class token, or all of them.
    """

    nodes: tuple[str, ...]
    grid: Grid
    read: tuple[int, ...]


@dataclass(frozen=True)
class Canonical:
    """A classifier as one differentiable graph of nn modules; maps [n, C, H, W] to logits [n, classes].

    Where no such graph can be had, ``module`` is a black box: it hands images to the file's own ``executor`` and holds
    the file's weights as its parameters; ``no_gradients`` then says why.

    ``steps`` are in execution order, input first. ``batch`` is the only batch size that the graph takes, or None.
    ``cam_layer`` names the submodule whose output Grad-CAM reads, or is None when no spatial layer exists.
    ``spatial`` lists the submodules that a user may name instead. ``activations`` counts what sits between layers,
    by kind (``ReLU``, ``Ceiling`` for the upper half of a ReLU6, ``GELU``, ...). ``left_out`` maps tensors that no step
    covers to the reason. ``first_linear`` names the first weighted submodule when it is the first thing that the
    input meets, padding apart, so that an input shift can be folded into it. ``grids`` are those of ``spatial`` that
    answer tokens [n, tokens, features]; the others answer [n, channels, height, width]. ``channels`` counts either's
    channels. ``attention`` is a transformer's, or the reason why there is none to draw. ``held`` is how the graph
    compared with the file when it was loaded; empty for a black box.
    """

    module: nn.Module
    steps: tuple[Step, ...]
    input_shape: tuple[int, int, int]
    classes: int
    format: str
    producer: str
    original: Callable[[Tensor], Tensor]
    batch: int | None = None
    cam_layer: str | None = None
    spatial: tuple[str, ...] = ()
    activations: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    first_linear: str | None = None
    softmax_cut: str | None = None
    warnings: tuple[str, ...] = ()
    grids: Mapping[str, Grid] = field(default_factory=dict)
    channels: Mapping[str, int] = field(default_factory=dict)
    attention: Attention | str = "the graph shows no attention"
    executor: str = "graph"
    no_gradients: str | None = None
    held: tuple[Parity, ...] = ()

    def __call__(self, x: Tensor) -> Tensor:
        """Logits of ``x`` at whatever batch size the graph takes."""
        if self.batch is None or len(x) == self.batch:
            return cast(Tensor, self.module(x))
        rows = [x[i : i + self.batch] for i in range(0, len(x), self.batch)]
        short = self.batch - len(rows[-1])
        if short:
            rows[-1] = torch.cat([rows[-1], rows[-1][-1:].expand(short, *x.shape[1:])])
        return torch.cat([self.module(row) for row in rows])[: len(x)]

    @property
    def differentiable(self) -> bool:
        """Whether ``module`` is a graph with gradients rather than a black box."""
        return self.no_gradients is None

    @property
    def graph_module(self) -> fx.GraphModule:
        """``module`` of a differentiable model, for code that reads or edits its graph."""
        assert isinstance(self.module, fx.GraphModule), "a black box has no graph"
        return self.module

    def with_module(self, module: nn.Module) -> "Canonical":
        """The same description over another module."""
        return replace(self, module=module)

    def submodule(self, name: str) -> nn.Module:
        """The submodule that inspection lists as ``name``."""
        return self.module.get_submodule(name)


@dataclass(frozen=True)
class Box:
    """Valid range of the data per channel, in model input space: tensors of shape [C]."""

    low: Tensor
    high: Tensor
    mean: Tensor


@dataclass(frozen=True)
class Batch:
    """Images to explain.

    ``x`` [n, C, H, W] in model input space; ``targets`` [n] class indices; ``index`` the images' places in the
    plan's image list, which seed per-image noise whatever the batching. ``shift`` [C, H, W] is what was added to
    ``x``, when it was: quantities that a method takes from the data (noise scale, black or mean baseline) are taken
    from ``x - shift`` or moved by it. ``references`` [m, C, H, W] are all of the plan's images in the plan's order,
    whatever part of them ``x`` holds, so that ``references[i]`` is the image with index ``i``; they are moved by
    ``shift`` as ``x`` is. None where there is no plan: then a method that learns from other images has none.
    ``rebased`` moves every baseline by ``shift``, place by place, whatever it is taken from.
    """

    x: Tensor
    targets: Tensor
    index: tuple[int, ...]
    box: Box
    shift: Tensor | None = None
    references: Tensor | None = None
    rebased: bool = False

    def __len__(self) -> int:
        return len(self.index)

    def rows(self, start: int, stop: int) -> "Batch":
        """The images from ``start`` to ``stop``."""
        return replace(self, x=self.x[start:stop], targets=self.targets[start:stop], index=self.index[start:stop])


@dataclass(frozen=True)
class Explained:
    """Raw maps by label, [n, C, H, W] signed or [n, 1, h, w] at native resolution, and the logits [n, classes]."""

    maps: Mapping[str, Tensor]
    logits: Tensor


@dataclass(frozen=True)
class Trait:
    """What a check must know of a method: its view, and whether asking twice gives the same map.

    ``folds``: its rules would stop at a layer put before the model, so that input_shift has to fold the shift in.
    """

    view: View
    deterministic: bool
    control: bool = False
    folds: bool = False


class Explainer(Protocol):
    """All methods of a plan, sharing passes: what a check is given."""

    traits: Mapping[str, Trait]

    def __call__(self, model: Canonical, batch: Batch, *, seed: int) -> Explained:
        """Explain ``batch`` on ``model``; ``seed`` moves only methods with randomness of their own."""
        ...


class MapFunction(Protocol):
    """One method's raw map as a function of the images that autograd can follow: what a check that attacks is given."""

    def __call__(
        self, model: Canonical, batch: Batch, *, seed: int, beta: float | None = None, samples: int = 0
    ) -> Tensor:
        """The map [n, C, H, W] of ``batch``, differentiable with respect to ``batch.x`` where that requires a gradient.

        ``beta`` follows the softplus twin of the model, whose map has second derivatives; ``samples`` averages the map
        over so many noisy copies of each image. ``seed`` is that of the noise.
        """
        ...


Signals = Mapping[str, Tensor]
"""What each of several mixes of classes became at the output of each layer, output first, [k, places, channels]."""


class Carry(Protocol):
    """The rules by which methods carry relevance back: what a check that starts them from anything is given."""

    def __call__(self, batch: Batch, mixes: Tensor) -> Iterator[tuple[str, Signals]]:
        """For each method, by label, what its starts for all classes of the one image of ``batch`` become, mixed with
        each of ``mixes`` [k, classes].

        Methods whose rule is not known for some node of the model are left out.
        """
        ...


def reduce(raw: Tensor, view: View) -> Tensor:
    """Comparable map [n, H, W] of a raw map [n, C, H, W]: the sum over channels, of magnitudes if unsigned."""
    return raw.sum(dim=1) if view is View.SIGNED else raw.abs().sum(dim=1) if raw.shape[1] > 1 else raw[:, 0]


@dataclass(frozen=True)
class Comparison:
    """How a check compares maps [n, H, W]: rank vectors once, then any number of correlations.

    ``prepare`` gives unit rank vectors [n, d], all NaN for a map without ranks (constant, not finite); ``cross`` gives
    all correlations [n, m] of two prepared sets; ``descriptive`` are further measures [n] that never decide.
    """

    prepare: Callable[[Tensor], Tensor]
    cross: Callable[[Tensor, Tensor], Tensor]
    descriptive: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = field(default_factory=dict)


Key = tuple[str, ...]


@dataclass(frozen=True)
class Partial:
    """What one shard found: arrays under structured keys, and facts as JSON."""

    arrays: Mapping[Key, NDArray[np.generic]]
    facts: Mapping[str, object] = field(default_factory=dict)


Tick = Callable[[int], None]
"""Called with image passes just completed."""
