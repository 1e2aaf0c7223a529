"""The catalogue: what Junco knows how to explain, to check and to say. One file a family of methods."""

from collections.abc import Mapping
from types import MappingProxyType

from junco.contract.catalogue.attacks import RECIPES, Recipe
from junco.contract.catalogue.attention import ATTENTION
from junco.contract.catalogue.backprop import BACKPROP, DeepLiftParameters, PatternParameters
from junco.contract.catalogue.cams import CAMS, CamParameters, ScoreCamParameters
from junco.contract.catalogue.cards import CheckCard, Described, MethodCard
from junco.contract.catalogue.checks import CHECKS
from junco.contract.catalogue.controls import CONTROLS, FixedPriorParameters
from junco.contract.catalogue.gradient_parameters import (
    ExpectedGradientsParameters,
    GradientShapParameters,
    IntegratedGradientsParameters,
    IntegratedGradientsSmoothGradParameters,
    NoiseParameters,
    SmoothGradParameters,
    VarGradParameters,
)
from junco.contract.catalogue.gradients import GRADIENTS
from junco.contract.catalogue.parameters import (
    BaselineParameters,
    BetaParameters,
    LayerParameters,
    MethodParameters,
    Misfit,
    NoParameters,
)
from junco.contract.catalogue.perturbation import (
    PERTURBATION,
    OcclusionParameters,
    PredictionDifferenceParameters,
    RiseParameters,
)
from junco.contract.catalogue.relevance import (
    AlphaBetaParameters,
    EpsilonParameters,
    ExcitationParameters,
    GammaParameters,
    RelevanceParameters,
    RootParameters,
)
from junco.contract.catalogue.segments import FilledParameters, SampledParameters, SegmentParameters
from junco.contract.catalogue.surrogates import (
    SURROGATES,
    AnchorsParameters,
    KernelShapParameters,
    LimeParameters,
    ShapleySamplingParameters,
)
from junco.contract.catalogue.words import (
    Aim,
    Arm,
    CheckName,
    Circumstance,
    Control,
    Defence,
    Depth,
    Family,
    Fill,
    Lesson,
    Level,
    Method,
    Rival,
    Sign,
    Verdict,
    View,
    named,
)

METHODS: Mapping[Method | Control, MethodCard] = MappingProxyType(
    {card.name: card for card in (*GRADIENTS, *BACKPROP, *CAMS, *PERTURBATION, *SURROGATES, *ATTENTION, *CONTROLS)}
)
"""Every method and control by name."""

__all__ = [
    "CHECKS",
    "METHODS",
    "RECIPES",
    "Aim",
    "AlphaBetaParameters",
    "AnchorsParameters",
    "Arm",
    "BaselineParameters",
    "BetaParameters",
    "CamParameters",
    "CheckCard",
    "CheckName",
    "Circumstance",
    "Control",
    "DeepLiftParameters",
    "Defence",
    "Depth",
    "Described",
    "EpsilonParameters",
    "ExcitationParameters",
    "ExpectedGradientsParameters",
    "Family",
    "Fill",
    "FilledParameters",
    "FixedPriorParameters",
    "GammaParameters",
    "GradientShapParameters",
    "IntegratedGradientsParameters",
    "IntegratedGradientsSmoothGradParameters",
    "KernelShapParameters",
    "LayerParameters",
    "Lesson",
    "Level",
    "LimeParameters",
    "Method",
    "MethodCard",
    "MethodParameters",
    "Misfit",
    "NoParameters",
    "NoiseParameters",
    "OcclusionParameters",
    "PatternParameters",
    "PredictionDifferenceParameters",
    "Recipe",
    "RelevanceParameters",
    "RiseParameters",
    "Rival",
    "RootParameters",
    "SampledParameters",
    "ScoreCamParameters",
    "SegmentParameters",
    "ShapleySamplingParameters",
    "Sign",
    "SmoothGradParameters",
    "VarGradParameters",
    "Verdict",
    "View",
    "named",
]
