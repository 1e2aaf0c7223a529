"""Image sets: written once, never changed."""

from sqlalchemy import Connection, delete, insert, select, update

from junco.contract.errors import NotFound
from junco.contract.images import ImageSet
from junco.contract.resources import ImageSetResource
from junco.storage.database import clock
from junco.storage.rows import images_of
from junco.storage.scoped import digest_in
from junco.storage.tables import image_blobs, image_sets, jobs


def add(connection: Connection, images: ImageSet, key: str) -> bool:
    """Keep an image set under its key; whether it is new."""
    if connection.execute(update(image_sets).where(image_sets.c.id == key).values(used=clock())).rowcount:
        return False
    connection.execute(insert(image_sets).values(id=key, body=images.model_dump_json(), create_time=clock()))
    digests = sorted({file.blob for file in images.files})
    if digests:
        connection.execute(insert(image_blobs), [{"set_id": key, "digest": digest} for digest in digests])
    return True


def get(connection: Connection, set_id: str) -> ImageSetResource:
    """An image set as clients see it; raises ``NotFound``."""
    query = select(image_sets).where(image_sets.c.id == set_id)
    row = None if "\0" in set_id else connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(
            f"There is no image set {digest_in(set_id)[:80]!r}.",
            expected="the id of an uploaded image set",
            found=digest_in(set_id)[:80],
            remedy="Upload the images first.",
        )
    return images_of(row)


def forget(connection: Connection, key: str) -> bool:
    """Delete an image set that was uploaded once and that no job is about; whether it was. Its digest is locked."""
    row = connection.execute(select(image_sets.c.used).where(image_sets.c.id == key).with_for_update()).first()
    about = select(jobs.c.id).where(jobs.c.images == key).limit(1)
    if row is None or row.used is not None or connection.execute(about).first() is not None:
        return False
    connection.execute(delete(image_sets).where(image_sets.c.id == key))
    return True


def hold(connection: Connection, set_id: str) -> None:
    """Nobody removes the image set until the transaction ends."""
    connection.execute(select(image_sets.c.id).where(image_sets.c.id == set_id).with_for_update(read=True))


def images_named(connection: Connection, set_id: str) -> ImageSet:
    """An image set as work needs it; raises ``NotFound``."""
    found = get(connection, set_id)
    return ImageSet(id=found.id, files=found.files)
