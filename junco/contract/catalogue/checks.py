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
        CheckName.CLASS_SENSITIVITY: CheckCard(
            name=CheckName.CLASS_SENSITIVITY,
            title="Class sensitivity",
            summary="Asks for a random class and for the least likely one, and compares the maps.",
            question="Does the explanation depend on the class that is explained?",
            source="Sixt et al., When Explanations Lie, 2020; Adebayo et al., Sanity Checks for Saliency Maps, 2018",
        ),
        CheckName.INPUT_MANIPULATION: CheckCard(
            name=CheckName.INPUT_MANIPULATION,
            title="Input manipulation",
            summary="Searches for a change of the image that is hardly visible, keeps the output and draws another "
            "image's map.",
            question="Can the explanation be chosen at will by someone who may touch the pixels?",
            source="Dombrowski et al., Explanations Can Be Manipulated and Geometry Is to Blame, 2019",
        ),
        CheckName.FRAGILITY: CheckCard(
            name=CheckName.FRAGILITY,
            title="Fragility",
            summary="Moves every pixel by at most a few grey levels, keeps the class, and asks how much more of the "
            "map is lost than under noise of the same size.",
            question="Does a small change that the model ignores change the explanation?",
            source="Ghorbani et al., Interpretation of Neural Networks Is Fragile, 2017",
        ),
        CheckName.MODEL_MANIPULATION: CheckCard(
            name=CheckName.MODEL_MANIPULATION,
            title="Model manipulation",
            summary="Looks at the network for what is left by training it to show other maps than its own, beside a "
            "witness that asks the answers alone.",
            question="May the network have been made to answer as it should and to explain itself otherwise?",
            source="Heo et al., Fooling Neural Network Interpretations via Adversarial Model Manipulation, 2019",
        ),
        CheckName.DATA_RANDOMIZATION: CheckCard(
            name=CheckName.DATA_RANDOMIZATION,
            title="Data randomization",
            summary="Trains the architecture on true and on permuted labels, and compares the maps of both networks "
            "with those of two that learned the truth.",
            question="Does the explanation depend on the relation between images and labels?",
            source=ADEBAYO,
        ),
        CheckName.REPEATABILITY: CheckCard(
            name=CheckName.REPEATABILITY,
            title="Repeatability",
            summary="Asks for the same maps again with another seed, in another order and batch size, and with another "
            "number of threads.",
            question="Does the same question get the same explanation?",
            source="Binder et al., Shortcomings of Top-Down Randomization-Based Sanity Checks, 2022",
            context=True,
        ),
        CheckName.FAITHFULNESS: CheckCard(
            name=CheckName.FAITHFULNESS,
            title="Faithfulness",
            summary="Deletes and inserts pixels in the order of the map, and asks whether the score moves sooner than "
            "in random order and in the order of the image's edges.",
            question="Do the places that the explanation marks move the model's answer?",
            source="Petsiuk et al., RISE: Randomized Input Sampling for Explanation, 2018; Yeh et al., On the "
            "(In)fidelity and Sensitivity of Explanations, 2019; Tomsett et al., Sanity Checks for Saliency Metrics, "
            "2020",
            context=True,
        ),
    }
)
"""Every check by name."""
