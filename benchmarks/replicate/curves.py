"""Spearman curves of the authors' own form of the check, beside the table that they printed.

Convention ``adebayo_code``: truncated normal .1, biases .1, cascading, classes predicted again. The printed table is of
MNIST and of ten images. Ours is of Fashion-MNIST and of the quick profile: 24 images and 3 draws, 10 and 2 after three
layers.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.replicate.data import clothes
from benchmarks.replicate.jobs import Job, check, method
from benchmarks.replicate.nets import SHAPE
from benchmarks.replicate.train import trained
from benchmarks.replicate.work import OUT, Found, save
from junco.audit.pipeline.merge import of_kind
from junco.contract.catalogue import CheckName
from junco.contract.plan import Plan, ShardKind
from junco.contract.statistics import RandomizationStatistics

PRINTED: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "cnn": {
        "gradient": (0.601, 0.396, 0.106, 0.082),
        "smoothgrad": (0.536, 0.330, 0.180, 0.213),
        "guided_backprop": (0.888, 0.773, 0.628, 0.444),
        "grad_cam": (0.556, 0.344, 0.290, 0.299),
        "guided_grad_cam": (0.555, 0.359, 0.329, 0.282),
        "input_x_gradient": (0.993, 0.993, 0.993, 0.992),
        "integrated_gradients": (0.994, 0.993, 0.992, 0.992),
    },
    "mlp": {
        "gradient": (0.234, 0.099, 0.015, 0.020),
        "smoothgrad": (0.255, 0.124, 0.007, 0.025),
        "guided_backprop": (0.903, 0.823, 0.439, 0.044),
        "input_x_gradient": (0.994, 0.993, 0.992, 0.993),
        "integrated_gradients": (0.994, 0.993, 0.992, 0.993),
    },
}
"""Spearman of magnitudes after 1, 2, 3 and all 4 layers, printed in the authors' notebooks for MNIST."""

VIEWS = {"abs": "spearman_abs", "signed": "spearman_diverging"}


def images(count: int) -> Path:
    """A file of ``count`` test pictures, balanced over classes."""
    path = OUT / f"clothes_{count}.npz"
    save(path, clothes("test").balanced(count // 10).npz())
    return path


def job(name: str) -> Job:
    """The authors' form of the check on the network called ``name``."""
    asked = {"checks": ["parameter_randomization"], "convention": "adebayo_code", "profile": "quick"}
    return Job(f"curves_{name}", trained(name).file, [images(50)], SHAPE, list(PRINTED[name]), asked, _long)


def _long(plan: Plan) -> Plan:
    """The plan with more images and draws between the deciding depths than its profile shows there."""
    profile = plan.profile.model_copy(update={"curve_images": 10, "curve_seeds": 2})
    return plan.model_copy(update={"profile": profile})


def maps(name: str, label: str) -> list[NDArray[np.float64]]:
    """The maps of one picture: of the trained network, then after each number of layers."""
    this = job(name)
    ((_, curve),) = of_kind(this.plan, this.partials(), ShardKind.CURVE)
    arm = this.plan.arms[0].value
    keys = [(label, "original", "maps"), *((label, arm, "0", str(n), "maps") for n in this.plan.stages)]
    return [np.asarray(curve.arrays[key][0], dtype=np.float64) for key in keys]


def curves(name: str) -> Found:
    """Mean and spread of both views after each number of layers, by method."""
    outcome = job(name).outcome()
    rows: Found = {}
    for label in PRINTED[name]:
        found = check(method(outcome, label), CheckName.PARAMETER_RANDOMIZATION)
        assert found is not None
        assert isinstance(found.statistics, RandomizationStatistics)
        rows[label] = {
            view: [
                {"layers": s.stage, "mean": s.value, "sd": s.deviation, "images": s.images, "seeds": s.seeds}
                for s in found.statistics.published
                if s.name == metric
            ]
            for view, metric in VIEWS.items()
        } | {"verdict": found.verdict.value}
    return {"accuracy": trained(name).accuracy, "methods": rows}
