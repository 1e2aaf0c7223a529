"""``junco models | validations | catalogue``: thin looks at a server, and at what a plan may name."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated

import typer
from pydantic import BaseModel

from junco.client import show
from junco.client.exits import told
from junco.client.http import Client
from junco.contract.catalogue import CHECKS, METHODS, CheckCard, MethodCard
from junco.contract.conventions import CONVENTIONS
from junco.contract.errors import BadInput
from junco.contract.images import PresetName
from junco.contract.job import Job, JobState
from junco.contract.profile import PROFILES
from junco.contract.resources import CatalogueCheck, CatalogueMethod, DeadLetter, ModelResource, shown

Server = Annotated[str, typer.Option(envvar="JUNCO_URL", help="The server.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines instead of a table.")]
_Card = MethodCard | CheckCard | CatalogueMethod | CatalogueCheck
LOCAL = "http://127.0.0.1:8000"


def models(
    id: Annotated[str | None, typer.Argument(help="One model; all if absent.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the model.")] = False,
    json: AsJson = False,
    url: Server = LOCAL,
) -> None:
    """List a server's models, or look at one."""
    with told(), Client(url) as client:
        _require_id(id, {"--delete": delete})
        if id is not None and delete:
            client.delete_model(id)
            return
        found = client.models() if id is None else iter([client.model(id)])
        if json:
            _lines(found)
        elif id is None:
            columns = ("model", "name", "size", "inspection")
            show.show_table(columns, map(_model_row, found), show.console())
        else:
            _one_model(next(found))


def validations(
    id: Annotated[str | None, typer.Argument(help="One validation; all if absent.")] = None,
    state: Annotated[JobState | None, typer.Option(help="Only those in this state.")] = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="Ask the validation to stop.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the validation and its files.")] = False,
    json: AsJson = False,
    url: Server = LOCAL,
) -> None:
    """List a server's validations, or look at one."""
    with told(), Client(url) as client:
        _require_id(id, {"--cancel": cancel, "--delete": delete})
        if id is not None and delete:
            client.delete(id)
            return
        if id is None:
            found = client.jobs(state=state.value if state else None)
        else:
            found = iter([client.cancel(id) if cancel else client.job(id)])
        if json:
            _lines(found)
        else:
            columns = ("validation", "state", "verdict", "progress", "model", "why")
            show.show_table(columns, map(_job_row, found), show.console())


def dead_letters(
    retry: Annotated[str | None, typer.Option(metavar="ID", help="Have this one's work done again.")] = None,
    json: AsJson = False,
    url: Server = LOCAL,
) -> None:
    """List work that failed for good, or have it done again."""
    with told(), Client(url) as client:
        if retry is not None:
            again = client.retry(retry)
            typer.echo(again.validation or f"inspection of {again.model}")
        elif json:
            _lines(client.dead_letters())
        else:
            columns = ("dead letter", "kind", "attempts", "validation", "why")
            show.show_table(columns, map(_letter_row, client.dead_letters()), show.console())


def catalogue(
    name: Annotated[str | None, typer.Argument(help="One method, control or check; all if absent.")] = None,
    json: AsJson = False,
    url: Annotated[str | None, typer.Option(envvar="JUNCO_URL", help="A server's, if it may differ.")] = None,
) -> None:
    """List the methods, controls, checks, profiles and presets that a plan may name."""
    with told():
        cards: Iterable[_Card] = (*METHODS.values(), *CHECKS.values())
        if url is not None:
            with Client(url) as client:
                found = client.catalogue()
            cards = (*found.methods, *found.controls, *found.checks)
        if name is not None:
            _one_card(name, cards, json=json)
            return
        if json:
            _lines(shown(card) for card in cards)
            return
        rows = [(card.name.value, card.title, card.summary) for card in cards]
        show.show_table(("name", "title", "summary"), rows, show.console())
        typer.echo("profiles: " + ", ".join(PROFILES))
        typer.echo("presets: " + ", ".join(PresetName))
        typer.echo("conventions: " + ", ".join(CONVENTIONS))


def _require_id(id: str | None, asked: Mapping[str, bool]) -> None:
    """Raise ``BadInput`` for a deed without an id, which is never meant for all, and for two deeds at once."""
    deeds = [option for option, given in asked.items() if given]
    if deeds and id is None:
        raise BadInput(f"{deeds[0]} needs to know of what.", expected="an ID", found="none", remedy="Name one.")
    if len(deeds) > 1:
        raise BadInput("One thing at a time.", expected=" or ".join(deeds), found=" and ".join(deeds))


def _one_card(name: str, cards: Iterable[_Card], *, json: bool) -> None:
    every = {card.name.value: card for card in cards}
    if name not in every:
        near = get_close_matches(name, every, n=3, cutoff=0.4)
        raise BadInput(
            f"The catalogue has no {name!r}.",
            expected="a method, control or check",
            found=name,
            remedy=f"Near matches: {', '.join(near)}." if near else "See junco catalogue.",
        )
    card = shown(every[name])
    if json:
        typer.echo(card.model_dump_json())
        return
    show.show_card(card, show.console())


def _lines(found: Iterable[BaseModel]) -> None:
    for item in found:
        typer.echo(item.model_dump_json())


def _model_row(model: ModelResource) -> tuple[str, ...]:
    return model.id, model.name, f"{model.size:,}", model.inspection.value


def _one_model(model: ModelResource) -> None:
    if model.report is not None:
        show.show_report(model.report, show.console())
        return
    show.show_table(("model", "name", "size", "inspection"), [_model_row(model)], show.console())
    if model.problem is not None:
        typer.echo(f"{model.problem.code}: {model.problem.detail}")


def _letter_row(letter: DeadLetter) -> tuple[str, ...]:
    why = f"{letter.problem.code}: {letter.problem.detail}"
    return letter.id, letter.kind.value, str(letter.attempts), letter.validation or "", why


def _job_row(job: Job) -> tuple[str, ...]:
    verdict = job.verdict.value if job.verdict else ""
    why = job.error.detail if job.error else ""
    return job.id, job.state.value, verdict, f"{job.progress.percent:.0f} %", job.request.model[:19], why
