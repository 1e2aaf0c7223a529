"""Models that a plan names beside its own: where, for which check, and whether they suit the one that is judged."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from junco.contract.base import Digest
from junco.contract.catalogue import CheckName
from junco.contract.errors import FieldProblem, InvalidPlan, ModelsDiffer
from junco.contract.model import LayerReport, ModelReport
from junco.contract.plan import Plan
from junco.contract.request import PlanRequest

_LABELS, _REFERENCES = "/label_models/", "/reference_models/"
_GRAPH = "graph"


def named(request: PlanRequest) -> dict[str, Digest]:
    """The models that ``request`` names beside its own, each by the JSON pointer to where it does."""
    found = {f"{_REFERENCES}{i}": digest for i, digest in enumerate(request.reference_models)}
    if request.label_models:
        found |= {_LABELS + name: digest for name, digest in request.label_models.models.items()}
    return found


def needed(plan: Plan, check: CheckName) -> tuple[Digest, ...]:
    """The models beside the plan's own that ``check`` looks at, each once."""
    return tuple(dict.fromkeys(_NEEDED[check](plan))) if check in _NEEDED else ()


def _labels(plan: Plan) -> Iterable[Digest]:
    supplied = plan.training.supplied if plan.training else None
    return supplied.models.values() if supplied else ()


_NEEDED: dict[CheckName, Callable[[Plan], Iterable[Digest]]] = {
    CheckName.DATA_RANDOMIZATION: _labels,
    CheckName.MODEL_MANIPULATION: lambda plan: plan.reference_models,
}


def require_alike(
    request: PlanRequest, shape: tuple[int, int, int], model: ModelReport, beside: Mapping[Digest, ModelReport]
) -> None:
    """Raise unless every model that ``request`` names beside ``model`` is another one that takes images of ``shape``
    and tells as many classes apart; those of data_randomization have its layers, too.

    Models without a report in ``beside`` are not looked at. Raises ModelsDiffer, and InvalidPlan for the plan's own
    model or for a check that is not run.
    """
    for pointer, digest in named(request).items():
        check = CheckName.DATA_RANDOMIZATION if pointer.startswith(_LABELS) else CheckName.MODEL_MANIPULATION
        if check not in request.checks:
            raise _idle(pointer, check)
        if digest == request.model:
            raise _itself(pointer)
        if digest in beside:
            other = beside[digest]
            pairs = [*_answers(request, model, other, shape)]
            pairs += _layers(model, other) if pointer.startswith(_LABELS) else ()
            for expected, found in pairs:
                if expected != found:
                    raise _differ(pointer, expected, found)


def _answers(
    request: PlanRequest, model: ModelReport, other: ModelReport, shape: tuple[int, int, int]
) -> Iterator[tuple[str, str]]:
    """What goes in and comes out, as it must be and as it is, in words."""
    taken = (want if fixed is None else fixed for want, fixed in zip(shape, other.image_sides, strict=True))
    yield f"images of shape {list(shape)}", f"images of shape {list(taken)}"
    if request.output is not None and request.output == model.output:
        yield f"output {request.output}", f"output {other.output}"
    yield f"{model.classes} classes", f"{other.classes} classes"


def _layers(model: ModelReport, other: ModelReport) -> Iterator[tuple[str, str]]:
    """The layers of both in words, place by place; none where the judged one has no graph to put weights into."""
    if model.executor == _GRAPH:
        yield _GRAPH, other.executor
        pairs = zip(model.layers, other.layers, strict=False)
        yield from ((_told(i, ours), _told(i, theirs)) for i, (ours, theirs) in enumerate(pairs, start=1))
        yield f"{len(model.layers)} layers", f"{len(other.layers)} layers"


def _told(place: int, layer: LayerReport) -> str:
    return f"layer {place}: {layer.kind} {list(layer.shape)} of {layer.parameters} parameters"


def _idle(pointer: str, check: CheckName) -> InvalidPlan:
    return InvalidPlan(
        f"A model is named for {check}, which the plan does not run.",
        expected=f"{check} among the checks",
        found="a plan without it",
        remedy=f"Add {check} to the checks, or leave the model out.",
        errors=[FieldProblem(pointer=pointer, detail=f"Only {check} looks at this model.")],
    )


def _itself(pointer: str) -> InvalidPlan:
    return InvalidPlan(
        "A plan names its own model as one to compare it with.",
        expected="another model",
        found="the plan's model",
        remedy="Name a model that was trained apart from it.",
        errors=[FieldProblem(pointer=pointer, detail="This is the plan's own model.")],
    )


def _differ(pointer: str, expected: str, found: str) -> ModelsDiffer:
    return ModelsDiffer(
        "A model that the plan names beside its own is of another kind.",
        expected=expected,
        found=found,
        remedy="Export both in the same way, from the same code, and upload both with the same input_shape and output.",
        errors=[FieldProblem(pointer=pointer, detail=f"{expected} expected, {found} found", code=ModelsDiffer.code)],
    )
