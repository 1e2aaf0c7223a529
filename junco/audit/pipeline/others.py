"""Models beside the one that is judged, as files that are read when they are asked for."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from junco.contract.base import Digest


class Filed(Mapping[Digest, bytes]):
    """Bytes by digest: of many models, each in memory only while it is loaded."""

    def __init__(self, paths: Mapping[Digest, Path]) -> None:
        self._paths = paths

    def __getitem__(self, digest: Digest) -> bytes:
        return self._paths[digest].read_bytes()

    def __contains__(self, digest: object) -> bool:
        # The mixin's own would read the file.
        return digest in self._paths

    def __iter__(self) -> Iterator[Digest]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)
