"""Symmetry: what a network cannot tell apart gets the same in every map."""

from dataclasses import replace

import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from junco.audit.batch import Batch
from junco.audit.explain import build
from junco.audit.model import Canonical
from junco.contract.catalogue import METHODS, Method
from tests.audit.explain.models import available, images
from tests.audit.explain.rules import nets

SYMMETRIC = set(Method) - {Method.DECONVOLUTION}
SIDE = 4
"""Rows and columns of the last maps of ``nets.Mixed``."""


def mirrored(seed: int, *, norm: bool, gate: bool) -> Canonical:
    """A random network with skips, depthwise and dilated layers, concatenation, maxima, BatchNorm, gates, that
    answers an image and its mirror image alike: every kernel and the last layer are their own mirror images."""
    model = nets.mixed(seed, norm=norm, gate=gate, low=False)
    with torch.no_grad():
        for name, weight in model.module.named_parameters():
            if weight.dim() == 4:
                weight.add_(weight.flip(-1)).div_(2)
            elif name == "fc.weight":
                maps = weight.view(len(weight), -1, SIDE, SIDE)
                weight.copy_(((maps + maps.flip(-1)) / 2).flatten(1))
    return model


def mirror(batch: Batch) -> Batch:
    """Every image turned over from left to right, those of the plan too."""
    assert batch.references is not None
    return replace(batch, x=batch.x.flip(-1), references=batch.references.flip(-1))


@settings(max_examples=5, deadline=None, phases=[Phase.generate])
@given(seed=st.integers(0, 10_000), norm=st.booleans(), gate=st.booleans())
def test_the_mirror_image_has_the_mirrored_map(seed: int, *, norm: bool, gate: bool) -> None:
    """Every method that draws nothing, and so a symmetric image a symmetric map: 1e-8 of the largest value in float64.

    Deconvolution apart: where a ReLU closed a whole window the maximum is its first place, which sends signals too.
    """
    model, batch = mirrored(seed, norm=norm, gate=gate), images(2, nets.SHAPE)
    methods = [one for one in available(model) if METHODS[one.name].deterministic and one.name in SYMMETRIC]
    here, there = (build(methods, model)(model, seen, seed=0).maps for seen in (batch, mirror(batch)))
    assert len(methods) > 12
    away = {
        name: float((there[name].flip(-1) - maps).abs().max() / maps.abs().max().clamp_min(1e-30))
        for name, maps in here.items()
    }
    assert not {name: distance for name, distance in away.items() if distance > 1e-8}
