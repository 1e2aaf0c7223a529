"""Deletion, insertion, infidelity and sensitivity on networks where the right order and the right worth are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.checks.faithfulness import RANDOM, FaithStudy, run
from junco.audit.checks.infidelity import LARGEST, infidelity, nearby, squares, sums
from junco.audit.checks.perturbed import curves, enlarged, filled, ranks
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.audit.similarity.spearman import cross, prepare
from junco.contract.catalogue import Fill
from tests.audit.checks.fakes import SIGNED, Fake, Map
from tests.audit.explain.models import canonical, images, seeded

N, STEPS = 4, 6


def linear() -> Canonical:
    """z = W x."""
    return canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(3 * 12 * 12, 4))))


def worth(model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """What each pixel adds to the target logit over the mean image: exact for a linear network."""
    weight = next(p for p in model.module.parameters() if p.dim() == 2).detach()[batch.targets].view(batch.x.shape)
    return weight * (batch.x - filled(batch, Fill.MEAN))


def measured(methods: dict[str, Map], *, steps: int = STEPS) -> tuple[Canonical, Batch, Partial]:
    """The check on the linear network's own predictions."""
    model, ticks = linear(), list[int]()
    batch = images(N)
    batch = replace(batch, targets=model(batch.x).argmax(1))
    study = FaithStudy(
        model, Fake({name: (SIGNED, draw) for name, draw in methods.items()}), Comparison(prepare, cross),
        seed=3, steps=steps, orders=2, squares=30, moves=3, tick=ticks.append,
    )  # fmt: skip
    partial = run(study, batch, cost=10, keep=2)
    assert sum(ticks) == 10
    return model, batch, partial


def gain(partial: Partial, *where: str) -> np.ndarray:
    """Area of insertion less that of deletion, by numpy."""
    areas = [np.trapezoid(partial.arrays[*where, n], axis=1) / STEPS for n in ("insertion", "deletion")]
    return areas[0] - areas[1]


def test_the_right_order_beats_random_order_and_its_reverse_loses() -> None:
    """For a linear network and the mean fill no order of pixels is better than that of their worth."""
    _, _, partial = measured({"worth": worth, "worst": lambda m, b, s: -worth(m, b, s)})
    best, worst = gain(partial, "worth", Fill.MEAN), gain(partial, "worst", Fill.MEAN)
    for draw in ("0", "1"):
        random = gain(partial, RANDOM, draw, Fill.MEAN)
        assert (best > random).all()
        assert (worst < random).all()


def test_curves_begin_and_end_where_they_must() -> None:
    """Deletion goes from the image to the fill, insertion back, in every order and with either fill."""
    model, batch, partial = measured({"worth": worth})
    whole = model(batch.x).softmax(1).gather(1, batch.targets[:, None])[:, 0]
    for fill in Fill:
        blank = model(filled(batch, fill)).softmax(1).gather(1, batch.targets[:, None])[:, 0]
        for where in (("worth",), (RANDOM, "0")):
            deletion, insertion = (partial.arrays[*where, fill, name] for name in ("deletion", "insertion"))
            assert deletion.shape == (N, STEPS + 1)
            np.testing.assert_allclose(deletion[:, [0, -1]], torch.stack([whole, blank], 1).detach(), rtol=1e-5)
            np.testing.assert_allclose(insertion[:, [0, -1]], torch.stack([blank, whole], 1).detach(), rtol=1e-5)


