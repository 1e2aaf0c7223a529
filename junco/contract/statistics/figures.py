"""What all statistics are made of."""

from junco.contract.base import Frozen


class Interval(Frozen):
    """A mean with its 95 % two-way interval over images and seeds."""

    mean: float | None
    lower: float | None = None
    upper: float | None = None


class Sample(Frozen):
    """How much data: images, and the seeds or draws that each was crossed with, where there are several."""

    images: int
    draws: int | None = None

    def __str__(self) -> str:
        return f"{self.images} images" + (f" and {self.draws} draws" if self.draws else "")
