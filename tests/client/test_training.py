"""What a command line says of data_randomization."""

import pytest

from junco.client.training import recipe, supplied
from junco.contract.base import digest_of
from junco.contract.errors import BadInput, InvalidPlan
from junco.contract.training import TrainingRecipe


def test_a_recipe_overrides_what_it_names():
    """Absent fields keep the contract's values."""
    assert recipe("epochs=50, learning_rate=0.003") == TrainingRecipe(epochs=50, learning_rate=0.003)
    assert recipe(None) == recipe("") == TrainingRecipe()


@pytest.mark.parametrize("wrong", ["epoch=50", "epochs=none", "epochs", "held_out=2"])
def test_a_recipe_that_means_nothing_is_refused_with_the_known_keys(wrong):
    """Misspelt, not a number, without a value, out of range."""
    with pytest.raises(InvalidPlan) as caught:
        recipe(wrong)
    assert "learning_rate" in str(caught.value.expected)


def test_models_are_named_by_their_files(tmp_path):
    """Digests of both files, and the labels that the first learned."""
    first, second = tmp_path / "random.pt", tmp_path / "twin.pt"
    first.write_bytes(b"random")
    second.write_bytes(b"twin")
    found = supplied(first, "3,1,4", second)
    assert found is not None
    assert (found.permuted, found.twin, found.labels) == (digest_of(b"random"), digest_of(b"twin"), (3, 1, 4))
    assert supplied(None, None, None) is None


def test_a_model_and_its_random_labels_come_together(tmp_path):
    """Either alone is refused, and so is a twin of nothing."""
    file = tmp_path / "model.pt"
    file.write_bytes(b"model")
    for given in ((file, None, None), (None, "1,2", None), (None, None, file)):
        with pytest.raises(BadInput, match="random labels"):
            supplied(*given)