def test_each_step_changes_its_share_of_the_pixels() -> None:
    """A network that counts what is left of white images on black: 1 - k / steps, then k / steps."""

    class Counter(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            share = x.mean((1, 2, 3))
            return torch.stack([share, 1 - share], 1).log()

    model = canonical(Counter(), (1, 12, 12))
    batch = replace(images(2, (1, 12, 12)), x=torch.ones(2, 1, 12, 12).double(), targets=torch.zeros(2).long())
    order = torch.arange(144).view(1, 12, 12).repeat(2, 1, 1)
    found = curves(model, batch, order, fills={Fill.MEAN: torch.zeros_like(batch.x)}, steps=4)
    np.testing.assert_allclose(found[Fill.MEAN, "deletion"], [[0.75, 0.5, 0.25]] * 2, atol=1e-9)
    np.testing.assert_allclose(found[Fill.MEAN, "insertion"], [[0.25, 0.5, 0.75]] * 2, atol=1e-9)


def test_ranks_are_places_in_the_order_and_ties_fall_by_the_draw() -> None:
    """Largest first; a constant map's order is a random one, another for each generator."""
    values = torch.tensor([[[0.1, 3.0], [-2.0, 1.0]]])
    assert ranks(values, [torch.Generator().manual_seed(0)]).tolist() == [[[2, 0], [3, 1]]]
    flat = torch.zeros(1, 8, 8)
    a, b = (ranks(flat, [torch.Generator().manual_seed(seed)]) for seed in (0, 1))
    assert sorted(a.flatten().tolist()) == list(range(64))
    assert not torch.equal(a, b)


def test_a_blurred_image_keeps_its_mean_and_loses_its_detail() -> None:
    """Constant images are left alone, borders included."""
    batch = images(N)
    smooth = filled(batch, Fill.BLUR)
    assert smooth.std() < 0.6 * batch.x.std()
    flat = filled(replace(batch, x=torch.full_like(batch.x, 0.3)), Fill.BLUR)
    torch.testing.assert_close(flat, torch.full_like(flat, 0.3), rtol=0, atol=1e-6)


def test_what_is_exact_for_a_linear_network_has_no_infidelity() -> None:
    """worth says what each square costs; random maps say next to nothing, at most 1 by the scale that fits best."""
    _, _, partial = measured({"worth": worth, "tripled": lambda m, b, s: 3 * worth(m, b, s)})
    assert partial.arrays["worth", "infidelity"].max() < 1e-9
    assert partial.arrays["tripled", "infidelity"].max() < 1e-9
    random = partial.arrays[RANDOM, "infidelity"]
    assert 0.3 < np.median(random) <= 1


def test_infidelity_is_the_formula() -> None:
    """1 - cos^2 of what squares cost and what the map says; 1 for a map of zero; undefined where nothing is lost."""
    a, b = torch.randn(2, 3, 50, generator=torch.Generator().manual_seed(0)).double()
    cosine = torch.nn.functional.cosine_similarity(a, b, dim=1)
    torch.testing.assert_close(infidelity(a, b), 1 - cosine.square())
    assert infidelity(torch.zeros(1, 5).double(), torch.ones(1, 5)).item() == 1
    assert infidelity(torch.ones(1, 5).double(), torch.zeros(1, 5)).isnan().all()


def test_squares_are_summed_where_they_lie() -> None:
    """By slices; sides are 1 to 10 of 28, and the same whatever the batch."""
    batch = images(N)
    hidden = squares(batch, seed=1, count=20)
    maps = torch.randn(N, 12, 12, generator=torch.Generator().manual_seed(0)).double()
    found = sums(maps, hidden)
    for i, image in enumerate(hidden):
        for k, (top, left, side) in enumerate(image):
            expected = maps[i, top : top + side, left : left + side]
            assert expected.shape == (side, side)
            assert found[i, k].item() == pytest.approx(expected.sum().item(), abs=1e-12)
    assert {side for image in hidden for *_, side in image} == set(range(1, round(LARGEST * 12) + 1))
    assert squares(batch.rows(2, 3), seed=1, count=20)[0] == hidden[2]


def test_sensitivity_is_the_largest_change_nearby() -> None:
    """A constant map never moves, |x| moves by what was added, and random maps by about the root of two."""
    methods: dict[str, Map] = {"flat": lambda _m, b, _s: torch.ones_like(b.x), "input": lambda _m, b, _s: b.x}
    _, batch, partial = measured(methods)
    assert partial.arrays["flat", "sensitivity"].max() == 0
    near = [nearby(batch, seed=3, draw=k).sum(1) for k in range(3)]
    before = batch.x.sum(1)
    expected = torch.stack([(x - before).flatten(1).norm(dim=1) / before.flatten(1).norm(dim=1) for x in near]).amax(0)
    np.testing.assert_allclose(partial.arrays["input", "sensitivity"], expected, rtol=1e-6)
    assert partial.arrays[RANDOM, "sensitivity"] == pytest.approx(2**0.5, abs=0.4)
    reach = 0.1 * (batch.box.high - batch.box.low).max()
    assert (near[0] - before).abs().max() <= 3 * reach


def test_coarse_maps_are_enlarged_to_the_image() -> None:
    """A map of the image's size stays itself."""
    coarse = torch.tensor([[[0.0, 1.0]]])
    assert enlarged(coarse, (1, 4)).tolist() == [[[0.0, 0.25, 0.75, 1.0]]]
    same = torch.rand(2, 5, 5)
    assert enlarged(same, (5, 5)) is same
