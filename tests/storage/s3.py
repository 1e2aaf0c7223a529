"""An S3-compatible server of the tests' own, in an environment of its own: ``make bucket`` installs it."""

import contextlib
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import free_port

_OWN = Path(__file__).parents[2] / ".venv-s3" / "bin" / "moto_server"


@contextmanager
def server() -> Iterator[str]:
    """The endpoint of an empty server; skips the test where it is not installed."""
    binary = str(_OWN) if _OWN.exists() else shutil.which("moto_server")
    if binary is None:
        pytest.skip("no moto_server: make bucket installs one")
    endpoint = f"http://127.0.0.1:{(port := free_port())}"
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([binary, "--host", "127.0.0.1", "--port", str(port)], **options)
    try:
        _wait(endpoint)
        yield endpoint
    finally:
        process.terminate()
        process.wait(20)


def make_bucket(endpoint: str, name: str) -> None:
    """A new bucket, by the protocol's own request."""
    request = urllib.request.Request(f"{endpoint}/{name}", method="PUT")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def _wait(endpoint: str, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(endpoint, timeout=2).close()
            return
        time.sleep(0.1)
    raise TimeoutError(f"no S3 server at {endpoint} after {seconds} s")
