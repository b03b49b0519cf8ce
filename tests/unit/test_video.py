"""A finished video in the hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import Rig

from ltxv_nb.video import Video


@pytest.fixture
def video(tmp_path):
    rig = Rig(tmp_path / "home")
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"clip")
    media = {"width": 1920, "height": 1080, "duration": 6.0, "fps": 25.0, "has_audio": False, "size_bytes": 4}
    return Video.of(
        rig.record(
            state="saved",
            file=str(path),
            media=media,
            billed_credits=500_000,
            url="https://cdn.example.test/a.mp4",
            request={"prompt": "A lighthouse", "image": {"url": "u"}, "model": "ltxv/ltxv-2", "duration": 6},
        )
    )


def test_it_knows_what_it_is_and_what_it_came_from(video):
    assert (video.width, video.height, video.duration, video.fps) == (1920, 1080, 6.0, 25.0)
    assert (video.has_audio, video.size_bytes, video.cost_usd) == (False, 4, 0.25)
    assert video.cost_text == "$0.25"
    assert video.settings == {"model": "ltxv/ltxv-2", "duration": 6}
    assert video.url == "https://cdn.example.test/a.mp4"
    assert "1920×1080, 6 s, 25 fps, without sound" in repr(video)


def test_there_is_none_while_there_is_no_file(tmp_path):
    rig = Rig(tmp_path)
    assert Video.of(rig.record()) is None
    assert Video.of(rig.record(file="named.mp4")) is None


def test_it_can_be_copied_to_a_name_or_into_a_folder(video, tmp_path):
    (tmp_path / "folder").mkdir()
    assert video.save_as(tmp_path / "other.mp4").read_bytes() == b"clip"
    assert video.save_as(tmp_path / "folder") == tmp_path / "folder" / "clip.mp4"
    assert video.save_as("relative.mp4") == Path.cwd() / "relative.mp4"
    assert video.path.exists()
