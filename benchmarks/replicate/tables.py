"""Verdict tables: every method of few passes under every check that needs no attack and no training, per network."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.replicate.curves import images
from benchmarks.replicate.jobs import Job, by_check
from benchmarks.replicate.nets import SHAPE
from benchmarks.replicate.train import trained
from benchmarks.replicate.work import OUT, Found, save
from examples import efficientnet_lite0
from examples.demo import imagenet_photos
from junco.contract.catalogue import METHODS, Depth, Method
from junco.contract.outcome import MethodOutcome, Outcome
from junco.contract.statistics import ClassStatistics, RandomizationStatistics, ShiftStatistics

MOST_PASSES = 8
FEWER: Mapping[Method, dict[str, Any]] = {
    Method.SMOOTHGRAD: {"samples": 16},
    Method.VARGRAD: {"samples": 16},
    Method.INTEGRATED_GRADIENTS: {"steps": 16},
}
"""Methods of more passes than that, at fewer."""

CHECKS = ("parameter_randomization", "input_shift", "class_sensitivity", "repeatability", "faithfulness")


def table(name: str, profile: str = "quick") -> Found:
    """Words and deciding numbers of every method on the network called ``name``."""
    network = trained(name)
    asked = {"checks": list(CHECKS), "profile": profile}
    job = Job(f"table_{name}_{profile}", network.file, [images(50)], SHAPE, list(_methods()), asked)
    return {"accuracy": network.accuracy, "layers": len(job.plan.steps)} | _told(job.outcome())


def lite0() -> Found:
    """Words and deciding numbers of every method on EfficientNet-Lite0, VarGrad's 16 samples apart."""
    job = lite0_job("table_lite0", [m for m in _methods() if m["method"] != Method.VARGRAD], CHECKS)
    return {"layers": len(job.plan.steps)} | _told(job.outcome())


def lite0_job(name: str, methods: Sequence[object], checks: Sequence[str]) -> Job:
    """A job on EfficientNet-Lite0 and its 20 photos."""
    asked = {"checks": list(checks), "profile": "quick", "preprocessing": {"preset": "imagenet_lite"}}
    return Job(name, lite0_file(), imagenet_photos(), efficientnet_lite0.INPUT_SHAPE, methods, asked)


def lite0_file() -> Path:
    """EfficientNet-Lite0 as TorchScript."""
    path = OUT / "lite0.pt"
    if not path.exists():
        save(path, efficientnet_lite0.torchscript("traced"))
    return path


def _methods() -> Iterator[dict[str, Any]]:
    for method in Method:
        if method in FEWER:
            yield {"method": method.value, "parameters": FEWER[method]}
        elif METHODS[method].parameters().passes(SHAPE) <= MOST_PASSES:
            yield {"method": method.value}


def _told(outcome: Outcome) -> Found:
    plan = outcome.plan
    return {
        "images": len(plan.selected),
        "seeds": plan.profile.seeds,
        "profile": f"{plan.profile.name.value} {plan.profile.version}",
        "methods": {m.label: _row(m) for m in outcome.methods},
        "controls": {m.label: _row(m) for m in outcome.controls},
        "preflight": {r.check.value: {p.name: p.detail for p in r.preflight if not p.holds} for r in outcome.checks},
    }


def _row(found: MethodOutcome) -> Found:
    return {"verdict": found.verdict.value, "summary": found.summary} | by_check(found, _numbers)


def _numbers(s: object) -> Found:
    if isinstance(s, RandomizationStatistics):
        deciding = [d for d in s.depths if d.depth is not Depth.LOGIT]
        return {
            "ceiling": s.ceiling,
            "kappa": {f"{d.arm.value} {d.depth.value}": [d.kappa.mean, d.kappa.lower, d.kappa.upper] for d in deciding},
            "words": {f"{d.arm.value} {d.depth.value}": d.decision.value for d in deciding},
            "degenerate": {f"{d.arm.value} {d.depth.value}": d.degenerate for d in deciding},
            "policies": {p.policy.value: [p.kappa.mean, p.own.mean] for p in s.policies},
        }
    if isinstance(s, ShiftStatistics):
        return {"difference": s.difference, "rebased": s.rebased}
    if isinstance(s, ClassStatistics):
        return {"kappa": {r.rival.value: [r.kappa.mean, r.kappa.lower, r.kappa.upper] for r in s.rivals}}
    return {}
