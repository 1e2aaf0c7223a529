"""IMAGES arguments, in every form that people give them."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from junco.client.images import gathered, image_set
from junco.contract.errors import BadInput, ImageTooLarge, ImageTooSmall, ImageUnreadable, NoImages
from tests.service.hand import png_header


def files_of(*paths, labels=None):
    with gathered(paths, labels) as pictures:
        return image_set(pictures).files


def test_a_folder_gives_its_images_in_order_with_labels_from_subfolders(photos):
    files = files_of(photos)
    assert len(files) == 12
    assert [file.label for file in files] == [0] * 6 + [1] * 6
    assert files[0].name.endswith("/0/00.png")


def test_a_folder_that_is_a_label_labels_its_files(photos):
    assert {file.label for file in files_of(photos / "1")} == {1}


def test_a_zip_means_what_its_folder_means(photos, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", photos)
    zipped, loose = files_of(Path(archive)), files_of(photos)
    assert sorted((f.blob, f.label) for f in zipped) == sorted((f.blob, f.label) for f in loose)


def test_a_zip_whose_entry_climbs_out_is_refused(photos, tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(photos / "0" / "00.png", "../../escaped.png")
    with pytest.raises(ImageUnreadable, match="cannot be read") as caught:
        files_of(path)
    assert caught.value.found == "../../escaped.png"


def test_an_npz_counts_its_images(tmp_path):
    np.savez(tmp_path / "set.npz", images=np.zeros((7, 8, 8, 3), np.uint8), labels=np.arange(7))
    (file,) = files_of(tmp_path / "set.npz")
    assert (file.count, file.media_type, file.label) == (7, "application/x-npz", None)


def test_an_npz_without_images_is_refused(tmp_path):
    np.savez(tmp_path / "set.npz", other=np.zeros(3))
    with pytest.raises(ImageUnreadable, match=r"set\.npz"):
        files_of(tmp_path / "set.npz")


def test_a_text_file_called_png_is_refused_by_name(tmp_path):
    (tmp_path / "note.png").write_text("hello")
    with pytest.raises(ImageUnreadable, match=r"note\.png") as caught:
        files_of(tmp_path / "note.png")
    assert caught.value.found == "text"


@pytest.mark.parametrize(
    ("size", "error", "found"),
    [((5, 40), ImageTooSmall, "5x40 pixels"), ((30_000, 30_000), ImageTooLarge, "30000x30000 pixels")],
)
def test_sizes_that_the_service_refuses_are_refused_here(tmp_path, size, error, found):
    (tmp_path / "odd.png").write_bytes(png_header(*size))
    with pytest.raises(error, match=r"odd\.png") as caught:
        files_of(tmp_path / "odd.png")
    assert caught.value.found == found


def test_an_archive_is_what_it_holds_whatever_it_is_called(photos, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", photos)
    Path(archive).rename(tmp_path / "photos.npz")
    np.savez(tmp_path / "arrays.npz", x=np.zeros((3, 8, 8, 3), np.uint8))
    (tmp_path / "arrays.npz").rename(tmp_path / "arrays.zip")
    assert len(files_of(tmp_path / "photos.npz")) == 12
    assert [file.count for file in files_of(tmp_path / "arrays.zip")] == [3]


def test_a_damaged_zip_is_refused(photos, tmp_path):
    data = bytearray(Path(shutil.make_archive(str(tmp_path / "photos"), "zip", photos)).read_bytes())
    data[200] ^= 255
    (tmp_path / "photos.zip").write_bytes(data)
    with pytest.raises(ImageUnreadable, match=r"photos\.zip cannot be read"):
        files_of(tmp_path / "photos.zip")


def test_labels_beside_an_npz_are_refused(tmp_path):
    np.savez(tmp_path / "set.npz", images=np.zeros((2, 8, 8, 3), np.uint8))
    with pytest.raises(BadInput, match="belong inside it"):
        files_of(tmp_path / "set.npz", labels=[0, 1])


def test_the_folder_that_one_stands_in_has_a_name_too(photos, monkeypatch):
    monkeypatch.chdir(photos / "1")
    assert files_of(Path())[0].name == "1/01.png"


def test_an_empty_folder_holds_no_image(tmp_path):
    with pytest.raises(NoImages):
        files_of(tmp_path)


def test_labels_that_are_given_win_and_must_be_one_an_image(photos):
    assert [file.label for file in files_of(photos / "0", labels=[5, 4, 3, 2, 1, 0])] == [5, 4, 3, 2, 1, 0]
    with pytest.raises(BadInput, match="one label an image") as caught:
        files_of(photos, labels=[1, 2])
    assert caught.value.found == "2 labels"
