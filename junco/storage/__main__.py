"""``python -m junco.storage``: what an operator does to the tables by hand; ``junco migrate`` starts it."""

import argparse
import os
import sys

from sqlalchemy.exc import SQLAlchemyError

from junco.contract.errors import JuncoError
from junco.storage import schema
from junco.storage.database import Database
from junco.storage.settings import StorageSettings, told


def main(arguments: list[str] | None = None) -> int:
    """Upgrades the tables that JUNCO_* variables name, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="junco migrate", description="Upgrade the database's tables.")
    parser.add_argument("--check", action="store_true", help="only say whether there is something to do")
    asked = parser.parse_args(arguments)
    try:
        return _upgrade(told(StorageSettings).database, check=asked.check)
    except JuncoError as error:
        return _say(f"{error.detail} Found {error.found}. {error.remedy or ''}", False)
    except (SQLAlchemyError, OSError) as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        remedy = "See JUNCO_DATABASE_URL or JUNCO_HOME, and the server."
        return _say(f"The database cannot be used. Found {cause}. {remedy}", False)


def _upgrade(url: str, *, check: bool) -> int:
    database, newest = Database(url), schema.revisions()[-1]
    try:
        with database.read() as connection:
            found = schema.revision(connection)
        if check:
            return _say(f"the tables are at {found or 'nothing'}, this version's are at {newest}", found == newest)
        found = database.prepare(upgrade=True)
        return _say(f"the tables were at {found or 'nothing'} and are at {newest}", True)
    finally:
        database.close()


def _say(words: str, good: bool) -> int:
    sys.stdout.write(words + "\n")
    return 0 if good else os.EX_UNAVAILABLE


if __name__ == "__main__":
    sys.exit(main())
