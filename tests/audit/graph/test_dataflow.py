"""A program's text tells whether its course depends on its input's numbers."""

import pytest
import torch

from junco.audit.graph.dataflow import branches, decided_by_data
from tests.audit.graph.branching import BY_DATA, BY_FORM, Listing, Masked, Shaped
from tests.audit.graph.hard import Attention, Cnn, Vit, scripted, settled, traced


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("build", BY_DATA)
def test_a_course_that_follows_the_input_is_found(build, frozen):
    """Branches, loops and lists that the input's numbers decide are named, frozen or not."""
    script = scripted(settled(build()))
    found = decided_by_data(torch.jit.freeze(script) if frozen else script)
    assert found is not None
    assert "of the input's numbers" in found or "from the input's numbers" in found


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("build", [*BY_FORM, Vit, Attention, Cnn])
def test_a_course_that_follows_shapes_types_and_weights_is_let_pass(build, frozen):
    """What sizes, types, stored tensors and options decide is no matter of the image."""
    script = scripted(settled(build()))
    assert decided_by_data(torch.jit.freeze(script) if frozen else script) is None


def test_branches_are_told_from_straight_programs():
    """A recorded program has no branches; a compiled one keeps those that nothing has ruled out."""
    assert not branches(traced(settled(Vit())))
    assert not branches(scripted(settled(Masked())))
    assert branches(scripted(settled(Shaped())))
    assert branches(scripted(settled(Listing())))
