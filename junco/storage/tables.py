"""The tables. Times are seconds since 1970 by the database's clock; messages are JSON text of the contract's words."""

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

models = Table(
    "models",
    metadata,
    Column("id", String(71), primary_key=True),
    # A UUIDv7: the order of arrival, where the clock's grain is too coarse for paging.
    Column("serial", String(36), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("input_shape", Text),
    Column("output", String(255)),
    Column("state", String(16), nullable=False),
    Column("report", Text),
    Column("problem", Text),
    Column("create_time", Double, nullable=False),
    Column("update_time", Double, nullable=False),
    Column("revision", Integer, nullable=False, default=1),
    # When it was last uploaded: retention counts from here, and from the last job on it.
    Column("used", Double),
)

image_sets = Table(
    "image_sets",
    metadata,
    Column("id", String(71), primary_key=True),
    Column("body", Text, nullable=False),
    Column("create_time", Double, nullable=False),
    Column("used", Double),
)

# Which bytes an image set needs: in a table, so that whether a blob is referred to is one look at an index.
image_blobs = Table(
    "image_blobs",
    metadata,
    Column("set_id", String(71), ForeignKey("image_sets.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(71), primary_key=True, index=True),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("verdict", String(16)),
    # No foreign key: a model may be deleted once no live job needs it, and the results stay.
    Column("model", String(71), nullable=False),
    Column("images", String(71), nullable=False),
    Column("request", Text, nullable=False),
    Column("plan", Text),
    Column("error", Text),
    Column("stage", String(32), nullable=False),
    Column("completed", BigInteger, nullable=False, default=0),
    Column("total", BigInteger),
    Column("attempt", Integer, nullable=False, default=0),
    Column("create_time", Double, nullable=False),
    Column("start_time", Double),
    Column("end_time", Double),
    Column("update_time", Double, nullable=False),
    Column("start_by", Double, nullable=False),
    Column("end_by", Double),
    Column("revision", Integer, nullable=False, default=1),
    # When the files of an old result were removed; the state and the verdict stay.
    Column("purged", Double),
    # How the plan was cut into shards (a digest; unknown of jobs from before it was kept), and how often anew.
    Column("cut", String(71)),
    Column("recuts", Integer, nullable=False, server_default="0"),
    Index("jobs_state", "state"),
    Index("jobs_model", "model", "state"),
    Index("jobs_images", "images", "state"),
    Index("jobs_end", "end_time"),
)

# Models that a job's plan names beside its own: in a table, so that whether one is in use is one look at an index.
job_models = Table(
    "job_models",
    metadata,
    Column("job_id", String(36), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("model", String(71), primary_key=True, index=True),
)

work = Table(
    "work",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("job_id", String(36), ForeignKey("jobs.id", ondelete="CASCADE")),
    Column("model", String(71), nullable=False),
    Column("place", Integer, nullable=False, default=0),
    Column("payload", Text),
    Column("cost", BigInteger, nullable=False, default=0),
    Column("completed", BigInteger, nullable=False, default=0),
    Column("state", String(16), nullable=False),
    # The fencing token: grows with every claim. Attempts charged against the limit are attempt - released.
    Column("attempt", Integer, nullable=False, default=0),
    Column("released", Integer, nullable=False, default=0),
    Column("max_attempts", Integer, nullable=False),
    Column("not_before", Double, nullable=False, default=0.0),
    Column("lease_owner", String(128)),
    Column("lease_until", Double),
    Column("result", String(71)),
    Column("problem", Text),
    Column("create_time", Double, nullable=False),
    # When somebody had failed work done again: then it is no dead letter any more.
    Column("retried", Double),
    Index("work_job", "job_id", "state"),
    # The order in which work is claimed, place included: a claim reads the index's first rows and sorts nothing.
    Index("work_state", "state", "rank", "create_time", "place"),
    Index("work_result", "result"),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("job_id", String(36), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("media_type", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", String(71), nullable=False, index=True),
)

outbox = Table(
    "outbox",
    metadata,
    Column("work_id", String(36), ForeignKey("work.id", ondelete="CASCADE"), primary_key=True),
    Column("published_at", Double),
    Column("rank", Integer, nullable=False, server_default="2"),
    Column("rings", Integer, nullable=False, server_default="0"),
    Index("outbox_due", "published_at", "rank", "work_id"),
)

workers = Table(
    "workers",
    metadata,
    Column("owner", String(128), primary_key=True),
    Column("device", String(64), nullable=False),
    Column("sandbox", String(255), nullable=False),
    Column("version", String(32), nullable=False),
    Column("seen", Double, nullable=False),
)
