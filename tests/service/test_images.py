import io

import numpy as np
import pytest
from fastapi.testclient import TestClient

from service.settings import ServiceSettings
from tests.service.hand import archive, arrays, picture, png_header
from tests.service.test_models import bytes_left


def send(client: TestClient, *files: tuple[str, bytes], **fields: str):
    return client.post("/v1/image-sets", files=[("files", file) for file in files], data=fields)


@pytest.mark.parametrize(("form", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_the_size_is_read_from_the_header(client: TestClient, form: str, media_type: str) -> None:
    """Width and height are right for each format, without decoding."""
    answer = send(client, ("a", picture((48, 17), form)))
    assert answer.status_code == 201
    file = answer.json()["files"][0]
    assert (file["media_type"], file["width"], file["height"]) == (media_type, 48, 17)


def test_a_lossless_and_an_extended_webp_are_read(client: TestClient) -> None:
    """VP8L and VP8X keep their sizes elsewhere."""
    from PIL import Image

    files = []
    for mode, options in (("RGB", {"lossless": True}), ("RGBA", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"})):
        file = io.BytesIO()
        Image.new(mode, (21, 43), 3).save(file, "WEBP", **options)
        files.append((mode, file.getvalue()))
    found = send(client, *files).json()["files"]
    assert [(file["width"], file["height"]) for file in found] == [(21, 43)] * 2


def test_names_carry_labels(client: TestClient) -> None:
    """A trailing _NNN of the stem, or an integer folder inside a zip, is the label."""
    zipped = archive({"7/a.png": picture(shade=1), "dogs/b_12.png": picture(shade=2), "c.png": picture(shade=3)})
    files = send(client, ("0001_42.png", picture()), ("set.zip", zipped)).json()["files"]
    assert [file["label"] for file in files] == [42, 7, 12, None]
    assert [file["name"] for file in files] == ["0001_42.png", "7/a.png", "dogs/b_12.png", "c.png"]


def test_labels_of_the_form_win(client: TestClient) -> None:
    """A JSON list, one an image."""
    files = send(client, ("a_5.png", picture()), ("b.png", picture(shade=1)), labels="[1, 0]").json()["files"]
    assert [file["label"] for file in files] == [1, 0]


@pytest.mark.parametrize("labels", ["[1]", "[1, -1]", "[1, 0.5]", "{}", "[", '["a", "b"]'])
def test_labels_that_do_not_fit_are_refused(client: TestClient, labels: str) -> None:
    """422 for a wrong count, type or range, or no JSON at all."""
    answer = send(client, ("a.png", picture()), ("b.png", picture(shade=1)), labels=labels)
    assert (answer.status_code, answer.json()["code"]) == (422, "BAD_INPUT")


@pytest.mark.parametrize("shape", [(5, 16, 24, 3), (5, 16, 24), (5, 16, 24, 1), (5, 3, 16, 24)])
def test_an_npz_holds_many_images(client: TestClient, shape: tuple[int, ...]) -> None:
    """The count and the sizes come from the array's header, in either layout."""
    data = arrays(images=np.zeros(shape, np.uint8), labels=np.arange(5))
    answer = send(client, ("set.npz", data)).json()
    file = answer["files"][0]
    assert (answer["count"], file["count"], file["height"], file["width"]) == (5, 5, 16, 24)
    assert file["media_type"] == "application/x-npz"


@pytest.mark.parametrize(
    "named",
    [
        {"pixels": np.zeros((2, 16, 16, 3), np.uint8)},
        {"images": np.zeros((2, 16, 16, 5), np.uint8)},
        {"images": np.zeros(9, np.uint8)},
        {"images": np.array([{"a": 1}], dtype=object)},
        {"images": np.zeros((2, 16, 16, 3), np.uint8), "labels": np.arange(3)},
        {"images": np.zeros((2, 16, 16, 3), np.uint8), "labels": np.array([0.5, 1])},
    ],
)
def test_an_npz_of_another_shape_is_refused(client: TestClient, named: dict[str, np.ndarray]) -> None:
    """No array called images, odd shapes, pickled objects, labels that do not fit: 422 before anything is read."""
    answer = send(client, ("set.npz", arrays(**named)))
    assert (answer.status_code, answer.json()["code"]) == (422, "IMAGE_UNREADABLE")


@pytest.mark.parametrize(
    ("name", "data", "code", "found"),
    [
        ("cat.png", b"this is text\n", "IMAGE_UNREADABLE", "text"),
        ("cat.png", b"", "IMAGE_UNREADABLE", "an empty file"),
        ("cat.png", picture()[:20], "IMAGE_UNREADABLE", "another kind of file, or a damaged one"),
        ("cat.jpg", picture(form="JPEG")[:8], "IMAGE_UNREADABLE", "another kind of file, or a damaged one"),
        ("cat.bmp", picture(form="BMP"), "IMAGE_UNREADABLE", "another kind of file, or a damaged one"),
        ("dot.png", picture((5, 40)), "IMAGE_TOO_SMALL", "5x40 pixels"),
        ("bomb.png", png_header(30_000, 30_000), "IMAGE_TOO_LARGE", "30000x30000 pixels"),
        ("none.zip", archive({}), "NO_IMAGES", "none"),
        ("none.npz", arrays(x=np.zeros((0, 16, 16, 3), np.uint8)), "NO_IMAGES", "0"),
        ("half.zip", archive({"a.png": picture()})[:-30], "IMAGE_UNREADABLE", None),
        ("odd.zip", archive({"../../a.png": picture()}), "IMAGE_UNREADABLE", "../../a.png"),
        ("odd.zip", archive({"notes.txt": b"hello"}), "IMAGE_UNREADABLE", "text"),
    ],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_stored(
    client: TestClient, settings: ServiceSettings, name: str, data: bytes, code: str, found: str | None
) -> None:
    """One bad file refuses the set, with a word on what it is; the good file beside it is not stored either."""
    answer = send(client, ("good.png", picture()), (name, data)) if code != "NO_IMAGES" else send(client, (name, data))
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == code
    assert found is None or problem["found"] == found
    assert bytes_left(settings) == []


def test_a_zip_that_unpacks_to_too_much_is_refused(client: TestClient) -> None:
    """The sum of unpacked sizes is limited, however small the archive."""
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.png", b"\0" * 1_000_000)
    assert len(file.getvalue()) < 5_000
    answer = send(client, ("a.zip", file.getvalue()))
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_a_damaged_entry_is_found_by_its_checksum(client: TestClient, settings: ServiceSettings) -> None:
    """A flipped bit inside a stored zip entry refuses the set."""
    data = picture(shade=9)
    zipped = bytearray(archive({"a.png": data}))
    zipped[zipped.index(data) + len(data) - 5] ^= 1
    assert send(client, ("a.zip", bytes(zipped))).json()["code"] == "IMAGE_UNREADABLE"
    assert bytes_left(settings) == []


def test_a_body_over_the_limit_is_refused(client: TestClient) -> None:
    """413 before the form is parsed."""
    assert send(client, ("a.png", b"\0" * 400_000)).status_code == 413


def test_a_body_that_is_no_form_is_refused(client: TestClient) -> None:
    """415 for JSON; 422 for a form without files."""
    assert client.post("/v1/image-sets", json={}).status_code == 415
    answer = client.post("/v1/image-sets", files={"other": ("a.png", picture())})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/files")


def test_the_same_images_are_the_same_set(client: TestClient, images: str) -> None:
    """The id is the digest of the list: 200 the second time; and it can be looked up."""
    files = [("files", (f"{i:02d}_{i % 3}.png", picture(shade=i))) for i in range(12)]
    again = client.post("/v1/image-sets", files=files)
    assert (again.status_code, again.json()["id"]) == (200, images)
    assert again.headers["location"] == f"/v1/image-sets/{images}"
    shown = client.get(f"/v1/image-sets/{images}").json()
    assert (shown["count"], shown["id"]) == (12, images)


def test_an_unknown_set_is_not_found(client: TestClient) -> None:
    """404 as a problem."""
    answer = client.get(f"/v1/image-sets/sha256:{'0' * 64}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_many_archives_share_one_limit(client: TestClient, settings: ServiceSettings) -> None:
    """Each would do alone; together they unpack to too much, and nothing is stored."""
    import zipfile

    def packed(shade: int) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("a.png", picture(shade=shade) + b"\0" * 120_000)
        return file.getvalue()

    assert send(client, ("0.zip", packed(0))).status_code == 201
    stored = bytes_left(settings)
    answer = send(client, *((f"{i}.zip", packed(i)) for i in range(1, 4)))
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert bytes_left(settings) == stored
