"""What a file says of itself, and what its program answers."""

import pytest
import torch
from torch import Tensor

from junco.audit.graph.declared import answers
from junco.audit.graph.original import Original


def both(x: Tensor) -> dict[str, Tensor]:
    """The same scores under two names."""
    scores = x.mean(dim=(2, 3))
    return {"scores": scores, "logits": scores}


@pytest.mark.parametrize(("asked", "told"), [("logits", "logits"), ("scores", "scores")])
def test_the_explained_output_goes_by_the_name_that_was_asked_for(asked: str, told: str) -> None:
    """Also where another name stands for the same memory: a plan that names it must find it."""
    found = answers(Original(both, output=asked), (3, 4, 4))
    assert (found.explained, set(found.tensors)) == (told, {"scores", "logits"})


def test_an_output_that_was_not_named_is_found_by_its_memory() -> None:
    """Of several tensors the only classification is explained, flattened or not."""

    def squeezed(x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x.mean(dim=(2, 3), keepdim=True)

    assert answers(Original(squeezed), (3, 4, 4)).explained == "1"
    assert torch.equal(Original(squeezed).run(torch.ones(2, 3, 4, 4)), torch.ones(2, 3))
