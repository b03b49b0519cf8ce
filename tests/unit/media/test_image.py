"""Promises of `ltxv_nb.media.image` and `ltxv_nb.media.picture`."""

from __future__ import annotations

import base64
import hashlib
import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from ltxv_nb.errors import RequestError
from ltxv_nb.media import picture
from ltxv_nb.media.image import FirstFrame, prepare

HD = (1920, 1080)


def saved(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def shown(frame):
    """What the service will see, from the data URI itself."""
    head, _, body = frame.url.partition(",")
    assert head == f"data:{frame.media_type};base64"
    data = base64.b64decode(body, validate=True)
    assert data == frame.data
    assert hashlib.sha256(data).hexdigest() == frame.sha256
    image = Image.open(io.BytesIO(data))
    assert image.get_format_mimetype() == frame.media_type
    image.load()
    return image


def near(pixel, wanted, by=12):
    return all(abs(a - b) <= by for a, b in zip(pixel, wanted, strict=True))


RED = Image.new("RGB", (60, 40), (200, 30, 30))
NOISE = Image.effect_noise((300, 200), 60).convert("RGB")


def test_an_address_is_sent_as_it_is():
    url = "https://img.example/a%20b.png?sig=%2F"
    frame = prepare(f"  {url}\n", HD)
    assert frame == FirstFrame(url, None, None, None)
    assert url in repr(frame)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://me:secret@img.example/a.png", "user name or password"),
        ("https:///a.png", "not a complete"),
        ("http://img.example:99999/", "not a complete"),
        ("http://[::1/a.png", "not a complete"),
        ("https://img.example/a b.png", "not a complete"),
        ("ftp://img.example/a.png", "ftp:// address"),
        ("file:///tmp/a.png", "file:// address"),
    ],
)
def test_an_address_the_service_cannot_use_is_refused(url, words):
    with pytest.raises(RequestError, match=words):
        prepare(url, HD)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_small_upright_picture_goes_out_byte_for_byte(kind):
    data = saved(NOISE, kind)
    frame = prepare(data, HD)
    assert frame.data == data
    assert shown(frame).size == (300, 200)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "TGA"])
def test_other_formats_become_a_jpeg(kind):
    image = shown(prepare(saved(RED, kind), HD))
    assert image.format == "JPEG"
    assert near(image.getpixel((20, 20)), (200, 30, 30))


