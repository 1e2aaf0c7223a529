"""Whose records somebody sees: what every part of the records stands on."""

from junco.contract.access import DEFAULT_TENANT
from junco.storage.database import Database
from junco.storage.scoped import key_in
from junco.storage.settings import StorageSettings


class View:
    """One tenant's view, to whom nothing of the others exists; without a tenant, uploads are the default tenant's and
    jobs are everybody's."""

    def __init__(self, database: Database, settings: StorageSettings, tenant: str | None = None) -> None:
        self._database, self._settings, self._tenant = database, settings, tenant

    @property
    def tenant(self) -> str:
        """Whose uploads these are."""
        return self._tenant or DEFAULT_TENANT

    def sees(self, tenant: str) -> bool:
        """Whether what is ``tenant``'s exists in this view."""
        return self._tenant in (None, tenant)

    def _key(self, digest: str) -> str:
        return key_in(self.tenant, digest)
