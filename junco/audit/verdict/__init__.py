"""Numbers in, verdicts out. Knows no model, no image and no map."""

from junco.audit.verdict.combine import of_method, overall
from junco.audit.verdict.interval import Table, TwoWay, holm, two_way
from junco.audit.verdict.preflight import Change, changed
from junco.audit.verdict.randomization import DECIDING, DepthNumbers, Judgement, MethodNumbers, judge, kappa
from junco.audit.verdict.shift import ShiftJudgement, judge_shift

__all__ = [
    "DECIDING",
    "Change",
    "DepthNumbers",
    "Judgement",
    "MethodNumbers",
    "ShiftJudgement",
    "Table",
    "TwoWay",
    "changed",
    "holm",
    "judge",
    "judge_shift",
    "kappa",
    "of_method",
    "overall",
    "two_way",
]
