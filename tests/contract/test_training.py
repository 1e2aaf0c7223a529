"""The plan of a training: what is learned, what is held out, what it costs, and what stands in its way."""

from typing import Any

import pytest
from pydantic import ValidationError

from junco.contract.base import digest_of
from junco.contract.catalogue import CheckName, Lesson
from junco.contract.images import ImageFile, ImageSet
from junco.contract.plan import Plan, ShardKind
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from junco.contract.training import PASSES, SHOWINGS, Training, TrainingRecipe
from tests.contract.reports import image_set, report, request

CHECK = CheckName.DATA_RANDOMIZATION


def plan(images: int = 500, executor: str = "graph", shape: int = 32, **fields: Any) -> Plan:
    """A resolved request for the check alone."""
    given = {"checks": [CHECK.value], "profile": "quick", "preprocessing": {"height": shape, "width": shape}} | fields
    inputs = {"inputs": (report().inputs[0].model_copy(update={"shape": (None, 3, shape, shape)}),)}
    return resolve(request(**given), report(executor=executor, **inputs), image_set(images))


def training(**fields: Any) -> Training:
    """That of the plan."""
    found = plan(**fields).training
    assert found is not None
    return found


def test_no_image_is_both_learned_and_explained() -> None:
    """The first of the selection are held out, all others learned, and none twice."""
    made = plan()
    assert made.training is not None
    held = made.selected[: made.training.held_out]
    assert len(held) == made.profile.label_images
    assert sorted((*held, *made.training.learned)) == list(range(500))


def test_a_plan_without_the_check_learns_nothing() -> None:
    """No image list is stored for a check that nobody asked for."""
    assert plan(checks=["input_shift"]).training is None


def test_every_draw_is_a_shard_of_three_trainings() -> None:
    """Its cost is known from the plan: all epochs of all lessons, and the maps."""
    made = plan()
    assert made.training is not None
    found = [s for s in shards(made) if s.kind is ShardKind.LABELS]
    assert [s.cells[0].seed for s in found] == list(range(made.profile.label_seeds))
    wanted = len(Lesson) * 100 * PASSES * 476 + SHOWINGS * 24
    assert {s.cost for s in found} == {made.training.cost} == {wanted}


def test_the_budget_cuts_epochs() -> None:
    """Half the cost, half the epochs; nothing is exceeded."""
    whole = training()
    spent = whole.cost * whole.seeds
    half = training(training={"budget": spent // 2})
    assert half.epochs == 49  # the maps have their share
    assert half.cost * half.seeds <= spent // 2


def test_images_are_bounded_by_number_and_by_size() -> None:
    """At most so many images, and at most so many numbers in all of them."""
    assert len(training(training={"images": 100}).learned) == 100
    assert len(training(images=2000, shape=512).learned) == 100_000_000 // (3 * 512 * 512)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"executor": "onnxruntime"}, "cannot be trained"),
        ({"images": 40}, "40 images are too few to train on and to test with; at least 48 are needed"),
        ({"training": {"budget": 1}}, "does not pay for one epoch"),
    ],
)
def test_what_cannot_be_trained_is_skipped_with_its_reason(fields: dict[str, Any], said: str) -> None:
    """Before any work, so that nothing is queued for it."""
    made = plan(**fields)
    assert said in made.skipped[CHECK]
    assert shards(made) == ()


def test_the_number_of_images_asked_for_is_enough() -> None:
    """48 are, 47 are not."""
    assert CHECK in plan(images=47).skipped
    assert CHECK not in plan(images=48).skipped


def test_photos_without_labels_are_skipped() -> None:
    """Files say before the run whether they have labels; archives say it in their shard."""
    photos = [
        ImageFile(name=f"{i}.png", blob=digest_of(bytes([i])), media_type="image/png", label=None if i < 2 else 1)
        for i in range(60)
    ]
    made = resolve(request(checks=[CHECK.value], profile="quick"), report(), ImageSet.of(tuple(photos)))
    assert "2 of 60 images have no label" in made.skipped[CHECK]


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"held_out": 1.0}, {"optimizer": "sgd"}, {"flips": True}])
def test_a_recipe_that_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    """Out of range, unknown, or misspelt."""
    with pytest.raises(ValidationError):
        TrainingRecipe.model_validate(wrong)
