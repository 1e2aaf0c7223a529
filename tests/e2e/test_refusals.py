"""What a service refuses: each with its own problem, and with nothing left behind."""

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import onnx
import pytest
import torch
from PIL import Image

from tests.audit.graph.onnx import zoo
from tests.e2e.conftest import scripted
from tests.e2e.processes import Installation
from tests.e2e.talk import PLAN, SHAPE, Files, Talk, named, stored
from tests.truth.models import small_cnn

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def nothing_left(embedded: Installation) -> Iterator[None]:
    """No row and no file more than before."""
    before = stored(embedded)
    yield
    assert stored(embedded) == before


@pytest.fixture(scope="module")
def known(embedded: Installation, model: Path, photos: list[Path]) -> dict[str, str]:
    """Ids of a good model and good images."""
    with Talk(embedded) as talk:
        return {"model": talk.model(model.read_bytes()).json()["id"], "images": talk.images(photos).json()["id"]}


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem, after a look at its form."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
    assert "Traceback" not in answer.text
    return problem


class Segmenter(torch.nn.Module):
    """A class for every pixel: not a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 4, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


def test_text_is_no_model(talk: Talk) -> None:
    """Refused before it is stored, whatever its name says."""
    problem = refused(talk.model(b"this is not a model\n"), 415, "MODEL_FORMAT_UNSUPPORTED")
    assert problem["found"] == "text"


def test_a_pickle_is_no_model(talk: Talk) -> None:
    """A state dict of old: never loaded."""
    refused(talk.model(b"\x80\x02}q\x00." + bytes(100)), 415, "MODEL_FORMAT_UNSUPPORTED")


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_model_cannot_be_read(talk: Talk, model: Path, share: float) -> None:
    """It begins as a model does; only inspection can tell."""
    data = model.read_bytes()
    problem = refused(talk.model(data[: int(len(data) * share)]), 422, "MODEL_UNREADABLE")
    assert problem["remedy"]


def test_a_zip_that_is_no_model_cannot_be_read(talk: Talk) -> None:
    """A zip of photos, say."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("notes.txt", "hello")
    answer = talk.model(file.getvalue())
    assert answer.json()["code"] in ("MODEL_UNREADABLE", "MODEL_FORMAT_UNSUPPORTED")
    assert answer.status_code in (415, 422)


def test_a_model_that_answers_no_classes_is_refused(talk: Talk) -> None:
    """The problem says what came out."""
    problem = refused(talk.model(scripted(Segmenter())), 422, "MODEL_OUTPUT_SHAPE")
    assert "28, 28]" in problem["found"]


def elsewhere(model: onnx.ModelProto) -> None:
    """Weights in another file."""
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="/etc/passwd")


def circular(model: onnx.ModelProto) -> None:
    """The first node reads the last one."""
    model.graph.node[0].input[0] = model.graph.node[-1].output[0]


def enormous(model: onnx.ModelProto) -> None:
    """A weight of 2^62 numbers."""
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend([1 << 31, 1 << 31])


def foreign(model: onnx.ModelProto) -> None:
    """An operator of somebody's own."""
    model.graph.node[0].domain = "com.example"


def weightless(model: onnx.ModelProto) -> None:
    """The mean colour as a score."""
    image = model.graph.input[0].name
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.append(onnx.helper.make_node("GlobalAveragePool", [image], [model.graph.output[0].name]))


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (elsewhere, 415, "MODEL_FORMAT_UNSUPPORTED"),
        (circular, 422, "MODEL_UNREADABLE"),
        (enormous, 422, "MODEL_UNREADABLE"),
        (foreign, 415, "MODEL_FORMAT_UNSUPPORTED"),
        (weightless, 422, "MODEL_NOT_JUDGEABLE"),
    ],
)
def test_an_onnx_file_that_cannot_be_judged_is_refused_with_its_reason(
    talk: Talk, change: Callable[[onnx.ModelProto], None], status: int, code: str
) -> None:
    """By the inspection that the upload waits for; whoever does not wait finds the same in the resource."""
    proto = onnx.ModelProto.FromString(zoo.as_onnx(small_cnn()))
    change(proto)
    problem = refused(talk.model(proto.SerializeToString(), shape="3x32x32"), status, code)
    assert problem["found"]
    assert problem["remedy"]


