"""Which models a job needs beside the one that it judges."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds a table; no job of before names such models."""
    op.create_table(
        "job_models",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("model", sa.String(71), primary_key=True),
    )
    op.create_index("ix_job_models_model", "job_models", ["model"])
