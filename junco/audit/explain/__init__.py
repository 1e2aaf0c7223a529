"""Explanation methods and controls: a plan's methods become one explainer that shares passes among them."""

from junco.audit.explain import controls, methods
from junco.audit.explain.back import Carrier
from junco.audit.explain.explainer import Bound, build, capabilities, refusal
from junco.audit.explain.followed import Followed, followed, smoothable, unfollowable
from junco.audit.explain.passes import Pass
from junco.audit.explain.paths import residual
from junco.audit.explain.preflight import Preflight, preflight
from junco.audit.explain.registry import REGISTRY

__all__ = [
    "REGISTRY",
    "Bound",
    "Carrier",
    "Followed",
    "Pass",
    "Preflight",
    "build",
    "capabilities",
    "controls",
    "followed",
    "methods",
    "preflight",
    "refusal",
    "residual",
    "smoothable",
    "unfollowable",
]
