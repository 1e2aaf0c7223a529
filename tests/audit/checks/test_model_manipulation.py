"""What model_manipulation measures, on maps that are made by hand."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.frame import frame_area, frame_width, framed
from junco.audit.checks.model_manipulation import RANDOM, WITNESS, TamperingStudy, run
from junco.audit.checks.witness import Windows, losses, of_class
from junco.audit.explanation import Explainer
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.audit.similarity.spearman import cross, prepare
from tests.audit.checks.fakes import SIGNED, UNSIGNED, Fake, edges, noise, prior
from tests.audit.explain.models import convnet, images

WINDOWS = Windows(1, 1)
"""A pixel each, so that a map on windows is the map."""


def witness(model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """The witness itself, as a method."""
    return of_class(losses(model, batch, WINDOWS), batch.targets)[:, None]


def against(model: Canonical, batch: Batch, seed: int) -> Tensor:
    """Its opposite."""
    return -witness(model, batch, seed)


def border(_model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """A one-pixel frame."""
    maps = torch.ones(len(batch), 1, 12, 12, dtype=torch.float64)
    maps[..., 1:-1, 1:-1] = 0
    return maps


METHODS = {
    "witness_too": (SIGNED, witness), "against": (SIGNED, against), "border": (UNSIGNED, border),
    "edges": (UNSIGNED, edges), "prior": (UNSIGNED, prior), "noise": (SIGNED, noise),
}  # fmt: skip


def study(model: Canonical, *, references: bool = False) -> TamperingStudy:
    """All of them, twice as references."""
    explainer = Fake(METHODS)
    beside: list[tuple[Canonical, Explainer]] = [(model, explainer)] * 2 if references else []
    return TamperingStudy(
        model=model, explainer=explainer, centring=explainer, panel=Fake({"edges": METHODS["edges"]}),
        references=beside, comparison=Comparison(prepare, cross), windows=WINDOWS, seed=3, steps=8, orders=2,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Partial:
    """Six images of a small network, beside itself."""
    model = convnet()
    batch = images(6)
    batch = replace(batch, targets=torch.tensor([0, 1, 2, 0, 1, 2]))
    return run(study(model, references=True), batch, cost=90, keep=2)


def values(partial: Partial, *key: str) -> np.ndarray:
    """One quantity."""
    return partial.arrays[key]


def test_what_is_the_witness_agrees_with_it_and_its_opposite_disagrees(found: Partial) -> None:
    """1 and -1 for every image; gains likewise are the witness's, and no better than its."""
    np.testing.assert_allclose(values(found, "witness_too", "agreement"), 1, atol=1e-6)
    np.testing.assert_allclose(values(found, "against", "agreement"), -1, atol=1e-6)
    np.testing.assert_allclose(values(found, "witness_too", "gain"), values(found, WITNESS, "gain"), atol=1e-6)
    gains = {who: float(values(found, who, "gain").mean()) for who in (WITNESS, RANDOM, "against")}
    assert gains[WITNESS] > gains[RANDOM] > gains["against"]


def test_contrast_of_the_witness_as_a_method_is_the_witnesss(found: Partial) -> None:
    """Both maps are asked for on the same pictures."""
    np.testing.assert_allclose(values(found, "witness_too", "contrast"), values(found, WITNESS, "contrast"), atol=1e-6)
    np.testing.assert_allclose(values(found, "border", "contrast"), 0, atol=1e-12)


def test_maps_that_do_not_ask_the_model_show_no_offset_and_are_one_map(found: Partial) -> None:
    """Edges stay with centred logits, and a prior is the same for all images."""
    np.testing.assert_allclose(values(found, "edges", "offset"), 1, atol=1e-6)
    np.testing.assert_allclose(values(found, "prior", "others"), 1, atol=1e-6)
    np.testing.assert_allclose(values(found, "border", "frame"), 1, atol=1e-12)
    assert float(values(found, "noise", "others").mean()) == pytest.approx(0, abs=0.1)


def test_a_reference_that_is_the_model_is_as_like_as_can_be(found: Partial) -> None:
    """Maps, gains, and the references to one another."""
    np.testing.assert_allclose(values(found, "edges", "reference", "0", "rho"), 1, atol=1e-6)
    np.testing.assert_allclose(values(found, WITNESS, "between", "0", "1"), 1, atol=1e-6)
    np.testing.assert_allclose(
        values(found, "edges", "reference", "1", "gain"), values(found, "edges", "gain"), atol=1e-6
    )


def test_maps_are_kept_for_pictures_and_the_panel_is_compared(found: Partial) -> None:
    """Of the first two images, alone and in pairs."""
    shapes: Mapping[str, tuple[int, ...]] = {n: found.arrays["edges", n].shape for n in ("maps", "left", "right")}
    assert shapes["maps"] == (2, 12, 12)
    assert shapes["left"] == shapes["right"] == (2, 12, 12)
    np.testing.assert_allclose(
        values(found, "panel", "edges", "agreement"), values(found, "edges", "agreement"), atol=1e-6
    )


def test_a_map_without_preference_has_the_frames_area_there() -> None:
    """On 28 by 35 pixels, four wide; a map of zeros has no share."""
    mass = torch.stack([torch.ones(28, 35), torch.zeros(28, 35)])
    shares = framed(mass)
    assert frame_width(28, 35) == 4
    assert float(shares[0]) == pytest.approx(frame_area(28, 35)) == pytest.approx(1 - 20 * 27 / (28 * 35))
    assert bool(shares[1].isnan())
