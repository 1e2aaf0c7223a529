"""input_shift: two networks that agree on x and x + m must explain them alike (Kindermans et al. 2017).

The paper folds m into the first bias of an MLP. Two constructions are exact for any network: ``prepend`` x -> x - m,
and ``fold``, the first linear operation less its own response to m, padding included, as a map over space. Both are
checked against the original's outputs before any map is compared; the paper's per-channel bias fails that on padded
convolutions. Maps are compared under the construction that suits the methods: prepend, unless a rule (LRP and its kin)
would stop at the prepended layer and pass vacuously.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, fx, nn

from junco.audit.types import Batch, Canonical, Comparison, Explainer, Key, Partial, Tick, reduce
from junco.contract.plan import Shard

Construction = Literal["prepend", "fold"]
_RANDOM_INPUTS = 16


class Subtract(nn.Module):
    """x - m."""

    def __init__(self, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("shift", shift)

    def forward(self, x: Tensor) -> Tensor:
        """x - m for every image."""
        return x - self.get_buffer("shift")


@dataclass(frozen=True)
class ShiftStudy:
    """What the check works with: a float64 model and all methods' explainer."""

    model: Canonical
    explainer: Explainer
    comparison: Comparison
    seed: int
    construction: Construction = "prepend"
    tick: Tick = lambda _: None


def prepend(model: Canonical, shift: Tensor) -> Canonical:
    """The network that takes x + m and computes what ``model`` computes on x, by undoing the shift first."""
    return _edited(model, shift, _insert_before_input)


def fold(model: Canonical, shift: Tensor) -> Canonical:
    """The network that takes x + m, with m folded into the first linear layer as a bias over space.

    Raises ``ValueError`` when the input meets anything but that layer first.
    """
    if model.first_linear is None:
        raise ValueError("the input meets no linear layer first")
    return _edited(model, shift, _insert_after_first_linear)


