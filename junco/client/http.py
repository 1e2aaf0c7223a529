"""A typed client of the HTTP service. Problems that the service answers are raised as the errors that they were."""

import os

import httpx

from junco.client.administering import Administering
from junco.client.uploading import Uploading
from junco.client.validating import Validating

API_KEY = "JUNCO_API_KEY"
"""The environment variable that holds the API key."""
JUNIT = "application/xml"
HTML = "text/html"


class Client(Uploading, Validating, Administering):
    """One service. Times are seconds; every method raises ``JuncoError``, and ``Unavailable`` if nobody answers.

    Without ``api_key``, that of the variable JUNCO_API_KEY, if set.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        pause: float = 0.5,
    ) -> None:
        key = api_key or os.environ.get(API_KEY)
        # A transport is for callers that reach the service by other means than a socket.
        http = httpx.Client(
            base_url=url.rstrip("/"),
            timeout=httpx.Timeout(timeout, connect=10.0),
            transport=transport,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )
        super().__init__(http, pause)
