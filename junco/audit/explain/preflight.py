"""What must hold before a map may be judged: it exists, its rule really acted, and an independent library agrees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explain.backward import Rectifier, chunks, rectified, scores
from junco.audit.explain.explainer import Bound, placed
from junco.audit.explain.oracle import by_captum
from junco.audit.explain.passes import Pass
from junco.audit.explain.paths import residual
from junco.audit.explain.rules.idle import idle
from junco.audit.model import Canonical
from junco.contract.catalogue import METHODS, Method
from junco.contract.thresholds import Thresholds

AGREEMENT = 0.01
"""Largest distance to Captum's map, over its largest magnitude: rounding stays far below, another rule far above."""

_BY_CHANCE = 4
"""Maps of random draws miss their sum by chance too, most where the logit hardly moves: so much more is allowed."""

_GUIDED = (Method.GUIDED_BACKPROP, Method.GUIDED_GRAD_CAM)


@dataclass(frozen=True)
class Preflight:
    """Problems that forbid a verdict on a method, none if empty, and the figures behind them."""

    problems: tuple[str, ...]
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Guided:
    """What the guided rule did: ReLU calls met, whether it cut anything, whether the map left the gradient."""

    fired: int
    cut: bool
    differs: bool

    @property
    def problem(self) -> str | None:
        """Why these maps are not Guided Backpropagation's, or None.

        A map equal to the gradient is right where no negative signal ever reached an open ReLU, as in a single layer.
        """
        if self.fired == 0:
            return "no ReLU module fired: the guided rule never acted, and the map is the plain gradient"
        if self.cut and not self.differs:
            return "the guided rule cut negative signals, and yet the map is the plain gradient"
        return None


def preflight(
    methods: Sequence[Bound],
    model: Canonical,
    batch: Batch,
    *,
    seed: int = 0,
    limits: Thresholds = Thresholds(),  # noqa: B008 - frozen
) -> Mapping[str, Preflight]:
    """Every method's preflight by label, at about three times the methods' own passes."""
    run = Pass(model, placed(batch, model), seed=seed)
    return {bound.label: _of(run, bound, limits) for bound in methods}


def _of(run: Pass, bound: Bound, limits: Thresholds) -> Preflight:
    maps = bound.entry.run(run, bound.parameters).detach()
    complete = _complete(run, bound, maps, limit=limits.completeness)
    found = [_finite(run, maps), _agreement(run, bound, maps), complete, _acted(run, bound, maps)]
    problems = tuple(problem for part in found for problem in part.problems)
    return Preflight(problems, {name: value for part in found for name, value in part.figures.items()})


def _finding(name: str, value: float, *, problem: str | None) -> Preflight:
    return Preflight((problem,) if problem else (), {name: value})


_SILENT = Preflight((), {})


def _finite(run: Pass, maps: Tensor) -> Preflight:
    n, channels, height, width = run.x.shape
    full = maps.shape == (n, channels, height, width)
    native = maps.dim() == 4 and maps.shape[:2] == (n, 1) and maps.shape[2] <= height and maps.shape[3] <= width
    if not (full or native):
        return Preflight((f"maps of shape {list(maps.shape)} belong to no image of shape {list(run.x.shape)}",), {})
    share = maps.isfinite().double().mean().item()
    return _finding("finite", share, problem=None if share == 1 else f"{1 - share:.1%} of the map is not finite")


def _agreement(run: Pass, bound: Bound, maps: Tensor) -> Preflight:
    theirs = by_captum(run, bound)
    if theirs is None:
        return _SILENT
    scale = theirs.abs().max().clamp_min(torch.finfo(theirs.dtype).tiny)
    distance = ((maps - theirs).abs().max() / scale).item()
    # Written so that a distance that is not a number is a problem too.
    agrees = distance <= AGREEMENT
    problem = None if agrees else f"the map differs from Captum's by {distance:.1%} of its largest value"
    return _finding("captum_distance", distance, problem=problem)


def _complete(run: Pass, bound: Bound, maps: Tensor, *, limit: float) -> Preflight:
    if bound.entry.sums_to is None:
        return _SILENT
    missed = residual(maps, bound.entry.sums_to(run, bound.parameters)).median().item()
    priced = {"steps", "samples"} & set(type(bound.parameters).model_fields)
    remedy = ": raise steps or samples" if priced else ""
    problem = f"the map misses {missed:.1%} of the logit that it should sum to{remedy}"
    allowed = limit if METHODS[bound.name].deterministic else _BY_CHANCE * limit
    return _finding("completeness", missed, problem=None if missed <= allowed else problem)


def _acted(run: Pass, bound: Bound, maps: Tensor) -> Preflight:
    if bound.name not in _GUIDED:
        reason = idle(run, bound.name, maps)
        return Preflight((reason,) if reason else (), {})
    seen = guided(run.model, run.batch)
    return _finding("relus_fired", seen.fired, problem=seen.problem)


def guided(model: Canonical, batch: Batch) -> Guided:
    """Watch the guided rule at work on ``batch``, at one forward and two backward passes a chunk."""
    seen = [_watched(model, x, targets) for x, targets, _ in chunks(model, batch.x, batch.targets)]
    return Guided(seen[0].fired, any(part.cut for part in seen), any(part.differs for part in seen))


def _watched(model: Canonical, x: Tensor, targets: Tensor) -> Guided:
    with torch.enable_grad(), rectified(model.module, Rectifier(watching=True)) as rectifier:
        x = x.detach().requires_grad_()
        score = scores(model.module(x), targets).sum()
        (plain,) = torch.autograd.grad(score, x, retain_graph=True)
        rectifier.on = True
        (cut,) = torch.autograd.grad(score, x)
    return Guided(rectifier.fired, rectifier.cut, differs=not torch.equal(plain, cut))
