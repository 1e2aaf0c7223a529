"""Verdict tables of the checks that attack a map or suspect the network: manipulated pixels, noise, a lying network."""

from typing import Any

from benchmarks.replicate.curves import images
from benchmarks.replicate.jobs import Job, by_check
from benchmarks.replicate.nets import SHAPE
from benchmarks.replicate.tables import lite0_job
from benchmarks.replicate.train import trained
from benchmarks.replicate.work import Found
from junco.contract.outcome import Outcome
from junco.contract.statistics import FragilityStatistics, ManipulationStatistics, TamperingStatistics

NETWORKS = ("cnn", "vgg", "vit", "mlp")
METHODS = (
    "gradient",
    "input_x_gradient",
    {"method": "integrated_gradients", "parameters": {"steps": 8}},
    {"method": "smoothgrad", "parameters": {"samples": 8}},
    "guided_backprop",
    "lrp_z_plus",
    "grad_cam",
)
CHECKS = ("input_manipulation", "fragility", "model_manipulation")


def attacks(name: str) -> Found:
    """Words and deciding numbers on the network called ``name``."""
    asked = {"checks": list(CHECKS), "profile": "quick"}
    return _told(Job(f"attacks_{name}", trained(name).file, [images(50)], SHAPE, METHODS, asked).outcome())


def lite0() -> Found:
    """Words and deciding numbers on EfficientNet-Lite0, of methods of one pass."""
    single = [m for m in METHODS if isinstance(m, str)]
    return _told(lite0_job("attacks_lite0", single, CHECKS).outcome())


def _told(outcome: Outcome) -> Found:
    methods = (*outcome.methods, *outcome.controls)
    return {
        "images": len(outcome.plan.selected),
        "methods": {m.label: by_check(m, _numbers) for m in methods if m.checks},
    }


def _numbers(s: Any) -> Found:
    if isinstance(s, ManipulationStatistics):
        return {"success": s.success.mean, "kept": s.kept, "after": s.after, "beta": s.beta_success.mean}
    if isinstance(s, FragilityStatistics):
        return {"lost": {a.aim.value: a.score.mean for a in s.aims}}
    if isinstance(s, TamperingStatistics):
        return {"gain": s.gain, "witness": s.gain_witness}
    return {}
