"""A program that cannot be handed one batch of images is refused with what it has instead."""

import pytest
import torch
from torch import Tensor, nn

from junco.audit.graph import load
from junco.contract.errors import ModelNotJudgeable
from tests.audit.graph.hard import SHAPE, Pooled, saved, scripted, settled


class _Predicts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 5)

    @torch.jit.export
    def predict(self, x: Tensor) -> Tensor:
        return self.head(x.mean([2, 3]))


class _Both(_Predicts):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * self.predict(x)


class _Pair(Pooled):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.scores(x) + y.mean()


class _List(Pooled):
    def forward(self, x: list[Tensor]) -> Tensor:
        return self.scores(x[0])


class _Option(Pooled):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.scores(x if mask is None else x * mask)


@pytest.mark.parametrize(
    ("build", "found"),
    [(_Predicts, "the methods predict"), (_Pair, "x: Tensor, y: Tensor"), (_List, r"x: List\[Tensor\]")],
)
def test_what_is_no_function_of_one_batch_is_refused(build, found):
    """No forward method, two inputs and a list of images are each told for what they are."""
    with pytest.raises(ModelNotJudgeable) as refusal:
        load(saved(scripted(settled(build()))), input_shape=SHAPE)
    assert found.replace("\\", "") in (refusal.value.found or "")
    assert "forward" in (refusal.value.remedy or "")


@pytest.mark.parametrize("build", [_Both, _Option])
def test_forward_is_used_among_methods_and_with_optional_inputs(build):
    """Other methods and an input with a default are left alone."""
    model = settled(build())
    canonical = load(saved(scripted(model)), input_shape=SHAPE)
    x = torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(0))
    # float32: the same calls in the same order.
    torch.testing.assert_close(canonical(x), model(x), rtol=1e-5, atol=1e-6)
    assert canonical.batch is None
