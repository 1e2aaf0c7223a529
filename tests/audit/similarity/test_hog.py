"""HOG against scikit-image's, to 1e-6 in float64 (seen: 1e-15), and the two 2018 comparisons built on it."""

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr, spearmanr
from skimage.feature import hog as skimage_hog

from junco.audit.similarity import named
from junco.audit.similarity.hog import hog


def _expected(image: np.ndarray, cell: int = 16) -> np.ndarray:
    return skimage_hog(image, pixels_per_cell=(cell, cell), channel_axis=0 if image.ndim == 3 else None)


def _maps(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize("shape", [(3, 48, 48), (2, 70, 101), (2, 3, 64, 50), (1, 1, 49, 63)])
def test_vectors_are_scikit_images(shape: tuple[int, ...]) -> None:
    """One or more channels, sides that cells do not divide: the vector is scikit-image's."""
    images = _maps(*shape)
    ours = hog(images)
    for image, vector in zip(images.numpy(), ours.numpy(), strict=True):
        assert vector == pytest.approx(_expected(image), abs=1e-6)


@pytest.mark.parametrize("cell", [7, 8])
def test_the_cell_size_is_a_parameter(cell: int) -> None:
    """Even and odd cells agree with scikit-image."""
    images = _maps(2, 45, 31)
    assert hog(images, cell=cell)[1].numpy() == pytest.approx(_expected(images[1].numpy(), cell), abs=1e-6)


def test_flat_and_axis_aligned_gradients_fall_into_scikit_images_bins() -> None:
    """Steps along the axes and diagonals have angles of 0, 45, 90 and 135 degrees exactly."""
    image = np.zeros((64, 64))
    image[20:40, 10:50] = 1
    image += np.triu(np.ones((64, 64)), 5) + np.fliplr(np.triu(np.ones((64, 64)), 25))
    assert hog(torch.from_numpy(image)[None])[0].numpy() == pytest.approx(_expected(image), abs=1e-6)


def test_too_small_an_image_is_refused_with_what_is_needed() -> None:
    """HOG of a digit says that it needs 48 pixels."""
    with pytest.raises(ValueError, match="at least 48 pixels"):
        hog(_maps(1, 28, 28))


@pytest.mark.parametrize("shape", [(3, 50, 64), (2, 3, 64, 64)])
def test_measures_are_the_papers_and_the_codes(shape: tuple[int, ...]) -> None:
    """The code ranks the vectors of 0-1 maps; the paper correlates those of maps in [-1, 1]."""
    a, b = _maps(*shape), _maps(*shape) + _maps(*shape, seed=1)
    code, paper = [], []
    for x, y in zip(a.numpy(), b.numpy(), strict=True):
        p, q = ((m - m.min()) / (m.max() - m.min()) for m in (x, y))
        code.append(spearmanr(_expected(p), _expected(q)).statistic)
        paper.append(pearsonr(_expected(2 * p - 1), _expected(2 * q - 1)).statistic)
    assert named("hog_adebayo_code")(a, b).tolist() == pytest.approx(code, abs=1e-6)
    assert named("hog_adebayo_paper")(a, b).tolist() == pytest.approx(paper, abs=1e-6)


@pytest.mark.parametrize("name", ["hog_adebayo_code", "hog_adebayo_paper"])
def test_maps_below_48_pixels_have_no_similarity(name: str) -> None:
    """NaN, and never a crash, on one short side."""
    assert named(name)(_maps(2, 47, 90), _maps(2, 47, 90, seed=1)).isnan().all()


def test_the_floor_depends_on_the_distribution_of_pixels() -> None:
    """C2b: unrelated Gaussian maps score near 0, unrelated Laplace maps above .4."""
    rng = np.random.default_rng(0)
    gauss = [torch.from_numpy(rng.standard_normal((4, 3, 160, 160))) for _ in range(2)]
    laplace = [torch.from_numpy(rng.laplace(size=(4, 3, 160, 160))) for _ in range(2)]
    assert abs(named("hog_adebayo_code")(*gauss).mean().item()) < 0.1
    assert named("hog_adebayo_code")(*laplace).mean().item() > 0.4
