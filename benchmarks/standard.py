"""The standard plan at size: six gradient-type methods, the default checks, EfficientNet-Lite0 and 20 photos.

Its whole time in this process, from the file's bytes to the report, beside the passes that its shards count and their
floor: as many images through one forward and two backward passes, at the best batch size, just before and just after.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.clock import seconds
from benchmarks.floor import best_size, state_passes
from benchmarks.subjects import SUBJECTS, Subject, request
from examples.demo import imagenet_photos
from junco.audit.engine import LocalEngine
from junco.audit.memory import keep_pages
from junco.audit.pipeline import prepare
from junco.audit.pipeline.inspect import inspect
from junco.client.images import gathered, image_set
from junco.contract.catalogue import Method
from junco.contract.job import Progress
from junco.contract.profile import ProfileName
from junco.contract.request import CHECKS_BY_DEFAULT
from junco.contract.resolve import resolve
from junco.contract.sharding import shards

METHODS = (
    Method.GRADIENT,
    Method.INPUT_X_GRADIENT,
    Method.GUIDED_BACKPROP,
    Method.DECONVOLUTION,
    Method.GRAD_CAM,
    Method.GUIDED_GRAD_CAM,
)
_LIMIT = 15 * 60
_SHAPE = (3, 224, 224)


def told() -> Callable[[Progress], None]:
    """A listener that prints each stage once."""
    seen: set[str] = set()

    def tell(progress: Progress) -> None:
        if progress.stage not in seen:
            seen.add(progress.stage)
            print(f"  {progress.stage} ...", flush=True)

    return tell


def measure(subject: Subject, profile: ProfileName, folder: Path) -> None:
    """Run the plan once, its floor before and after, and print."""
    with gathered(imagenet_photos()) as pictures:
        images, paths = image_set(pictures), [picture.path for picture in pictures]
        files = [(file, path.read_bytes()) for file, path in zip(images.files, paths, strict=True)]
        asked = request(subject, images, METHODS, CHECKS_BY_DEFAULT, profile)
        plan = resolve(asked, inspect(subject.data, input_shape=_SHAPE), images)
        ready = prepare.bench(plan, subject.data, files)
        module, x = ready.model.module, ready.batch.x
        size = best_size(module, x)
        floor = [seconds(lambda: state_passes(module, x, size))]
        model = folder / "model.pt"
        model.write_bytes(subject.data)
        engine, tell = LocalEngine(), told()
        taken = seconds(
            lambda: engine.check(model, images, paths, asked, out=folder / "out", input_shape=_SHAPE, on_progress=tell)
        )
        floor.append(seconds(lambda: state_passes(module, x, size)))
    pieces = shards(plan)
    passes: Counter[str] = Counter()
    for piece in pieces:
        passes[piece.check] += piece.cost
    least = sum(floor) / 2 / len(x) * passes.total()
    each = ", ".join(f"{name} {count}" for name, count in passes.items())
    print(f"{len(pieces)} shards, {passes.total()} image passes: {each}")
    print(f"  job / floor {taken / least:.2f}")
    print(f"  floor: {passes.total()} x (1 forward + 2 backward), {size} at once: {least:.0f} s")
    print(f"  job, file to report: {taken:.0f} s, {'within' if taken <= _LIMIT else 'NOT within'} {_LIMIT} s")


def main() -> int:
    """Measure the standard plan on EfficientNet-Lite0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", type=ProfileName, default=ProfileName.STANDARD)
    options = parser.parse_args()
    keep_pages()  # as every runner does
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; {options.profile}, {', '.join(METHODS)}")
    subject = SUBJECTS["efficientnet_lite0"]()
    with tempfile.TemporaryDirectory() as folder:
        measure(subject, options.profile, Path(folder))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
