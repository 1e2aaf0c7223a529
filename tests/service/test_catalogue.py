"""The catalogue says the same over HTTP, in a terminal and in docs/methods.md."""

import io

import pytest
from fastapi.testclient import TestClient
from rich.console import Console

from junco.client.show import show_card
from junco.contract.catalogue import METHODS, Control, Family, Method, Verdict, View
from junco.contract.facts import facts, parameters
from junco.contract.handbook import page
from junco.contract.resources import Catalogue, CatalogueCheck, CatalogueMethod, shown

NAMES = ["gradient", "grad_cam", "lime", "edge_detector", "class_sensitivity", "faithfulness"]


@pytest.fixture
def cards(client: TestClient) -> dict[str, CatalogueMethod | CatalogueCheck]:
    """What a client of the service reads, by name."""
    found = Catalogue.model_validate(client.get("/v1/catalogue").json())
    cards: tuple[CatalogueMethod | CatalogueCheck, ...] = (*found.methods, *found.controls, *found.checks)
    return {card.name.value: card for card in cards}


def unwrapped(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def section(name: str) -> str:
    """What docs/methods.md holds under a name."""
    return unwrapped(page().split(f"### `{name}`\n", 1)[1].split("\n### ", 1)[0].split("\n## ", 1)[0])


def terminal(card: CatalogueMethod | CatalogueCheck) -> str:
    """What ``junco catalogue NAME`` prints."""
    console = Console(file=io.StringIO(), width=2000)
    show_card(card, console)
    return unwrapped(console.file.getvalue())  # type: ignore[attr-defined]  # a StringIO, as made above


@pytest.mark.parametrize("name", NAMES)
def test_page_command_and_service_say_the_same(cards: dict[str, CatalogueMethod | CatalogueCheck], name: str) -> None:
    """Every fact of the service's card, every parameter with its bounds, its default and its meaning."""
    card = cards[name]
    said = [card.title, card.summary, *map(unwrapped, facts(card).values())]
    if isinstance(card, CatalogueMethod):
        known = [unwrapped(word) for p in parameters(card) for word in (p.name, p.allowed, p.default, p.meaning)]
        assert len(known) == 4 * len(METHODS[card.name].parameters.model_fields)
        said += known
    for text in (section(name), terminal(card)):
        assert [part for part in said if part not in text] == []


CHANGES = {
    "family": Family.CONTROL, "title": "Another", "summary": "Another.", "view": View.UNSIGNED, "deterministic": False,
    "formula": "A = 1", "source": "Nobody, 2020", "cost": "1 penny", "gradients": False, "passes": 7,
    "parameters": {}, "blind_spots": "None.", "verdicts": {}, "expected": Verdict.FAIL, "name": Method.VARGRAD,
    "judged_with": {"digits": "beta=1"},
}  # fmt: skip


@pytest.mark.parametrize("field", sorted(CatalogueMethod.model_fields))
def test_no_field_of_a_card_is_left_out(field: str) -> None:
    """A card that differs in one of them reads differently."""
    card = shown(METHODS[Method.GRADIENT]).model_copy(update={"verdicts": {}})
    if field in ("verdicts", "judged_with"):
        card = shown(METHODS[Method.GRADIENT])
    other = card.model_copy(update={field: CHANGES[field]})
    assert terminal(card) != terminal(other)


def test_a_control_tells_what_is_expected_of_it() -> None:
    """And is judged on no reference model: its verdict is known beforehand."""
    told = facts(shown(METHODS[Control.EDGE_DETECTOR]))
    assert told["Expected under parameter_randomization"] == "`fail`"
    assert not any(name.startswith("Judged") for name in told)
