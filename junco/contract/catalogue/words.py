"""The closed lists that users depend on: methods, controls, checks, verdicts. The audit maps each name to code."""

from enum import StrEnum


class Method(StrEnum):
    """Explanation methods that a plan may ask for."""

    GRADIENT = "gradient"
    INPUT_X_GRADIENT = "input_x_gradient"
    INTEGRATED_GRADIENTS = "integrated_gradients"
    SMOOTHGRAD = "smoothgrad"
    GUIDED_BACKPROP = "guided_backprop"
    GRAD_CAM = "grad_cam"
    GUIDED_GRAD_CAM = "guided_grad_cam"


class Control(StrEnum):
    """Maps whose verdict is known beforehand; a job that misjudges one of them distrusts itself."""

    EDGE_DETECTOR = "edge_detector"
    GAUSSIAN_NOISE = "gaussian_noise"
    CONSTANT = "constant"
    FIXED_PRIOR = "fixed_prior"
    EDGE_X_GRADIENT = "edge_x_gradient"


class CheckName(StrEnum):
    """Sanity checks that a plan may ask for."""

    PARAMETER_RANDOMIZATION = "parameter_randomization"
    INPUT_SHIFT = "input_shift"


class Verdict(StrEnum):
    """What is said of an explanation, never of a job."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"
    NOT_RUN = "not_run"


class View(StrEnum):
    """How a raw map is reduced over channels before maps are compared."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"


class Arm(StrEnum):
    """How parameters are destroyed: drawn anew, or shuffled within each tensor."""

    REINIT = "reinit"
    PERMUTE = "permute"


class Depth(StrEnum):
    """How much of the network is randomised, from the output down."""

    LOGIT = "logit"
    TOP = "top"
    FULL = "full"


class Family(StrEnum):
    """What a method does to a model, and so which models it is defined for."""

    GRADIENT = "gradient"
    BACKPROP = "backprop"
    CAM = "cam"
    PERTURBATION = "perturbation"
    ATTENTION = "attention"
    CONTROL = "control"


def named(name: str) -> Method | Control:
    """The method or control called ``name``; raises ``ValueError`` for anything else."""
    try:
        return Method(name)
    except ValueError:
        return Control(name)
