"""One rule by which the names of files carry labels, for the service and the client alike."""

import re
from pathlib import PurePosixPath

MAX_LABEL = 2**31 - 1
"""Largest class number that a label may be."""


def label_from_name(path: str) -> int | None:
    """The class number in a file's name: an integer folder around it (the nearest), else a trailing ``_NNN`` of its
    stem; None if there is neither."""
    name = PurePosixPath(path)
    folder = next((part for part in reversed(name.parts[:-1]) if re.fullmatch(r"[0-9]+", part)), None)
    trailing = re.search(r"_([0-9]+)$", name.stem)
    digits = folder or (trailing[1] if trailing else None)
    if digits is None or len(digits) > 10 or int(digits) > MAX_LABEL:
        return None
    return int(digits)
