"""Training in place: what is learned, that it repeats, and that nothing of it stays."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from junco.audit.checks.randomise import snapshot
from junco.audit.checks.training import School, accuracy, answers, schooled
from junco.audit.graph.steps import steps
from junco.audit.model import Canonical
from junco.contract.training import PASSES, Training, TrainingRecipe
from tests.audit.explain.models import canonical, seeded

SHAPE = (3, 12, 12)


def normed() -> Canonical:
    """A convolution, a batch norm and a linear layer: [n, 3, 12, 12] to 4 classes."""
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(200, 4)
    )  # fmt: skip
    lifted = canonical(seeded(model))
    return replace(lifted, steps=steps(lifted.module))


def data(count: int = 48) -> tuple[Tensor, Tensor]:
    """Four noisy patterns, one a class."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(count) % 4
    patterns = torch.randn(4, *SHAPE, generator=generator, dtype=torch.float64)
    return patterns[labels] + torch.randn(count, *SHAPE, generator=generator, dtype=torch.float64), labels


def school(*, epochs: int = 20, stop: float = 1.0, batch_size: int = 16, count: int = 48) -> School:
    """The patterns with their recipe."""
    recipe = TrainingRecipe(epochs=epochs, stop=stop, batch_size=batch_size, learning_rate=1e-2)
    x, labels = data(count)
    training = Training(recipe=recipe, epochs=epochs, seeds=1, held_out=0, learned=tuple(range(count)))
    return School(x, labels, training)


def test_patterns_are_learned_and_the_curve_says_so() -> None:
    """All 48 are right in the end, by the curve and by a count of our own, and the loss has halved at least."""
    model, lesson = normed(), school()
    with schooled(model, lesson, seed=0) as history:
        right = (answers(model, lesson.x).argmax(1) == lesson.labels).sum()
    assert history.accuracy[-1] == 1.0 == int(right) / 48
    assert history.loss[-1] < history.loss[0] / 2


def test_everything_is_put_back() -> None:
    """Parameters, running statistics and flags are the same to the last bit, also after an error inside."""
    model = normed()
    before = snapshot(model)
    with pytest.raises(KeyError), schooled(model, school(), seed=0):
        before.pop("no such tensor")
    after = snapshot(model)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not any(p.requires_grad or p.grad is not None for p in model.module.parameters())
    assert not any(module.training for module in model.module.modules())


def test_running_statistics_are_those_of_the_data() -> None:
    """A batch norm learns in training mode: its running mean nears that of its own input, and not the old network's."""
    model, lesson = normed(), school(epochs=40, batch_size=48)
    norm = model.submodule("1")
    old = norm.running_mean.clone()
    with schooled(model, lesson, seed=0) as history, torch.no_grad():
        seen = model.submodule("0")(lesson.x).mean((0, 2, 3))
        gap = float((norm.running_mean - seen).norm() / seen.norm())
    forgotten = 0.9 ** len(history.loss)  # of the zero that it starts from, with momentum 0.1
    assert gap < forgotten + 0.2
    assert torch.equal(norm.running_mean, old)


def test_a_training_repeats_to_the_last_bit() -> None:
    """The same seed gives the same network, another seed another."""
    model = normed()

    def logits(seed: int) -> Tensor:
        with schooled(model, school(), seed=seed):
            return answers(model, data()[0])

    assert torch.equal(logits(3), logits(3))
    assert not torch.allclose(logits(3), logits(4))


def test_the_network_starts_from_nothing() -> None:
    """What the file had learned is gone: without data that say anything, its answers are no better than chance."""
    model = normed()
    lesson = school()
    with schooled(model, lesson, seed=0):
        kept = snapshot(model)
    with torch.no_grad():
        for name, value in dict(model.module.named_parameters()).items():
            value.copy_(kept[name])  # now the file knows the patterns
    mixed = replace(lesson, labels=lesson.labels.roll(1), training=lesson.training.model_copy(update={"epochs": 1}))
    with schooled(model, mixed, seed=5):
        assert accuracy(model, lesson.x, lesson.labels) < 0.6


def test_an_early_end_is_paid_in_full() -> None:
    """Ticks add up to what the plan announced, however early all is memorised."""
    paid: list[int] = []
    lesson = replace(school(epochs=30, stop=0.9), tick=paid.append)
    with schooled(normed(), lesson, seed=0) as history:
        assert len(history.loss) < 30
    assert sum(paid) == 30 * PASSES * 48


def test_a_last_batch_of_one_image_is_shared_out() -> None:
    """33 images in batches of 32: a batch norm over one image would have no statistics, so parts are equal."""
    model, lesson = normed(), school(batch_size=32, count=33, epochs=3)
    with schooled(model, lesson, seed=0) as history:
        assert all(loss == loss for loss in history.loss)


def test_a_training_that_diverges_ends() -> None:
    """A loss that is no number is the last one."""
    lesson = school(epochs=30)
    broken = replace(lesson, x=lesson.x * float("nan"))
    with schooled(normed(), broken, seed=0) as history:
        assert len(history.loss) == 1
