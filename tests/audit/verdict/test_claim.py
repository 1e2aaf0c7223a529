"""Claims of several methods, decided together."""

import pytest

from junco.audit.verdict.claim import Claim, decided
from junco.contract.catalogue import Verdict
from junco.contract.profile import PROFILES, ProfileName

T = PROFILES[ProfileName.STANDARD].thresholds


def words(*p_values):
    """Decisions of claims with these p values of failing, one a method."""
    found = decided([{"only": Claim(None, p_fail=p)} for p in p_values], T)
    return [claims["only"].decision for claims in found]


def test_a_claim_alone_fails_at_alpha_and_not_above():
    """Without company nothing is corrected."""
    assert words(T.alpha) == [Verdict.FAIL]
    assert words(1.01 * T.alpha) == [Verdict.INCONCLUSIVE]


def test_company_costs_a_claim_its_failing():
    """Holm's first of two is doubled."""
    assert words(0.6 * T.alpha, 1.0) == [Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE]
    assert words(0.4 * T.alpha, 1.0) == [Verdict.FAIL, Verdict.INCONCLUSIVE]


def test_all_claims_of_all_methods_are_one_family():
    """Two methods with two claims each: four, in the order given."""
    found = decided(
        [{"a": Claim(None, p_fail=0.01), "b": Claim(None, p_fail=0.02)}, {"a": Claim(None), "b": Claim(None)}], T
    )
    assert [claim.p_fail_holm for claims in found for claim in claims.values()] == pytest.approx([0.04, 0.06, 1.0, 1.0])


def test_a_claim_passes_by_its_own_p_value():
    """Acquittal is not corrected: every claim of a method has to be acquitted, which needs no correction."""
    (found,) = decided([{"a": Claim(None, p_pass=T.alpha), "b": Claim(None, p_pass=1.01 * T.alpha)}], T)
    assert [claim.decision for claim in found.values()] == [Verdict.PASS, Verdict.INCONCLUSIVE]
