"""Shards of data_randomization: networks trained on true and on permuted labels, and their maps."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from junco.audit import images as pictures
from junco.audit.batch import Batch
from junco.audit.checks import data_randomization, supplied
from junco.audit.checks.training import School, answers
from junco.audit.graph import load
from junco.audit.model import Canonical
from junco.audit.partial import Key, Partial
from junco.audit.pipeline.prepare import Bench, comparison, explainers
from junco.audit.pipeline.probes import probed
from junco.audit.pipeline.runs.registry import KEPT, Order, runs
from junco.contract.base import Digest
from junco.contract.catalogue import CheckName, Lesson
from junco.contract.errors import Internal
from junco.contract.plan import Plan, ShardKind
from junco.contract.training import Supplied, Training


@runs(ShardKind.LABELS)
def labels(order: Order) -> Partial:
    """All lessons of one draw; the first draw keeps maps. Images without a label end it before any training."""
    ready = order.bench()
    training, draw = _training(order.plan), order.shard.cells[0].seed
    learned = _learned(order, ready, training)
    mine = ready.rows(order.shard.images)
    logits: dict[Key, NDArray[np.generic]] = {
        ("logits", "original"): answers(ready.model, mine.x).float().cpu().numpy()
    }
    problem = _lacking(order, training) or unusable(
        (*ready.shots.labels[: training.held_out], *learned.labels), ready.model.classes
    )
    if problem:
        return Partial(arrays=logits, facts={"unlabelled": problem})
    study, asked = _study(order, ready, learned, training), _asked(ready, mine)
    if training.supplied:
        models = _models(order, training.supplied)
        mixed = torch.tensor([training.supplied.labels[i] for i in order.plan.selected[: len(asked)]])
        partial = supplied.run(study, asked, models, mixed.to(asked.targets), keep=KEPT)
    else:
        partial = data_randomization.run(study, asked, draw, keep=0 if draw else KEPT)
    facts = {"parity": probed(ready, mine, seed=order.plan.seed), "majority": _majority(ready, training)}
    return Partial(arrays=logits | dict(partial.arrays), facts=dict(partial.facts) | facts)


def unusable(found: Sequence[int | None], classes: int) -> str | None:
    """Why nothing can be learned from these labels, if so."""
    known = [label for label in found if label is not None]
    if len(known) < len(found):
        return f"{len(found) - len(known)} of {len(found)} images have no label, and training needs all of them"
    if max(known) >= classes:
        return f"a label is {max(known)}, and the model tells classes 0 to {classes - 1} apart"
    if len(set(known)) < 2:
        return "all images have the same label, so that permuting changes nothing"
    return None


def _learned(order: Order, ready: Bench, training: Training) -> pictures.Pictures:
    """The images to train on; those of the plan where nothing is trained."""
    if not training.learned:
        return ready.shots
    return pictures.load(order.files, order.plan.preprocessing, selected=training.learned)


def _lacking(order: Order, training: Training) -> str | None:
    """Why models that the plan names cannot be compared, if they were not handed over."""
    named = set(training.supplied.models.values()) if training.supplied else set()
    missing = named - order.others.keys()
    return "models that the plan names beside its own were not handed over with it" if missing else None


def _models(order: Order, wanted: Supplied) -> dict[Lesson, Canonical]:
    """The models that were supplied, as graphs."""
    named = {Lesson.TWIN: wanted.twin, Lesson.PERMUTED: wanted.permuted}
    return {lesson: _loaded(order, digest) for lesson, digest in named.items() if digest}


def _loaded(order: Order, digest: Digest) -> Canonical:
    found = load(order.others[digest], input_shape=order.plan.preprocessing.shape, output=order.plan.output)
    found.module.to(order.device)
    return found


def _training(plan: Plan) -> Training:
    if plan.training is None:
        raise Internal("The plan has no training, and its shard asks for one.")
    return plan.training


def _asked(ready: Bench, mine: Batch) -> Batch:
    """The batch with its labels for targets."""
    truth = torch.tensor([ready.shots.labels[i] for i in mine.index], device=mine.targets.device)
    return Batch(mine.x, truth, mine.index, mine.box, references=mine.references)


def _study(order: Order, ready: Bench, learned: pictures.Pictures, training: Training) -> data_randomization.LabelStudy:
    explainer, stochastic = explainers(order.plan, CheckName.DATA_RANDOMIZATION, ready.model)
    truth = torch.tensor(learned.labels, device=ready.batch.x.device)
    # In the layout and type of the images that are explained.
    x = learned.x.to(ready.batch.x).contiguous(memory_format=torch.channels_last)
    return data_randomization.LabelStudy(
        model=ready.model,
        explainer=explainer,
        stochastic=stochastic,
        comparison=comparison(descriptive=False),
        school=School(x, truth, training, tick=order.tick),
        seed=order.plan.seed,
        tick=order.tick,
    )


def _majority(ready: Bench, training: Training) -> float:
    """Share of the largest class among held-out images: what a network hits that always says the same."""
    truth = np.array([label for label in ready.shots.labels[: training.held_out] if label is not None])
    return float(np.unique(truth, return_counts=True)[1].max() / len(truth))
