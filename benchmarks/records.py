"""Every method's verdicts on two reference models, kept in the catalogue: ``python -m benchmarks.records digits``.

``digits``: the narrow CNN of the digits regression, its 50 test digits, the quick profile (24 digits, 3 seeds).
``efficientnet_lite0``: its ImageNet weights and 20 photos, the quick profile, methods of few passes unless ``--passes``
says otherwise. Parameters are the methods' defaults; ``--lean`` takes fewer steps and samples, and the record says so.
What is recorded already is kept, so that a run that was stopped goes on; ``--methods`` judges those alone, in one job,
where they share what they can.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmarks.clock import seconds
from examples import efficientnet_lite0
from examples.demo import imagenet_photos
from junco.audit.engine import LocalEngine
from junco.client.images import gathered, image_set
from junco.contract.base import digest_of
from junco.contract.catalogue import METHODS, CheckName, Method
from junco.contract.images import PreprocessingRequest, PresetName
from junco.contract.outcome import Outcome
from junco.contract.profile import ProfileName
from junco.contract.request import MethodRequest, PlanRequest

RECORDS = Path(__file__).parent.parent / "junco" / "contract" / "catalogue" / "records.json"
CHECKS = (CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT, CheckName.CLASS_SENSITIVITY)
LEAN: Mapping[Method, Mapping[str, int]] = {
    Method.INTEGRATED_GRADIENTS: {"steps": 16},
    Method.SMOOTHGRAD: {"samples": 8},
    Method.VARGRAD: {"samples": 8},
    Method.GRADIENT_SHAP: {"samples": 8},
    Method.EXPECTED_GRADIENTS: {"samples": 8},
    Method.INTEGRATED_GRADIENTS_SMOOTHGRAD: {"steps": 8, "samples": 2},
    Method.OCCLUSION: {"window": 56, "stride": 56},
    Method.SCORE_CAM: {"channels": 32},
    Method.SHAPLEY_SAMPLING: {"permutations": 2},
    Method.LIME: {"samples": 100},
    Method.KERNEL_SHAP: {"samples": 100},
    Method.RISE: {"samples": 100},
}
"""What fewer passes some methods can do with, where their defaults would take hours."""
_SHARED_PASSES = 4
"""Methods of at most so many passes are judged in one job, where they share them."""


@dataclass(frozen=True)
class Reference:
    """A model file, its images, and the most passes per image that a method may take there."""

    data: bytes
    images: Sequence[Path]
    shape: tuple[int, int, int]
    preset: PresetName
    passes: int


def _digits(folder: Path) -> Reference:
    from tests.truth import conftest, digits

    found = conftest.trained(digits.cnn(digits.SMALL), epochs=8)
    (folder / "digits.npz").write_bytes(found.digits.npz())
    return Reference(found.file, [folder / "digits.npz"], digits.SHAPE, PresetName.UNIT, 10_000)


def _lite0(_folder: Path) -> Reference:
    shape = efficientnet_lite0.INPUT_SHAPE
    return Reference(efficientnet_lite0.torchscript("traced"), imagenet_photos(), shape, PresetName.IMAGENET_LITE, 16)


REFERENCES: Mapping[str, Callable[[Path], Reference]] = {"digits": _digits, "efficientnet_lite0": _lite0}
"""Reference models by name."""


def judged(reference: Reference, methods: Sequence[MethodRequest], folder: Path) -> Outcome:
    """One job in process."""
    model = folder / "model.pt"
    model.write_bytes(reference.data)
    with gathered(list(reference.images)) as pictures:
        images = image_set(pictures)
        request = PlanRequest(
            model=digest_of(reference.data),
            images=images.id,
            methods=tuple(methods),
            checks=CHECKS,
            profile=ProfileName.QUICK,
            preprocessing=PreprocessingRequest(preset=reference.preset),
        )
        paths = [picture.path for picture in pictures]
        engine = LocalEngine(threads=torch.get_num_threads())
        return engine.check(model, images, paths, request, out=folder / "out", input_shape=reference.shape)


def jobs(reference: Reference, known: Mapping[str, object]) -> Iterator[tuple[Method, ...]]:
    """Methods still to be judged, the cheap ones together and the dear ones alone, cheapest first."""
    price = {m: METHODS[m].parameters().passes(reference.shape) for m in Method if m.value not in known}
    ordered = sorted((m for m in price if price[m] <= reference.passes), key=lambda m: price[m])
    cheap = tuple(m for m in ordered if price[m] <= _SHARED_PASSES)
    if cheap:
        yield cheap
    yield from ((m,) for m in ordered if m not in cheap)


def main() -> None:
    """Judge what is not recorded yet, and record it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=REFERENCES)
    parser.add_argument("--passes", type=int, help="the most passes per image that a method may take")
    parser.add_argument("--methods", type=Method, nargs="+", help="judge these, whatever is recorded and they take")
    parser.add_argument("--lean", action="store_true", help="with fewer steps and samples than by default")
    options = parser.parse_args()
    name = options.model
    with tempfile.TemporaryDirectory() as folder:
        reference = REFERENCES[name](Path(folder))
        if options.passes:
            reference = replace(reference, passes=options.passes)
        chosen = [tuple(options.methods)] if options.methods else jobs(reference, _read().get(name, {}))
        for methods in chosen:
            lean = LEAN if options.lean else {}
            asked = [MethodRequest(method=m, parameters=dict(lean.get(m, {}))) for m in methods]
            taken = seconds(lambda asked=asked: _record(name, reference, asked, Path(folder)))  # type: ignore[misc]
            print(f"{', '.join(methods)}: {taken:.0f} s", flush=True)


def _record(name: str, reference: Reference, methods: Sequence[MethodRequest], folder: Path) -> None:
    outcome = judged(reference, methods, folder)
    every = _read()
    mine = every.setdefault(name, {})
    mine |= {m.label: {c.check.value: c.verdict.value for c in m.checks} for m in outcome.methods}
    RECORDS.write_text(json.dumps(every, indent=1, sort_keys=True) + "\n")


def _read() -> dict[str, dict[str, dict[str, str]]]:
    return dict(json.loads(RECORDS.read_text())) if RECORDS.exists() else {}


if __name__ == "__main__":
    main()
