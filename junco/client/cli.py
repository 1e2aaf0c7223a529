"""The ``junco`` command: one file a group of commands, put together here."""

from importlib.metadata import version as version_of
from typing import Annotated

import typer

from junco.client import check, inspect, listings, run

_HELP = """Validates explanations: runs the literature's sanity checks on saliency methods and returns verdicts.

Exit codes: 0 pass, 1 fail, 2 usage or refused input, 3 inconclusive, 4 service error or time-out."""

app = typer.Typer(name="junco", help=_HELP, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command("check")(check.check)
app.command("inspect")(inspect.inspect)
app.command("serve")(run.serve)
app.command("worker")(run.worker)
app.command("models")(listings.models)
app.command("validations")(listings.validations)
app.command("catalogue")(listings.catalogue)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"junco {version_of('junco')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Validates explanations."""
