"""Text in pictures: one typeface for maps and curves, and names that fit where they must."""

import re
from functools import cache
from pathlib import Path

import matplotlib
from PIL import ImageFont

Font = ImageFont.FreeTypeFont

_LONGEST = 200


@cache
def font(size: int, *, bold: bool = False) -> Font:
    """DejaVu Sans as matplotlib ships it: the same on every machine."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def plain(text: str) -> str:
    """``text`` on one line, of characters that can be drawn, and not beyond what anyone would read.

    Names of layers come from the user's model file: they may hold line ends, controls, or a megabyte.
    """
    if len(text) > _LONGEST:
        text = text[: _LONGEST // 2] + "…" + text[-_LONGEST // 2 :]
    return "".join(letter if letter.isprintable() else " " for letter in text)


def fitted(text: str, face: Font, width: float) -> tuple[str, ...]:
    """``text`` on one or two lines of at most ``width`` pixels, broken after a separator and elided if need be."""
    text = plain(text)
    if face.getlength(text) <= width:
        return (text,)
    breaks = [match.end() for match in re.finditer(r"[ ._/:-]", text[:-1])]
    fitting = [at for at in breaks if face.getlength(text[:at].rstrip()) <= width]
    if not fitting:
        return (elided(text, face, width),)
    return text[: fitting[-1]].rstrip(), elided(text[fitting[-1] :], face, width)


def elided(text: str, face: Font, width: float) -> str:
    """``text`` without as much of its middle as it takes to fit into ``width`` pixels."""
    text = plain(text)
    if face.getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        shorter = text[: kept // 2] + "…" + text[len(text) - (kept - kept // 2) :]
        if face.getlength(shorter) <= width:
            return shorter
    return "…"
