"""Patterns for a pass: fitted once for a model's present weights, on the plan's images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from junco.audit.explain.backward import chunks
from junco.audit.explain.passes import Pass
from junco.audit.explain.rules.laws import PATTERNS
from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.patterns import patterns
from junco.audit.explain.rules.shares import folded
from junco.audit.explain.rules.trace import Trace
from junco.audit.model import Canonical
from junco.contract.catalogue import PatternParameters
from junco.contract.errors import InvalidPlan

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


@dataclass(frozen=True)
class Fit:
    """A layer's weight, with its BatchNorm's scale, and its pattern."""

    weight: Tensor
    pattern: Tensor


def no_patterns(model: Canonical) -> str | None:
    """Why patterns are undefined for ``model``, or None."""
    reason = PATTERNS.refusal(model)
    if reason is None and any(isinstance(part, _TRANSPOSED) for part in model.module.modules()):
        return "patterns of transposed convolutions are not defined"
    return reason


def fitted(run: Pass, parameters: PatternParameters) -> Callable[[Trace], Mapping[fx.Node, Fit]]:
    """Every layer's pattern, for any trace of the pass's model.

    Raises InvalidPlan where there are fewer images than the parameters need at least.
    """
    key = ("patterns", parameters.fitting_images)
    if key not in run.kept:
        run.kept[key] = patterns(Anatomy(run.model.graph_module), _parts(run, parameters))
    found: Mapping[fx.Node, Tensor] = run.kept[key]
    return lambda trace: {n: Fit(folded(trace, c), found[n]) for n, c in trace.anatomy.chains.items()}


def _parts(run: Pass, parameters: PatternParameters) -> list[tuple[Tensor, int]]:
    images = run.batch.references
    count, least = 0 if images is None else len(images), parameters.least_images()
    if images is None or count < least:
        raise InvalidPlan(
            "Patterns cannot be fitted on so few images.",
            expected=f"at least {least} images",
            found=str(count),
            remedy="give more images, or leave pattern_net and pattern_attribution out",
        )
    some = images[: parameters.fitting_images]
    classes = run.batch.targets.new_zeros(len(some))
    return [part for rows in torch.split(some, run.rows) for part in _sized(run.model, rows, classes)]


def _sized(model: Canonical, rows: Tensor, classes: Tensor) -> list[tuple[Tensor, int]]:
    return [(padded, size) for padded, _, size in chunks(model, rows, classes[: len(rows)])]
