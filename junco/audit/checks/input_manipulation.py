"""input_manipulation: can a hardly visible change of the image draw another image's map? (Dombrowski et al. 2019)

With h the map of magnitudes over its sum, g the softmax output and h_t the map of another image, Adam minimises
L = w1 mean (h(x') - h_t)^2 + w2 mean (g(x') - g(x))^2 over pixels x' in the data's box. Second derivatives come from
the softplus twin, h_beta with beta_t = 10 (100 / 10)^(t / T); g, and all that is measured, from the network itself. The
weights are the paper's, 1e6 and 1e11 (H W / 50176)^2: shares of a map of 224 x 224 are smaller than those of a map with
fewer pixels. The maps smoothed by beta = .8, or by noise, are attacked beside it with a
fixed beta, and measured as they are, smoothed. This file measures; junco.audit.verdict decides. Cost:
contract/attacking.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.attack import Likeness, Range, Target, shares, slope
from junco.audit.checks.compare import arrays
from junco.audit.checks.randomise import generator_for
from junco.audit.explanation import Explainer, MapFunction
from junco.audit.model import Canonical
from junco.audit.partial import Key, Partial, Tick
from junco.contract.attacking import SAMPLES, Budget
from junco.contract.catalogue import Defence

GROWTH = (10.0, 100.0)
"""Where the twin's beta starts and ends."""
SMOOTH = 0.8
"""beta of a smoothed map."""
_MAP_WEIGHT, _OUTPUT_WEIGHT = 1e11, 1e6
_PIXELS = 224 * 224
_RETRY = 1
"""Seed of noise that an attack has not seen."""


@dataclass(frozen=True)
class Campaign:
    """One method under attack: its map to follow, steps, and smoothed maps with theirs, on the first ``defended``."""

    function: MapFunction
    budget: Budget
    defences: Mapping[Defence, Budget]
    cost: int
    smooth: bool = False
    """Whether the map itself is a smooth twin's already."""
    rows: int = 8
    """Images followed at once."""


@dataclass(frozen=True)
class ManipulationStudy:
    """What the check works with; ``twin`` says that the model has ReLUs, so that a twin is followed."""

    model: Canonical
    explainer: Explainer
    campaigns: Mapping[str, Campaign]
    likeness: Likeness
    seed: int
    twin: bool
    tick: Tick = lambda _: None


def partners(index: Sequence[int], *, seed: int, count: int) -> tuple[int, ...]:
    """For each image of a plan of ``count`` another one, whose map is the target; by seed and place alone."""
    return tuple((i + _step(seed, i, count)) % count for i in index)


def _step(seed: int, image: int, count: int) -> int:
    return int(torch.randint(1, count, (), generator=generator_for("manipulation", seed, image)))


def run(study: ManipulationStudy, batch: Batch, others: Batch, *, defended: int = 0, keep: int = 0) -> Partial:
    """Attack ``batch`` so that its maps become those of ``others``; smoothed maps of the first ``defended`` images.

    Keys of arrays: (label, arm, quantity) [n] with arm "plain" or a defence; (label, "maps") [k, 3, H, W]: original,
    manipulated, target; (label, "pixels") [k, 3, C, H, W] of the same, whole numbers to 255.
    """
    found: dict[Key, Tensor] = {}
    original, goals = (study.explainer(study.model, part, seed=0) for part in (batch, others))
    for label, campaign in study.campaigns.items():
        before, goal = shares(original.maps[label]), shares(goals.maps[label])
        x = manipulated(study, label, batch, goal)
        seen = study.explainer(study.model, replace(batch, x=x), seed=_RETRY)
        after = shares(seen.maps[label])
        values = _measured(study, batch, x, maps=(before, after, goal))
        values["followed"] = _followed(study, campaign, batch, x, goal)
        found |= {(label, "plain", name): value for name, value in values.items()}
        if keep:
            found[label, "maps"] = torch.stack([before, after, goal], dim=1)[:keep]
            found[label, "pixels"] = _pixels(batch, (batch.x, x, others.x))[:keep]
        study.tick(len(batch) * campaign.cost)
        found |= _defended(study, label, batch.rows(0, defended), others.rows(0, defended), x[:defended])
    return Partial(arrays=arrays(found))


def manipulated(study: ManipulationStudy, label: str, batch: Batch, goal: Tensor) -> Tensor:
    """Images [n, C, H, W] near those of ``batch`` whose maps go to ``goal`` [n, H, W]."""
    campaign = study.campaigns[label]
    attacked = Target(study.model, campaign.function, seed=0, rows=campaign.rows)
    grows = study.twin and not campaign.smooth
    betas = growth(campaign.budget.steps) if grows else [None] * campaign.budget.steps
    return _attack(attacked, batch, goal, betas=betas, rate=campaign.budget.rate)


