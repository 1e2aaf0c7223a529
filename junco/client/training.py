"""What a command line says of data_randomization: how to train, or which models were trained elsewhere."""

from pathlib import Path

from pydantic import ValidationError

from junco.client.images import digest_of_file
from junco.client.options import labels
from junco.contract.errors import BadInput, InvalidPlan
from junco.contract.training import Supplied, TrainingRecipe


def recipe(text: str | None) -> TrainingRecipe:
    """A recipe from ``epochs=50,learning_rate=0.003``; raises ``InvalidPlan``."""
    pairs = [part.partition("=") for part in (text or "").split(",") if part.strip()]
    try:
        return TrainingRecipe.model_validate({key.strip(): value.strip() for key, _, value in pairs})
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidPlan(
            f"The training {text!r} is not valid: {'.'.join(map(str, first['loc']))}.",
            expected=f"KEY=VALUE of {', '.join(TrainingRecipe.model_fields)}",
            found=first["msg"],
        ) from error


def supplied(random: Path | None, learned: str | None, twin: Path | None) -> Supplied | None:
    """Models that the user trained, by their files, with the random labels; raises ``BadInput`` for one alone."""
    if random is None and learned is None and twin is None:
        return None
    numbers = labels(learned)
    if random is None or numbers is None:
        raise BadInput(
            "A model trained on random labels cannot be judged without these labels, nor they without it.",
            expected="--random-label-model and --random-labels",
            found="one of them, or neither",
        )
    return Supplied(permuted=digest_of_file(random), labels=numbers, twin=digest_of_file(twin) if twin else None)
