"""The tables of access: tenants, keys, what tenants hold, whose job is whose, requests told twice, and the log."""

from sqlalchemy import DDL, BigInteger, Column, Double, ForeignKey, Index, Integer, String, Table, event

from junco.storage.tables import metadata

TENANT = 27

tenants = Table(
    "tenants",
    metadata,
    # Locked while something is charged to the tenant, so that two uploads cannot both take the last byte.
    Column("id", String(TENANT), primary_key=True),
    Column("create_time", Double, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    # The public half of the key: found by it, so that no lookup compares secrets.
    Column("id", String(16), primary_key=True),
    Column("serial", String(36), nullable=False, unique=True),
    Column("hash", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("tenant", String(TENANT), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("create_time", Double, nullable=False),
    Column("expire_time", Double),
    Column("revoke_time", Double),
)

holdings = Table(
    "holdings",
    metadata,
    Column("tenant", String(TENANT), primary_key=True),
    Column("id", String(71), primary_key=True),
    Column("size", BigInteger, nullable=False),
)

submissions = Table(
    "submissions",
    metadata,
    Column("job_id", String(36), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("tenant", String(TENANT), nullable=False),
    # Of the resolved plan; none while the model's inspection is pending.
    Column("fingerprint", String(71)),
    Index("submissions_tenant", "tenant", "fingerprint"),
)

replays = Table(
    "replays",
    metadata,
    Column("tenant", String(TENANT), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request", String(71), nullable=False),
    Column("job_id", String(36), ForeignKey("jobs.id", ondelete="CASCADE")),
    Column("create_time", Double, nullable=False),
    Index("replays_job", "job_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("time", Double, nullable=False),
    Column("tenant", String(TENANT), nullable=False),
    Column("key", String(16), nullable=False),
    Column("action", String(160), nullable=False),
    Column("object", String(255), nullable=False),
    Column("status", Integer, nullable=False),
    Column("address", String(64), nullable=False),
    Column("request_id", String(64), nullable=False),
)

APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER IF NOT EXISTS audit_no_update BEFORE UPDATE ON audit"
        " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER IF NOT EXISTS audit_no_delete BEFORE DELETE ON audit"
        " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION junco_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE EXCEPTION ''the audit log is append-only''; END'",
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit"
        " FOR EACH ROW EXECUTE FUNCTION junco_append_only()",
    ),
}
"""By dialect, the statements after which the database itself refuses to change a line of the log."""

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        _ddl = DDL(_statement)  # type: ignore[no-untyped-call] # SQLAlchemy leaves it untyped
        event.listen(audit, "after_create", _ddl.execute_if(dialect=_dialect))
