"""Which name of the file a layer bears, where tensors are shared, computed from others, or nameless."""

import pytest
from torch import nn

from junco.audit.graph.names import Names, kind_of
from junco.audit.graph.retrace import Key


def at(*starts: int) -> tuple[Key, ...]:
    """Places in memory, told apart by where they start."""
    return tuple((start, 0, (1,), (1,)) for start in starts)


def names(**places: Key) -> Names:
    """A file whose tensors are parameters, but for running means, and one of which it says nothing."""
    dotted = {name.replace("__", "."): key for name, key in places.items()}
    known = {name: not name.endswith("running_mean") for name in dotted}
    return Names(trained=known | {"silent": None}, places=dotted | {"silent": at(99)[0]})


def test_a_layer_is_named_by_what_all_of_its_tensors_agree_on() -> None:
    """A weight that two layers share has two names; the bias tells whose it is."""
    shared, own, other = at(1, 2, 3)
    file = names(head__weight=shared, tail__weight=shared, head__bias=other, tail__bias=own)
    assert file.path({"weight": "head.weight", "bias": "tail.bias"}) == "tail"
    assert file.path({"weight": "head.weight"}) == "head"


@pytest.mark.parametrize("stored", ["conv.weight", "conv.weight_t", "conv.weight_3"])
def test_a_tensor_that_was_computed_is_traced_to_its_source(stored: str) -> None:
    """Transposed or copied on the way, it is still the file's parameter."""
    file = names(conv__weight=at(1)[0])
    assert file.origins(stored) == ("conv.weight",)
    assert file.is_trained(stored) is True
    assert file.path({"weight": stored}) == "conv"


def test_what_the_file_does_not_name_has_no_path() -> None:
    """None without a name, empty for a layer that is the whole file, and no claim about training."""
    file = names(weight=at(1)[0], norm__running_mean=at(2)[0])
    assert file.path({"weight": "lifted_tensor_0"}) is None
    assert file.path({"weight": "weight"}) == ""
    assert file.is_trained("lifted_tensor_0") is None
    assert file.is_trained("silent") is None
    assert file.is_trained("norm.running_mean") is False


def test_a_tensor_with_a_name_of_its_own_names_its_layer() -> None:
    """A parameter called otherwise than weight or bias stands for its layer itself."""
    assert names(block__tokens=at(1)[0]).path({"weight": "block.tokens"}) == "block.tokens"


def test_kinds_are_words_of_the_field() -> None:
    """Dimensions are left out; a module without a word of its own is called by its class."""
    assert [kind_of(m) for m in (nn.Conv2d(1, 1, 1), nn.BatchNorm1d(1), nn.ReLU())] == ["conv", "batch_norm", "relu"]
