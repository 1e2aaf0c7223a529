"""The records' part about what was uploaded: models, image sets, and the room for them."""

from dataclasses import replace

from sqlalchemy import Connection

from junco.contract.base import Digest
from junco.contract.images import ImageSet
from junco.contract.job import InspectionState
from junco.contract.resources import ImageSetResource, ModelResource
from junco.storage import images as image_sets
from junco.storage import models, quotas
from junco.storage.blobs import Blobs
from junco.storage.rows import model_of
from junco.storage.scoped import lock_digest
from junco.storage.view import View


class Uploads(View):
    """Models and image sets. Every method is one transaction."""

    def add_model(self, upload: models.Upload, blobs: Blobs) -> tuple[ModelResource, bool]:
        """The model and whether it is new; raises ``InUse``, ``QuotaExceeded``.

        Looks for the bytes inside the transaction: a deletion removes them inside its own, so that a model never
        outlives its bytes.
        """
        with self._database.write() as connection:
            lock_digest(connection, upload.digest)
            key = self._key(upload.digest)
            new = models.add(connection, replace(upload, digest=key), max_attempts=self._settings.max_attempts)
            blobs.require(upload.digest)
            self._hold(connection, upload.digest, upload.size)
            return model_of(models.row_of(connection, key)), new

    def model(self, model: str) -> ModelResource:
        """A model; raises ``NotFound``."""
        with self._database.read() as connection:
            return model_of(models.row_of(connection, self._key(model)))

    def models(self, *, after: str | None = None, size: int) -> list[ModelResource]:
        """Newest first, those older than the model ``after``; raises ``NotFound`` if that one is gone."""
        with self._database.read() as connection:
            return models.page(connection, after=after, size=size, tenant=self.tenant)

    def remove_model(self, model: str, blobs: Blobs, *, only_rejected: bool = False) -> None:
        """Delete a model and its bytes; raises ``NotFound``, ``InUse``. ``only_rejected`` leaves any other alone."""
        with self._database.write() as connection:
            lock_digest(connection, model)
            key = self._key(model)
            if only_rejected and models.row_of(connection, key)["state"] != InspectionState.REJECTED:
                return
            self._remove(connection, model, blobs)

    def add_images(self, image_set: ImageSet, *, size: int = 0) -> tuple[ImageSetResource, bool]:
        """The image set and whether it is new; ``size`` in bytes, of all its files. Raises ``QuotaExceeded``."""
        with self._database.write() as connection:
            lock_digest(connection, image_set.id)
            key = self._key(image_set.id)
            new = image_sets.add(connection, image_set, key)
            self._hold(connection, image_set.id, size)
            return image_sets.get(connection, key), new

    def take_back(self, blobs: Blobs, *, images: Digest | None = None, model: Digest | None = None) -> None:
        """Forget an image set or a model that a refused request has added, unless somebody has wanted it since.

        Images' bytes stay until retention finds that nothing names them: an upload under way may hold the same.
        """
        if images is not None:
            with self._database.write() as connection:
                lock_digest(connection, images)
                if image_sets.forget(connection, self._key(images)):
                    quotas.drop(connection, self.tenant, images)
        if model is not None:
            with self._database.write() as connection:
                lock_digest(connection, model)
                if models.unwanted(connection, self._key(model)):
                    self._remove(connection, model, blobs)

    def _remove(self, connection: Connection, model: Digest, blobs: Blobs) -> None:
        models.remove(connection, self._key(model))
        quotas.drop(connection, self.tenant, model)
        if not models.shared(connection, model):
            blobs.delete(model)

    def _hold(self, connection: Connection, digest: str, size: int) -> None:
        quotas.hold(connection, self.tenant, digest, size=size, limit=self._settings.tenant_bytes)

    def room(self) -> int | None:
        """Bytes that the tenant may still store; None without a limit."""
        if self._settings.tenant_bytes is None:
            return None
        with self._database.read() as connection:
            return max(0, self._settings.tenant_bytes - quotas.stored(connection, self.tenant))

    def images(self, set_id: str) -> ImageSetResource:
        """An image set; raises ``NotFound``."""
        with self._database.read() as connection:
            return image_sets.get(connection, self._key(set_id))
