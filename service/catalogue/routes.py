"""/v1/catalogue, from the contract's own lists."""

from typing import Any

from fastapi import APIRouter

from junco.contract.catalogue import CHECKS, METHODS, Control, MethodCard
from junco.contract.images import PreprocessingRequest, PresetName, preprocessing
from junco.contract.profile import PROFILES
from junco.contract.resources import Catalogue, CatalogueCheck, CatalogueMethod, Preset

router = APIRouter(tags=["catalogue"])

_SHOWN = (3, 224, 224)
"""Presets are shown as they come out for images of this shape."""


@router.get("/v1/catalogue", response_model=Catalogue)
def get_catalogue() -> Catalogue:
    """Methods and controls with the JSON Schema of their parameters, checks, profiles and preprocessing presets."""
    cards = [(card, _method(card)) for card in METHODS.values()]
    return Catalogue(
        methods=tuple(shown for card, shown in cards if not isinstance(card.name, Control)),
        controls=tuple(shown for card, shown in cards if isinstance(card.name, Control)),
        checks=tuple(CatalogueCheck.model_validate(card.model_dump()) for card in CHECKS.values()),
        profiles=tuple(PROFILES.values()),
        presets=tuple(Preset(name=name, recipe=_recipe(name)) for name in PresetName),
    )


def _method(card: MethodCard) -> CatalogueMethod:
    fields = {name: getattr(card, name) for name in CatalogueMethod.model_fields if name != "parameters"}
    return CatalogueMethod(parameters=card.parameters.model_json_schema(), **fields)


def _recipe(name: PresetName) -> dict[str, Any]:
    recipe = preprocessing(PreprocessingRequest(preset=name), _SHOWN)
    return recipe.model_dump(mode="json", exclude={"preset"})
