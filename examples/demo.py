"""make demo: a real ImageNet network, real photos, over HTTP, from upload to verdict.

EfficientNet-Lite0 with its trained weights is saved as TorchScript and sent to a service started on a free port, with
20 labelled ImageNet photos. Networks and photos are read from installed packages; nothing is downloaded.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx

from examples.efficientnet_lite0 import torchscript

METHODS = (
    "gradient",
    "input_x_gradient",
    "guided_backprop",
    "grad_cam",
    "edge_detector",
    "integrated_gradients:steps=16@input_shift",
)

_JUNCO = str(Path(sys.executable).with_name("junco"))
_START_SECONDS = 60


def main() -> int:
    """Run the demo; 0 if it comes out as it must, which is the verdict ``fail``."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the service ends with the demo
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    model = out / "efficientnet-lite0.pt"
    if not model.exists():
        print("Saving EfficientNet-Lite0 (ImageNet weights) as TorchScript ...", flush=True)
        model.write_bytes(torchscript("traced"))
    photos = imagenet_photos()
    with tempfile.TemporaryDirectory(prefix="junco-demo-") as home, _service(Path(home)) as url:
        started = time.monotonic()
        code = _check(url, model, photos, out)
        print(f"\nThe job took {time.monotonic() - started:.0f} s, upload to report.")
    print(f"Report: {out / 'report.html'}")
    print("This demo expects the verdict 'fail': guided_backprop ignores what the model has learned.")
    return 0 if code == 1 else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder for the model and the report")
    return parser.parse_args()


def imagenet_photos() -> list[Path]:
    """ImageNet photos of the foolbox package, found without importing it: only its data is used."""
    spec = find_spec("foolbox")
    if spec is None or spec.origin is None:
        raise SystemExit("The photos are missing; run 'make setup'.")
    return sorted((Path(spec.origin).parent / "data").glob("imagenet_*.*"))


@contextmanager
def _service(home: Path) -> Iterator[str]:
    """``junco serve`` on a free port, stopped at the end."""
    port = _free_port()
    log = (home / "service.log").open("w")
    command = [_JUNCO, "serve", "--port", str(port), "--home", str(home)]
    print(f"Starting the service on port {port} ...", flush=True)
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(url, process)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        log.close()
        print("Service stopped.")


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit("The service did not start; see service.log in its home.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _check(url: str, model: Path, photos: list[Path], out: Path) -> int:
    command = [_JUNCO, "check", str(model), *map(str, photos), "--url", url, "--profile", "quick"]
    command += ["--preset", "imagenet_lite", "--out", str(out)]
    for method in METHODS:
        command += ["--methods", method]
    print(f"Checking on {url} with {len(photos)} photos ...\n", flush=True)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
