"""The photo itself, as the model's crop shows it."""

from PIL import Image

from junco.audit.render.colour import Pixels
from junco.audit.render.maps import png
from junco.audit.render.overlay import check_photo


def photo_png(photo: Pixels) -> bytes:
    """A photo [H, W, 3] as PNG; raises ``ValueError`` for other shapes."""
    check_photo(photo)
    return png(Image.fromarray(photo), {})
