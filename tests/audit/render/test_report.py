"""The report answers whether a release may rest on the explanations, and has a place for all that a check found."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest

from junco.audit.render.answer import answer
from junco.audit.render.report import report_html
from junco.contract.catalogue import CheckName, Control, Level, Method, Sign, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun, MethodOutcome, Outcome, Preflight
from junco.contract.resolve import resolve
from junco.contract.statistics import (
    EvidenceStatistics,
    Interval,
    PanelStatistics,
    Sample,
    ShiftStatistics,
    Statistics,
    TamperingStatistics,
)
from tests.storage import samples

P, F, U, N, X = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_RUN, Verdict.INVALID
MPRT, SHIFT, LIES = CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT, CheckName.MODEL_MANIPULATION
REPEAT = CheckName.REPEATABILITY
CHECKS = (MPRT, SHIFT, LIES, REPEAT)


def check(name: CheckName, word: Verdict, said: str = "Said.", **fields: Any) -> CheckOutcome:
    return CheckOutcome(check=name, verdict=word, summary=said, **fields)


def method(label: str, word: Verdict, *checks: CheckOutcome, **fields: Any) -> MethodOutcome:
    given = {"method": Method.GRADIENT, "parameters": {}, "view": "signed", "summary": "Said.", **fields}
    return MethodOutcome(label=label, verdict=word, checks=checks, **given)


def outcome(word: Verdict, *methods: MethodOutcome, **fields: Any) -> Outcome:
    """An outcome of these methods, and an edge detector that failed as it must."""
    plan = resolve(samples.request(checks=list(CHECKS)), samples.report(), samples.images())
    edges = method("edge_detector", F, check(MPRT, F), method=Control.EDGE_DETECTOR, expected=F)
    given = {"verdict": word, "methods": methods, "controls": (edges,), **fields}
    return samples.outcome(plan).model_copy(update=given)


def page(found: Outcome, pictures: Mapping[str, bytes] | None = None) -> str:
    return report_html(found, pictures or {}, {}, captions=dict.fromkeys(pictures or {}, "A caption."))


def read(html: str) -> str:
    """What a person reads of a page: no tags, single spaces."""
    text = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text.replace("<wbr>", ""))).split())


def section(html: str, name: CheckName) -> str:
    return read(html.split(f'<section id="{name.value}">', 1)[1].split("</section>", 1)[0])


def screen(html: str) -> str:
    """The first screen."""
    return read(html.split("Every method under every check")[0])


@pytest.mark.parametrize(
    ("word", "words", "headline"),
    [
        (P, [P, P], "Yes, as far as these checks can tell"),
        (P, [P, N], "Yes, as far as these checks can tell"),
        (F, [F, P, P], "Only on m1, m2"),
        (F, [F, P, P, P, P], "Only on 4 of 5"),
        (F, [F, U], "No: none passed"),
        (U, [P, U], "Only on m0"),
        (U, [X, N], "Not yet: none has passed"),
    ],
)
def test_the_first_words_say_whether_a_release_may_rest_on_it(
    word: Verdict, words: list[Verdict], headline: str
) -> None:
    """Yes, no, or on which methods alone."""
    found = outcome(word, *(method(f"m{i}", w, check(MPRT, w)) for i, w in enumerate(words)))
    assert answer(found).headline == headline
    assert f"May a release rest on these explanations? {headline}" in screen(page(found))


def test_a_long_name_in_the_headline_may_break() -> None:
    """Or it would leave a phone's screen, where it names what a release may rest on."""
    label = "integrated_gradients(baseline=black)"
    html = page(outcome(F, method(label, P, check(MPRT, P)), method("lost", F, check(MPRT, F))))
    headline = re.search(r"<h1>(.*?)</h1>", html)
    assert headline is not None
    assert headline[1] == "Only on integrated_<wbr>gradients(<wbr>baseline=black)"


def test_the_first_screen_gives_each_methods_reason() -> None:
    """Failed before undecided before passed, each under the checks that gave it its word, context left out."""
    found = outcome(
        F,
        method("kept", P, check(MPRT, P), check(SHIFT, P), check(LIES, U), check(REPEAT, F)),
        method("open", U, check(MPRT, U, "open: Neither way."), check(SHIFT, P)),
        method(
            "lost", F, check(MPRT, P), check(SHIFT, F, "lost: It moves.", statistics=None), check(REPEAT, F, "Odd.")
        ),
    )
    said = screen(page(found))
    assert "lost Input shift : It moves." in said
    assert "open Parameter randomization : Neither way." in said
    assert "kept passed Parameter randomization, Input shift; not decided by Model manipulation" in said
    assert "Odd" not in said
    assert said.index("It moves") < said.index("Neither way") < said.index("kept passed")


def test_a_method_without_a_rule_says_so_once() -> None:
    """However many checks it was asked for under."""
    reason = "rollout: Not run: there is no attention."
    found = outcome(U, method("rollout", N, check(MPRT, N, reason), check(SHIFT, N, reason)))
    assert screen(page(found)).count("there is no attention") == 1


def test_what_would_decide_stands_beside_the_doubt() -> None:
    """In the answer where the sentence does not say it, and in a column of its own; none where nothing would."""
    needed = Sample(images=60, draws=10)
    found = outcome(
        U,
        method("told", U, check(MPRT, U, f"told: Open; about {needed} would decide.", needed=needed)),
        method("silent", U, check(MPRT, U, "silent: Open.", needed=needed)),
        method("never", U, check(MPRT, U, "never: Between the bounds.")),
    )
    html = page(found)
    assert screen(html).count("60 images and 10 draws") == 2
    assert "silent Parameter randomization : Open. To decide: about 60 images and 10 draws." in screen(html)
    said = section(html, MPRT)
    assert "What would decide" in said
    assert "silent inconclusive Open. about 60 images and 10 draws" in said
    assert "never inconclusive Between the bounds. not known" in said
    assert "What would decide" not in section(page(outcome(P, method("m", P, check(MPRT, P)))), MPRT)


