"""What an operator can set: everything of the shelf, and limits of the HTTP process."""

from pydantic import Field

from junco.storage import StorageSettings

GIB = 1 << 30


class ServiceSettings(StorageSettings):
    """The HTTP process; names are JUNCO_MAX_MODEL_BYTES and so on. Sizes in bytes, durations in seconds."""

    max_model_bytes: int = Field(default=2 * GIB, ge=1)
    max_images_bytes: int = Field(default=1 * GIB, ge=1, description="Of one image set, unpacked.")
    max_images: int = Field(default=10_000, ge=1, description="Files in one image set.")
    max_plan_bytes: int = Field(default=1 << 20, ge=1)
    tick_seconds: float = Field(default=1.0, gt=0, description="Between rounds of reaping and publishing.")
    poll_seconds: float = Field(default=0.2, gt=0, description="Between looks at the records while a client waits.")
    worker_seen_seconds: float = Field(default=60.0, gt=0, description="After this silence a worker is not listed.")
