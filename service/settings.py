"""What an operator can set: everything of the shelf, and limits of the HTTP process."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from junco.storage import StorageSettings

GIB = 1 << 30


class ServiceSettings(StorageSettings):
    """The HTTP process; names are JUNCO_MAX_MODEL_BYTES and so on. Sizes in bytes, durations in seconds."""

    max_model_bytes: int = Field(default=2 * GIB, ge=1)
    max_images_bytes: int = Field(default=1 * GIB, ge=1, description="Of one image set, unpacked.")
    max_images: int = Field(default=10_000, ge=1, description="Files in one image set.")
    max_plan_bytes: int = Field(default=1 << 20, ge=1)
    access: Literal["off", "keys"] = Field(default="off", description="Whether requests need an API key.")
    pepper_file: Path | None = Field(default=None, description="What keys are hashed with; in home if absent.")
    first_key_file: Path | None = Field(
        default=None, description="Where the first administrator's key is written; absent: it is printed, once."
    )
    key_seconds: float = Field(default=5.0, ge=0, description="How long a replica trusts what it knows of a key.")
    key_requests_per_second: float = Field(default=200.0, gt=0, description="Of one key, by each replica.")
    key_burst: float = Field(default=400.0, ge=1, description="Requests that a key may have saved up.")
    guesses_per_minute: float = Field(default=30.0, gt=0, description="Requests without a good key, of one address.")
    tenant_uploads: int = Field(default=8, ge=1, description="A tenant's uploads at a time, by each replica.")
    body_grace_seconds: float = Field(default=30.0, gt=0, description="Before the speed of a body counts.")
    body_bytes_per_second: float = Field(default=1024.0, gt=0, description="The slowest body that is waited for.")
    tick_seconds: float = Field(default=1.0, gt=0, description="Between rounds of reaping and publishing.")
    house_seconds: float = Field(default=3600.0, gt=0, description="Between rounds of removing what grew old.")
    poll_seconds: float = Field(default=0.2, gt=0, description="Between looks at the records while a client waits.")
    worker_seen_seconds: float = Field(default=60.0, gt=0, description="After this silence a worker is not listed.")

    @property
    def pepper(self) -> Path:
        """The pepper's file."""
        return self.pepper_file or self.home / "pepper"

    @property
    def most_bytes(self) -> int:
        """Of the largest body that any route takes: a model, its images and a plan, and what a form adds."""
        return self.max_model_bytes + self.max_images_bytes + self.max_plan_bytes + (1 << 20)
