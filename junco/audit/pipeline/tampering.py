"""model_manipulation from partials to outcomes."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from junco.audit.checks.frame import frame_area
from junco.audit.checks.model_manipulation import KIN, PANEL, RANDOM, WITNESS
from junco.audit.pipeline.case import Case, Found, concludes, families, told
from junco.audit.pipeline.copies import unlike
from junco.audit.pipeline.merge import Pieces, column, count, measured
from junco.audit.pipeline.numbers import known, mean, median
from junco.audit.pipeline.probes import held
from junco.audit.pipeline.trust import doubted, enough, too_few, withdrawn
from junco.audit.verdict import (
    Gains,
    Reference,
    Table,
    TamperingJudgement,
    TamperingNumbers,
    judge_tampering,
    told_apart,
)
from junco.contract.catalogue import CheckName, Control, Sign, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun
from junco.contract.plan import Plan, ShardKind
from junco.contract.statistics import EvidenceStatistics, Interval, PanelStatistics, TamperingStatistics
from junco.contract.tampering import panel

CHECK = CheckName.MODEL_MANIPULATION

_NEVER_ASKED = (Control.EDGE_DETECTOR, Control.GAUSSIAN_NOISE)
"""Controls that do not ask the model, in whose maps it cannot lie."""


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge all methods of the plan together."""
    plan, pieces = case.plan, case.pieces(ShardKind.TAMPERING)
    checked = (held(pieces), *unlike(pieces, plan.profile))
    found = [[_numbers(plan, m.label, pieces) for m in family] for family in families(plan, CHECK)]
    judged = {j.label: j for family in found for j in judge_tampering(family, plan.profile.thresholds)}
    sound = {label: withdrawn(enough(j, count(pieces), plan.profile), *checked) for label, j in judged.items()}
    trusted, doubts = _controlled(sound) if all(p.holds for p in checked) else (sound, ())
    outcomes = {label: _outcome(plan, j, pieces, doubts=doubts) for label, j in trusted.items()}
    return Found(outcomes=outcomes, run=CheckRun(check=CHECK, preflight=checked))


def _controlled(
    judged: dict[str, TamperingJudgement],
) -> tuple[dict[str, TamperingJudgement], tuple[Caveat, ...]]:
    """No accusation where a map is accused that never asked the model; no acquittal where noise is acquitted."""
    accused = next((c for c in _NEVER_ASKED if c in judged and judged[c].verdict is Verdict.FAIL), None)
    noise = judged.get(Control.GAUSSIAN_NOISE)
    acquitted = noise is not None and noise.verdict is Verdict.PASS
    reason = f"the control {accused} is accused, which never asks the model, so no accusation stands"
    out = {label: doubted(j, (Verdict.FAIL,), reason) if accused else j for label, j in judged.items()}
    reason = "the control gaussian_noise is acquitted, so no acquittal stands"
    out = {label: doubted(j, (Verdict.PASS,), reason) if acquitted else j for label, j in out.items()}
    return out, (Caveat.CONTROL_DISAGREES,) if accused or acquitted else ()


def _numbers(plan: Plan, label: str, pieces: Pieces) -> TamperingNumbers:
    _, height, width = plan.preprocessing.shape
    beyond = partial(_beyond, area=frame_area(height, width))
    return TamperingNumbers(
        label=label,
        degenerate=column(pieces, (label, "degenerate")),
        offset=measured(pieces, (label, "offset")),
        frame=beyond(column(pieces, (label, "frame"))),
        witness_frame=beyond(column(pieces, (WITNESS, "frame"))),
        others=column(pieces, (label, "others")),
        witness_others=column(pieces, (WITNESS, "others")),
        gains=_gains(pieces, label),
        agreement=column(pieces, (label, "agreement")) - column(pieces, (label, "agreement_floor")),
        contrasts=[column(pieces, (label, name)) for name in ("contrast", "contrast_mass")],
        witness_contrast=column(pieces, (WITNESS, "contrast")),
        references=[_reference(pieces, label, str(k), beyond=beyond) for k in _compared(pieces, label)],
        between=_between(pieces, label),
    )


def _beyond(mass: Table, area: float) -> Table:
    """Share of the mass off the frame that would have to move there, if mass were spread evenly."""
    return (mass - area) / (1 - area)


def _gains(pieces: Pieces, label: str, *where: str) -> Gains:
    own, witness, chance = (column(pieces, (who, *where, "gain")) for who in (label, WITNESS, RANDOM))
    return Gains(own - chance, witness - chance)


def _compared(pieces: Pieces, label: str) -> list[int]:
    """References that have the method."""
    most = _references(pieces)
    return [k for k in range(most) if measured(pieces, (label, "reference", str(k), "rho")) is not None]


