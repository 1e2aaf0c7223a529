"""Access: tenants, keys, what tenants hold, whose job is whose, requests told twice, and the log."""

import sqlalchemy as sa
from alembic import op

from junco.storage.access_tables import APPEND_ONLY

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds tables; what was there belongs to the default tenant."""
    _keys()
    _holdings()
    _submissions()
    _audit()


def _keys() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(27), primary_key=True),
        sa.Column("create_time", sa.Double, nullable=False),
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("serial", sa.String(36), nullable=False, unique=True),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(27), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("create_time", sa.Double, nullable=False),
        sa.Column("expire_time", sa.Double),
        sa.Column("revoke_time", sa.Double),
    )


def _holdings() -> None:
    op.create_table(
        "holdings",
        sa.Column("tenant", sa.String(27), primary_key=True),
        sa.Column("id", sa.String(71), primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO holdings (tenant, id, size) SELECT 'default', id, size FROM models")


def _submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tenant", sa.String(27), nullable=False),
        sa.Column("fingerprint", sa.String(71)),
    )
    op.create_index("submissions_tenant", "submissions", ["tenant", "fingerprint"])
    op.execute("INSERT INTO submissions (job_id, tenant) SELECT id, 'default' FROM jobs")
    op.create_table(
        "replays",
        sa.Column("tenant", sa.String(27), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("request", sa.String(71), nullable=False),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE")),
        sa.Column("create_time", sa.Double, nullable=False),
    )
    op.create_index("replays_job", "replays", ["job_id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("tenant", sa.String(27), nullable=False),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("action", sa.String(160), nullable=False),
        sa.Column("object", sa.String(255), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
    )
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)
