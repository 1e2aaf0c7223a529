"""Whether a method's parameters fit a model and a plan's images, before any work."""

import difflib
from collections.abc import Iterable

from junco.contract.catalogue import Control, Method, MethodParameters
from junco.contract.errors import InvalidPlan
from junco.contract.model import ModelReport
from junco.contract.plan import PlannedMethod
from junco.contract.request import PlanRequest


def require_output(request: PlanRequest, model: ModelReport) -> None:
    """Raise InvalidPlan if an output is asked for that the model does not have, or that was not inspected."""
    asked, known = request.output, [output.name for output in model.outputs]
    if asked is None or model.output in (None, asked):
        return
    if asked not in known:
        raise InvalidPlan(
            f"The model has no output {asked!r}.",
            expected=f"one of {', '.join(known)}",
            found=asked,
            remedy="Name one of the model's outputs, or leave output out.",
        )
    raise InvalidPlan(
        f"The model was inspected for its output {model.output!r}, and this plan asks for {asked!r}.",
        expected=model.output,
        found=asked,
        remedy=f"Upload the model again with output={asked}, then submit the plan again.",
    )


def require_fit(method: Method | Control, parameters: MethodParameters, model: ModelReport) -> None:
    """Raise InvalidPlan unless shape, layer and channels are the model's."""
    misfit = parameters.misfit(model.input_shape)
    if misfit:
        raise InvalidPlan(
            f"{method} does not fit this model with these parameters.",
            expected=misfit.expected,
            found=misfit.found,
            remedy=misfit.remedy,
        )
    _require_layer(method, parameters, model)
    _require_channels(method, parameters, model)


def require_images(methods: Iterable[PlannedMethod], count: int) -> None:
    """Raise InvalidPlan when a method learns from more images than the plan has."""
    for method in methods:
        least = method.chosen.least_images()
        if method.unavailable is None and least > count:
            raise InvalidPlan(
                f"{method.label} learns from the plan's images, and there are too few.",
                expected=f"at least {least} images",
                found=str(count),
                remedy="Add images, or leave the method out.",
            )


def _require_layer(method: Method | Control, parameters: MethodParameters, model: ModelReport) -> None:
    name = getattr(parameters, "layer", None)
    if name is not None and name not in model.spatial:
        near = difflib.get_close_matches(name, model.spatial, n=3, cutoff=0.3)
        raise InvalidPlan(
            f"{method} asks for layer {name!r}, which this model does not have.",
            expected="one of the model's spatial layers",
            found=name,
            remedy=f"Near matches: {', '.join(near)}." if near else "See the model's inspection.",
        )


def _require_channels(method: Method | Control, parameters: MethodParameters, model: ModelReport) -> None:
    wanted, layer = getattr(parameters, "channels", None), getattr(parameters, "layer", None) or model.cam_layer
    there = model.channels.get(layer or "")
    if wanted is not None and there is not None and wanted > there:
        raise InvalidPlan(
            f"{method} asks for {wanted} channels of layer {layer!r}, which has fewer.",
            expected=f"at most {there} channels",
            found=str(wanted),
            remedy="Leave channels out to use all of them.",
        )
