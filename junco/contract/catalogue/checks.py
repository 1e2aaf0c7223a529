"""The checks: what each asks of an explanation."""

from collections.abc import Mapping
from types import MappingProxyType

from junco.contract.catalogue.cards import CheckCard
from junco.contract.catalogue.words import CheckName

ADEBAYO = "Adebayo et al., Sanity Checks for Saliency Maps, 2018"

CHECKS: Mapping[CheckName, CheckCard] = MappingProxyType(
    {
        CheckName.PARAMETER_RANDOMIZATION: CheckCard(
            name=CheckName.PARAMETER_RANDOMIZATION,
            title="Parameter randomization",
            summary="Randomises the model's parameters from the output down and asks whether the map changes.",
            question="Does the explanation depend on what the model has learned?",
            source=ADEBAYO,
        ),
        CheckName.INPUT_SHIFT: CheckCard(
            name=CheckName.INPUT_SHIFT,
            title="Input shift",
            summary="Shifts the input and compensates in the model, so that nothing the model computes changes.",
            question="Does the explanation stay put when only the encoding of the pixels moves?",
            source="Kindermans et al., The (Un)reliability of Saliency Methods, 2017",
        ),
    }
)
"""Every check by name."""
