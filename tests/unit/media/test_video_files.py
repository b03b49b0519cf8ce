"""Promises of `ltxv_nb.media`: what a video file holds, its last frame, its poster and its preview."""

from __future__ import annotations

import base64
import io
import struct
import sys
from fractions import Fraction
from types import SimpleNamespace

import av
import pytest
from clips import tone, write
from PIL import Image

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.image import last_frame, prepare
from ltxv_nb.media.poster import poster, preview
from ltxv_nb.media.preview import MAX_BYTES, fit
from ltxv_nb.media.probe import probe

NOISE = Image.effect_noise((800, 500), 90).convert("RGB")


def hue(number):
    return (number * 5 % 256, 80, 255 - number * 3 % 256)


def flat(number):
    return Image.new("RGB", (160, 90), hue(number))


def moving(number):
    return NOISE.crop((number, 0, number + 640, 360))


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips été")
    return SimpleNamespace(
        plain=write(folder / ("a b.mp4" if sys.platform == "win32" else "a:b c.mp4"), flat),
        sound=write(folder / "sound.mp4", flat, sound=2),
        moving=write(folder / "moving.mp4", moving, frames=75, size=(640, 360), sound=1, crf="5"),
        fast=write(folder / "fast.mp4", flat, frames=100, fps=50),
    )


def box(kind, body):
    return struct.pack(">I4s", 8 + len(body), kind) + body


def near(pixel, wanted, by=14):
    return all(abs(a - b) <= by for a, b in zip(pixel, wanted, strict=True))


def test_a_video_tells_its_size_length_rate_and_sound(clips):
    facts = probe(clips.plain)
    assert (facts.width, facts.height, facts.duration, facts.fps) == (160, 90, 2.0, 25.0)
    assert not facts.has_audio
    assert facts.size_bytes == clips.plain.stat().st_size
    facts = probe(str(clips.sound))
    assert (facts.duration, facts.has_audio) == (2.0, True)


def test_a_video_that_is_cut_short_anywhere_is_noticed(clips, tmp_path):
    whole = clips.sound.read_bytes()
    path = tmp_path / "cut.mp4"
    for length in [1, 7, 8, 20, 40, 500, len(whole) // 2, len(whole) - 1000, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DownloadError, match=r"cut short|not an MP4|damaged"):
            probe(path)


def test_a_video_whose_index_comes_last_is_noticed_when_cut(tmp_path):
    path = tmp_path / "last.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for number in range(5):
            out.mux(stream.encode(av.VideoFrame.from_image(flat(number))))
        out.mux(stream.encode(None))
    whole = path.read_bytes()
    assert probe(path).width == 160
    path.write_bytes(whole[: whole.index(b"moov") - 4])
    with pytest.raises(DownloadError, match="cut short"):
        probe(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"<!doctype html><html></html>", "not an MP4"),
        (b'{"error": "expired"}', "not an MP4"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not an MP4"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "not an MP4"),
        (b"\x1aE\xdf\xa3" + b"\x00" * 100, "not an MP4"),
        (b"\x00" * 5000, "not an MP4"),
        (box(b"ftyp", b"isom"), "cut short"),
        (box(b"ftyp", b"isom") + b"\x00" * 40, "damaged"),
        (
            box(b"ftyp", b"isom") + box(b"mdat", b"x" * 50) + box(b"moov", b""),
            "cannot be read as a video|no pictures",
        ),
    ],
)
def test_what_is_not_a_whole_video_is_refused(tmp_path, data, words):
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with pytest.raises(DownloadError, match=words):
        probe(path)


def test_a_missing_video_is_told_in_words(tmp_path):
    for look in (probe, last_frame, poster, preview):
        with pytest.raises(DownloadError, match="cannot be read"):
            look(tmp_path / "gone.mp4")


def test_padding_after_a_whole_video_is_no_harm(clips, tmp_path):
    path = tmp_path / "padded.mp4"
    path.write_bytes(clips.plain.read_bytes() + b"\x00" * 100)
    assert probe(path).duration == 2.0


def test_a_file_with_sound_alone_is_no_video(tmp_path):
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as out:
        audio = out.add_stream("aac", rate=44_100)
        audio.codec_context.layout = "mono"
        tone(out, audio, 44_100, 1)
    with pytest.raises(DownloadError, match="no pictures"):
        probe(path)


def test_the_last_frame_is_the_last_one(clips):
    for path, number in ((clips.plain, 49), (clips.fast, 99), (clips.sound, 49)):
        image = last_frame(path)
        assert image.mode == "RGB"
        assert near(image.getpixel((80, 45)), hue(number))


