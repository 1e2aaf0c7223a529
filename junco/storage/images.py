"""Image sets: written once, never changed."""

from sqlalchemy import Connection, insert, select

from junco.contract.errors import NotFound
from junco.contract.images import ImageSet
from junco.contract.resources import ImageSetResource
from junco.storage.database import clock
from junco.storage.rows import images_of
from junco.storage.tables import image_sets


def add(connection: Connection, images: ImageSet) -> bool:
    """Keep an image set; whether it is new."""
    if connection.execute(select(image_sets.c.id).where(image_sets.c.id == images.id)).first() is not None:
        return False
    connection.execute(insert(image_sets).values(id=images.id, body=images.model_dump_json(), create_time=clock()))
    return True


def get(connection: Connection, set_id: str) -> ImageSetResource:
    """An image set as clients see it; raises ``NotFound``."""
    query = select(image_sets).where(image_sets.c.id == set_id)
    row = None if "\0" in set_id else connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(
            f"There is no image set {set_id[:80]!r}.",
            expected="the id of an uploaded image set",
            found=set_id[:80],
            remedy="Upload the images first.",
        )
    return images_of(row)


def images_named(connection: Connection, set_id: str) -> ImageSet:
    """An image set as work needs it; raises ``NotFound``."""
    found = get(connection, set_id)
    return ImageSet(id=found.id, files=found.files)
