"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Models, image sets, jobs, work, artifacts, the outbox and the workers."""
    _models()
    _image_sets()
    _jobs()
    _work()
    _artifacts()
    _outbox()
    _workers()


def _models() -> None:
    op.create_table(
        "models",
        sa.Column("id", sa.String(71), primary_key=True),
        sa.Column("serial", sa.String(36), nullable=False, unique=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("input_shape", sa.Text),
        sa.Column("output", sa.String(255)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("report", sa.Text),
        sa.Column("problem", sa.Text),
        sa.Column("create_time", sa.Double, nullable=False),
        sa.Column("update_time", sa.Double, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
    )


def _image_sets() -> None:
    op.create_table(
        "image_sets",
        sa.Column("id", sa.String(71), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("create_time", sa.Double, nullable=False),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("verdict", sa.String(16)),
        sa.Column("model", sa.String(71), nullable=False),
        sa.Column("images", sa.String(71), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("plan", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("completed", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("create_time", sa.Double, nullable=False),
        sa.Column("start_time", sa.Double),
        sa.Column("end_time", sa.Double),
        sa.Column("update_time", sa.Double, nullable=False),
        sa.Column("start_by", sa.Double, nullable=False),
        sa.Column("end_by", sa.Double),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.create_index("jobs_state", "jobs", ["state"])
    op.create_index("jobs_model", "jobs", ["model", "state"])


def _work() -> None:
    op.create_table(
        "work",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE")),
        sa.Column("model", sa.String(71), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("payload", sa.Text),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("completed", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("released", sa.Integer, nullable=False),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.Double, nullable=False),
        sa.Column("lease_owner", sa.String(128)),
        sa.Column("lease_until", sa.Double),
        sa.Column("result", sa.String(71)),
        sa.Column("problem", sa.Text),
        sa.Column("create_time", sa.Double, nullable=False),
    )
    op.create_index("work_job", "work", ["job_id", "state"])
    op.create_index("work_state", "work", ["state", "rank", "create_time"])


def _artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
    )
    op.create_index("ix_artifacts_digest", "artifacts", ["digest"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("work_id", sa.String(36), sa.ForeignKey("work.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("published_at", sa.Double),
    )


def _workers() -> None:
    op.create_table(
        "workers",
        sa.Column("owner", sa.String(128), primary_key=True),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("sandbox", sa.String(255), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("seen", sa.Double, nullable=False),
    )
