"""Explanation methods and controls: a plan's methods become one explainer that shares passes among them."""

from junco.audit.explain import controls, methods
from junco.audit.explain.explainer import Bound, build, capabilities, refusal
from junco.audit.explain.methods.integrated_gradients import completeness
from junco.audit.explain.passes import Pass
from junco.audit.explain.preflight import Preflight, preflight
from junco.audit.explain.registry import REGISTRY

__all__ = [
    "REGISTRY",
    "Bound",
    "Pass",
    "Preflight",
    "build",
    "capabilities",
    "completeness",
    "controls",
    "methods",
    "preflight",
    "refusal",
]
