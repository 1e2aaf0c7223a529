"""Scores of changed images: right whatever the packing, each change asked for once, no gradient wanted."""

import pytest
import torch
from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.perturb import perturbed_scores, target_scores
from tests.audit.explain.models import convnet, images


@pytest.mark.parametrize("rows", [1, 5, 11, 64])
def test_scores_are_those_of_each_change_alone(rows: int) -> None:
    """[n, count] of the target logit, one change a pass or many, to float64 rounding."""
    model, batch = convnet(), images()
    asked: list[int] = []

    def dimmed(k: int) -> Tensor:
        asked.append(k)
        return batch.x * (k / 7)

    found = perturbed_scores(Pass(model, batch, rows=rows), dimmed, 8)
    expected = torch.stack([model(batch.x * (k / 7)).gather(1, batch.targets[:, None])[:, 0] for k in range(8)], dim=1)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    assert asked == list(range(8))
    assert not found.requires_grad


def test_an_unchanged_image_keeps_its_score() -> None:
    """The shared pass and the perturbed one agree on the image itself."""
    run = Pass(convnet(), images())
    found = perturbed_scores(run, lambda _: run.x, 2)
    torch.testing.assert_close(found, target_scores(run)[:, None].expand(-1, 2), rtol=1e-10, atol=1e-12)
