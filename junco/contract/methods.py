"""The methods of a plan: what was asked for, with its parameters, and the controls that every plan carries."""

from collections.abc import Iterator

from pydantic import ValidationError

from junco.contract.base import Frozen
from junco.contract.catalogue import METHODS, Control, Method
from junco.contract.errors import InvalidPlan
from junco.contract.fitting import require_fit
from junco.contract.model import ModelReport
from junco.contract.plan import CONTROLS_ALWAYS, PlannedMethod
from junco.contract.request import METHODS_BY_DEFAULT, METHODS_WITHOUT_GRADIENTS, MethodRequest, PlanRequest


def planned(request: PlanRequest, model: ModelReport) -> Iterator[PlannedMethod]:
    """Every method of the plan, those asked for first; raises ``InvalidPlan``."""
    labels: set[str] = set()
    for asked in _wanted(request, model):
        found = _planned(asked, request, model)
        if found.label in labels:
            raise InvalidPlan(
                f"{found.label} is asked for twice.",
                expected="each method and parameter set once",
                found=f"{found.label} twice",
                remedy="Remove one of the two.",
            )
        labels.add(found.label)
        # A control is judged under every check of the plan, also when a user asks for it under one alone.
        always = found.label in CONTROLS_ALWAYS
        yield found.model_copy(update={"checks": request.checks}) if always else found
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
            remedy="Name them among the plan's checks too, or leave them out here.",
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
