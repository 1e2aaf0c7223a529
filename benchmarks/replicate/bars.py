"""data_randomization on Fashion-MNIST: maps of networks that learned true labels, the same again, and permuted ones."""

from benchmarks.replicate.data import clothes
from benchmarks.replicate.jobs import Job, check
from benchmarks.replicate.nets import SHAPE
from benchmarks.replicate.train import trained
from benchmarks.replicate.work import OUT, Found, save
from junco.contract.catalogue import CheckName
from junco.contract.outcome import MethodOutcome
from junco.contract.statistics import Interval, LabelStatistics

METHODS = (
    "gradient",
    {"method": "smoothgrad", "parameters": {"samples": 16}},
    "input_x_gradient",
    {"method": "integrated_gradients", "parameters": {"steps": 16}},
    "guided_backprop",
    "grad_cam",
    "guided_grad_cam",
    "lrp_z_plus",
)
LEARNED = 600


def bars() -> Found:
    """What was learned, and per method the similarities and the word."""
    network = trained("cnn")
    path = OUT / "clothes_labels.npz"
    save(path, clothes("train")[slice(0, LEARNED + 50)].npz())
    asked = {"checks": ["data_randomization"], "profile": "standard", "training": {"images": LEARNED}}
    outcome = Job("bars", network.file, [path], SHAPE, METHODS, asked).outcome()
    run = next(r for r in outcome.checks if r.check is CheckName.DATA_RANDOMIZATION)
    return {
        "learned": LEARNED,
        "gates": {p.name: p.detail for p in run.preflight},
        "held": all(p.holds for p in run.preflight),
        "methods": {m.label: _bar(m) for m in (*outcome.methods, *outcome.controls) if _bar(m)},
    }


def _bar(found: MethodOutcome) -> Found:
    outcome = check(found, CheckName.DATA_RANDOMIZATION)
    if outcome is None or not isinstance(outcome.statistics, LabelStatistics):
        return {}
    s = outcome.statistics
    return {
        "verdict": outcome.verdict.value,
        "images": s.images,
        "draws": s.seeds,
        "permuted": _listed(s.rho),
        "floor": s.floor,
        "twin": _listed(s.twin),
        "twin_floor": s.twin_floor,
        "kappa": _listed(s.kappa),
    }


def _listed(interval: Interval) -> list[float | None]:
    return [interval.mean, interval.lower, interval.upper]