def lies(**changes: Any) -> Statistics:
    """What model_manipulation found: an offset, nothing of a swap, and how Grad-CAM agrees."""
    empty = {name: None for name, field in TamperingStatistics.model_fields.items() if field.is_required()}
    given = {
        "images": 20, "undefined": 0.0, "frame_area": 0.49, "pairs": 6, "references": 0, "gain": 0.12,
        "evidence": (
            EvidenceStatistics(sign=Sign.OFFSET, level=Level.STRONG, value=Interval(mean=0.21, lower=0.1, upper=0.3)),
            EvidenceStatistics(sign=Sign.SWAP, level=None, value=Interval(mean=None)),
        ),
        "panel": (PanelStatistics(method=Method.GRAD_CAM, agreement=0.5, floor=0.25),),
    }  # fmt: skip
    return TamperingStatistics.model_validate({**empty, **given, **changes})


def test_evidence_panel_and_figures_have_a_place_of_their_own() -> None:
    """Sign by sign with its level and interval, the usual methods beside the witness, each figure with its meaning."""
    said = section(page(outcome(F, method("m", F, check(LIES, F, "m: Suspected.", statistics=lies())))), LIES)
    assert "Sign by sign Method offset swap m strong 0.21 [0.10, 0.30] -" in said
    assert "offset : correlation with the map of centred logits" in said
    assert "m offset strong 0.21 [0.10, 0.30] swap - -" in said
    assert "One sign that a network lies in one method's map" in said
    assert "Method grad_cam m 0.5 | 0.25" in said
    assert "gain Area under insertion less that under deletion, beyond random orders. 0.12" in said


def test_methods_stand_side_by_side_in_the_figures() -> None:
    """One column each, so that they can be compared."""
    shift = {name: ShiftStatistics(difference=d, rho=0.5, images=4) for name, d in (("a", 0.001), ("b", 0.75))}
    found = outcome(P, *(method(n, P, check(SHIFT, P, statistics=s)) for n, s in shift.items()))
    assert "difference Median over images of max|A1 - A2| / max|A1|. 0.001 0.75" in section(page(found), SHIFT)


@pytest.mark.parametrize(
    ("word", "caveats", "said"),
    [
        (F, (), "came out as they should"),
        (P, (), "Doubts about this job: edge_detector came out otherwise than is known beforehand"),
        (F, (Caveat.CONTROL_DISAGREES,), "Doubts about this job: a control was misjudged"),
    ],
)
def test_a_job_whose_controls_were_misjudged_is_doubted(word: Verdict, caveats: tuple[Caveat, ...], said: str) -> None:
    """On the first screen, before anyone relies on it."""
    edges = method("edge_detector", word, check(MPRT, word), method=Control.EDGE_DETECTOR, expected=F)
    found = outcome(P, method("m", P, check(MPRT, P)), controls=(edges,), caveats=caveats)
    assert said in screen(page(found))


def test_a_job_without_the_controls_test_says_so() -> None:
    """Their verdicts are known under parameter_randomization alone."""
    plan = resolve(samples.request(checks=["input_shift"]), samples.report(), samples.images())
    assert "no control was put to its test" in screen(page(samples.outcome(plan)))


def test_what_did_not_hold_beforehand_is_a_doubt_and_said_once() -> None:
    """Whatever number of checks looked at it; what held stands below."""
    lost = Preflight(name="parity", holds=False, detail="off by 0.3")
    kept = Preflight(name="tensors_changed", holds=True, detail="every one")
    runs = tuple(CheckRun(check=name, preflight=(lost, kept)) for name in (MPRT, SHIFT))
    html = page(outcome(X, method("m", X, check(MPRT, X)), checks=runs))
    assert "Doubts about this job: parity did not hold (off by 0.3)" in screen(html)
    assert read(html).count("✗ parity : off by 0.3") == read(html).count("✓ tensors changed : every one") == 1


def test_a_caveat_is_said_once_for_all_methods() -> None:
    """With the methods and checks that it is about."""
    few = [check(MPRT, P, caveats=(Caveat.FEW_CLASSES,)), check(SHIFT, P, caveats=(Caveat.FEW_CLASSES,))]
    said = read(page(outcome(P, method("a", P, *few), method("b", P, *few))))
    assert said.count("The model predicts fewer than five classes") == 1
    assert "Parameter randomization: a, b; Input shift: a, b" in said


def test_a_page_of_controls_alone_judges_them() -> None:
    """As the word over the job does, where nothing else was asked for."""
    assert "edge_detector Parameter randomization" in screen(page(outcome(F)))


def test_the_page_holds_together() -> None:
    """Links lead somewhere on the page, nothing is loaded from elsewhere, names are escaped, and it has a dark side."""
    found = outcome(F, method("<b>m</b>_long(steps=16)", F, check(LIES, F, statistics=lies())))
    html = page(found, {"checks/model_manipulation/strip.png": b"\x89PNG", "strip.png": b"\x89PNG"})
    links = set(re.findall(r'href="([^"]*)"', html))
    assert {"#model_manipulation", "#trust", "#caveats"} <= links
    assert all(link.startswith("#") and f'id="{link[1:]}"' in html for link in links)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', html)
    assert "<script" not in html
    assert "<b>m</b>" not in html
    assert "m&lt;/b&gt;_<wbr>long(<wbr>steps=16)" in html
    assert "prefers-color-scheme: dark" in html
    assert "A caption." in section(html, LIES)
