"""Time of a shard over its floor: the passes that its statistics need, at the best batch size.

A state is a model whose maps are wanted: the trained one, and every cell's at every depth. An image in a state needs
one forward pass and two backward passes, the gradient's and Guided Backpropagation's; all methods share them. Engine
and floor are measured in turns. Descriptive measures are taken on each arm's first seed: with one seed they weigh most.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.clock import Breakdown, in_turns, replaced, seconds
from benchmarks.subjects import SUBJECTS, Subject, planned
from junco.audit.batch import Batch
from junco.audit.checks import randomise
from junco.audit.explanation import Explained, Explainer
from junco.audit.maps import Comparison
from junco.audit.memory import keep_pages
from junco.audit.model import Canonical
from junco.audit.pipeline import prepare, shards
from junco.audit.pipeline.prepare import Files
from junco.audit.pipeline.runs import parameter_randomization as runs
from junco.contract.plan import Plan, Shard, ShardKind
from junco.contract.sharding import shards as pieces

_SIZES = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Work:
    """One shard, and everything that it names."""

    subject: Subject
    plan: Plan
    files: Files
    shard: Shard

    def run(self) -> None:
        """What a worker does with the shard."""
        shards.run(self.shard, self.plan, self.subject.data, self.files)


def states(shard: Shard) -> int:
    """Models whose maps ``shard`` wants."""
    return 1 + len(shard.cells) * len(shard.stages)


def state_passes(module: nn.Module, x: Tensor, size: int) -> None:
    """What one state needs: one forward and two backward passes an image, ``size`` images at once."""
    for part in torch.split(x, size):
        leaf = part.detach().requires_grad_()
        score = module(leaf).amax(1).sum()
        torch.autograd.grad(score, leaf, retain_graph=True)
        torch.autograd.grad(score, leaf)


def best_size(module: nn.Module, x: Tensor) -> int:
    """The batch size that takes least time."""
    sizes = [size for size in _SIZES if size <= len(x)]
    taken = in_turns({str(n): lambda n=n: seconds(lambda: state_passes(module, x, n)) for n in sizes}, rounds=3)  # type: ignore[misc]
    return int(min(taken, key=lambda name: taken[name]))


class _Timed:
    """An explainer whose time is counted."""

    def __init__(self, explainer: Explainer, breakdown: Breakdown) -> None:
        self.traits = explainer.traits
        self._call = breakdown.timed("explain", explainer.__call__)

    def __call__(self, model: Canonical, batch: Batch, *, seed: int) -> Explained:
        return self._call(model, batch, seed=seed)


@contextmanager
def broken_down() -> Iterator[Breakdown]:
    """Where a shard's time goes, while the context lasts."""
    breakdown = Breakdown()

    def comparison(make: Callable[..., Comparison]) -> Callable[..., Comparison]:
        def made(*, descriptive: bool) -> Comparison:
            plain = make(descriptive=descriptive)
            return Comparison(
                prepare=breakdown.timed("ranks", plain.prepare),
                cross=breakdown.timed("correlate", plain.cross),
                descriptive={name: breakdown.timed("descriptive", m) for name, m in plain.descriptive.items()},
            )

        return made

    def explainers(make: Callable[..., tuple[Explainer, Explainer | None]]) -> Callable[..., object]:
        def made(*args: object) -> tuple[Explainer, Explainer | None]:
            every, stochastic = make(*args)
            return _Timed(every, breakdown), stochastic and _Timed(stochastic, breakdown)

        return made

    with ExitStack() as stack:
        for owner, name, part in (
            (prepare, "load", "load"),
            (runs, "_facts", "preflight"),
            (randomise, "re_estimate", "re-estimate"),
            (randomise.Cascade, "descend", "randomise"),
        ):
            stack.enter_context(replaced(owner, name, partial(breakdown.timed, part)))
        stack.enter_context(replaced(runs, "comparison", comparison))
        stack.enter_context(replaced(runs, "explainers", explainers))
        yield breakdown


def measure(name: str, *, photos: int, seeds: int, rounds: int) -> None:
    """Measure one network and print."""
    subject = SUBJECTS[name]()
    plan, files = planned(subject, photos=photos)
    work = Work(subject, plan, files, _cut(plan, seeds))
    ready = prepare.bench(plan, subject.data, files)
    module, x = ready.model.module, ready.batch.x
    size = best_size(module, x)
    eager = subject.eager.requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with broken_down() as breakdown:
        found = in_turns(
            {
                "canonical": lambda: seconds(lambda: state_passes(module, x, size)),
                "engine": lambda: seconds(work.run),
                "state": lambda: seconds(lambda: state_passes(module, x, size)),
                "eager": lambda: seconds(lambda: state_passes(eager, x, size)),
            },
            rounds=rounds,
        )
    state = (found["state"] + found["canonical"]) / 2
    _report(name, work, {**found, "state": state}, size=size)
    _parts(breakdown, states(work.shard) * state, rounds=rounds)


def _cut(plan: Plan, seeds: int) -> Shard:
    """The plan's first shard of cells, its first ``seeds`` seeds only."""
    first = next(piece for piece in pieces(plan) if piece.kind is ShardKind.CELLS)
    cells = tuple(cell for cell in first.cells if cell.seed < seeds)
    return first.model_copy(update={"cells": cells})


def _report(name: str, work: Work, found: dict[str, float], *, size: int) -> None:
    count = states(work.shard)
    images, floor = len(work.shard.images), states(work.shard) * found["state"]
    print(f"\n{name}: {images} images, {count} states, {len(work.plan.methods)} methods and controls")
    print(f"  engine / floor           {found['engine'] / floor:6.2f}")
    print(f"  canonical / eager passes {found['state'] / found['eager']:6.2f}")
    print(f"  floor: {count} states x {images} images x (1 forward + 2 backward), {size} at once: {floor:.1f} s")
    print(f"  engine, load included: {found['engine']:.1f} s")


def _parts(breakdown: Breakdown, floor: float, *, rounds: int) -> None:
    for part, spent in breakdown.spent.most_common():
        print(f"    {part:12} {spent / rounds / floor:6.2f} of the floor {spent / rounds:7.2f} s")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every network asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", nargs="+", choices=list(SUBJECTS), default=list(SUBJECTS))
    parser.add_argument("--photos", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args(arguments)
    keep_pages()  # as every runner does
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; ratios first, seconds of this machine second")
    for name in options.nets:
        measure(name, photos=options.photos, seeds=options.seeds, rounds=options.rounds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
