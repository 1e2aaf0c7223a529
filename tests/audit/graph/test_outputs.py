"""Which of a model's answers is explained, and which have none that could be."""

import pytest
import torch
from torch import nn

from junco.audit.graph import load
from junco.contract.errors import (
    ModelNotJudgeable,
    ModelOutputShape,
)
from tests.truth import models


def test_the_output_of_several_is_chosen_by_name():
    """A named output is explained; without a name the choice is refused with both names."""
    data = models.as_torchscript(models.dict_out(), models.IMAGE, "scripted")
    x = torch.randn(3, *models.IMAGE, generator=torch.Generator().manual_seed(4))
    for name in ("logits", "auxiliary"):
        torch.testing.assert_close(load(data, output=name)(x), models.dict_out()(x)[name])
    with pytest.raises(ModelOutputShape) as refusal:
        load(data)
    assert "logits" in (refusal.value.found or "")
    assert "auxiliary" in (refusal.value.found or "")
    with pytest.raises(ModelOutputShape, match="no output 'scores'"):
        load(data, output="scores")


class _Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        maps = self.conv(x)
        return maps, maps.mean([2, 3])


def test_the_only_classification_among_outputs_is_taken():
    """Feature maps next to scores do not confuse."""
    torch.manual_seed(0)
    model = _Pair().eval()
    canonical = load(models.as_torchscript(model, models.IMAGE, "traced"), input_shape=models.IMAGE)
    x = torch.randn(3, *models.IMAGE)
    torch.testing.assert_close(canonical(x), model(x)[1])


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (models.not_classifier, ModelOutputShape),
        (lambda: nn.Sequential(nn.Conv2d(3, 1, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()), ModelOutputShape),
        (lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), ModelNotJudgeable),
    ],
    ids=["image", "one_class", "no_parameters"],
)
def test_what_is_no_judgeable_classifier_is_refused(build, expected):
    """An image, a single score and a model without weights each get their error."""
    with pytest.raises(expected):
        load(models.as_torchscript(build().eval(), models.IMAGE, "traced"))
