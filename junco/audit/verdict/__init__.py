"""Numbers in, verdicts out. Knows no model, no image and no map."""

from junco.audit.verdict.claim import Claim
from junco.audit.verdict.classes import ACCUSING_RIVAL, DECIDING_RIVALS, ClassJudgement, ClassNumbers, judge_classes
from junco.audit.verdict.combine import of_method, overall
from junco.audit.verdict.effect import Effect, Numbers, kappa
from junco.audit.verdict.evidence import Evidence, told_apart
from junco.audit.verdict.faithfulness import Against, FaithJudgement, FaithNumbers, judge_faithfulness
from junco.audit.verdict.fragility import AimNumbers, FragilityJudgement, judge_fragility
from junco.audit.verdict.interval import Table, TwoWay, holm, one_way, spread, two_way
from junco.audit.verdict.labels import LabelJudgement, LabelNumbers, judge_labels
from junco.audit.verdict.manipulation import ManipulationJudgement, judge_manipulation, manipulated
from junco.audit.verdict.preflight import Change, changed
from junco.audit.verdict.randomization import DECIDING, Judgement, MethodNumbers, judge
from junco.audit.verdict.ratio import Ratio
from junco.audit.verdict.references import Gains, Reference
from junco.audit.verdict.repeatability import RepeatJudgement, RepeatNumbers, judge_repeatability
from junco.audit.verdict.share import Share, chance, share
from junco.audit.verdict.shift import ShiftJudgement, decisive, judge_shift
from junco.audit.verdict.signs import TamperingNumbers
from junco.audit.verdict.tampering import TamperingJudgement, judge_tampering
from junco.audit.verdict.word import Judged

__all__ = [
    "ACCUSING_RIVAL",
    "DECIDING",
    "DECIDING_RIVALS",
    "Against",
    "AimNumbers",
    "Change",
    "Claim",
    "ClassJudgement",
    "ClassNumbers",
    "Effect",
    "Evidence",
    "FaithJudgement",
    "FaithNumbers",
    "FragilityJudgement",
    "Gains",
    "Judged",
    "Judgement",
    "LabelJudgement",
    "LabelNumbers",
    "ManipulationJudgement",
    "MethodNumbers",
    "Numbers",
    "Ratio",
    "Reference",
    "RepeatJudgement",
    "RepeatNumbers",
    "Share",
    "ShiftJudgement",
    "Table",
    "TamperingJudgement",
    "TamperingNumbers",
    "TwoWay",
    "chance",
    "changed",
    "decisive",
    "holm",
    "judge",
    "judge_classes",
    "judge_faithfulness",
    "judge_fragility",
    "judge_labels",
    "judge_manipulation",
    "judge_repeatability",
    "judge_shift",
    "judge_tampering",
    "kappa",
    "manipulated",
    "of_method",
    "one_way",
    "overall",
    "share",
    "spread",
    "told_apart",
    "two_way",
]
