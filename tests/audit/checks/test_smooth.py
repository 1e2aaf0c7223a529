"""Maps averaged over noisy images."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.smooth import LEVEL, Smooth
from junco.audit.model import Canonical
from tests.audit.checks import fakes
from tests.audit.checks.fakes import NOISY, SIGNED, Fake
from tests.audit.explain.models import images


def seen(_model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """The image itself, as a map."""
    return batch.x


def test_the_mean_of_an_images_noise_has_the_papers_spread() -> None:
    """sigma is a tenth of each image's range, over the root of 50 samples (5 %: 432 values an image)."""
    batch = replace(images(4), x=images(4).x * torch.tensor([1.0, 5.0, 1.0, 1.0]).view(-1, 1, 1, 1))
    found = Smooth(Fake({"it": (SIGNED, seen)}), 50)(fakes.network(), batch, seed=3).maps["it"]
    ranges = batch.x.flatten(1).amax(1) - batch.x.flatten(1).amin(1)
    spread = (found - batch.x).flatten(1).std(1)
    assert (spread / ranges).tolist() == pytest.approx([LEVEL / 50**0.5] * 4, rel=0.12)
    assert float((found - batch.x).mean()) == pytest.approx(0, abs=0.005)


def test_noise_goes_by_the_images_place_and_the_seed() -> None:
    """The same map however images are batched; another one for another seed."""
    smooth, model, batch = Smooth(Fake({"it": (SIGNED, seen)}), 4), fakes.network(), images(6)
    whole = smooth(model, batch, seed=1).maps["it"]
    assert torch.equal(whole[4:], smooth(model, batch.rows(4, 6), seed=1).maps["it"])
    assert not torch.equal(whole, smooth(model, batch, seed=2).maps["it"])


def test_every_sample_of_a_random_method_is_a_new_draw() -> None:
    """A noise map averaged over 16 samples spreads a quarter as far; no method repeats itself any more."""
    smooth = Smooth(Fake({"noise": (NOISY, fakes.noise), "it": (SIGNED, seen)}), 16)
    found = smooth(fakes.network(), images(8), seed=0).maps["noise"]
    assert float(found.std()) == pytest.approx(1 / 4, rel=0.1)
    assert not any(trait.deterministic for trait in smooth.traits.values())
