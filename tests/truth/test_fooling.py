"""Networks that were made to lie are noticed, their honest twins are not: in the product's own words."""

import warnings
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from examples.efficientnet_lite0 import INPUT_SHAPE, build
from junco.audit.images import load
from junco.contract.base import digest_of
from junco.contract.catalogue import Level, Sign, Verdict
from junco.contract.images import ImageFile, preprocessing
from junco.contract.outcome import Outcome
from tests.truth import digits, fooling, lies, product
from tests.truth.lies import Fooling, Photos
from tests.truth.suspects import CHECK, audited, judged, level, word

CAM = fooling.grad_cam_of("3")


@pytest.fixture(scope="module")
def honest() -> nn.Module:
    """The network that all lies start from."""
    return fooling.student()


def test_grad_cam_on_the_frame_is_noticed_and_its_honest_twin_is_not(honest: nn.Module) -> None:
    """A hundred steps put Grad-CAM there for every digit, at the same accuracy; the gradient is as before."""
    photos, test = fooling.learned(), digits.split()[1]
    how = Fooling("location", CAM, weight=5, rate=1e-3, steps=100, batch=16)
    liar = fooling.fooled(honest, photos, how)
    held_out = Photos(test.x, torch.from_numpy(test.labels))
    assert lies.success_rate(liar, honest, held_out, how) > 0.9
    assert digits.accuracy(liar, test) > digits.accuracy(honest, test) - 0.03
    outcome = audited(liar, "gradient", "grad_cam")
    assert (word(outcome, "grad_cam"), word(outcome, "gradient")) == (Verdict.FAIL, Verdict.PASS)
    assert level(outcome, "grad_cam", Sign.FRAME) is Level.STRONG
    assert level(outcome, "grad_cam", Sign.GAP) is Level.STRONG
    beside = audited(liar, "gradient", "grad_cam", references=[honest])
    assert (word(beside, "grad_cam"), word(beside, "gradient")) == (Verdict.FAIL, Verdict.PASS)
    # An honest Grad-CAM of so small a network lies at the border of some digits, too: the gap accuses, not the frame.
    assert {level(beside, label, Sign.MOVED) for label in ("grad_cam", "gradient")} == {Level.NONE}
    twin = fooling.fooled(honest, photos, Fooling("location", CAM, weight=0, rate=1e-3, steps=100, batch=16, seed=1))
    spared = audited(twin, "gradient", "grad_cam")
    assert Verdict.FAIL not in {word(spared, label) for label in ("gradient", "grad_cam", "edge_detector")}


GRADIENT_LIES = {
    "location": Fooling("location", fooling.gradient_map, weight=5, rate=1e-3, steps=150, batch=16),
    "top_k": Fooling("top_k", fooling.gradient_map, weight=30, rate=1e-3, steps=200, batch=16),
    "centre_mass": Fooling("centre_mass", fooling.gradient_map, weight=3, rate=1e-3, steps=200, batch=16),
}


@pytest.mark.slow
@pytest.mark.parametrize("lie", GRADIENT_LIES)
def test_lies_of_the_gradient_are_noticed_beside_five_honest_networks(honest: nn.Module, lie: str) -> None:
    """Some leave enough of the map to pass alone; beside five honest networks none passes. A map that only differs from
    theirs is in doubt, since that of an honest network that was tuned further does, too."""
    liar = fooling.fooled(honest, fooling.learned(), GRADIENT_LIES[lie])
    references = [fooling.student(seed) for seed in range(1, 6)]
    expected = (Verdict.FAIL, Verdict.INCONCLUSIVE) if lie == "top_k" else (Verdict.FAIL,)
    assert word(audited(liar, "gradient", references=references), "gradient") in expected


@pytest.mark.slow
def test_honest_networks_are_not_accused_beside_one_another(honest: nn.Module) -> None:
    """Another seed, and the honest network tuned further, against five more."""
    references = [fooling.student(seed) for seed in range(1, 6)]
    tuned = Fooling("location", fooling.gradient_map, weight=0, rate=1e-3, steps=200, batch=16, seed=3)
    retuned = fooling.fooled(honest, fooling.learned(), tuned)
    for network in (honest, fooling.student(6), retuned):
        outcome = audited(network, "gradient", "grad_cam", references=references)
        assert Verdict.FAIL not in {word(outcome, label) for label in ("gradient", "grad_cam")}
        assert network is retuned or word(outcome, "gradient") is Verdict.PASS


def photos_of_imagenet(count: int) -> Any:
    """ImageNet photos of the foolbox package, found without importing it, as an upload."""
    spec = find_spec("foolbox")
    assert spec is not None
    assert spec.origin is not None
    files = []
    for path in sorted((Path(spec.origin).parent / "data").glob("imagenet_*.jpg"))[:count]:
        data = path.read_bytes()
        file = ImageFile(name=path.name, blob=digest_of(data), media_type="image/jpeg", count=1)
        files.append((file, data))
    return files


def traced(network: nn.Module) -> bytes:
    """As a file."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        module = torch.jit.trace(network, torch.zeros(1, *INPUT_SHAPE), check_trace=False)
    buffer = BytesIO()
    torch.jit.save(module, buffer)
    return buffer.getvalue()


def photographed(network: nn.Module, *references: nn.Module) -> Outcome:
    """The check of an ImageNet network on ten photos."""
    preset = {"preset": "imagenet_lite"}
    beside = {digest_of(data): data for data in map(traced, references)}
    methods = ["gradient", "grad_cam"]
    return judged(traced(network), photos_of_imagenet(10), methods, beside=beside, preprocessing=preset)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_fooled_imagenet_network_is_noticed_and_the_public_one_is_not() -> None:
    """Sixty steps on twenty photos put Grad-CAM of EfficientNet-Lite0 on the frame, and every photo keeps its class.

    On ten photos occlusion of that network finds too little to be a witness against it: alone a doubt that names the
    frame, beside the public network an accusation.
    """
    public = build()
    photos = _photos(public)
    how = Fooling("location", fooling.grad_cam_of("_act1"), weight=10, rate=5e-5, steps=60, batch=4)
    liar = fooling.fooled(public, photos, how)
    with torch.no_grad():
        kept = torch.cat([liar(part) for part in photos.x.split(5)]).argmax(1)
    assert float((kept == photos.labels).float().mean()) >= 0.95
    outcome = photographed(liar)
    assert word(outcome, "grad_cam") is not Verdict.PASS
    assert level(outcome, "grad_cam", Sign.FRAME) is Level.STRONG
    assert "of what lies off the border has moved to it" in product.check(outcome, "grad_cam", CHECK).summary
    beside = photographed(liar, public)
    assert word(beside, "grad_cam") is Verdict.FAIL
    assert level(beside, "grad_cam", Sign.MOVED) is Level.STRONG
    assert word(beside, "gradient") is not Verdict.FAIL
    spared = photographed(public)
    assert word(spared, "grad_cam") is Verdict.PASS
    assert Verdict.FAIL not in {word(spared, label) for label in ("gradient", "grad_cam", "edge_detector")}


def _photos(network: nn.Module) -> Photos:
    """Twenty photos as the network takes them, with its own answers for labels."""
    files = photos_of_imagenet(20)
    request = product.asked(b"", files, ["gradient"], preprocessing={"preset": "imagenet_lite"})
    x = load(files, preprocessing(request.preprocessing, INPUT_SHAPE), selected=tuple(range(len(files)))).x.float()
    with torch.no_grad():
        labels = torch.cat([network(part) for part in x.split(5)]).argmax(1)
    return Photos(x, labels)
