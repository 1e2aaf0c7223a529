"""Retention, dead letters, and indexes under which the cost of a shard does not grow with their number."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds columns and a table, and fills the table from the image sets that there are."""
    _retention()
    _queue()
    _image_blobs()


def _retention() -> None:
    op.add_column("models", sa.Column("used", sa.Double))
    op.add_column("image_sets", sa.Column("used", sa.Double))
    op.add_column("jobs", sa.Column("purged", sa.Double))
    op.create_index("jobs_images", "jobs", ["images", "state"])
    op.create_index("jobs_end", "jobs", ["end_time"])


def _queue() -> None:
    op.add_column("work", sa.Column("retried", sa.Double))
    op.drop_index("work_state", "work")
    op.create_index("work_state", "work", ["state", "rank", "create_time", "place"])
    op.create_index("work_result", "work", ["result"])
    op.add_column("outbox", sa.Column("rank", sa.Integer, nullable=False, server_default="2"))
    op.add_column("outbox", sa.Column("rings", sa.Integer, nullable=False, server_default="0"))
    op.create_index("outbox_due", "outbox", ["published_at", "rank", "work_id"])


def _image_blobs() -> None:
    made = op.create_table(
        "image_blobs",
        sa.Column("set_id", sa.String(71), sa.ForeignKey("image_sets.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("digest", sa.String(71), primary_key=True),
    )
    op.create_index("ix_image_blobs_digest", "image_blobs", ["digest"])
    sets = op.get_bind().execute(sa.text("SELECT id, body FROM image_sets")).all()
    named = {(row.id, file["blob"]) for row in sets for file in json.loads(row.body)["files"]}
    if named:
        op.bulk_insert(made, [{"set_id": set_id, "digest": digest} for set_id, digest in sorted(named)])