def test_every_way_to_give_a_picture_gives_the_same_frame(tmp_path, monkeypatch):
    data = saved(NOISE)
    path = tmp_path / "été no 1.png"
    path.write_bytes(data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    uri = "data:image/png;base64," + base64.b64encode(data).decode()
    sources = [
        path,
        str(path),
        "été no 1.png",
        "~/été no 1.png",
        data,
        bytearray(data),
        memoryview(data),
        uri,
    ]
    assert {prepare(source, HD) for source in sources} == {prepare(data, HD)}


def test_the_same_picture_always_gives_the_same_bytes():
    large = Image.effect_noise((2500, 1700), 50).convert("CMYK")
    assert prepare(large, HD).data == prepare(large.copy(), HD).data


def test_a_large_picture_is_scaled_down_to_what_the_clip_can_use():
    wide = Image.effect_noise((4000, 3000), 50)
    assert shown(prepare(wide, HD)).size == (1920, 1440)
    assert shown(prepare(wide, (3840, 2160))).size == (3840, 2880)
    assert shown(prepare(saved(wide.convert("RGB"), "JPEG"), HD)).size == (1920, 1440)


def test_a_small_picture_is_not_scaled_up():
    assert shown(prepare(RED, (3840, 2160))).size == (60, 40)


@given(
    st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
    st.sampled_from([HD, (2560, 1440), (3840, 2160)]),
)
def test_a_scaled_picture_still_covers_the_frame_and_keeps_its_shape(size, frame):
    width, height = picture._cover(size, frame)
    assert width <= size[0]
    assert height <= size[1]
    if (width, height) != size:
        assert width >= frame[0]
        assert height >= frame[1]
        assert width == frame[0] or height == frame[1]
        assert abs(width * size[1] - height * size[0]) <= max(size)


def test_a_photo_taken_sideways_is_turned_upright_and_loses_its_place_and_time():
    photo = Image.new("RGB", (200, 100), "blue")
    photo.paste("red", (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    exif[0x0110] = "a camera"
    image = shown(prepare(saved(photo, "JPEG", exif=exif), HD))
    assert image.size == (100, 200)
    assert near(image.getpixel((50, 20)), (255, 0, 0))
    assert near(image.getpixel((50, 180)), (0, 0, 255))
    assert not image.getexif()


def test_a_sideways_photo_is_scaled_by_its_upright_size():
    exif = Image.Exif()
    exif[0x0112] = 8
    photo = Image.effect_noise((3000, 6000), 30).convert("RGB")
    assert shown(prepare(saved(photo, "JPEG", exif=exif), HD)).size == (2160, 1080)


def test_an_upright_photo_loses_its_place_and_time_too():
    exif = Image.Exif()
    exif[0x0110] = "a camera"
    assert b"a camera" not in prepare(saved(NOISE, "JPEG", exif=exif), HD).data


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_transparent_becomes_white(kind):
    image = Image.new("RGBA", (60, 40), (200, 30, 30, 255))
    image.paste((0, 0, 0, 0), (0, 0, 30, 40))
    got = shown(prepare(saved(image, kind, lossless=True) if kind == "WEBP" else saved(image), HD))
    assert got.mode == "RGB"
    assert near(got.getpixel((10, 20)), (255, 255, 255))
    assert near(got.getpixel((50, 20)), (200, 30, 30))


def test_a_palette_with_a_transparent_colour_becomes_white_there():
    image = Image.new("P", (60, 40), 0)
    image.putpalette([9, 9, 9, 200, 30, 30])
    image.paste(1, (30, 0, 60, 40))
    got = shown(prepare(saved(image, "GIF", transparency=0), HD))
    assert near(got.getpixel((10, 20)), (255, 255, 255))
    assert near(got.getpixel((50, 20)), (200, 30, 30))


@pytest.mark.parametrize(
    ("mode", "value", "grey"),
    [
        ("I;16", 32768, 128), ("I;16", 200, 1), ("I", 32768, 128), ("I", 128, 128), ("F", 0.5, 128), ("F", 128.0, 128),
        ("L", 128, 128), ("LA", (128, 255), 128), ("1", 1, 255),
    ],
)  # fmt: skip
def test_every_depth_of_grey_keeps_its_brightness(mode, value, grey):
    image = Image.new(mode, (40, 40), value)
    if mode in {"I", "F"} and value != 32768:
        image.putpixel((0, 0), 1 if value == 0.5 else 255)
    assert near(shown(prepare(image, HD)).getpixel((20, 20)), (grey,) * 3, by=3)


def test_a_16_bit_png_keeps_its_brightness():
    data = saved(Image.new("I;16", (40, 40), 49152))
    assert near(shown(prepare(data, HD)).getpixel((20, 20)), (192,) * 3, by=3)


def test_a_print_picture_keeps_its_colours():
    data = saved(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG")
    assert near(shown(prepare(data, HD)).getpixel((20, 20)), (255, 0, 0), by=20)


def test_a_picture_with_a_colour_profile_arrives_in_srgb():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    frame = prepare(saved(RED, "PNG", icc_profile=lab), HD)
    assert "icc_profile" not in shown(frame).info
    assert near(shown(frame).getpixel((20, 20)), (200, 30, 30))


def test_a_broken_colour_profile_is_no_reason_to_refuse():
    assert near(shown(prepare(saved(RED, "PNG", icc_profile=b"junk"), HD)).getpixel((20, 20)), (200, 30, 30))


def test_of_an_animation_the_first_picture_is_taken():
    data = saved(RED, "GIF", save_all=True, append_images=[Image.new("RGB", (60, 40), "blue")])
    assert near(shown(prepare(data, HD)).getpixel((20, 20)), (200, 30, 30))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_that_was_cut_short_is_refused(kind):
    data = saved(NOISE, kind)
    with pytest.raises(RequestError, match="damaged or cut short"):
        prepare(data[: len(data) // 2], HD)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"just some text", "not a picture"),
        (b"%PDF-1.7 ...", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC: export it as JPEG"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "video: give the earlier job or video itself"),
    ],
)
def test_what_is_not_a_picture_is_refused_by_name(tmp_path, data, words):
    path = tmp_path / "holiday.png"
    path.write_bytes(data)
    with pytest.raises(RequestError, match=words) as caught:
        prepare(path, HD)
    assert "holiday.png" in str(caught.value)


def test_a_missing_file_is_named_with_the_nearest_that_exists(tmp_path):
    (tmp_path / "dragon.png").write_bytes(b"x")
    with pytest.raises(RequestError, match=r"dragn\.png' does not exist.*Did you mean 'dragon\.png'"):
        prepare(str(tmp_path / "dragn.png"), HD)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(RequestError, match="there is no folder"):
        prepare(str(tmp_path / "nowhere" / "a.png"), HD)


def test_a_folder_is_not_a_picture(tmp_path):
    with pytest.raises(RequestError, match="is a folder"):
        prepare(tmp_path, HD)


@pytest.mark.parametrize("text", ["", "   ", "x" * 9000, "a\0b", "~nobody-of-this-name/x.png"])
def test_text_that_is_no_path_at_all_is_refused_in_one_short_sentence(text):
    with pytest.raises(RequestError) as caught:
        prepare(text, HD)
    assert len(str(caught.value)) < 400


def test_a_picture_with_too_many_pixels_is_refused_without_decoding_it(monkeypatch):
    monkeypatch.setattr(picture, "MAX_PIXELS", 59_999)
    with pytest.raises(RequestError, match="too large"):
        picture.encode_here(saved(NOISE), "The first frame", HD)


def test_a_decompression_bomb_is_refused():
    bomb = bytearray(saved(Image.new("1", (8, 8))))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    with pytest.raises(RequestError, match="too large"):
        prepare(bytes(bomb), HD)


def test_a_file_that_is_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(picture, "MAX_BYTES", 1000)
    path = tmp_path / "a.png"
    path.write_bytes(saved(NOISE))
    with pytest.raises(RequestError, match=r"a\.png' is too large"):
        prepare(path, HD)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("data:text/plain;base64,AAAA", "of text/plain, but it can only hold a picture"),
        ("data:;base64,AAAA", "of no stated type"),
        ("data:image/png;base64", "can only hold a picture"),
        ("data:image/png;base64,AAA", "Base64 text is damaged"),
        ("data:image/png;base64,A*AA", "Base64 text is damaged"),
        ("data:image/png;base64,", "is empty"),
        ("data:image/png;base64,AAAA", "not a picture"),
        ("data:image/png,hello", "not a picture"),
    ],
)
def test_a_data_uri_that_holds_no_picture_is_refused(uri, words):
    with pytest.raises(RequestError, match=words):
        prepare(uri, HD)


def test_a_data_uri_must_hold_what_it_says():
    uri = "data:image/png;base64," + base64.b64encode(saved(NOISE, "JPEG")).decode()
    with pytest.raises(RequestError, match="holds image/jpeg"):
        prepare(uri, HD)
    assert prepare(uri.replace("image/png", "image/jpg"), HD).media_type == "image/jpeg"


def test_a_data_uri_may_be_wrapped_and_percent_encoded():
    data = saved(NOISE)
    text = base64.encodebytes(data).decode()
    assert prepare(f"data:image/png;base64,{text}", HD).data == data
    assert prepare(f"data:image/png;charset=x;base64,{text.replace('+', '%2B')}", HD).data == data
    assert prepare("data:image/png," + "".join(f"%{byte:02x}" for byte in data), HD).data == data


def test_what_is_no_picture_source_at_all_is_told_what_is():
    with pytest.raises(RequestError, match="of type int, but it can be a path, an http"):
        prepare(5, HD)


def test_an_unfinished_job_cannot_give_its_last_frame():
    job = SimpleNamespace(id="ab12cd34", status="generating", video=None)
    with pytest.raises(RequestError, match=r"job ab12cd34, which has no video \(it is generating\)"):
        prepare(job, HD)


def test_a_video_whose_file_is_gone_cannot_give_its_last_frame(tmp_path):
    with pytest.raises(RequestError, match="cannot be read"):
        prepare(SimpleNamespace(path=tmp_path / "gone.mp4"), HD)


def test_a_closed_pil_image_is_refused_in_words(tmp_path):
    path = Path(tmp_path / "a.png")
    path.write_bytes(saved(NOISE))
    image = Image.open(path)
    image.close()
    with pytest.raises(RequestError, match="PIL image that cannot be read"):
        prepare(image, HD)


def test_a_frame_never_prints_its_picture():
    frame = prepare(NOISE, HD)
    assert len(repr(frame)) < 100
    assert "image/jpeg" in repr(frame)


def test_the_users_own_image_is_left_alone():
    image = Image.new("RGBA", (60, 40), (1, 2, 3, 4))
    before = image.tobytes()
    prepare(image, HD)
    assert (image.mode, image.size, image.tobytes()) == ("RGBA", (60, 40), before)