def test_a_job_and_its_video_start_the_next_clip_from_the_last_frame(clips):
    video = SimpleNamespace(path=clips.plain)
    frame = prepare(SimpleNamespace(id="ab12cd34", video=video), (1920, 1080))
    assert frame == prepare(video, (1920, 1080))
    image = Image.open(io.BytesIO(base64.b64decode(frame.url.partition(",")[2])))
    assert image.size == (160, 90)
    assert near(image.getpixel((80, 45)), hue(49))


def test_a_poster_is_a_small_jpeg_of_the_beginning(clips):
    image = Image.open(io.BytesIO(poster(clips.moving, max_bytes=200_000)))
    assert (image.format, image.size) == ("JPEG", (640, 360))
    assert len(poster(clips.moving)) <= 40_000
    small = Image.open(io.BytesIO(poster(clips.moving, max_width=200, max_bytes=3_000)))
    assert max(small.size) <= 200


def test_a_poster_is_not_black_while_the_video_has_something_to_show(tmp_path):
    path = write(
        tmp_path / "fade.mp4",
        lambda n: Image.new("RGB", (160, 90)) if n < 30 else NOISE.crop((0, 0, 160, 90)),
    )
    image = Image.open(io.BytesIO(poster(path))).convert("L")
    assert image.getextrema()[1] > 150


def test_a_poster_of_a_black_video_is_black_and_no_error(tmp_path):
    path = write(tmp_path / "black.mp4", lambda _: Image.new("RGB", (160, 90)), frames=10)
    assert near(Image.open(io.BytesIO(poster(path))).getpixel((80, 45)), (0, 0, 0))


def copied(data, tmp_path):
    path = tmp_path / "copy.mp4"
    path.write_bytes(data)
    return probe(path), path


def test_a_preview_has_the_whole_length_and_the_sound(clips, tmp_path):
    facts, path = copied(preview(clips.moving), tmp_path)
    assert (facts.width, facts.height, facts.duration, facts.fps) == (640, 360, 3.0, 25.0)
    with av.open(str(path)) as copy:
        assert [stream.codec_context.name for stream in copy.streams] == ["h264", "aac"]
    assert not copied(preview(clips.plain), tmp_path)[0].has_audio


def test_a_preview_fits_and_can_play_while_it_loads(clips):
    for size in (MAX_BYTES, 100_000, 40_000):
        data = preview(clips.moving, max_bytes=size)
        assert len(data) <= size
        assert data.index(b"moov") < data.index(b"mdat")


def test_a_preview_shows_the_right_picture_at_the_right_time(clips, tmp_path):
    _, path = copied(preview(clips.fast), tmp_path)
    with av.open(str(path)) as container:
        frames = [(frame.time, frame.to_image().getpixel((80, 45))) for frame in container.decode(video=0)]
    assert [time for time, _ in frames] == pytest.approx([n / 25 for n in range(50)])
    assert all(near(pixel, hue(number * 2), by=24) for number, (_, pixel) in enumerate(frames))


def test_a_preview_of_half_the_rate_still_has_the_whole_length(clips, tmp_path):
    facts, _ = copied(preview(clips.fast), tmp_path)
    assert (facts.fps, facts.duration) == (25.0, 2.0)


def test_a_preview_that_cannot_fit_is_told(clips):
    with pytest.raises(DownloadError, match="too long for a preview of 2000 bytes"):
        preview(clips.moving, max_bytes=2_000)


def test_sizes_stay_even_and_keep_their_shape():
    assert fit(3840, 2160, 640) == (640, 360)
    assert fit(1080, 1920, 640) == (360, 640)
    assert fit(160, 90, 640) == (160, 90)
    assert fit(5000, 3, 640) == (640, 2)


def test_a_video_in_full_range_keeps_its_brightness_in_the_preview(tmp_path):
    source = tmp_path / "full.mp4"
    with av.open(str(source), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuvj420p"
        stream.codec_context.color_range = 2
        for number in range(10):
            frame = av.VideoFrame.from_image(Image.new("RGB", (160, 90), (128, 128, 128)))
            frame = frame.reformat(format="yuvj420p", dst_color_range="JPEG")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    _, path = copied(preview(source), tmp_path)
    assert near(last_frame(source).getpixel((80, 45)), (128, 128, 128), by=4)
    assert near(last_frame(path).getpixel((80, 45)), (128, 128, 128), by=4)
