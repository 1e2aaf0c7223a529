"""Expected Gradients: A = mean over reference images x' and a ~ U(0, 1) of (x - x') * dz_c/dx at x' + a (x - x').

Erion et al., Improving Performance of Deep Learning Models with Axiomatic Attribution Priors and Expected Gradients,
2021. References are the plan's other images in a random order of each image's own, all of them before any comes again.
[n, C, H, W], signed, sums in the mean to z_c(x) less the references' mean score. Stays under an input shift, as the
references move along. Cost: ``samples`` gradient passes.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explain.noise import Stream, uniform
from junco.audit.explain.passes import Pass
from junco.audit.explain.paths import climbed, random_places
from junco.audit.explain.registry import method
from junco.contract.catalogue import ExpectedGradientsParameters, Method
from junco.contract.errors import InvalidPlan


def _climbed(run: Pass, parameters: ExpectedGradientsParameters) -> Tensor:
    starts = list(_references(run, parameters.samples))
    return climbed(run.smoothed(parameters.beta), lambda k: (starts[k], run.x), parameters.samples)


@method(Method.EXPECTED_GRADIENTS, sums_to=_climbed)
def expected_gradients(run: Pass, parameters: ExpectedGradientsParameters) -> Tensor:
    """The gradient at random places between other images and the image, weighted by the distance."""
    return run.smoothed(parameters.beta).weighted_gradients(_points(run, parameters)) / parameters.samples


def _points(run: Pass, parameters: ExpectedGradientsParameters) -> Iterator[tuple[Tensor, Tensor]]:
    places = random_places(run, parameters.samples, Stream.EXPECTED_GRADIENTS_PLACE)
    for start, place in zip(_references(run, parameters.samples), places, strict=True):
        yield start + place * (run.x - start), run.x - start


def _references(run: Pass, samples: int) -> Iterator[Tensor]:
    """The reference image [n, C, H, W] of each draw."""
    images, order = _others(run.batch), _order(run)
    for draw in range(samples):
        yield images[order[:, draw % order.shape[1]]]


def _order(run: Pass) -> Tensor:
    """Places of the other images, in each image's own random order, [n, m] or [n, m - 1]."""
    batch, count = run.batch, len(_others(run.batch))
    draws = uniform(
        (count,), seed=run.seed, stream=Stream.EXPECTED_GRADIENTS_REFERENCE, index=batch.index, device=batch.x.device
    )
    own = torch.tensor(batch.index, device=batch.x.device)[:, None] == torch.arange(count, device=batch.x.device)
    order = draws.masked_fill(own, 2.0).argsort(dim=1)  # an image itself comes last
    return order[:, : count - 1] if bool(own.any()) else order


def _others(batch: Batch) -> Tensor:
    if batch.references is None or len(batch.references) < 2:
        raise InvalidPlan(
            "Expected Gradients compares an image with others, and the plan has none.",
            expected="at least 2 images",
            found="1" if batch.references is not None else "no plan",
            remedy="add images, or use integrated_gradients",
        )
    return batch.references
