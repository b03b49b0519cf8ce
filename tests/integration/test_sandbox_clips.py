"""Promises of the sandbox's clips: exactly what was asked for, the same each time, good to look at in parts."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from fractions import Fraction

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from ltxv_nb.sandbox.drawing.clip import ClipSpec
from ltxv_nb.sandbox.drawing.render import render

SMALL = {"width": 320, "height": 180}


def rendered(tmp_path, **figures):
    spec = ClipSpec(**{"prompt": "A boat at sea", **figures})
    path = tmp_path / f"{spec.key}.mp4"
    render(spec, path, tmp_path)
    return spec, path


def frames(path, *numbers):
    with av.open(str(path)) as container:
        return [frame.to_image() for index, frame in enumerate(container.decode(video=0)) if index in numbers]


def assert_exactly(path, spec):
    with av.open(str(path)) as container:
        (video,) = container.streams.video
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height) == (spec.width, spec.height)
        assert video.average_rate == Fraction(spec.fps)
        assert video.frames == spec.duration * spec.fps
        assert video.duration * video.time_base == spec.duration
        assert container.duration == spec.duration * 1_000_000
        assert [stream.codec_context.name for stream in container.streams.audio] == (
            ["aac"] if spec.audio else []
        )
        for audio in container.streams.audio:
            assert (audio.rate, audio.channels) == (48000, 2)
            assert audio.duration * audio.time_base == spec.duration
        assert sum(1 for _ in container.demux(video) if _.size) == spec.frames


@pytest.mark.parametrize("audio", [True, False])
def test_a_clip_is_exactly_what_was_asked_for(tmp_path, audio):
    spec, path = rendered(tmp_path, audio=audio)
    assert_exactly(path, spec)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("duration", [6, 8, 10])
@pytest.mark.parametrize("fps", [25, 50])
def test_every_length_and_rate_is_exact(tmp_path, duration, fps):
    spec, path = rendered(tmp_path, **SMALL, duration=duration, fps=fps)
    assert_exactly(path, spec)


@pytest.mark.parametrize(("width", "height"), [(2560, 1440), (3840, 2160)])
def test_every_size_is_exact(tmp_path, width, height):
    spec, path = rendered(tmp_path, width=width, height=height, duration=1)
    assert_exactly(path, spec)


@pytest.mark.timeout(120)
def test_the_largest_clip_is_exact(tmp_path):
    spec, path = rendered(tmp_path, width=3840, height=2160, duration=6, fps=50)
    assert_exactly(path, spec)


def test_the_same_request_gives_the_same_bytes_in_another_process(tmp_path):
    spec, path = rendered(tmp_path, duration=2, prompt="A dragon over a lighthouse")
    script = (
        "import sys; from pathlib import Path; from ltxv_nb.sandbox.drawing.clip import ClipSpec;"
        "from ltxv_nb.sandbox.drawing.render import render;"
        "render(ClipSpec.from_json(sys.argv[1]), Path(sys.argv[2]), Path('.'))"
    )
    other = tmp_path / "other.mp4"
    subprocess.run([sys.executable, "-c", script, spec.to_json(), str(other)], check=True, timeout=120)
    assert hashlib.sha256(other.read_bytes()).digest() == hashlib.sha256(path.read_bytes()).digest()


def test_another_prompt_is_another_rendered(tmp_path):
    one = frames(rendered(tmp_path, **SMALL, duration=1, prompt="A snowy mountain")[1], 5)[0]
    other = frames(rendered(tmp_path, **SMALL, duration=1, prompt="A city at night")[1], 5)[0]
    assert sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) > 60


def test_words_give_the_light(tmp_path):
    def sky(prompt):
        image = frames(rendered(tmp_path, **SMALL, duration=1, prompt=prompt)[1], 0)[0]
        return ImageStat.Stat(image.crop((0, 0, 200, 60))).mean

    night, day, fire = sky("hills at night"), sky("hills at noon"), sky("hills on fire")
    assert sum(day) > 3 * sum(night)
    assert day[2] > day[0]
    assert fire[0] > 2 * fire[2]


@pytest.mark.parametrize(
    "prompt", ["A boat at sea", "A dragon", "A lighthouse", "A city", "A forest", "Dunes", "Hills", "Rain"]
)
def test_every_scene_moves(tmp_path, prompt):
    first, last = frames(rendered(tmp_path, **SMALL, duration=1, prompt=prompt)[1], 0, 24)
    assert sum(ImageStat.Stat(ImageChops.difference(first, last)).mean) > 1


@pytest.mark.parametrize(
    "prompt",
    ["x" * 5000, "words " * 500, "日本語だけ", "שלום", "🐉", "a\x00b\n\tc", "<script>", "%s {x} \\n"],
)
def test_any_words_can_be_drawn(tmp_path, prompt):
    spec, path = rendered(tmp_path, **SMALL, duration=1, prompt=prompt)
    assert_exactly(path, spec)


def test_an_address_of_an_image_is_not_fetched_but_drawn_in_words(tmp_path):
    address = "http://127.0.0.1:9/a_red-boat.png"
    with_image = frames(rendered(tmp_path, duration=1, prompt="Move", image=address)[1], 3)[0]
    assert with_image.size == (1920, 1080)


def test_the_sound_is_soft_and_not_silent(tmp_path):
    _, path = rendered(tmp_path, **SMALL, duration=6)
    with av.open(str(path)) as container:
        data = b"".join(bytes(frame.planes[0]) for frame in container.decode(audio=0))
    samples = memoryview(data).cast("f")[48000:96000]
    loudness = (sum(sample * sample for sample in samples) / len(samples)) ** 0.5
    assert 0.005 < loudness < 0.3
    assert max(abs(sample) for sample in samples) < 0.95


@pytest.mark.parametrize("figures", [{}, {"width": 3840, "height": 2160, "fps": 50}])
def test_a_first_frame_is_shown_as_it_is_and_then_moved_into(tmp_path, figures):
    picture = Image.new("RGB", (640, 360), "navy")
    picture.paste("orange", (160, 90, 480, 270))
    picture.save(tmp_path / "still", "PNG")
    spec, path = rendered(tmp_path, duration=1, image="sha256:still", audio=False, **figures)
    assert_exactly(path, spec)
    first, last = (image.resize((640, 360)) for image in frames(path, 0, spec.frames - 1))
    middle = (80, 80, 560, 260)
    assert max(ImageStat.Stat(ImageChops.difference(first, picture).crop(middle)).mean) < 4
    assert sum(ImageStat.Stat(ImageChops.difference(first, last).crop(middle)).mean) > 10
