"""Destroying a model's parameters, and putting them back.

Two arms (docs/verdicts.md): ``reinit`` draws weights by the convention's initialiser, norm scale 1 and shift 0, and
does with running statistics as its norm policy says; ``permute`` shuffles the entries of each tensor and keeps running
statistics, so that every tensor keeps its own distribution. One generator per (seed, arm, layer): a layer's draw never
depends on which others were drawn, nor on the order.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from junco.audit.checks.initialise import Target, left_alone, permute, reinit, state_of, targets
from junco.audit.checks.norm_policy import match, re_estimate, reset, spreads
from junco.audit.model import Canonical, Step
from junco.contract.catalogue import Arm
from junco.contract.conventions import AUDIT
from junco.contract.randomization import NormPolicy, Order, Randomization

_KERAS = ("tf2onnx", "keras", "tensorflow")
"""Producers of files whose layers were initialised by Keras' defaults."""


def generator_for(*parts: object) -> torch.Generator:
    """A generator that depends on ``parts`` and on nothing else; on the CPU, so that devices agree."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


class Cascade:
    """A model under randomisation; ``descend`` goes on to later stages, never back."""

    def __init__(
        self, model: Canonical, *, arm: Arm, seed: int, calibration: Sequence[Tensor], how: Randomization = AUDIT
    ) -> None:
        self._model, self._arm, self._seed, self._calibration, self._how = model, arm, seed, calibration, how
        self._done: list[int] = []
        self._trained = snapshot(model) if how.order is Order.INDEPENDENT else {}
        matching = arm is Arm.REINIT and how.norm_policy is NormPolicy.MATCH
        self._wanted = spreads(model, calibration) if matching else {}

    def descend(self, stage: int) -> None:
        """Randomise what is random at ``stage``: that many layers next to the output or, bottom up, to the input;
        under ``independent`` the stage-th layer from the output alone."""
        with torch.no_grad():
            if self._how.order is Order.INDEPENDENT:
                _put_back(self._model, self._trained)
                self._done = []
            new = [place for place in self._places(stage) if place not in self._done]
            for place in new:
                self._randomise(place)
            self._done += new
            if self._arm is Arm.REINIT:
                self._settle()

    def targeted(self) -> list[str]:
        """Names of the tensors that are random now."""
        touched = [target for step in self._steps() for target in targets(self._model, step)]
        drawn = self._arm is Arm.REINIT
        return [t.name for t in touched if not (drawn and left_alone(t, self._how.initialiser))]

    def _places(self, stage: int) -> list[int]:
        """Layers that are random at ``stage``, counted from the output."""
        every = range(len(self._model.steps))
        if self._how.order is Order.INDEPENDENT:
            return list(every[stage - 1 : stage])
        return list(every[:stage] if self._how.order is Order.CASCADING else every[::-1][:stage])

    def _steps(self) -> list[Step]:
        return [self._model.steps[-1 - place] for place in self._done]

    def _randomise(self, place: int) -> None:
        # By place, not by name: scripted, traced and frozen files of one network differ in names alone.
        generator = generator_for("randomise", self._seed, self._arm, place)
        owner: str | None = None
        for target in targets(self._model, self._model.steps[-1 - place]):
            if self._how.one_seed and target.owner != owner:
                generator, owner = torch.Generator().manual_seed(self._seed), target.owner
            self._replace(target, generator)

    def _replace(self, target: Target, generator: torch.Generator) -> None:
        if self._arm is Arm.PERMUTE:
            permute(target.tensor, generator)
        else:
            keras = any(name in self._model.producer.lower() for name in _KERAS)
            reinit(target, self._how.initialiser, generator, keras=keras)

    def _settle(self) -> None:
        policy, steps = self._how.norm_policy, self._steps()
        norms = [name for step in steps for name in step.norms]
        if policy is NormPolicy.RESET:
            reset(self._model, norms)
        elif policy is not NormPolicy.KEEP:
            re_estimate(self._model, norms, self._calibration)
        if policy is NormPolicy.MATCH:
            match(self._model, steps, self._wanted, self._calibration)


@contextmanager
def randomised(
    model: Canonical, *, arm: Arm, seed: int, calibration: Sequence[Tensor], how: Randomization = AUDIT
) -> Iterator[Cascade]:
    """A cascade over ``model`` in place; every parameter and statistic is put back on leaving.

    ``calibration`` are batches [n, C, H, W] of real images for running statistics.
    """
    state = snapshot(model)
    try:
        yield Cascade(model, arm=arm, seed=seed, calibration=calibration, how=how)
    finally:
        with torch.no_grad():
            _put_back(model, state)


def unchanged(model: Canonical, before: Mapping[str, Tensor], names: Sequence[str] | None = None) -> list[str]:
    """Which of ``names`` equal ``before``, constants apart; of all tensors that steps cover, where there are none."""
    now = state_of(model)
    targeted = [name for step in model.steps for name in step.tensors] if names is None else names
    return [n for n in targeted if bool((before[n] != before[n].flatten()[0]).any()) and torch.equal(now[n], before[n])]


def snapshot(model: Canonical) -> dict[str, Tensor]:
    """Copies of all parameters and buffers by name."""
    return {name: value.detach().clone() for name, value in state_of(model).items()}


def _put_back(model: Canonical, state: Mapping[str, Tensor]) -> None:
    for name, value in state_of(model).items():
        value.copy_(state[name])
