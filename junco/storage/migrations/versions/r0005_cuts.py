"""How each job's plan was cut into shards, so that a version that cuts otherwise can tell."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds columns; how the jobs of before were cut stays unknown, and they go on as they are."""
    op.add_column("jobs", sa.Column("cut", sa.String(71)))
    op.add_column("jobs", sa.Column("recuts", sa.Integer, nullable=False, server_default="0"))
