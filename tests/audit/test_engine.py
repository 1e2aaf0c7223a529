"""The front doors: what it costs to open them."""

import subprocess
import sys

PROGRAM = """
import sys, junco.audit.engine
sys.exit(" ".join(sorted({"matplotlib", "jinja2", "scipy", "captum", "sklearn"} & set(sys.modules))) or 0)
"""


def test_a_runner_that_inspects_or_computes_does_not_pay_for_judging_and_drawing() -> None:
    """Those libraries are 40 % of the engine's import, and only the last piece of a job needs them."""
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
