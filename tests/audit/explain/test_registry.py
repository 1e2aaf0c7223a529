"""The table from names to code."""

import pytest

from junco.audit.explain import REGISTRY
from junco.audit.explain.registry import method
from junco.contract.catalogue import METHODS, Control, Method


def test_every_catalogue_name_has_code_and_no_code_lacks_a_name() -> None:
    """The registry and the catalogue list the same methods and controls."""
    assert set(REGISTRY) == set(Method) | set(Control) == set(METHODS)


def test_a_second_implementation_of_a_name_is_refused() -> None:
    """A name is registered once."""
    with pytest.raises(ValueError, match="gradient is registered already, by"):
        method(Method.GRADIENT)(REGISTRY[Method.GRADIENT].run)
