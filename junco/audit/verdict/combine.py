"""From checks to a method's word, from methods to the overall word."""

from collections.abc import Mapping, Sequence

from junco.contract.catalogue import CheckName, Verdict


def of_method(checks: Mapping[CheckName, Verdict], required: Sequence[CheckName]) -> Verdict:
    """Any fail fails; a required check in doubt leaves the method in doubt; something must have passed."""
    if Verdict.FAIL in checks.values():
        return Verdict.FAIL
    needed = [verdict for check, verdict in checks.items() if check in required]
    # Doubt of a check that is not required counts where nothing passed.
    for found in (needed, [] if Verdict.PASS in checks.values() else list(checks.values())):
        for doubt in (Verdict.INVALID, Verdict.INCONCLUSIVE):
            if doubt in found:
                return doubt
    return Verdict.PASS if Verdict.PASS in checks.values() else Verdict.NOT_RUN


def overall(methods: Sequence[Verdict]) -> Verdict:
    """Any fail is fail; else any doubt is inconclusive; nothing passed is inconclusive too."""
    if Verdict.FAIL in methods:
        return Verdict.FAIL
    if Verdict.INVALID in methods or Verdict.INCONCLUSIVE in methods or Verdict.PASS not in methods:
        return Verdict.INCONCLUSIVE
    return Verdict.PASS
