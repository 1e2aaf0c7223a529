"""``python -m service.access``: a new administrator's key, for whoever can read the service's settings and secrets."""

import sys

from junco.contract.access import KeyRequest, Scope
from junco.storage import open_records
from service.access.secret import mint, pepper_at
from service.settings import ServiceSettings


def main() -> None:
    """Write the key to standard output; for when the last one was lost."""
    settings = ServiceSettings()
    records = open_records(settings)
    text, minted = mint(pepper_at(settings.pepper))
    records.access.add(minted, KeyRequest(name="made by hand", scope=Scope.ADMIN))
    records.close()
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