def test_a_weight_that_claims_more_than_there_is_does_not_crash_the_runner(talk: Talk, model: Path) -> None:
    """Torch alone would read beyond the end and die."""
    data = io.BytesIO()
    with zipfile.ZipFile(model) as old, zipfile.ZipFile(data, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"" if name.endswith("/data/0") else old.read(name))
    problem = refused(talk.model(data.getvalue()), 422, "MODEL_UNREADABLE")
    assert "claimed to hold" in problem["found"]


def test_a_model_that_does_not_take_the_given_shape_is_refused(talk: Talk, model: Path) -> None:
    """Inspection under a wrong hint, of bytes that are not known yet."""
    data = io.BytesIO(model.read_bytes())
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("digits/extra/note.txt", "other bytes, same model")
    answer = talk.model(data.getvalue(), shape="3x224x224")
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("INPUT_SHAPE_MISMATCH", "MODEL_UNREADABLE")


def png(width: int, height: int) -> bytes:
    """A whole, valid PNG of zeros, one bit a pixel: 900 million pixels are 110 kB."""
    from tests.service.hand import png_header

    row = bytes(1 + (width + 7) // 8)
    packer = zlib.compressobj()
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    ihdr = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    return png_header(width, height)[:8] + b"".join(
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
        for kind, body in ((b"IHDR", ihdr), (b"IDAT", packed), (b"IEND", b""))
    )


def dot() -> bytes:
    """An image of one pixel."""
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("make", "code", "found"),
    [
        (lambda: b"not an image\n", "IMAGE_UNREADABLE", "text"),
        (dot, "IMAGE_TOO_SMALL", "1x1 pixels"),
        (lambda: png(30_000, 30_000), "IMAGE_TOO_LARGE", "30000x30000 pixels"),
    ],
    ids=["text", "one pixel", "bomb"],
)
def test_one_bad_image_refuses_the_set(talk: Talk, photos: list[Path], make: Any, code: str, found: str) -> None:
    """The good ones beside it are not kept either; nor is the model that came in the same request."""
    bad: Files = [("files", ("odd.png", make()))]
    problem = refused(talk.post("/v1/image-sets", files=named(photos) + bad), 422, code)
    assert (problem["found"], "odd.png" in problem["detail"]) == (found, True)
    images: Files = [("images", ("odd.png", make())), ("model", ("model.pt", scripted(Segmenter())))]
    refused(talk.post("/v1/validations", files=images, params={"input_shape": SHAPE}), 422, code)


def test_no_images_are_no_image_set(talk: Talk) -> None:
    """An empty zip, and a form without files."""
    file = io.BytesIO()
    zipfile.ZipFile(file, "w").close()
    refused(talk.post("/v1/image-sets", files=[("files", ("none.zip", file.getvalue()))]), 422, "NO_IMAGES")
    problem = refused(talk.post("/v1/image-sets", files=[("others", ("a.png", dot()))]), 422, "BAD_INPUT")
    assert problem["errors"][0]["pointer"] == "/files"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"methods": ["gradcam"]}, 422, "INVALID_PLAN"),
        ({"methods": [{"method": "grad_cam", "parameters": {"layer": "nowhere"}}]}, 422, "INVALID_PLAN"),
        ({"preprocessing": {"height": 40, "width": 40}}, 422, "INPUT_SHAPE_MISMATCH"),
        ({"preprocessing": {"channels": "RGB"}}, 422, "INPUT_SHAPE_MISMATCH"),
        ({"model": "sha256:" + "0" * 64}, 404, "NOT_FOUND"),
        ({"images": "sha256:" + "0" * 64}, 404, "NOT_FOUND"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_when_it_is_submitted(
    talk: Talk, known: dict[str, str], change: dict[str, Any], status: int, code: str
) -> None:
    """No job is made of it."""
    refused(talk.post("/v1/validations", json={**PLAN, **known, **change}), status, code)


def test_an_error_in_a_plan_is_pointed_at(talk: Talk, known: dict[str, str]) -> None:
    """Every wrong field by a JSON pointer into the request."""
    plan = {"methods": ["gradient", {"method": "smoothgrad", "parameters": {"samples": 0}}], "seed": -1}
    problem = refused(talk.post("/v1/validations", json={**known, **plan}), 422, "INVALID_PLAN")
    assert {error["pointer"] for error in problem["errors"]} == {"/methods/1/parameters/samples", "/seed"}


def test_a_body_that_is_not_json_is_refused(talk: Talk) -> None:
    """Cut off in the middle."""
    headers = {"Content-Type": "application/json"}
    refused(talk.post("/v1/validations", content=json.dumps(PLAN)[:20], headers=headers), 422, "INVALID_PLAN")
