"""What cosine similarity convergence costs, and of which methods it is measured: functions of the plan alone."""

from junco.contract.catalogue import CheckName, Method
from junco.contract.plan import Plan, PlannedMethod

BY_RULE = frozenset(
    {
        Method.GRADIENT,
        Method.GUIDED_BACKPROP,
        Method.DECONVOLUTION,
        Method.DEEP_LIFT,
        Method.EXCITATION_BACKPROP,
        Method.LRP_EPSILON,
        Method.LRP_GAMMA,
        Method.LRP_Z_PLUS,
        Method.LRP_ALPHA2_BETA1,
        Method.DEEP_TAYLOR,
        Method.PATTERN_NET,
        Method.PATTERN_ATTRIBUTION,
    }
)
"""Methods that carry a signal back from the logits by a rule, whatever signal it is."""

DRAWS = 5
"""Random relevances to each image (Sixt et al. 2020)."""


def converging(plan: Plan) -> tuple[PlannedMethod, ...]:
    """Methods of class_sensitivity whose rule is followed."""
    return tuple(m for m in plan.methods_of(CheckName.CLASS_SENSITIVITY) if m.method in BY_RULE)


def convergence_images(plan: Plan) -> tuple[int, ...]:
    """Images through which relevance is carried back."""
    return tuple(range(min(plan.profile.convergence_images, len(plan.selected))))


def convergence_cost(plan: Plan) -> int:
    """Image passes: one forward through each image, and one way back for each draw and method."""
    return len(convergence_images(plan)) * (1 + DRAWS * len(converging(plan)))
