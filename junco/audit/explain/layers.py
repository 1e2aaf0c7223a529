"""Which layer a Grad-CAM map is read from."""

from difflib import get_close_matches

from junco.audit.model import Canonical
from junco.contract.catalogue import LayerParameters
from junco.contract.errors import InvalidPlan


def no_spatial_layer(model: Canonical, parameters: LayerParameters) -> str | None:
    """Why ``model`` has no layer to read a Grad-CAM map from, or None; raises InvalidPlan for an unknown layer."""
    if not _choices(model):
        return "the model has no layer whose output is an image"
    if parameters.layer is None and model.cam_layer is None:
        return "no layer stands out as the last spatial one: name it in the parameter 'layer'"
    layer_of(model, parameters)
    return None


def layer_of(model: Canonical, parameters: LayerParameters) -> str:
    """The layer that ``parameters`` name, or the model's own choice; raises InvalidPlan where there is none."""
    name = parameters.layer or model.cam_layer
    choices = _choices(model)
    if name is not None and name in choices:
        return name
    near = get_close_matches(name or "", choices, n=3, cutoff=0.4) or choices[-3:]
    raise InvalidPlan(
        f"The model has no spatial layer named {name!r}.",
        expected="a layer whose output is [n, channels, height, width], named as inspection lists it",
        found=repr(name),
        remedy=f"name one of: {', '.join(near)}" if near else "leave Grad-CAM out: the model has no spatial layer",
    )


def _choices(model: Canonical) -> list[str]:
    own = [model.cam_layer] if model.cam_layer else []
    return list(dict.fromkeys([*model.spatial, *own]))
