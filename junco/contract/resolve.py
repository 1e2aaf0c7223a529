"""From a request to a plan, from a plan to shards: pure functions, so that an API without torch can answer for both."""

import math
import random
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import ValidationError

from junco.contract.base import Digest, Frozen
from junco.contract.beside import require_alike
from junco.contract.catalogue import METHODS, CheckName, Control, Depth, Method
from junco.contract.conventions import adapted, alternatives
from junco.contract.errors import InputShapeMismatch, InvalidPlan, NoImages
from junco.contract.fitting import require_fit, require_images
from junco.contract.images import ImageSet, Preprocessing, preprocessing
from junco.contract.looks import seen
from junco.contract.model import ModelReport
from junco.contract.plan import (
    CONTROLS_ALWAYS,
    METHODS_BY_DEFAULT,
    METHODS_WITHOUT_GRADIENTS,
    MethodRequest,
    Plan,
    PlannedMethod,
    PlanRequest,
    Shifts,
)
from junco.contract.profile import PROFILES, Profile
from junco.contract.training import Training, given, hindrances, learning


def resolve(
    request: PlanRequest,
    model: ModelReport,
    images: ImageSet,
    *,
    beside: Mapping[Digest, ModelReport] = MappingProxyType({}),
) -> Plan:
    """The plan that ``request`` means for this model and these images; raises ``InvalidPlan``, ``ModelsDiffer``,
    ``InputShapeMismatch``, ``NoImages``. ``beside`` are reports of further models that the request names."""
    if images.count == 0:
        raise NoImages("The image set holds no image.", expected="at least one image", found="none")
    profile = seen(PROFILES[request.profile], request.look)
    order = _order(images.count, request.seed)
    selected = order[: profile.images_maximum]
    count = len(model.layers)
    depths = {Depth.LOGIT: 1, Depth.TOP: min(count, max(2, math.ceil(count / 2))), Depth.FULL: count}
    methods = tuple(_methods(request, model))
    how = adapted(request.convention, request.randomization, target=request.target_policy)
    require_images(methods, len(selected))
    recipe = _preprocessing(request, model)
    require_alike(request, recipe.shape, model, beside)
    training = _training(request, profile, order, recipe.shape)
    return Plan(
        model=request.model,
        images=request.images,
        methods=methods,
        checks=tuple(check for check in CheckName if check in request.checks),
        profile=profile,
        look=request.look,
        preprocessing=recipe,
        seed=request.seed,
        output=request.output,
        target=_target(request, model),
        target_policy=how.target_policy,
        arms=how.arms,
        randomization=how,
        norm_alternatives=alternatives(how, model),
        shift=_shift(request, model),
        selected=selected,
        groups=_groups(len(selected), profile.group_size),
        steps=tuple(layer.name for layer in model.layers),
        depths=depths,
        stages=_stages(count, profile.curve_stages, depths),
        training=training,
        reference_models=request.reference_models,
        skipped=dict(_skipped(model)) | dict(_untrained(training, profile, model, images)),
        timeout_seconds=request.timeout_seconds,
    )


def _target(request: PlanRequest, model: ModelReport) -> int | Literal["predicted"]:
    if request.target != "predicted" and request.target >= model.classes:
        raise InvalidPlan(
            f"The model has no class {request.target}.",
            expected=f"a class index from 0 to {model.classes - 1}, or 'predicted'",
            found=str(request.target),
            remedy="Name a class that the model tells apart.",
        )
    return request.target


def _shift(request: PlanRequest, model: ModelReport) -> Shifts:
    several = request.shift if isinstance(request.shift, tuple) else (request.shift,)
    if "image" in several and CheckName.INPUT_SHIFT in request.checks and model.executor != "graph":
        raise InvalidPlan(
            "The shift 'image' is made from the model's gradient, which this file does not give.",
            expected="'range', 'checkerboard' or a number",
            found="'image'",
            remedy="Leave it out.",
        )
    return request.shift


def _skipped(model: ModelReport) -> Iterator[tuple[CheckName, str]]:
    if model.classes <= 2:
        # With z_1 = -z_0 the maps of the two classes are exact negatives, which is no fault of any method.
        said = "with two classes the map of the other class is the map itself, turned over"
        yield CheckName.CLASS_SENSITIVITY, said


def _training(
    request: PlanRequest, profile: Profile, order: tuple[int, ...], shape: tuple[int, int, int]
) -> Training | None:
    if CheckName.DATA_RANDOMIZATION not in request.checks:
        return None
    if request.label_models:
        return given(request.label_models, request.training, min(profile.label_images, len(order)))
    return learning(request.training, profile, order, shape)


