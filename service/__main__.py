"""``python -m service``: the HTTP process."""

import argparse

import uvicorn

from service.app import create_app
from service.settings import ServiceSettings


def main() -> None:
    """Serve until told to stop. Everything but the address comes from JUNCO_* variables."""
    parser = argparse.ArgumentParser(prog="python -m service", description="Junco's HTTP service.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on")
    told = parser.parse_args()
    app = create_app(ServiceSettings())
    # Event streams and long polls would hold a stop for their whole length.
    uvicorn.run(app, host=told.host, port=told.port, timeout_graceful_shutdown=10, server_header=False)


if __name__ == "__main__":
    main()