def run(shard: Shard, study: ShiftStudy, batch: Batch, *, shift: Tensor, keep: int = 0) -> Partial:
    """Compare the maps of x and x + m; ``shift`` is m, [C, H, W].

    Keys of arrays: (label, "difference" | "rho") [n], (label, "maps") [keep, 2, h, w]; facts hold the precondition of
    each construction that the model allows.
    """
    batch, shift = replace(batch, x=dyadic(batch.x)), dyadic(shift)
    twins = {name: build(study.model, shift) for name, build in _constructions(study.model).items()}
    probed = _probed(study.model, batch, study.seed)
    held = {name: _agreement(probed, twin, shift) for name, twin in twins.items()}
    first = study.explainer(study.model, batch, seed=study.seed)
    study.tick(shard.cost // 2)
    moved = replace(batch, x=batch.x + shift, shift=shift)
    second = study.explainer(twins[study.construction], moved, seed=study.seed)
    study.tick(shard.cost - shard.cost // 2)
    arrays: dict[Key, np.ndarray[Any, Any]] = {}
    for label, raw in first.maps.items():
        view = study.explainer.traits[label].view
        arrays |= _compared(study, label, reduce(raw, view), reduce(second.maps[label], view), keep=keep)
    facts: dict[str, object] = {
        "preconditions": held,
        "construction": study.construction,
        "dtype": str(batch.x.dtype).removeprefix("torch."),
        "shift": shift.flatten(1).mean(1).tolist(),
    }
    return Partial(arrays=arrays, facts=facts)


def _compared(study: ShiftStudy, label: str, a: Tensor, b: Tensor, *, keep: int) -> dict[Key, np.ndarray[Any, Any]]:
    ranks = study.comparison.prepare(a), study.comparison.prepare(b)
    found: dict[Key, np.ndarray[Any, Any]] = {
        (label, "difference"): _difference(a, b).cpu().numpy(),
        (label, "rho"): study.comparison.cross(*ranks).diagonal().double().cpu().numpy(),
    }
    if keep:
        found[label, "maps"] = torch.stack([a[:keep], b[:keep]], 1).float().cpu().numpy()
    return found


def dyadic(values: Tensor) -> Tensor:
    """``values`` to the nearest multiple of 2^-24, so that x + m - m is x to the last bit in float64.

    Otherwise rounding breaks ties of max-pooling in flat regions: the outputs agree and the gradients do not.
    """
    return torch.round(values * 2.0**24) / 2.0**24


def precondition(
    model: Canonical, twin: Canonical, batch: Batch, *, shift: Tensor, seed: int, random_inputs: int = _RANDOM_INPUTS
) -> Mapping[str, float | bool]:
    """How far the two networks' outputs differ, over the largest output, on the images and on random inputs."""
    return _agreement(_probed(model, batch, seed, random_inputs=random_inputs), twin, shift)


def _probed(model: Canonical, batch: Batch, seed: int, *, random_inputs: int = _RANDOM_INPUTS) -> tuple[Tensor, Tensor]:
    """The images and some random inputs, and the network's outputs on them."""
    generator = torch.Generator().manual_seed(seed)
    low, high = (edge.view(-1, 1, 1).cpu() for edge in (batch.box.low, batch.box.high))
    noise = torch.rand((random_inputs, *batch.x.shape[1:]), generator=generator, dtype=torch.float64)
    inputs = torch.cat([batch.x, dyadic(low + noise * (high - low)).to(batch.x)])
    return inputs, _outputs(model, inputs)


def _agreement(probed: tuple[Tensor, Tensor], twin: Canonical, shift: Tensor) -> Mapping[str, float | bool]:
    inputs, ours = probed
    theirs = _outputs(twin, inputs + shift)
    worst = float((ours - theirs).abs().max() / ours.abs().max())
    return {"difference": worst, "argmax_equal": bool((ours.argmax(1) == theirs.argmax(1)).all())}


def _outputs(model: Canonical, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([model(part) for part in torch.split(inputs, 8)])


def _constructions(model: Canonical) -> dict[Construction, Callable[[Canonical, Tensor], Canonical]]:
    found: dict[Construction, Callable[[Canonical, Tensor], Canonical]] = {"prepend": prepend}
    if model.first_linear is not None:
        found["fold"] = fold
    return found


def _difference(a: Tensor, b: Tensor) -> Tensor:
    """max|A1 - A2| / max|A1| per image; NaN where the first map is zero or not finite."""
    scale = a.abs().flatten(1).amax(1)
    return torch.where(scale > 0, (a - b).abs().flatten(1).amax(1) / scale, torch.nan)


def _edited(model: Canonical, shift: Tensor, edit: Callable[[Canonical, fx.GraphModule, Tensor], None]) -> Canonical:
    module = copy.deepcopy(model.module)
    edit(model, module, shift)
    module.graph.lint()
    module.recompile()
    return model.with_module(module)


def _insert_before_input(_: Canonical, module: fx.GraphModule, shift: Tensor) -> None:
    module.add_module("junco_shift", Subtract(shift))
    source = next(node for node in module.graph.nodes if node.op == "placeholder")
    with module.graph.inserting_after(source):
        moved = module.graph.call_module("junco_shift", (source,))
    source.replace_all_uses_with(moved, delete_user_cb=lambda user: user is not moved)


def _insert_after_first_linear(model: Canonical, module: fx.GraphModule, shift: Tensor) -> None:
    target = next(n for n in module.graph.nodes if n.op == "call_module" and n.target == model.first_linear)
    response = _response(module, target, shift)
    module.add_module("junco_shift", Subtract(response))
    with module.graph.inserting_after(target):
        moved = module.graph.call_module("junco_shift", (target,))
    target.replace_all_uses_with(moved, delete_user_cb=lambda user: user is not moved)


def _response(module: fx.GraphModule, target: fx.Node, shift: Tensor) -> Tensor:
    """What the first linear layer alone makes of m, without its bias: its answer to m less its answer to zero."""
    probe = _Until(module, target)
    with torch.no_grad():
        return (probe.answer(shift[None]) - probe.answer(torch.zeros_like(shift[None])))[0]


class _Until(fx.Interpreter):
    """Runs a graph up to one node."""

    def __init__(self, module: fx.GraphModule, target: fx.Node) -> None:
        super().__init__(module)
        self._target = target

    def answer(self, x: Tensor) -> Tensor:
        """The target node's value for input ``x``."""
        try:
            self.run(x)
        except _ReachedError as reached:
            return reached.value
        raise ValueError(f"{self._target} is never reached")

    def run_node(self, n: fx.Node) -> Any:
        """As torch.fx, but stops at the target."""
        value = super().run_node(n)
        if n is self._target:
            raise _ReachedError(value)
        return value


class _ReachedError(Exception):
    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.value = value
