"""The closed lists: complete, consistent with each other, and covered by code."""

import pytest

from junco.audit.explain import REGISTRY
from junco.contract.catalogue import CHECKS, METHODS, CheckName, Control, Method, Verdict, named
from junco.contract.caveats import SENTENCES
from junco.contract.outcome import Caveat

EVERY = (*Method, *Control)


def test_every_name_has_a_card_and_code() -> None:
    """Catalogue, cards and registry hold the same names."""
    assert set(METHODS) == set(EVERY) == set(REGISTRY)
    assert set(CHECKS) == set(CheckName)


@pytest.mark.parametrize("name", EVERY)
def test_a_card_belongs_to_its_name_and_says_something(name: Method | Control) -> None:
    """Title, one-sentence summary, formula, source and cost; defaults are valid parameters."""
    card = METHODS[name]
    assert card.name is name
    assert all((card.title, card.formula, card.source, card.cost))
    assert card.summary.endswith(".")
    assert card.parameters().model_dump() is not None
    assert named(name.value) is name


def test_no_name_is_both_a_method_and_a_control() -> None:
    """A plan's name means one thing."""
    assert not {m.value for m in Method} & {c.value for c in Control}
    with pytest.raises(ValueError):
        named("saliency")


def test_controls_and_only_controls_have_a_known_verdict() -> None:
    """Edges, prior, |x| and another network's gradient fail, noise is invalid, edge x gradient passes."""
    expected = {name: card.expected for name, card in METHODS.items() if card.expected is not None}
    assert expected == {
        Control.EDGE_DETECTOR: Verdict.FAIL, Control.GAUSSIAN_NOISE: Verdict.INVALID, Control.CONSTANT: Verdict.INVALID,
        Control.FIXED_PRIOR: Verdict.FAIL, Control.EDGE_X_GRADIENT: Verdict.PASS,
        Control.RANDOM_WEIGHTS: Verdict.FAIL, Control.INPUT_ONLY: Verdict.FAIL,
    }  # fmt: skip


def test_every_caveat_has_a_sentence() -> None:
    """One each, ending in a full stop, no two alike."""
    assert set(SENTENCES) == set(Caveat)
    assert all(sentence.endswith(".") and len(sentence) > 15 for sentence in SENTENCES.values())
    assert len(set(SENTENCES.values())) == len(SENTENCES)


@pytest.mark.parametrize("check", list(CheckName))
def test_a_check_asks_a_question(check: CheckName) -> None:
    """And names its paper."""
    assert CHECKS[check].name is check
    assert CHECKS[check].question.endswith("?")
    assert "20" in CHECKS[check].source
