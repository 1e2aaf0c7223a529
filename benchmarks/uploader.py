"""A client that uploads, for ``benchmarks.polling``: one model's file and fresh sets of images, in turns, until ended.

Run: python -m benchmarks.uploader URL MODEL-FILE KEY-FILE
"""

import io
import os
import sys
import time
from pathlib import Path

import httpx
import numpy as np

_PAUSE = 0.5
_COUNT, _SIDE = 100, 28


def main() -> None:
    """Upload, and pause for half a second after each; an unexpected answer ends it."""
    url, model, key = sys.argv[1:]
    headers = {"Authorization": f"Bearer {Path(key).read_text().strip()}"}
    data = Path(model).read_bytes()
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        while True:
            client.post("/v1/models", content=data, params={"input_shape": f"1x{_SIDE}x{_SIDE}"}).raise_for_status()
            time.sleep(_PAUSE)
            client.post("/v1/image-sets", files={"files": ("a.npz", _noise())}).raise_for_status()
            time.sleep(_PAUSE)


def _noise() -> bytes:
    pixels = np.frombuffer(os.urandom(_COUNT * _SIDE**2), dtype=np.uint8)
    file = io.BytesIO()
    np.savez(file, images=pixels.reshape(_COUNT, _SIDE, _SIDE))
    return file.getvalue()


if __name__ == "__main__":
    main()
