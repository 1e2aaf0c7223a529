"""The ``junco`` command: one file a group of commands, put together here."""

import os
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from junco.client import check, inspect, keys, listings, run
from junco.client.http import API_KEY

_HELP = """Validates explanations: runs the literature's sanity checks on saliency methods and returns verdicts.

Exit codes: 0 pass, 1 fail, 2 usage or refused input, 3 inconclusive, 4 service error or time-out, 130 interrupted."""

app = typer.Typer(name="junco", help=_HELP, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command("check")(check.check)
app.command("inspect")(inspect.inspect)
app.command("serve")(run.serve)
app.command("worker")(run.worker)
app.command("models")(listings.models)
app.command("validations")(listings.validations)
app.command("dead-letters")(listings.dead_letters)
app.command("catalogue")(listings.catalogue)
app.command("migrate")(run.migrate)
app.add_typer(keys.app, name="keys")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"junco {version_of('junco')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
    api_key: Annotated[
        str | None,
        typer.Option("--api-key", envvar=API_KEY, help="The server's key; the variable keeps it off the process list."),
    ] = None,
) -> None:
    """Validates explanations."""
    if api_key is not None:
        os.environ[API_KEY] = api_key
