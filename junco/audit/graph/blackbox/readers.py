"""What an operation's place for a tensor says of it, for every kind of program: roles, and when there is none."""

from torch import Tensor

EARLY = "a constant that the input meets before any layer"
BUFFER = "a buffer of the file, not one of its parameters"
UNSEEN = "no operation is seen to read it"


def setting(kind: str) -> str:
    """Why a constant that steers an operation is no weight."""
    return f"a setting of {kind}"


def is_weight(tensor: Tensor) -> bool:
    """Whether a constant may have been trained: of several numbers, and no integers."""
    return tensor.is_floating_point() and tensor.numel() > 1


def product_fan_in(tensor: Tensor, *, left: bool, turned: bool) -> int:
    """Inputs that each output of a matrix product sums: the side that vanishes. ``left`` is the first factor."""
    if tensor.dim() < 2:
        return tensor.numel()
    return tensor.shape[-1] if left is not turned else tensor.shape[-2]
