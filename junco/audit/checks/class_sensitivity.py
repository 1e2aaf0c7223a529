"""class_sensitivity: does the map change when another class is asked for? (Sixt et al. 2020; Adebayo et al. 2018)

For image i with predicted class c, and another class c': rho_i = sim(A_i(c), A_i(c')), floor F_i = mean over j != i of
sim(A_i(c), A_j(c')), ceiling R_i = sim(A_i, A_i') with the method's own randomness drawn again. Three ways to choose
the other class:
``random``, one uniform draw per image and seed; ``least``, the class of the smallest logit; ``second``, that of the
second largest, which may share its evidence with the first and so never decides. sim is flip-invariant for signed maps,
since rules that converge to one direction may still turn its sign. Meaningless for two classes: z_1 = -z_0 gives a
perfect method exact negatives. This file measures; junco.audit.verdict decides. Cost: draws + 4 explanations an image.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.compare import against, arrays, ceilings, likenesses, made
from junco.audit.checks.randomise import generator_for
from junco.audit.explanation import Explainer
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Key, Partial, Tick
from junco.contract.catalogue import Rival


@dataclass(frozen=True)
class ClassStudy:
    """What the check works with: the trained model, its explainers (all methods, and those with randomness)."""

    model: Canonical
    explainer: Explainer
    stochastic: Explainer | None
    comparison: Comparison
    seed: int
    draws: int
    tick: Tick = lambda _: None


def run(study: ClassStudy, batch: Batch, *, keep: int = 0) -> Partial:
    """Explain ``batch`` for its own targets and for other classes; keep the maps of the first ``keep`` images.

    Keys of arrays: (label, rival, draw, "rho" | "floor" | "degenerate") [n], (label, "original", "ceiling" |
    "likeness") [n], ("targets", rival, draw) [n], ("logits", "original") [n, classes].
    """
    original = study.explainer(study.model, batch, seed=0)
    own = {label: made(study, label, raw) for label, raw in original.maps.items()}
    found: dict[Key, Tensor] = {("logits", "original"): original.logits}
    found |= {(label, "original", "ceiling"): ceiling for label, ceiling in ceilings(study, batch, own).items()}
    found |= {(label, "original", "likeness"): alike for label, alike in likenesses(study.comparison, own).items()}
    found |= {(label, "original", "maps"): ready.maps[:keep] for label, ready in own.items() if keep}
    study.tick(2 * len(batch))
    for rival, draw, targets in rivals(original.logits, batch, seed=study.seed, draws=study.draws):
        found["targets", rival, draw] = targets
        maps = study.explainer(study.model, replace(batch, targets=targets), seed=2 + int(draw)).maps
        for label, raw in maps.items():
            theirs = made(study, label, raw)
            measured = against(study.comparison, own[label], theirs)
            found |= {(label, rival, draw, name): values for name, values in measured.items()}
            if keep and draw == "0":
                found[label, rival, draw, "maps"] = theirs.maps[:keep]
        study.tick(len(batch))
    return Partial(arrays=arrays(found))


def rivals(logits: Tensor, batch: Batch, *, seed: int, draws: int) -> Iterator[tuple[Rival, str, Tensor]]:
    """Other classes [n] to ask for, by kind and draw; a draw depends on the seed and the image's place alone."""
    places = torch.arange(len(logits), device=logits.device)
    ruled_out = logits.clone()
    ruled_out[places, batch.targets] = -torch.inf
    yield Rival.SECOND, "0", ruled_out.argmax(1)
    ruled_out[places, batch.targets] = torch.inf
    yield Rival.LEAST, "0", ruled_out.argmin(1)
    for draw in range(draws):
        steps = [_step(seed, draw, image, logits.shape[1]) for image in batch.index]
        yield Rival.RANDOM, str(draw), (batch.targets + batch.targets.new_tensor(steps)) % logits.shape[1]


def _step(seed: int, draw: int, image: int, classes: int) -> int:
    """How far from its own class an image's random one lies: uniform on 1 to classes - 1."""
    return int(torch.randint(1, classes, (), generator=generator_for("class", seed, draw, image)))
