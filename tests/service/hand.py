"""A worker for tests: it claims and completes through the records, and computes nothing."""

import io
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image

from junco.contract.catalogue import Verdict
from junco.contract.errors import JuncoError
from junco.contract.job import WorkKind
from junco.contract.model import ModelReport
from junco.storage import Blobs, Claim, Computed, Finalised, Inspected, Records, StoredFile
from tests.storage.samples import outcome, report

FILES = {
    "report.html": (b"<!doctype html><title>report</title>", "text/html; charset=utf-8"),
    "maps/gradient.png": (b"\x89PNG not really", "image/png"),
}


class Hand:
    """Does whatever work there is, at once."""

    def __init__(self, records: Records, blobs: Blobs) -> None:
        self.records, self.blobs = records, blobs
        self.refuse: JuncoError | None = None
        self.verdict = Verdict.PASS
        self.report: Callable[[str], ModelReport] = report

    def work(self, most: int = 1000) -> list[WorkKind]:
        """Up to ``most`` pieces; their kinds."""
        done = []
        while len(done) < most and (claim := self.records.claim_next("hand")) is not None:
            done.append(claim.kind)
            self._one(claim)
        return done

    def _one(self, claim: Claim) -> None:
        if self.refuse is not None:
            assert self.records.fail(claim, self.refuse.problem(), retry=False)
        elif claim.kind is WorkKind.INSPECT:
            assert self.records.complete(claim, Inspected(self.report(claim.model)))
        elif claim.shard is not None:
            self.records.renew(claim, claim.shard.cost // 2)
            partial, _ = self.blobs.put_stream([b"partial %d" % claim.shard.index])
            assert self.records.complete(claim, Computed(partial))
        else:
            assert self.records.complete(claim, self._final(claim))

    def _final(self, claim: Claim) -> Finalised:
        assert claim.plan is not None
        made = outcome(claim.plan, self.verdict)
        told = {"outcome.json": (made.model_dump_json().encode(), "application/json"), **FILES}
        stored = []
        for name, (data, media_type) in told.items():
            digest, size = self.blobs.put_stream([data])
            stored.append(StoredFile(name, media_type, size, digest))
        return Finalised(self.verdict, tuple(stored))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Work in the background meanwhile."""
        ended = threading.Event()

        def run() -> None:
            while not ended.wait(0.02):
                self.work()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def png_header(width: int, height: int) -> bytes:
    """The start of a PNG of that size: all that a bomb needs to have."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def picture(size: tuple[int, int] = (32, 32), form: str = "PNG", shade: int = 7) -> bytes:
    """A small image file."""
    file = io.BytesIO()
    Image.new("RGB", size, (shade, 20, 30)).save(file, form)
    return file.getvalue()


def archive(entries: dict[str, bytes]) -> bytes:
    """A zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return file.getvalue()


def arrays(**named: np.ndarray) -> bytes:
    """An .npz."""
    file = io.BytesIO()
    np.savez(file, **named)
    return file.getvalue()


MODEL_BYTES = archive({"model/data.pkl": b"a model"})
