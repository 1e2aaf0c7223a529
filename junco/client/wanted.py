"""Files that a person asked for: whether they can be written, before any work, and their writing after it."""

import os
from dataclasses import dataclass
from pathlib import Path

import typer

from junco.client.streams import heard
from junco.contract.errors import BadInput
from junco.contract.junit import to_junit
from junco.contract.outcome import Outcome

REPORT = "report.html"
STDOUT = "-"


@dataclass(frozen=True)
class Wanted:
    """A folder for all, and single files; ``-`` is standard output."""

    out: Path
    json: str | None = None
    junit: str | None = None
    html: str | None = None

    @property
    def takes_stdout(self) -> bool:
        """Whether a machine reads standard output, so that people are served on standard error."""
        return STDOUT in self._named().values()

    def require(self) -> None:
        """Raise ``BadInput`` for what cannot be written, as far as that can be told beforehand."""
        named = self._named()
        if len(on_stdout := [option for option, to in named.items() if to == STDOUT]) > 1:
            said = " and ".join(f"{option} -" for option in on_stdout)
            raise BadInput("Standard output takes one document.", expected="one - at most", found=said)
        require_folder("--out", self.out)
        for option, to in named.items():
            if to != STDOUT:
                require_file(option, Path(to))

    def written(self, outcome: Outcome) -> list[Path]:
        """Write what was asked for beside the folder; what there is to tell people of."""
        paths = [self.out / REPORT] if (self.out / REPORT).exists() else [self.out]
        if self.json:
            paths += write(self.json, outcome.model_dump_json(indent=2) + "\n")
        if self.junit:
            paths += write(self.junit, to_junit(outcome))
        if self.html:
            paths += write(self.html, (self.out / REPORT).read_text())
        return paths

    def _named(self) -> dict[str, str]:
        given = {"--json": self.json, "--junit": self.junit, "--html": self.html}
        return {option: to for option, to in given.items() if to}


def require_folder(option: str, path: Path) -> None:
    """Raise ``BadInput`` unless this folder can be written, or made."""
    if path.exists() and not path.is_dir():
        raise BadInput(f"{path} is not a folder.", expected=f"a folder for {option}", found="a file")
    nearest = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    if not nearest.is_dir():
        raise BadInput(f"{path} cannot be made.", expected=f"a folder for {option}", found=f"{nearest} is a file")
    if not os.access(nearest, os.W_OK | os.X_OK):
        remedy = "Name another place, or have this one opened to you."
        raise BadInput(f"{nearest} cannot be written.", expected=f"a folder for {option}", remedy=remedy)


def require_file(option: str, path: Path) -> None:
    """Raise ``BadInput`` unless this file can be written."""
    if path.is_dir():
        raise BadInput(f"{path} is a folder.", expected=f"a file for {option}", found="a folder")
    if path.exists() and not os.access(path, os.W_OK):
        raise BadInput(f"{path} cannot be written.", expected=f"a file for {option}", remedy="Name another file.")
    if not path.exists():
        require_folder(option, path.parent)


def write(to: str, text: str) -> list[Path]:
    """Write a file and tell its path; or standard output, for as long as somebody reads it."""
    if to == STDOUT:
        with heard():
            typer.echo(text, nl=False)
        return []
    Path(to).parent.mkdir(parents=True, exist_ok=True)
    Path(to).write_text(text)
    return [Path(to)]
