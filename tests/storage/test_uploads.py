"""Uploads that are taken back because the request that brought them was refused."""

import pytest

from junco.contract.errors import NotFound
from junco.storage import Blobs, Records, Upload
from tests.storage.samples import images, request
from tests.storage.steps import inspect


def there(records: Records, model: str) -> tuple[bool, bool]:
    """Whether the sample images and the model are known."""
    found = []
    for look, name in ((records.images, images().id), (records.model, model)):
        try:
            found.append(look(name).id == name)
        except NotFound:
            found.append(False)
    return found[0], found[1]


def take_back(records: Records, blobs: Blobs, model: str) -> None:
    records.take_back(blobs, images=images().id, model=model)


def test_what_nobody_wanted_is_forgotten(records: Records, blobs: Blobs, model: str) -> None:
    """The rows, the model's bytes and its inspection; twice is no error, and it may be uploaded anew."""
    for _ in range(2):
        take_back(records, blobs, model)
        assert there(records, model) == (False, False)
    assert not blobs.exists(model)
    assert records.claim_next("w") is None
    assert records.add_images(images())[1]


@pytest.mark.parametrize("ended", [False, True])
def test_what_a_job_is_about_stays(records: Records, blobs: Blobs, model: str, ended: bool) -> None:
    """Somebody has submitted it meanwhile, whether that has ended or not."""
    inspect(records)
    job = records.submit(request()).id
    if ended:
        records.cancel(job)
    take_back(records, blobs, model)
    assert there(records, model) == (True, True)
    assert blobs.exists(model)


def test_what_was_uploaded_again_stays(records: Records, blobs: Blobs, model: str) -> None:
    """Somebody else was told that it is known."""
    records.add_images(images())
    records.add_model(Upload(model, 5, "model"), blobs)
    take_back(records, blobs, model)
    assert there(records, model) == (True, True)


def test_another_tenants_are_not_touched(records: Records, blobs: Blobs, model: str) -> None:
    """The same bytes, taken back by one and kept by the other."""
    other = records.of("other")
    other.add_images(images())
    other.add_model(Upload(model, 5, "model"), blobs)
    take_back(other, blobs, model)
    assert (there(other, model), there(records, model)) == ((False, False), (True, True))
    assert blobs.exists(model)
