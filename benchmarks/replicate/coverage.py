"""Does the two-way interval cover on real maps? A run far larger than any profile's is the population; samples of a
profile's size are drawn from it, and the population's mean should lie in 95 % of their intervals.

The population is 300 test pictures by 40 randomised networks. Its pictures are different pieces of clothing: twenty
photos with their crops and mirror images would not be, since crops of one photo share its content, and an interval
over them covers that photo's variation, not the variation between photos.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.replicate.curves import images
from benchmarks.replicate.jobs import Job
from benchmarks.replicate.nets import SHAPE
from benchmarks.replicate.train import trained
from benchmarks.replicate.work import Found
from junco.audit.pipeline.merge import Merged, of_kind
from junco.audit.verdict import kappa, two_way
from junco.contract.catalogue import Arm, Depth
from junco.contract.plan import Plan, ShardKind

IMAGES, SEEDS, GROUP = 300, 40, 50
SAMPLES: tuple[tuple[int, int], ...] = ((20, 3), (20, 5), (50, 3), (50, 5))
DRAWS = 2000
METHODS = ("gradient", "input_x_gradient", "guided_backprop", "grad_cam")
Table = NDArray[np.float64]


def _large(plan: Plan) -> Plan:
    """The plan on all images and many seeds, in one arm, at the deciding depths alone."""
    groups = tuple(tuple(range(i, min(i + GROUP, IMAGES))) for i in range(0, IMAGES, GROUP))
    profile = plan.profile.model_copy(update={"seeds": SEEDS, "images_maximum": IMAGES, "curve_images": 1})
    depths = {d: n for d, n in plan.depths.items() if d is not Depth.LOGIT}
    changes = {"profile": profile, "selected": tuple(range(IMAGES)), "groups": groups, "depths": depths}
    return plan.model_copy(update=changes | {"norm_alternatives": ()})


def coverage() -> Found:
    """Per method and depth: parts of the variance, coverage by size, and wrong words at the thresholds."""
    found: Found = {"images": IMAGES, "seeds": SEEDS, "draws": DRAWS, "tables": {}}
    for (label, depth), table in _tables().items():
        found["tables"][f"{label} {depth.value}"] = {
            "mean": float(np.nanmean(table)),
            "parts": parts(table),
            "samples": {f"{n}x{s}": _sampled(table, n, s) for n, s in SAMPLES},
        }
    return found


def _tables() -> Mapping[tuple[str, Depth], Table]:
    network = trained("cnn")
    asked = {"checks": ["parameter_randomization"], "randomization": {"arms": ["reinit"]}}
    job = Job("coverage", network.file, [images(IMAGES)], SHAPE, METHODS, asked, _large)
    merged = Merged(job.plan, of_kind(job.plan, job.partials(), ShardKind.CELLS))
    return dict(_kappas(merged))


def _kappas(merged: Merged) -> Iterator[tuple[tuple[str, Depth], Table]]:
    support = merged.plan.profile.thresholds.kappa_support
    for label in METHODS:
        for depth in (Depth.TOP, Depth.FULL):
            rho, floor = (
                merged.table(label, Arm.REINIT, merged.plan.depths[depth], quantity=name) for name in ("rho", "floor")
            )
            yield (label, depth), kappa(rho, floor, merged.original(label, "ceiling"), support=support)


def parts(table: Table) -> dict[str, float]:
    """Standard deviations of images, seeds and what is left, from the analysis of variance; known cells only."""
    rows, columns = np.nanmean(table, axis=1), np.nanmean(table, axis=0)
    left = table - rows[:, None] - columns + np.nanmean(table)
    residual = float(np.nanvar(left))
    return {
        "image": float(np.sqrt(max(0.0, rows.var(ddof=1) - residual / table.shape[1]))),
        "seed": float(np.sqrt(max(0.0, columns.var(ddof=1) - residual / table.shape[0]))),
        "residual": float(np.sqrt(residual)),
    }


def _sampled(table: Table, n: int, s: int) -> dict[str, float]:
    """How often samples of ``n`` images and ``s`` seeds are right: two-sided, and by each one-sided claim.

    The claims are those of a table moved so that its true mean is the threshold: any p at most .05 is a wrong word.
    """
    truth, rng = float(np.nanmean(table)), np.random.default_rng(n * 1000 + s)
    hits, above, below, over_images, known = 0, 0, 0, 0, 0
    for _ in range(DRAWS):
        rows, columns = rng.choice(len(table), n, replace=False), rng.choice(table.shape[1], s, replace=False)
        sample = table[np.ix_(rows, columns)]
        interval = two_way(sample)
        if interval is None:
            continue
        known += 1
        hits += interval.lower(0.025) <= truth <= interval.upper(0.025)
        above += interval.p_above(truth) <= 0.05
        below += interval.p_below(truth) <= 0.05
        means = np.nanmean(sample, axis=1)
        over_images += abs(means.mean() - truth) <= 1.96 * means.std(ddof=1) / np.sqrt(n)
    return {
        "coverage": hits / known,
        "wrong_fail": above / known,
        "wrong_pass": below / known,
        "images_only": over_images / known,
    }
