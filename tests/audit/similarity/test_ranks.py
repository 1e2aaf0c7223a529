"""Average ranks against scipy's, exactly: ranks are multiples of 1/2, so that no tolerance is needed."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.stats import rankdata

from junco.audit.similarity.ranks import average_ranks

# Few distinct values make nearly every rank a tie; -0.0 and 0.0 are one value.
_TIED = st.sampled_from([-np.inf, -2.5, -1.0, -0.0, 0.0, 1e-300, 1.0, 7.0, np.inf])
_ROWS = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)


@settings(max_examples=150, deadline=None)
@given(arrays(np.float64, _ROWS, elements=_TIED))
def test_ranks_of_heavily_tied_rows_are_scipys(values: np.ndarray) -> None:
    """Rows that are almost all ties get scipy's average ranks, whatever ties span the ends of rows."""
    assert np.array_equal(average_ranks(torch.from_numpy(values)).numpy(), rankdata(values, axis=1))


@settings(max_examples=100, deadline=None)
@given(arrays(np.float32, _ROWS, elements=st.floats(width=32, allow_nan=False)))
def test_ranks_of_any_floats_are_scipys(values: np.ndarray) -> None:
    """Any float32 values, denormal and infinite ones included, get scipy's average ranks."""
    assert np.array_equal(average_ranks(torch.from_numpy(values)).numpy(), rankdata(values, axis=1))


def test_a_row_with_nan_has_no_ranks_and_its_neighbours_keep_theirs() -> None:
    """NaN makes its own row NaN, and no other."""
    ranks = average_ranks(torch.tensor([[3.0, 1.0, 1.0], [1.0, torch.nan, 2.0], [5.0, 6.0, 4.0]]))
    assert ranks[1].isnan().all()
    assert ranks[[0, 2]].tolist() == [[3.0, 1.5, 1.5], [2.0, 3.0, 1.0]]


def test_ranks_are_exact_where_float32_would_not_be() -> None:
    """A run of ties beyond 2**24 places would lose its half rank in float32."""
    values = torch.zeros(1, 2**24 + 3, dtype=torch.uint8)
    values[0, 0] = 1
    ranks = average_ranks(values)
    assert ranks[0, 1].item() == (2**24 + 3) / 2
    assert ranks[0, 0].item() == 2**24 + 3


def test_no_pixels_have_no_ranks() -> None:
    """Rows without values are ranked without complaint."""
    assert average_ranks(torch.zeros(3, 0)).shape == (3, 0)
