"""An upload of any size passes through a real server process whose memory does not grow with it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers import free_port

MIB = 1 << 20
# A zip's first bytes, so that it is taken for an archive; what follows is the holes of a sparse file.
HEAD = b"PK\x03\x04" + bytes(MIB - 4)


def megabytes(count: int) -> Iterator[bytes]:
    yield HEAD
    hole = bytes(MIB)
    for _ in range(count - 1):
        yield hole


def memory(pid: int, field: str) -> int:
    """Bytes: VmRSS is what is resident, VmHWM the most that ever was."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[httpx.Client, int]]:
    """A client of a fresh service process, and its id."""
    port = free_port()
    command = [sys.executable, "-m", "service", "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "JUNCO_HOME": str(tmp_path)}, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
            _wait(client)
            yield client, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait(client: httpx.Client) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            if client.get("/readyz").is_success:
                return
        except httpx.TransportError:
            assert time.monotonic() < end, "the service did not start"
        time.sleep(0.1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
@pytest.mark.parametrize("size", [256, pytest.param(2047, marks=pytest.mark.slow)])
def test_an_upload_costs_less_memory_than_64_megabytes(
    server: tuple[httpx.Client, int], tmp_path: Path, size: int
) -> None:
    """Of ``size`` MB: the peak stays under 64 MB over what was resident, and the bytes arrive whole."""
    client, pid = server
    assert client.post("/v1/models", content=HEAD).status_code == 201
    before = memory(pid, "VmHWM")
    answer = client.post("/v1/models", content=megabytes(size))
    assert (answer.status_code, answer.json()["size"]) == (201, size * MIB)
    grown = (memory(pid, "VmHWM") - before) / MIB
    sys.stdout.write(f"{size} MB uploaded, {grown:.1f} MB more resident at the peak\n")
    assert grown < 64
    place = tmp_path / "blobs" / "sha256" / answer.json()["id"][7:9] / answer.json()["id"][7:]
    assert place.stat().st_size == size * MIB
