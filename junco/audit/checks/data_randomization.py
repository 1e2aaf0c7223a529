"""data_randomization: does the map change when the labels were permuted? (Adebayo et al. 2018, section 3.2)

The architecture is trained from scratch three times: on the true labels, on the true labels from another seed (the
``twin``), and on labels permuted once, from the twin's weights and in the twin's order, so that twin and permuted
differ in nothing but their labels. Held-out images i are explained for their own label on each network: A_i, T_i, P_i.
rho_i = sim(A_i, P_i) with floor mean over j != i of sim(A_i, P_j); the ceiling is not 1 but twin_i = sim(A_i, T_i),
with a floor of its own: two trainings differ by their seeds, too. sim is |Spearman| for signed maps, Spearman for
unsigned ones. This file measures; junco.audit.verdict decides.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.compare import Prepared, arrays, ceilings, made, others, similar
from junco.audit.checks.randomise import generator_for
from junco.audit.checks.training import History, School, accuracy, schooled
from junco.audit.explanation import Explainer
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Key, Partial, Tick
from junco.contract.catalogue import Lesson


@dataclass(frozen=True)
class LabelStudy:
    """What the check works with: the architecture, its explainers (all methods, and those with randomness), what is
    learned."""

    model: Canonical
    explainer: Explainer
    stochastic: Explainer | None
    comparison: Comparison
    school: School
    seed: int
    tick: Tick = lambda _: None


_NOISE = {Lesson.TRUE: 0, Lesson.TWIN: 2, Lesson.PERMUTED: 3}
"""Seeds of methods' own randomness, drawn anew for every network, as for the second map of one."""


def run(study: LabelStudy, batch: Batch, draw: int, *, keep: int = 0) -> Partial:
    """Train, explain ``batch`` (targets: its labels) and compare, all from the draw's own seeds.

    Keys of arrays: (label, draw, "ceiling" | "twin" | "twin_floor" | "rho" | "floor" | "degenerate") [n], and
    (label, lesson, "maps") of the first ``keep`` images. Facts: by lesson, curves and accuracies.
    """
    facts: dict[str, object] = {}
    with closing(_trained(study, batch, draw, facts)) as networks:
        arrays = compared(study, batch, networks, draw=str(draw), keep=keep)
    return Partial(arrays=arrays, facts={"lessons": facts})


def compared(
    study: LabelStudy, batch: Batch, networks: Iterable[Lesson], *, draw: str, keep: int
) -> dict[Key, np.ndarray[Any, Any]]:
    """The arrays of one draw; ``study.model`` is the lesson's network while ``networks`` names it, the true one first.

    Without a twin the method's own ceiling stands in, which no twin exceeds: kappa is then too low, never too high.
    """
    found: dict[Key, Tensor] = {}
    truth: Mapping[str, Prepared] = {}
    for lesson in networks:
        maps = _maps(study, batch, seed=_NOISE[lesson])
        found |= {(label, lesson, "maps"): ready.maps[:keep] for label, ready in maps.items() if keep}
        if lesson is Lesson.TRUE:
            truth = maps
            found |= {(label, draw, "ceiling"): own for label, own in ceilings(study, batch, truth).items()}
        else:
            found |= _against(study, lesson, truth, maps, draw=draw)
        study.tick(len(batch) * (2 if lesson is Lesson.TRUE else 1))
    return arrays(found)


def _trained(study: LabelStudy, batch: Batch, draw: int, facts: dict[str, object]) -> Generator[Lesson, None, None]:
    for lesson in Lesson:
        # Twin and permuted share the seed: weights to begin with, and the order of images.
        seed = int(generator_for("lesson", study.seed, draw, lesson is Lesson.TRUE).initial_seed() % 2**31)
        with schooled(study.model, taught(study, lesson, draw), seed=seed) as history:
            facts[lesson] = _told(history, accuracy(study.model, batch.x, batch.targets))
            yield lesson


def taught(study: LabelStudy, lesson: Lesson, draw: int) -> School:
    """What the lesson shows: the study's images, with labels of its own where they are permuted."""
    if lesson is not Lesson.PERMUTED:
        return study.school
    order = torch.randperm(len(study.school.labels), generator=generator_for("labels", study.seed, draw))
    return replace(study.school, labels=study.school.labels[order.to(study.school.labels.device)])


def _maps(study: LabelStudy, batch: Batch, *, seed: int) -> dict[str, Prepared]:
    raw = study.explainer(study.model, batch, seed=seed).maps
    return {label: made(study, label, values) for label, values in raw.items()}


def _against(
    study: LabelStudy, lesson: Lesson, truth: Mapping[str, Prepared], maps: Mapping[str, Prepared], *, draw: str
) -> dict[Key, Tensor]:
    names = ("twin", "twin_floor") if lesson is Lesson.TWIN else ("rho", "floor")
    found: dict[Key, Tensor] = {}
    for label, theirs in maps.items():
        table = similar(study.comparison, truth[label], theirs)
        found[label, draw, names[0]], found[label, draw, names[1]] = table.diagonal(), others(table)
        if lesson is Lesson.PERMUTED:
            found[label, draw, "degenerate"] = theirs.degenerate
    return found


def _told(history: History, tested: float) -> dict[str, object]:
    # A loss that is no number ends the curve: JSON has none, and the accuracy says enough.
    loss = [value for value in history.loss if np.isfinite(value)]
    return {"loss": loss, "accuracy": history.accuracy, "tested": tested}
