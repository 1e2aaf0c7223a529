"""Numbers in, verdicts out. Knows no model, no image and no map."""

from junco.audit.verdict.classes import DECIDING_RIVALS, ClassJudgement, ClassNumbers, judge_classes
from junco.audit.verdict.combine import of_method, overall
from junco.audit.verdict.effect import Effect, Numbers, kappa
from junco.audit.verdict.interval import Table, TwoWay, holm, spread, two_way
from junco.audit.verdict.preflight import Change, changed
from junco.audit.verdict.randomization import DECIDING, Judgement, MethodNumbers, judge
from junco.audit.verdict.shift import ShiftJudgement, judge_shift

__all__ = [
    "DECIDING",
    "DECIDING_RIVALS",
    "Change",
    "ClassJudgement",
    "ClassNumbers",
    "Effect",
    "Judgement",
    "MethodNumbers",
    "Numbers",
    "ShiftJudgement",
    "Table",
    "TwoWay",
    "changed",
    "holm",
    "judge",
    "judge_classes",
    "judge_shift",
    "kappa",
    "of_method",
    "overall",
    "spread",
    "two_way",
]
