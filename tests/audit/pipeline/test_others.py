"""Further models as files."""

from pathlib import Path

import pytest

from junco.audit.pipeline.others import Filed
from junco.contract.base import digest_of


def test_a_file_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    """Not before: what is written in between is what comes; unknown digests are missing, as from any mapping."""
    name = digest_of(b"weights")
    filed = Filed({name: tmp_path / "model"})
    assert (list(filed), len(filed)) == ([name], 1)
    assert {name, digest_of(b"others")} - filed.keys() == {digest_of(b"others")}
    with pytest.raises(FileNotFoundError):
        filed[name]
    (tmp_path / "model").write_bytes(b"weights")
    assert filed[name] == b"weights"
    with pytest.raises(KeyError):
        filed[digest_of(b"others")]
