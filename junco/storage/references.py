"""Which stored bytes something refers to: models, image sets, partials of jobs, files of results."""

from collections.abc import Iterable

from sqlalchemy import Connection, or_, select

from junco.storage.scoped import about
from junco.storage.tables import artifacts, image_blobs, models, work


def referred(connection: Connection, digest: str) -> bool:
    """Whether any row of any tenant names these bytes."""
    named = or_(
        select(models.c.id).where(about(models.c.id, digest)).exists(),
        select(image_blobs.c.digest).where(image_blobs.c.digest == digest).exists(),
        select(work.c.id).where(work.c.result == digest).exists(),
        select(artifacts.c.name).where(artifacts.c.digest == digest).exists(),
    )
    return bool(connection.scalar(select(named)))


def unreferred(connection: Connection, digests: Iterable[str]) -> list[str]:
    """Those that no row names, in order."""
    return [digest for digest in digests if not referred(connection, digest)]
