"""/v1/catalogue, from the contract's own lists."""

from typing import Any

from fastapi import APIRouter

from junco.contract.catalogue import CHECKS, METHODS, Control
from junco.contract.conventions import CONVENTIONS
from junco.contract.images import PreprocessingRequest, PresetName, preprocessing
from junco.contract.profile import PROFILES
from junco.contract.resources import Catalogue, Preset, shown

router = APIRouter(tags=["catalogue"])

_SHOWN = (3, 224, 224)
"""Presets are shown as they come out for images of this shape."""


@router.get("/v1/catalogue", response_model=Catalogue)
def get_catalogue() -> Catalogue:
    """Methods and controls with the JSON Schema of their parameters, checks, profiles, preprocessing presets, and
    conventions of parameter_randomization."""
    cards = [(card, shown(card)) for card in METHODS.values()]
    return Catalogue(
        methods=tuple(said for card, said in cards if not isinstance(card.name, Control)),
        controls=tuple(said for card, said in cards if isinstance(card.name, Control)),
        checks=tuple(shown(card) for card in CHECKS.values()),
        profiles=tuple(PROFILES.values()),
        presets=tuple(Preset(name=name, recipe=_recipe(name)) for name in PresetName),
        conventions=tuple(CONVENTIONS.values()),
    )


def _recipe(name: PresetName) -> dict[str, Any]:
    recipe = preprocessing(PreprocessingRequest(preset=name), _SHOWN)
    return recipe.model_dump(mode="json", exclude={"preset"})
