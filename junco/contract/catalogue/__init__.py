"""The catalogue: what Junco knows how to explain, to check and to say. One file a family of methods."""

from collections.abc import Mapping
from types import MappingProxyType

from junco.contract.catalogue.attention import ATTENTION
from junco.contract.catalogue.backprop import BACKPROP
from junco.contract.catalogue.cams import CAMS
from junco.contract.catalogue.cards import CheckCard, MethodCard
from junco.contract.catalogue.checks import CHECKS
from junco.contract.catalogue.controls import CONTROLS, FixedPriorParameters
from junco.contract.catalogue.gradients import GRADIENTS, IntegratedGradientsParameters, SmoothGradParameters
from junco.contract.catalogue.parameters import (
    BaselineParameters,
    LayerParameters,
    MethodParameters,
    Misfit,
    NoParameters,
)
from junco.contract.catalogue.perturbation import PERTURBATION
from junco.contract.catalogue.words import Arm, CheckName, Control, Depth, Family, Method, Verdict, View, named

METHODS: Mapping[Method | Control, MethodCard] = MappingProxyType(
    {card.name: card for card in (*GRADIENTS, *BACKPROP, *CAMS, *PERTURBATION, *ATTENTION, *CONTROLS)}
)
"""Every method and control by name."""

__all__ = [
    "CHECKS",
    "METHODS",
    "Arm",
    "BaselineParameters",
    "CheckCard",
    "CheckName",
    "Control",
    "Depth",
    "Family",
    "FixedPriorParameters",
    "IntegratedGradientsParameters",
    "LayerParameters",
    "Method",
    "MethodCard",
    "MethodParameters",
    "Misfit",
    "NoParameters",
    "SmoothGradParameters",
    "Verdict",
    "View",
    "named",
]
