"""What model_manipulation looks at, and what that costs: functions of the plan alone."""

from junco.contract.catalogue import METHODS, CheckName, Method, MethodParameters, OcclusionParameters
from junco.contract.plan import Plan

_PANEL: dict[Method, dict[str, int]] = {
    Method.GRAD_CAM: {},
    Method.INTEGRATED_GRADIENTS: {"steps": 16},
    Method.SMOOTHGRAD: {"samples": 16},
}
"""Usual methods, whose agreement with the witness is looked at on every model: what fools one often fools them all."""

WITNESS = OcclusionParameters()
"""Side and step of the witness's windows."""

_MAPS = 4
"""Times that each image is explained: as it is, on centred logits, and beside another for both classes."""


def panel() -> dict[Method, MethodParameters]:
    """The usual methods with their parameters."""
    return {method: METHODS[method].parameters.model_validate(given) for method, given in _PANEL.items()}


def tampering_cost(plan: Plan) -> int:
    """Image passes of model_manipulation for one image."""
    profile, shape = plan.profile, plan.preprocessing.shape
    methods = plan.methods_of(CheckName.MODEL_MANIPULATION)
    maps = sum(m.chosen.passes(shape) for m in methods)
    curves = 2 * (profile.tampering_steps - 1) * (len(methods) + 1 + profile.tampering_orders)
    looks = WITNESS.passes(shape) + curves
    usual = sum(parameters.passes(shape) for parameters in panel().values())
    return _MAPS * maps + WITNESS.passes(shape) + looks + usual + len(plan.reference_models) * (maps + looks)
