"""Pictures of one check: the registry of those who draw, and what they draw from."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from junco.audit.partial import Partial
from junco.audit.pipeline.merge import Pieces, of_kind
from junco.audit.render import StripRow, strip_png
from junco.contract.catalogue import CheckName, Control
from junco.contract.outcome import Outcome
from junco.contract.plan import Plan, PlannedMethod, ShardKind

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Artifact:
    """One file of a result; ``name`` is a relative path of plain characters, ``caption`` what the report says of it."""

    name: str
    data: bytes
    caption: str = ""


@dataclass(frozen=True)
class Sketch:
    """What a check's pictures are drawn from; ``shown`` [k, H, W, 3] are the first images."""

    outcome: Outcome
    partials: Mapping[int, Partial]
    shown: Pixels

    @property
    def plan(self) -> Plan:
        """The plan that was run."""
        return self.outcome.plan

    def pieces(self, kind: ShardKind) -> Pieces:
        """The shards of one kind with their partials."""
        return of_kind(self.plan, self.partials, kind)

    def strip(
        self, check: CheckName, heads: Sequence[str], rows: Sequence[StripRow], caption: str
    ) -> Iterator["Artifact"]:
        """Maps of the first image in the folder of ``check``, columns under ``heads``; nothing without rows."""
        if rows:
            yield Artifact(f"{folder(check)}/strip.png", strip_png(self.shown[0], heads, rows), caption)

    def drawn(self, check: CheckName) -> list[PlannedMethod]:
        """Methods of ``check`` whose maps show something: those of noise and the constant one do not."""
        blank = (Control.GAUSSIAN_NOISE, Control.CONSTANT)
        return [m for m in self.plan.methods_of(check) if m.method not in blank]


Draw = Callable[[Sketch], Iterator[Artifact]]

_drawings: dict[CheckName, Draw] = {}

DRAWINGS: Mapping[CheckName, Draw] = MappingProxyType(_drawings)
"""Who draws the pictures of a check; what lies under ``checks/<check>/`` appears in the report by itself."""


def draws(check: CheckName) -> Callable[[Draw], Draw]:
    """Register the decorated function as the one that draws ``check``."""

    def register(draw: Draw) -> Draw:
        _drawings[check] = draw
        return draw

    return register


def folder(check: CheckName) -> str:
    """Where the pictures of ``check`` lie among the artifacts."""
    return f"checks/{check.value}"


def slug(label: str) -> str:
    """A label as a file name."""
    return re.sub(r"[^A-Za-z0-9_.=-]+", "-", label).strip("-")


def first(values: Any) -> NDArray[np.float64]:
    """The first map of an array, in double precision."""
    return np.asarray(values[0], dtype=np.float64)
