"""Inputs in a runner's own folder: linked where the store is near, copied elsewhere, the same bytes either way."""

import os

from worker.stage import place


def test_a_file_of_the_same_file_system_is_linked_and_not_copied(tmp_path):
    kept, staged = tmp_path / "kept", tmp_path / "staged"
    kept.write_bytes(b"weights")
    place(kept, staged)
    assert staged.samefile(kept)
    assert not staged.is_symlink()


def test_a_file_that_cannot_be_linked_is_copied(tmp_path, monkeypatch):
    """As across file systems, and of files that belong to another user."""

    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    kept, staged = tmp_path / "kept", tmp_path / "staged"
    kept.write_bytes(b"weights")
    monkeypatch.setattr(os, "link", refuse)
    place(kept, staged)
    assert staged.read_bytes() == b"weights"
    assert staged.stat().st_ino != kept.stat().st_ino
