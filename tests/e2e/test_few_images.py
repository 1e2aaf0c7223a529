"""Too few images are no error: the job succeeds and says that it cannot tell."""

from pathlib import Path

import pytest

from tests.e2e.talk import PLAN, Talk, named

pytestmark = pytest.mark.e2e


@pytest.mark.slow
def test_five_images_are_inconclusive_and_never_a_fail(talk: Talk, model: Path, photos: list[Path]) -> None:
    """Though guided backpropagation fails on twenty; all in one multipart request."""
    plan = '{"methods": ["guided_backprop", "gradient"], "checks": ["parameter_randomization"], "profile": "quick"}'
    files = [*named(photos[:5], "images"), ("model", ("model.pt", model.read_bytes()))]
    answer = talk.post("/v1/validations", files=files, data={"plan": plan}, params={"input_shape": "1x28x28"})
    assert answer.status_code == 202, answer.text
    job = talk.ended(answer.json()["id"])
    assert (job["state"], job["verdict"], job["error"]) == ("succeeded", "inconclusive", None)
    outcome = talk.outcome(job["id"])
    assert {method["verdict"] for method in outcome["methods"]} == {"inconclusive"}
    assert "too_few_images" in outcome["caveats"] or any(
        "too_few_images" in check["caveats"] for method in outcome["methods"] for check in method["checks"]
    )
    assert set(PLAN["methods"]) > {method["label"] for method in outcome["methods"]}
