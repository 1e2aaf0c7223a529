"""What every method's verdicts have been on two reference models, as ``benchmarks/records.py`` last measured them."""

import json
from collections.abc import Iterator, Mapping
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
    """Verdicts of ``name``; a model on which it was not measured is absent."""
    return {model: {CheckName(c): Verdict(v) for c, v in checks.items()} for model, _, checks in _of(name)}


def lean(name: Method | Control) -> Mapping[str, str]:
    """By reference model the parameters of ``name`` that were not the defaults, where its verdicts are of such."""
    return {model: given for model, given, _ in _of(name) if given}


def _of(name: Method | Control) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """By model what was given to ``name`` and what it was judged: at its defaults if that was measured."""
    for model, judged in _records().items():
        labels = [label for label in sorted(judged) if label.partition("(")[0] == name]
        if labels:
            yield model, labels[0].partition("(")[2].removesuffix(")"), judged[labels[0]]


@cache
def _records() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    kept: dict[str, dict[str, dict[str, str]]] = json.loads((files(__package__) / "records.json").read_text())
    return kept
