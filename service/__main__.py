"""``python -m service``: the HTTP process."""

import argparse
import resource
import sys
from contextlib import suppress

import uvicorn

from junco.contract.errors import BadInput
from junco.storage.settings import told
from service.access.start import refuse_to_expose
from service.app import create_app
from service.settings import ServiceSettings

_SWITCH_SECONDS = 0.001
"""How long a thread that computes may keep the others from Python. A poll gives way several times, at each call of the
system, and waits that long each time: by Python's own 5 ms, one submission would cost every poll beside it 20 ms."""


def main() -> None:
    """Serve until told to stop. Everything but the address comes from JUNCO_* variables; exit status 2 if refused."""
    parser = argparse.ArgumentParser(prog="python -m service", description="Junco's HTTP service.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on")
    parser.add_argument("--insecure", action="store_true", help="listen beyond this machine without access control")
    parser.add_argument("--access-log", action="store_true", help="a line for every request, polls included")
    asked = parser.parse_args()
    try:
        settings = told(ServiceSettings)
        refuse_to_expose(asked.host, settings, insecure=asked.insecure)
    except BadInput as error:
        parser.error(f"{error.detail} expected: {error.expected}; found: {error.found}; to do: {error.remedy}")
    sys.setswitchinterval(_SWITCH_SECONDS)
    _open_as_many_as_allowed()
    app = create_app(settings)
    # Event streams and long polls would hold a stop for their whole length.
    uvicorn.run(
        app,
        host=asked.host,
        port=asked.port,
        timeout_graceful_shutdown=10,
        server_header=False,
        access_log=asked.access_log,
    )


def _open_as_many_as_allowed() -> None:
    """Each client that waits is an open file, and each large image of a form; the usual soft limit is a thousand."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # where "no limit" is more than the system grants
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
