"""Promises of `ltxv_nb.media.arrays`: an array is a first frame too."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ltxv_nb.errors import RequestError
from ltxv_nb.media import arrays, picture
from ltxv_nb.media.image import prepare
from ltxv_nb.models import default_model
from ltxv_nb.text import IMAGE_SOURCES

HD = (1920, 1080)
PIXELS = np.random.default_rng(7).integers(0, 256, (90, 160, 3), dtype=np.uint8)
SMOOTH = np.linspace(0, 1, 90 * 160 * 3).reshape(90, 160, 3)


def shown(source):
    image = Image.open(io.BytesIO(prepare(source, HD).data))
    image.load()
    return image


class Tensor:
    """Makes itself into an array when asked, as tensors of other libraries do."""

    def __init__(self, values):
        self._values = values

    def __array__(self, *_args, **_options):
        return self._values


class Interface:
    """Has numpy's description of an array, but none of its methods."""

    def __init__(self, values):
        self._values = values
        self.__array_interface__ = {**values.__array_interface__, "strides": values.strides}

    def tobytes(self):
        return self._values.tobytes()


def test_an_array_is_the_picture_it_holds():
    assert prepare(PIXELS, HD).data == prepare(Image.fromarray(PIXELS), HD).data
    assert shown(PIXELS).size == (160, 90)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, ">f4"])
def test_fractions_are_scaled_to_the_whole_range(kind):
    pixels = np.zeros((40, 60, 3), kind)
    pixels[:, 30:] = 1
    pixels[:, 10:20] = 0.5
    image = shown(pixels)
    for x, grey in ((5, 0), (15, 128), (50, 255)):
        assert all(abs(value - grey) <= 3 for value in image.getpixel((x, 20)))


def test_fractions_and_bytes_of_one_picture_give_the_same_frame():
    assert prepare(PIXELS / 255, HD) == prepare(PIXELS, HD)


def test_the_same_array_always_gives_the_same_bytes():
    assert prepare(SMOOTH, HD).data == prepare(SMOOTH.copy(), HD).data


def test_an_array_that_lies_otherwise_in_memory_is_the_same_picture():
    frame = prepare(PIXELS, HD)
    assert prepare(np.asfortranarray(PIXELS), HD) == frame
    assert prepare(np.flip(np.flip(PIXELS, 0).copy(), 0), HD) == frame


@pytest.mark.parametrize("wrap", [Tensor, Interface])
def test_what_makes_itself_into_an_array_is_taken(wrap):
    assert prepare(wrap(PIXELS), HD) == prepare(PIXELS, HD)


def test_what_is_transparent_becomes_white():
    pixels = np.full((40, 60, 4), (200, 30, 30, 255), np.uint8)
    pixels[:, :30, 3] = 0
    image = shown(pixels)
    assert image.mode == "RGB"
    assert all(value >= 245 for value in image.getpixel((10, 20)))
    assert abs(image.getpixel((50, 20))[0] - 200) <= 12


def test_a_grey_array_is_taken():
    assert all(abs(value - 128) <= 3 for value in shown(np.full((40, 60), 128, np.uint8)).getpixel((20, 20)))
    assert all(abs(value - 128) <= 3 for value in shown(np.full((40, 60), 0.5)).getpixel((20, 20)))


def test_the_users_own_array_is_left_alone():
    for pixels in (PIXELS.copy(), SMOOTH.copy()):
        before = pixels.copy()
        prepare(pixels, HD)
        assert (pixels == before).all()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (np.zeros((3, 40, 60), np.uint8), r"shape 3 x 40 x 60\. Put the channels last"),
        (np.zeros((2, 40, 60, 3), np.uint8), "shape 2 x 40 x 60 x 3"),
        (np.zeros((40, 60, 2), np.uint8), "shape 40 x 60 x 2"),
        (np.zeros((0, 60, 3), np.uint8), "shape 0 x 60 x 3"),
        (np.zeros(12, np.uint8), "shape 12"),
        (np.float64(0.5), r"shape \(\)"),
        (np.zeros((40, 60, 3), np.int64), "of int64"),
        (np.zeros((40, 60, 3), np.uint16), "of uint16"),
        (np.zeros((40, 60, 3), bool), "of bool"),
        (np.zeros((40, 60, 3), complex), "of complex128"),
        (np.full((40, 60, 3), "a"), "of <U1"),
        (np.full((40, 60, 3), 255.0), "values from 255 to 255"),
        (np.full((40, 60, 3), -0.1), "values from -0.1"),
        (np.full((40, 60, 3), np.nan), "values from nan"),
        (Tensor(None), "cannot be read"),
        (Interface(SMOOTH), "cannot be read"),
    ],
)  # fmt: skip
def test_an_array_that_is_no_picture_is_refused_with_what_is_allowed(source, words):
    with pytest.raises(RequestError, match=words) as caught:
        prepare(source, HD)
    assert "height x width x 3 (RGB)" in str(caught.value)
    assert "fractions from 0 to 1" in str(caught.value)


def test_an_array_with_too_many_pixels_is_refused(monkeypatch):
    monkeypatch.setattr(arrays, "MAX_PIXELS", 90 * 160 - 1)
    assert picture.MAX_PIXELS > 90 * 160
    with pytest.raises(RequestError, match="too large"):
        prepare(PIXELS, HD)


def test_a_tensor_that_cannot_be_read_says_why():
    class Elsewhere:
        def __array__(self):
            raise TypeError("it is on another device")

    with pytest.raises(RequestError, match="it is on another device"):
        prepare(Elsewhere(), HD)


def test_numpy_is_not_needed_for_pictures_of_other_kinds():
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "from PIL import Image; from ltxv_nb.media.image import prepare\n"
        "prepare(Image.new('RGB', (60, 40)), (1920, 1080))\n"
    )
    root = Path(__file__).resolve().parents[3]
    subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(root), "SYSTEMROOT": ""}, check=True, timeout=60
    )


def test_what_a_first_frame_may_be_is_said_in_one_place():
    assert "an array" in IMAGE_SOURCES
    assert IMAGE_SOURCES in default_model().parameter("image").help
    with pytest.raises(RequestError) as caught:
        prepare(5, HD)
    assert IMAGE_SOURCES in str(caught.value)
