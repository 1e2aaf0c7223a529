"""What every method's verdicts have been on two reference models, as ``benchmarks/records.py`` last measured them."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from junco.contract.catalogue.words import CheckName, Control, Method, Verdict

Record = Mapping[str, Mapping[CheckName, Verdict]]
"""Verdicts by reference model and check."""

REFERENCES: Mapping[str, str] = {
    "digits": "a small CNN trained on scikit-learn's digits, 24 digits, the quick profile",
    "efficientnet_lite0": "EfficientNet-Lite0 with ImageNet weights, 20 photos, the quick profile",
}
"""What the reference models are."""


def record(name: Method | Control) -> Record:
    """Verdicts of ``name`` at its defaults; a model on which it was not measured is absent."""
    found = {model: judged[name.value] for model, judged in _records().items() if name.value in judged}
    return {model: {CheckName(c): Verdict(v) for c, v in checks.items()} for model, checks in found.items()}


@cache
def _records() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    kept: dict[str, dict[str, dict[str, str]]] = json.loads((files(__package__) / "records.json").read_text())
    return kept