def growth(steps: int) -> list[float | None]:
    """beta of the twin at each of ``steps``."""
    low, high = GROWTH
    return [low * (high / low) ** (t / max(1, steps - 1)) for t in range(steps)]


def _attack(attacked: Target, batch: Batch, goal: Tensor, *, betas: Sequence[float | None], rate: float) -> Tensor:
    parts = [(batch.rows(part.start, part.stop), goal[part]) for part in attacked.parts(len(batch))]
    return torch.cat([_descent(attacked, rows, towards, betas=betas, rate=rate) for rows, towards in parts])


def _descent(attacked: Target, batch: Batch, goal: Tensor, *, betas: Sequence[float | None], rate: float) -> Tensor:
    model, pixels = attacked.model, Range.of(batch)
    kept = _outputs(model, batch.x)
    map_weight = _MAP_WEIGHT * (goal[0].numel() / _PIXELS) ** 2
    place = pixels.shares(batch.x).detach().clone()
    adam = torch.optim.Adam([place], lr=rate)
    for beta in betas:
        x = pixels.inputs(place.requires_grad_())
        away = (attacked.at(batch, x, beta) - goal).square().mean((1, 2))
        moved = (model(x).softmax(1) - kept).square().mean(1)
        place.grad = slope((map_weight * away + _OUTPUT_WEIGHT * moved).sum(), place)
        place.requires_grad_(False)
        adam.step()
        place.clamp_(0, 1)
    return pixels.inputs(place)


def _outputs(model: Canonical, x: Tensor) -> Tensor:
    with torch.no_grad():
        return model(x).softmax(1)


def _followed(study: ManipulationStudy, campaign: Campaign, batch: Batch, x: Tensor, goal: Tensor) -> Tensor:
    """Correlation with the target where the attack has looked: without it, failure may be the twin's alone."""
    beta = GROWTH[1] if study.twin and not campaign.smooth else None
    seen = Target(study.model, campaign.function, seed=0).at(batch, x, beta).detach()
    return study.likeness.correlation(seen, goal)


def _measured(
    study: ManipulationStudy, batch: Batch, x: Tensor, *, maps: tuple[Tensor, Tensor, Tensor]
) -> dict[str, Tensor]:
    """All about an attack that ended at ``x``; ``maps`` are the original, the manipulated and the target's."""
    before, after, goal = maps
    kept, now = _outputs(study.model, batch.x), _outputs(study.model, x)
    pixels, alike = Range.of(batch), study.likeness
    return {
        "before": alike.correlation(before, goal),
        "after": alike.correlation(after, goal),
        "kept": alike.correlation(before, after),
        "map_ssim": alike.maps(after, goal),
        "image_ssim": alike.images(pixels.shares(batch.x), pixels.shares(x)),
        "output": torch.linalg.vector_norm(now - kept, dim=1),
        "same": now.argmax(1) == kept.argmax(1),
    }


def _defended(study: ManipulationStudy, label: str, batch: Batch, others: Batch, x: Tensor) -> dict[Key, Tensor]:
    """The smoothed maps attacked, and what they show of the images ``x`` that the plain map was attacked with."""
    campaign, found = study.campaigns[label], dict[Key, Tensor]()
    for defence, budget in campaign.defences.items() if len(batch) else ():
        if defence is Defence.BETA and not study.twin:
            continue
        beta, samples = (SMOOTH, 0) if defence is Defence.BETA else (None, SAMPLES)
        rows = max(1, campaign.rows // (samples or 1))
        smoothed = Target(study.model, campaign.function, seed=0, samples=samples, rows=rows)
        fresh = replace(smoothed, seed=_RETRY)
        before, goal, unaware = (
            smoothed.at(part, at, beta).detach() for part, at in ((batch, batch.x), (others, others.x), (batch, x))
        )
        follow = list(_betas(study, campaign, beta, budget.steps))
        end = _attack(smoothed, batch, goal, betas=follow, rate=budget.rate)
        after = fresh.at(batch, end, beta).detach()
        values = _measured(study, batch, end, maps=(before, after, goal))
        values["unaware"] = study.likeness.correlation(before, unaware)
        found |= {(label, defence.value, name): value for name, value in values.items()}
    return found


def _betas(study: ManipulationStudy, campaign: Campaign, beta: float | None, steps: int) -> Iterator[float | None]:
    """A beta-smoothed map is followed as it is; one smoothed by noise has the network's kinks, so the twin grows."""
    if beta is not None or campaign.smooth or not study.twin:
        yield from [beta] * steps
    else:
        yield from growth(steps)


def _pixels(batch: Batch, images: Sequence[Tensor]) -> Tensor:
    shown = torch.stack([Range.of(batch).shares(x) for x in images], dim=1)
    return (255 * shown).round().to(torch.uint8)
