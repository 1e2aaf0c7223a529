"""Words of caution are explained wherever people meet them."""

import re
from pathlib import Path

import pytest

from junco.contract.cautions import MEANINGS, CautionName

PAGE = Path(__file__).parents[2] / "docs" / "models.md"


@pytest.mark.parametrize("name", list(CautionName))
def test_every_caution_has_a_meaning_and_a_row_in_the_handbook(name: CautionName) -> None:
    """In the report as a sentence, in docs/models.md as a row."""
    assert MEANINGS[name].endswith(".")
    assert re.search(rf"^\| `{name}` \|", PAGE.read_text(), re.MULTILINE)
