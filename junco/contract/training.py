"""How data_randomization trains a network anew: the recipe as a user gives it, and what that resolves to."""

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from junco.contract.base import Digest, Frozen
from junco.contract.catalogue import Lesson
from junco.contract.images import ImageSet
from junco.contract.model import ModelReport
from junco.contract.profile import Profile

MOST_VALUES = 100_000_000
"""Most numbers in all images that one shard learns: what a runner's memory holds in double precision."""

PASSES = 4
"""Image passes that an image costs in one epoch: forward, backward to input and weights, and its answer counted."""

SHOWINGS = 4
"""Times that each held-out image is explained: after each lesson, and once more with the method's own noise."""


class TrainingRecipe(Frozen):
    """How a network learns; images are shown as they are, neither flipped nor cropped."""

    optimizer: Literal["adam"] = "adam"
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    batch_size: int = Field(default=50, ge=2, le=4096)
    epochs: int = Field(default=100, ge=1, le=1000, description="At most; training ends once all is memorised.")
    stop: float = Field(default=0.98, gt=0, le=1, description="Train accuracy at which training ends.")
    held_out: float = Field(default=0.2, gt=0, lt=1, description="Share of the images that is kept from training.")
    images: int = Field(default=2000, ge=20, description="Most images that are learned.")
    budget: int = Field(
        default=20_000_000, ge=1, description="Most image passes of all trainings; epochs are cut to fit."
    )


class Supplied(Frozen):
    """Models that the user trained, in place of trainings here: of the plan's model's architecture, all of them."""

    permuted: Digest = Field(description="Trained on random labels of these images.")
    labels: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="Those random labels, one an image of the set, in its order."
    )
    twin: Digest | None = Field(
        default=None, description="Trained on the true labels from another seed; without one, nothing can pass."
    )

    @property
    def models(self) -> dict[str, Digest]:
        """The models that are named, by their field."""
        return {"permuted": self.permuted} | ({"twin": self.twin} if self.twin else {})


class Training(Frozen):
    """The recipe on a plan's images: the first ``held_out`` of the plan's selection are explained, ``learned`` are
    places in the image set. Where models are ``supplied``, nothing is learned."""

    recipe: TrainingRecipe
    epochs: int
    seeds: int
    held_out: int
    learned: tuple[int, ...]
    supplied: Supplied | None = None

    @property
    def cost(self) -> int:
        """Image passes of one shard: every lesson for all epochs, then the maps."""
        return len(Lesson) * self.epochs * PASSES * len(self.learned) + SHOWINGS * self.held_out


def learning(recipe: TrainingRecipe, profile: Profile, order: Sequence[int], shape: tuple[int, int, int]) -> Training:
    """What ``recipe`` means for images of ``shape`` that come in this ``order``, the plan's selection first."""
    held = min(profile.label_images, round(recipe.held_out * len(order)))
    most = min(recipe.images, max(1, MOST_VALUES // math.prod(shape)))
    learned = tuple(order[held:][:most])
    epoch = profile.label_seeds * len(Lesson) * PASSES * max(1, len(learned))
    epochs = min(recipe.epochs, max(0, recipe.budget - profile.label_seeds * SHOWINGS * held) // epoch)
    return Training(recipe=recipe, epochs=epochs, seeds=profile.label_seeds, held_out=held, learned=learned)


def given(supplied: Supplied, recipe: TrainingRecipe, held_out: int) -> Training:
    """The plan where models are supplied: nothing to learn, one draw."""
    return Training(recipe=recipe, epochs=0, seeds=1, held_out=held_out, learned=(), supplied=supplied)


def hindrances(training: Training, profile: Profile, model: ModelReport, images: ImageSet) -> Iterator[str]:
    """Why this model cannot be trained on these images, where it cannot."""
    if model.executor != "graph":
        yield "the file is run by its own executor, which cannot be trained"
    nameless = sum(file.count for file in images.files if file.media_type != _ARCHIVE and file.label is None)
    if nameless:
        yield f"{nameless} of {images.count} images have no label, and training needs all of them"
    if training.held_out < profile.images_minimum:
        # The least count whose share rounds to the minimum.
        needed = math.ceil((profile.images_minimum - 0.5) / training.recipe.held_out)
        yield f"{images.count} images are too few to train on and to test with; at least {needed} are needed"
    elif training.supplied and len(training.supplied.labels) != images.count:
        yield f"{len(training.supplied.labels)} random labels were given for {images.count} images"
    elif training.epochs < 1 and not training.supplied:
        yield f"the budget of {training.recipe.budget} image passes does not pay for one epoch"


_ARCHIVE = "application/x-npz"
