"""Insert what may be there already, whoever was first."""

from typing import Any

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless its key is taken; whether it was inserted. On PostgreSQL it waits for one under way."""
    return connection.execute(_statement(connection, table, values)).rowcount == 1


def _statement(connection: Connection, table: Table, values: dict[str, Any]) -> Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).values(**values).on_conflict_do_nothing()
    return sqlite.insert(table).values(**values).on_conflict_do_nothing()