def _untrained(
    training: Training | None, profile: Profile, model: ModelReport, images: ImageSet
) -> Iterator[tuple[CheckName, str]]:
    reason = next(hindrances(training, profile, model, images), None) if training else None
    if reason:
        yield CheckName.DATA_RANDOMIZATION, reason


def _order(count: int, seed: int) -> tuple[int, ...]:
    order = list(range(count))
    random.Random(seed).shuffle(order)  # noqa: S311 - sampling, not secrecy
    return tuple(order)


def _groups(count: int, size: int) -> tuple[tuple[int, ...], ...]:
    parts = max(1, round(count / size))
    return tuple(tuple(range(i, count, parts)) for i in range(parts))


def _stages(count: int, wanted: int, depths: dict[Depth, int]) -> tuple[int, ...]:
    even = {1 + round(i * (count - 1) / max(1, wanted - 1)) for i in range(wanted)}
    return tuple(sorted({stage for stage in even | set(depths.values()) if 1 <= stage <= count}))


def _methods(request: PlanRequest, model: ModelReport) -> Iterator[PlannedMethod]:
    labels: set[str] = set()
    for asked in _wanted(request, model):
        planned = _planned(asked, request, model)
        if planned.label in labels:
            raise InvalidPlan(
                f"{planned.label} is asked for twice.",
                expected="each method and parameter set once",
                found=f"{planned.label} twice",
                remedy="Remove one of the two.",
            )
        labels.add(planned.label)
        # A control is judged under every check of the plan, also when a user asks for it under one alone.
        always = planned.label in CONTROLS_ALWAYS
        yield planned.model_copy(update={"checks": request.checks}) if always else planned
    for name in CONTROLS_ALWAYS:
        if name.value not in labels:
            yield PlannedMethod(
                label=name.value,
                method=name,
                requested=False,
                unavailable=_reason(model, name),
                parameters=METHODS[name].parameters().model_dump(mode="json"),
                checks=request.checks,
            )


def _wanted(request: PlanRequest, model: ModelReport) -> tuple[MethodRequest, ...]:
    # By value, since a request that was stored has all its fields set.
    usual = request.methods == METHODS_BY_DEFAULT
    lost = all(_reason(model, asked.method) for asked in METHODS_BY_DEFAULT)
    return METHODS_WITHOUT_GRADIENTS if usual and lost else request.methods


def _planned(asked: MethodRequest, request: PlanRequest, model: ModelReport) -> PlannedMethod:
    card = METHODS[asked.method]
    try:
        parameters = card.parameters.model_validate(asked.parameters)
    except ValidationError as error:
        raise InvalidPlan(f"Parameters of {asked.method} are not valid: {error.errors()[0]['msg']}.") from error
    require_fit(asked.method, parameters, model)
    foreign = set(asked.checks or ()) - set(request.checks)
    if foreign:
        raise InvalidPlan(
            f"{asked.method} asks for {', '.join(sorted(foreign))}, which the plan does not run.",
            expected=", ".join(request.checks),
            found=", ".join(sorted(foreign)),
        )
    return PlannedMethod(
        label=label(asked.method, parameters),
        method=asked.method,
        parameters=parameters.model_dump(mode="json"),
        checks=asked.checks or request.checks,
        requested=True,
        unavailable=parameters.undefined(model.activations) or _reason(model, asked.method),
    )


def label(method: Method | Control, parameters: Frozen) -> str:
    """A method's name in results: the bare name, or with those parameters that differ from their defaults."""
    changed = parameters.model_dump(mode="json", exclude_defaults=True)
    inside = ",".join(f"{key}={_short(value)}" for key, value in changed.items())
    return f"{method.value}({inside})" if inside else method.value


def _short(value: object) -> str:
    return "[" + " ".join(str(v) for v in value) + "]" if isinstance(value, list | tuple) else str(value)


def _reason(model: ModelReport, name: Method | Control) -> str | None:
    found = model.methods.get(name.value)
    return None if found is None or found.available else found.reason or "not available for this model"


def _preprocessing(request: PlanRequest, model: ModelReport) -> Preprocessing:
    try:
        recipe = preprocessing(request.preprocessing, model.input_shape)
    except ValidationError as error:
        raise InvalidPlan(f"The preprocessing is not valid: {error.errors()[0]['msg']}.") from error
    fixed = model.image_sides
    if any(want is not None and want != got for want, got in zip(fixed, recipe.shape, strict=True)):
        raise InputShapeMismatch(
            f"The model takes images of shape {list(fixed)}, the preprocessing makes {list(recipe.shape)}.",
            expected=str(list(fixed)),
            found=str(list(recipe.shape)),
            remedy="Leave height, width and channels out, or set them to the model's own.",
        )
    return recipe
