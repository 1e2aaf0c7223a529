"""Where things are kept, and how long leases last: read from JUNCO_* by the service and the worker alike."""

from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from junco.contract.errors import BadInput


class StorageSettings(BaseSettings):
    """Shared by every process of one installation. Durations in seconds."""

    model_config = SettingsConfigDict(env_prefix="JUNCO_", extra="ignore", frozen=True)

    home: Path = Path(".junco")
    database_url: str | None = Field(default=None, description="SQLAlchemy URL; an SQLite file in home if absent.")
    database_seconds: float = Field(
        default=5.0, gt=0, description="How long a database server's answer is waited for, and a free connection to it."
    )
    blobs_url: str | None = Field(
        default=None, description="s3://, gs://, az://, memory://; a folder in home if absent."
    )
    broker_url: str | None = Field(default=None, description="Celery broker; absent means embedded mode.")
    lease_seconds: float = Field(default=30.0, gt=0, description="How long a silent worker keeps its work.")
    max_attempts: int = Field(default=3, ge=1, description="Claims before work counts as lost.")
    retry_seconds: float = Field(default=2.0, ge=0, description="Pause before a failed attempt is tried again.")
    queue_seconds: float = Field(default=86400.0, gt=0, description="How long a job may wait for its start.")
    republish_seconds: float = Field(default=60.0, gt=0, description="When the bell is rung again for queued work.")
    store_bytes: int | None = Field(
        default=None, ge=0, description="Most bytes that the blobs may take; no limit if absent."
    )
    spare_bytes: int = Field(default=128 << 20, ge=0, description="Uploads are refused while less is free on the disk.")
    retention_days: float | None = Field(
        default=None, gt=0, description="Files of results older than this are removed; kept until deleted if absent."
    )
    orphan_seconds: float = Field(
        default=86400.0, gt=0, description="Age at which bytes that nothing refers to are removed."
    )

    tenant_bytes: int | None = Field(
        default=None, ge=0, description="A tenant's uploads and results; absent: no limit."
    )
    tenant_jobs: int | None = Field(default=None, ge=1, description="A tenant's unfinished validations, likewise.")

    @property
    def distributed(self) -> bool:
        """Whether work is announced through a broker."""
        return self.broker_url is not None

    @property
    def database(self) -> str:
        """The database's URL, resolved."""
        return self.database_url or f"sqlite:///{(self.home / 'junco.sqlite3').absolute()}"

    @property
    def spool(self) -> Path:
        """Folder for uploads in flight; on the blob folder's file system, so that renames are atomic."""
        return self.home / "spool"


S = TypeVar("S", bound=StorageSettings)


def told(kind: type[S]) -> S:
    """The settings that the environment makes; raises ``BadInput`` that names the variable and what it has to be."""
    try:
        return kind()
    except ValidationError as error:
        first = error.errors()[0]
        variable = f"JUNCO_{str(first['loc'][0]).upper()}" if first["loc"] else "JUNCO_*"
        raise BadInput(
            f"{variable} is not valid.",
            expected=first["msg"].removeprefix("Value error, "),
            found=str(first["input"])[:200],
            remedy="Set the variable to what is expected, or not at all.",
        ) from error
