"""From a request to a plan: a pure function, so that an API without torch can answer for it."""

import math
import random
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import ValidationError

from junco.contract.base import Digest
from junco.contract.beside import require_alike
from junco.contract.catalogue import CheckName, Depth
from junco.contract.conventions import adapted, alternatives
from junco.contract.errors import InputShapeMismatch, InvalidPlan, NoImages
from junco.contract.fitting import require_images, require_output
from junco.contract.images import ImageSet, Preprocessing, preprocessing
from junco.contract.looks import seen
from junco.contract.methods import planned
from junco.contract.model import ModelReport
from junco.contract.plan import Plan
from junco.contract.profile import PROFILES, Profile
from junco.contract.request import PlanRequest, Shifts
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
    require_output(request, model)
    profile = seen(PROFILES[request.profile], request.look)
    order = _order(images.count, request.seed)
    selected = order[: profile.images_maximum]
    count = len(model.layers)
    depths = {Depth.LOGIT: 1, Depth.TOP: min(count, max(2, math.ceil(count / 2))), Depth.FULL: count}
    methods = tuple(planned(request, model))
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
        # Each once: a copy would pass for a model that agrees with another.
        reference_models=tuple(dict.fromkeys(request.reference_models)),
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


def _preprocessing(request: PlanRequest, model: ModelReport) -> Preprocessing:
    try:
        recipe = preprocessing(request.preprocessing, model.input_shape)
    except ValidationError as error:
        raise InvalidPlan(
            f"The preprocessing is not valid: {error.errors()[0]['msg'].removeprefix('Value error, ')}.",
            expected=f"a recipe for images {list(model.input_shape)}",
            found=request.preprocessing.model_dump_json(exclude_none=True),
            remedy="Name a preset, and override only what differs.",
        ) from error
    fixed = model.image_sides
    if any(want is not None and want != got for want, got in zip(fixed, recipe.shape, strict=True)):
        raise InputShapeMismatch(
            f"The model takes images of shape {list(fixed)}, the preprocessing makes {list(recipe.shape)}.",
            expected=str(list(fixed)),
            found=str(list(recipe.shape)),
            remedy="Leave height, width and channels out, or set them to the model's own.",
        )
    return recipe
