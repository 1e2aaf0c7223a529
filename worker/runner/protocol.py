"""Lines that a runner writes: the contract's events, and that it is ready."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from junco.contract.base import Frozen
from junco.contract.wire import Advanced, Finished, Refused


class Ready(Frozen):
    """Everything is imported; one task may be sent. ``sandbox`` names the layers that are in force."""

    event: Literal["ready"] = "ready"
    sandbox: str


Line = Ready | Advanced | Finished | Refused
LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="event")])
"""Reads one line."""

MAX_LINE_BYTES = 4 << 20
"""Longest line that a runner may write: a list of as many files as it may hand in."""
MAX_TASK_BYTES = 256 << 20
"""Longest task that a runner reads."""
