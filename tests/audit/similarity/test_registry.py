"""What holds for every measure, whatever it computes."""

import pytest
import torch
from torch import Tensor

from junco.audit.similarity import MEASURES, Measure, measure, named
from junco.audit.similarity.registry import _PIXELS_AT_ONCE
from junco.contract.errors import InvalidPlan

_EVERY = sorted(MEASURES)
_SIDE = 50  # large enough for every window and block


def _varied(n: int = 2, *, seed: int = 0) -> Tensor:
    return torch.randn(n, _SIDE, _SIDE, generator=torch.Generator().manual_seed(seed))


def _spoilt(kind: str) -> Tensor:
    maps = _varied()
    if kind == "constant":
        maps[0] = 0.1
    elif kind == "zero":
        maps[0] = 0
    else:
        maps[0, 7, 7] = float(kind)
    return maps


@pytest.mark.parametrize("kind", ["constant", "zero", "nan", "inf", "-inf"])
@pytest.mark.parametrize("name", _EVERY)
def test_a_degenerate_map_has_no_similarity_and_spoils_no_other(name: str, kind: str) -> None:
    """NaN on either side for that pair, and the usual figure for the next pair."""
    spoilt, other = _spoilt(kind), _varied(seed=1)
    usual = named(name)(_varied(), other)
    for found in (named(name)(spoilt, other), named(name)(other, spoilt)):
        assert found[0].isnan()
        assert found[1].item() == pytest.approx(usual[1].item(), abs=1e-12)
    assert named(name)(spoilt, spoilt)[0].isnan()


@pytest.mark.parametrize("shape", [(3, 0, 0), (3, 1, 1), (3, 0, 5)])
@pytest.mark.parametrize("name", _EVERY)
def test_maps_without_pixels_or_with_one_have_no_similarity(name: str, shape: tuple[int, ...]) -> None:
    """Nothing to compare is NaN for every image."""
    found = named(name)(torch.ones(shape), torch.ones(shape))
    assert found.shape == (3,)
    assert found.isnan().all()


@pytest.mark.parametrize("name", _EVERY)
def test_no_images_have_no_similarities(name: str) -> None:
    """An empty batch is an empty answer."""
    assert named(name)(torch.ones(0, 9, 9), torch.ones(0, 9, 9)).tolist() == []


@pytest.mark.parametrize("name", _EVERY)
def test_shapes_that_differ_are_refused(name: str) -> None:
    """Broadcasting one map against many, or two resolutions, is an error and not a number."""
    with pytest.raises(ValueError, match="of one shape"):
        named(name)(torch.ones(2, 9, 9), torch.ones(1, 9, 9))
    with pytest.raises(ValueError, match="of one shape"):
        named(name)(torch.ones(2, 9, 9), torch.ones(2, 9, 8))


@pytest.mark.parametrize("name", _EVERY)
def test_what_is_not_a_stack_of_maps_is_refused(name: str) -> None:
    """A single map, or channels where the measure has no use for them."""
    with pytest.raises(ValueError, match="takes maps"):
        named(name)(torch.ones(9, 9), torch.ones(9, 9))
    if not named(name).channels:
        with pytest.raises(ValueError, match="reduce the channels first"):
            named(name)(torch.ones(2, 3, 9, 9), torch.ones(2, 3, 9, 9))


@pytest.mark.parametrize("name", _EVERY)
def test_similarity_is_symmetric_and_highest_with_oneself(name: str) -> None:
    """sim(a, b) = sim(b, a), and a map of distinct values is like itself to 1."""
    a, b = _varied(), _varied(seed=1)
    # Sixt's flips the second map only, whose mean brightness then differs: symmetric but for SSIM's luminance term.
    assert torch.allclose(named(name)(a, b), named(name)(b, a), atol=1e-2 if name == "ssim_sixt" else 1e-12)
    assert named(name)(a, a).tolist() == pytest.approx([1, 1], abs=1e-9)


@pytest.mark.parametrize("name", _EVERY)
def test_half_precision_and_gradients_are_taken_as_they_come(name: str) -> None:
    """bfloat16 maps give the figure of the same values in float64, and no graph is kept."""
    a, b = _varied().bfloat16().requires_grad_(), _varied(seed=1).bfloat16()
    found = named(name)(a, b)
    assert not found.requires_grad
    assert found.dtype == torch.float64
    assert torch.allclose(found, named(name)(a.detach().double(), b.double()), atol=1e-12)


def test_large_batches_are_compared_piece_by_piece_with_the_same_result() -> None:
    """A batch beyond the working set is cut, and every image keeps its own figure."""
    side = 1024
    n = 2 * _PIXELS_AT_ONCE // side**2 + 1
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(n, side, side, generator=generator) for _ in range(2))
    seen: list[int] = []
    probe = Measure("probe", False, lambda x, y: (seen.append(len(x)), (x * y).flatten(1).mean(dim=1))[1])
    assert torch.allclose(probe(a, b), (a.double() * b.double()).flatten(1).mean(dim=1))
    assert seen == [_PIXELS_AT_ONCE // side**2] * 2 + [1]


def test_a_name_is_given_once() -> None:
    """A second measure of the same name is refused, and the first one stays."""
    before = named("spearman")
    with pytest.raises(ValueError, match="two similarity measures"):
        measure("spearman")(lambda a, b: a.flatten(1)[:, 0])
    assert named("spearman") is before


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    """The error lists what there is."""
    with pytest.raises(InvalidPlan, match="'sperman'") as caught:
        named("sperman")
    assert "spearman" in (caught.value.expected or "")
