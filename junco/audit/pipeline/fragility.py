"""fragility from partials to outcomes."""

from collections.abc import Iterator, Mapping
from typing import Any

from junco.audit.checks.aims import top_count
from junco.audit.checks.fragility import EPSILON
from junco.audit.pipeline.attacks import not_attacked
from junco.audit.pipeline.case import Case, Found, concludes, told
from junco.audit.pipeline.copies import unlike
from junco.audit.pipeline.merge import Pieces, column, columns, count
from junco.audit.pipeline.numbers import interval, median
from junco.audit.pipeline.probes import held
from junco.audit.pipeline.trust import too_few, withdrawn
from junco.audit.verdict import AimNumbers, Claim, FragilityJudgement, judge_fragility
from junco.contract.attacking import attackable
from junco.contract.catalogue import Aim, CheckName, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun
from junco.contract.plan import Plan, ShardKind
from junco.contract.statistics import AimStatistics, FragilityStatistics

CHECK = CheckName.FRAGILITY


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge all attacked methods together."""
    pieces, plan = case.pieces(ShardKind.FRAGILITY), case.plan
    outcomes = not_attacked(case, CHECK, ShardKind.FRAGILITY)
    checked = (held(pieces), *unlike(pieces, plan.profile)) if pieces else ()
    labels = [m.label for m in attackable(plan, CHECK) if m.label not in outcomes]
    numbers = {label: _numbers(pieces, label) for label in labels}
    judged = judge_fragility(numbers, plan.profile.thresholds, least=plan.profile.images_minimum)
    outcomes |= {j.label: _outcome(plan, withdrawn(j, *checked), pieces) for j in judged}
    return Found(outcomes=outcomes, run=CheckRun(check=CHECK, preflight=checked))


def _numbers(pieces: Pieces, label: str) -> Mapping[Aim, AimNumbers]:
    return {
        aim: AimNumbers(
            attack=column(pieces, (label, aim.value, "attack", "overlap")),
            noise=column(pieces, (label, aim.value, "noise", "overlap")),
        )
        for aim in Aim
    }


def _outcome(plan: Plan, judged: FragilityJudgement, pieces: Pieces) -> CheckOutcome:
    _, height, width = plan.preprocessing.shape
    return told(
        CHECK,
        judged,
        statistics=FragilityStatistics(
            images=count(pieces) - judged.undefined,
            undefined=judged.undefined,
            steps=plan.profile.fragility_steps,
            epsilon=EPSILON,
            top=top_count(height * width),
            aims=tuple(_statistics(pieces, judged.label, aim, loss) for aim, loss in judged.aims.items()),
        ),
        caveats=_caveats(plan, judged),
    )


def _statistics(pieces: Pieces, label: str, aim: Aim, loss: Claim) -> AimStatistics:
    attack, noise = (columns(pieces, label, aim.value, arm) for arm in ("attack", "noise"))
    figures: dict[str, Any] = {name: median(attack[name]) for name in _QUANTITIES}
    figures |= {f"{name}_noise": median(noise[name]) for name in _QUANTITIES}
    return AimStatistics(
        aim=aim,
        score=interval(loss.mean),
        **figures,
        p_fail=loss.p_fail if loss.mean else None,
        p_fail_holm=loss.p_fail_holm if loss.mean else None,
        p_pass=loss.p_pass if loss.mean else None,
        decision=loss.decision,
    )


_QUANTITIES = ("overlap", "rho", "displacement", "region")


def _caveats(plan: Plan, judged: FragilityJudgement) -> Iterator[Caveat]:
    if judged.verdict is Verdict.PASS:
        yield Caveat.ONE_ATTACK
    yield from too_few(min(plan.profile.fragility_images, len(plan.selected)), plan.profile)