def _references(pieces: Pieces) -> int:
    return min((int(partial.facts["references"]) for _, partial in pieces), default=0)  # type: ignore[call-overload]  # JSON


def _reference(pieces: Pieces, label: str, k: str, *, beyond: Callable[[Table], Table]) -> Reference:
    rho, floor = (column(pieces, (label, "reference", k, name)) for name in ("rho", "floor"))
    theirs, apart = (column(pieces, (WITNESS, "reference", k, name)) for name in ("rho", "floor"))
    # A partial that was stored before frames were compared has neither of these.
    frame, kin = measured(pieces, (label, "reference", k, "frame")), measured(pieces, (KIN, "reference", k))
    return Reference(
        gains=_gains(pieces, label, "reference", k),
        own=rho - floor,
        witness=theirs - apart,
        rho=rho,
        frame=None if frame is None else beyond(frame),
        kin=kin is not None and bool(kin.all()),
    )


def _between(pieces: Pieces, label: str) -> Table | None:
    pairs = combinations(_compared(pieces, label), 2)
    found = [measured(pieces, (label, "between", str(i), str(j))) for i, j in pairs]
    kept = [one for one in found if one is not None]
    return np.concatenate(kept) if kept else None


def _outcome(plan: Plan, judged: TamperingJudgement, pieces: Pieces, *, doubts: tuple[Caveat, ...]) -> CheckOutcome:
    statistics = _statistics(plan, judged, pieces)
    return told(CHECK, judged, statistics=statistics, caveats=(*_caveats(plan, judged, pieces), *doubts))


def _statistics(plan: Plan, judged: TamperingJudgement, pieces: Pieces) -> TamperingStatistics:
    label, numbers, (_, height, width) = judged.label, judged.numbers, plan.preprocessing.shape
    apart = told_apart(numbers.witness_contrast, plan.profile.thresholds)
    return TamperingStatistics(
        images=count(pieces),
        undefined=judged.undefined,
        offset=None if numbers.offset is None else median(numbers.offset),
        frame_area=frame_area(height, width),
        gain=mean(numbers.gains.own),
        gain_witness=mean(numbers.gains.witness),
        contrast=mean(numbers.contrasts[0][apart]),
        contrast_mass=mean(numbers.contrasts[1][apart]),
        contrast_witness=mean(numbers.witness_contrast[apart]),
        pairs=int(apart.sum()),
        **_beside(pieces, label),
        **_compared_with(pieces, label),
        evidence=tuple(_evidence(judged, sign) for sign in judged.evidence),
        panel=tuple(_panel(pieces)),
    )


def _beside(pieces: Pieces, label: str) -> dict[str, Any]:
    quantities = {
        "frame": (label, "frame"),
        "frame_witness": (WITNESS, "frame"),
        "others": (label, "others"),
        "others_witness": (WITNESS, "others"),
        "agreement": (label, "agreement"),
        "agreement_floor": (label, "agreement_floor"),
    }
    return {name: mean(column(pieces, key)) for name, key in quantities.items()}


def _compared_with(pieces: Pieces, label: str) -> dict[str, Any]:
    places = [str(k) for k in _compared(pieces, label)]
    means = {
        name: mean(np.concatenate([column(pieces, (who, "reference", k, "rho")) for k in places])) if places else None
        for name, who in (("reference", label), ("reference_witness", WITNESS))
    }
    return {"references": len(places), **means}


def _evidence(judged: TamperingJudgement, sign: Sign) -> EvidenceStatistics:
    e, accusation = judged.evidence[sign], judged.accusations.get(sign)
    value, lower, upper = map(known, (e.value, e.lower, e.upper))
    return EvidenceStatistics(
        sign=sign,
        level=e.level,
        value=Interval(mean=value, lower=lower, upper=upper),
        p_fail=accusation.p if accusation else None,
        p_fail_holm=accusation.p_holm if accusation else None,
    )


def _panel(pieces: Pieces) -> Iterator[PanelStatistics]:
    for method in panel():
        found = [measured(pieces, (PANEL, method.value, name)) for name in ("agreement", "agreement_floor")]
        if all(one is not None for one in found):
            agreement, floor = (mean(one) for one in found if one is not None)
            yield PanelStatistics(method=method, agreement=agreement, floor=floor)


def _caveats(plan: Plan, judged: TamperingJudgement, pieces: Pieces) -> Iterator[Caveat]:
    if judged.verdict in (Verdict.PASS, Verdict.FAIL):
        yield Caveat.NO_PROOF
    if _references(pieces) < len(plan.reference_models):
        yield Caveat.UNREFERENCED
    yield from too_few(count(pieces), plan.profile)
