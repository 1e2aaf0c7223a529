"""``junco keys create | list | revoke | rotate``: a server's API keys, for its administrators."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError

from junco.client import show
from junco.client.exits import told
from junco.client.http import Client
from junco.client.listings import LOCAL, AsJson, Server
from junco.contract.access import DEFAULT_TENANT, KeyRequest, KeyResource, NewKey, RotationRequest, Scope
from junco.contract.errors import BadInput

app = typer.Typer(help="A server's API keys, for its administrators.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(help="The key's id, as the list shows it.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    tenant: Annotated[str, typer.Option(help="Whose models and validations it sees.")] = DEFAULT_TENANT,
    scope: Annotated[Scope, typer.Option(help="What it may do.")] = Scope.SUBMIT,
    days: Annotated[int | None, typer.Option(min=1, max=3660, help="How long it lives; absent: for ever.")] = None,
    json: AsJson = False,
    url: Server = LOCAL,
) -> None:
    """Create a key, and print it: nobody can show it again."""
    with told():
        try:
            seconds = None if days is None else days * 86400
            asked = KeyRequest(name=name, tenant=tenant, scope=scope, expires_in_seconds=seconds)
        except ValidationError as error:
            found = error.errors()[0]
            raise BadInput(f"The {found['loc'][0]} is not valid: {found['msg']}", found=str(found["input"])) from error
        with Client(url) as client:
            _told(client.create_key(asked), json=json)


@app.command("list")
def listed(json: AsJson = False, url: Server = LOCAL) -> None:
    """List every tenant's keys, newest first."""
    with told(), Client(url) as client:
        keys = client.keys().keys
        if json:
            for key in keys:
                typer.echo(key.model_dump_json())
        else:
            show.show_table(("key", "name", "tenant", "scope", "state", "expires"), map(_row, keys), show.console())


@app.command("revoke")
def revoke(id: KeyId, url: Server = LOCAL) -> None:
    """End a key now."""
    with told(), Client(url) as client:
        client.revoke_key(id)


@app.command("rotate")
def rotate(
    id: KeyId,
    overlap_hours: Annotated[float, typer.Option(min=0, max=8760, help="How long the old key still works.")] = 24.0,
    json: AsJson = False,
    url: Server = LOCAL,
) -> None:
    """Create a key like an old one, which ends after the overlap; print the new one."""
    with told(), Client(url) as client:
        _told(client.rotate_key(id, RotationRequest(overlap_seconds=round(overlap_hours * 3600))), json=json)


def _told(made: NewKey, *, json: bool) -> None:
    # The key alone on standard output, so that it can be piped into a secret store.
    typer.echo(made.model_dump_json() if json else made.key)


def _row(key: KeyResource) -> tuple[str, ...]:
    expires = "" if key.expire_time is None else key.expire_time.strftime("%Y-%m-%d %H:%M")
    return key.id, key.name, key.tenant, key.scope.value, _state(key), expires


def _state(key: KeyResource) -> str:
    if key.revoke_time is not None:
        return "revoked"
    return "expired" if key.expire_time is not None and key.expire_time < datetime.now(UTC) else "good"
