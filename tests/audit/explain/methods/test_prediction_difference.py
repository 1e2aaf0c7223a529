"""Prediction difference, derived again from its draws."""

from dataclasses import replace

import pytest
import torch

from junco.audit.batch import Batch
from junco.audit.explain.methods.prediction_difference import MARGIN, fills
from junco.audit.explain.passes import Pass
from junco.audit.explain.segments import segments
from junco.contract.catalogue import Method, PredictionDifferenceParameters
from junco.contract.errors import InvalidPlan
from tests.audit.explain.games import explained
from tests.audit.explain.models import bound, convnet, images, linear

CONDITIONAL = PredictionDifferenceParameters(segments=4, samples=3)
MARGINAL = PredictionDifferenceParameters(segments=4, samples=3, sampling="marginal")


def plan(n: int = 3) -> Batch:
    """Images 0 to n of a plan, which can be drawn from."""
    batch = images(n, (2, 4, 4))
    return replace(batch, index=tuple(range(n)), references=batch.x)


@pytest.mark.parametrize("parameters", [CONDITIONAL, MARGINAL], ids=["conditional", "marginal"])
def test_a_linear_model_loses_its_weights_times_what_was_replaced(parameters: PredictionDifferenceParameters) -> None:
    """A_j = sum over segment j of w (x - mean draw), exactly, to float64 rounding."""
    (model, weight), batch = linear(), plan()
    found = explained(model, batch, bound(Method.PREDICTION_DIFFERENCE, parameters), seed=2)
    fill = fills(Pass(model, batch, seed=2), segments(batch, parameters), parameters)
    for segment in range(4):
        draws = torch.stack([fill(segment, draw).expand_as(batch.x) for draw in range(3)]).mean(0)
        gone = (weight[batch.targets] * (batch.x - draws)).sum(1)
        rows, columns = (slice(2 * place, 2 * place + 2) for place in divmod(segment, 2))
        expected = gone[:, rows, columns].sum((1, 2))
        torch.testing.assert_close(found.flatten(1)[:, segment], expected, rtol=1e-11, atol=1e-12)


def test_conditional_draws_are_colours_from_around_the_segment() -> None:
    """Each is a pixel's at most MARGIN away from the segment and outside it; many draws meet all of them."""
    batch = images(2, (3, 12, 12))
    parameters = PredictionDifferenceParameters(segments=9, samples=400)
    cut = segments(batch, parameters)
    fill = fills(Pass(convnet(), batch), cut, parameters)
    inside = cut.labels[0] == 4
    rows, columns = (inside.any(1).nonzero().flatten(), inside.any(0).nonzero().flatten())
    near = torch.zeros_like(inside)
    near[rows[0] - MARGIN : rows[-1] + MARGIN + 1, columns[0] - MARGIN : columns[-1] + MARGIN + 1] = True
    for image in range(2):
        allowed = {tuple(colour.tolist()) for colour in batch.x[image][:, near & ~inside].T}
        drawn = {tuple(fill(4, draw)[image][:, 0, 0].tolist()) for draw in range(400)}
        assert drawn <= allowed
        assert len(drawn) > 0.9 * len(allowed)


def test_marginal_draws_are_other_images() -> None:
    """Never the image itself, and each of the others in turn."""
    batch = plan(4)
    parameters = PredictionDifferenceParameters(segments=4, samples=60, sampling="marginal")
    fill = fills(Pass(linear()[0], batch), segments(batch, parameters), parameters)
    for image in range(4):
        met = {int((batch.x == fill(1, draw)[image]).flatten(1).all(1).nonzero()) for draw in range(60)}
        assert met == set(range(4)) - {image}


def test_a_segment_that_is_drawn_as_it_was_has_no_part() -> None:
    """Exactly 0 in a plain corner, whatever rounding makes of the score."""
    batch = plan(1)
    batch.x[:, :, :, :] = 0.25
    batch.x[:, :, 3, 3] = 1.0
    ask = bound(Method.PREDICTION_DIFFERENCE, PredictionDifferenceParameters(segments=4, samples=4))
    found = explained(linear()[0], batch, ask).flatten()
    assert found[0] == 0
    assert found[3] != 0


def test_marginal_sampling_needs_other_images() -> None:
    """Refused with what to do, and known from the parameters before any work."""
    alone = plan(1)
    for batch in (alone, replace(alone, references=None)):
        with pytest.raises(InvalidPlan, match="other images"):
            explained(linear()[0], batch, bound(Method.PREDICTION_DIFFERENCE, MARGINAL))
    assert MARGINAL.least_images() == 2
    assert CONDITIONAL.least_images() == 1
