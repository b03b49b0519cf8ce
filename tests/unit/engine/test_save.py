"""From a finished generation to a whole file with a note beside it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ltxv_nb.engine import save as saver_module
from ltxv_nb.engine.save import Saver, check_folder
from ltxv_nb.errors import ConfigurationError, DownloadError


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A real, small MP4 of the six seconds that are requested."""
    import av
    import numpy as np

    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for shade in range(150):
            frame = av.VideoFrame.from_ndarray(np.full((36, 64, 3), shade, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def fetched(monkeypatch, clip):
    """Downloads come from a file; the addresses asked for are kept."""
    asked = []

    def download(url, part, **options):
        asked.append((url, options["api_is_public"]))
        shutil.copy(clip, part)

    monkeypatch.setattr("ltxv_nb.media.download.download", download)
    return asked


@pytest.fixture
def record(rig):
    return rig.record(
        state="finished",
        url="https://cdn.example.test/a.mp4?signature=secret",
        generation_id="fb77:ltxv/ltxv-2",
        request={"prompt": "A lighthouse", "model": "ltxv/ltxv-2", "duration": 6},
        accepted_at=rig.clock.time(),
        finished_at=rig.clock.time() + 60.5,
        billed_credits=500_000,
    )


def never():
    return False


def test_a_video_lands_whole_under_its_name_with_a_note_beside_it(fetched, record, clip):
    saved = Saver(api_is_public=True).save(record, never)
    assert saved.file == Saver.destination(record)
    assert saved.file.read_bytes() == clip.read_bytes()
    assert (saved.media["width"], saved.media["height"], saved.media["has_audio"]) == (64, 36, False)
    assert saved.media["size_bytes"] == clip.stat().st_size
    note = json.loads(saved.file.with_suffix(".json").read_text(encoding="utf-8"))
    assert note["prompt"] == "A lighthouse"
    assert note["parameters"] == {"duration": 6}
    assert (note["id"], note["generation_id"], note["cost_usd"]) == (record.id, "fb77:ltxv/ltxv-2", 0.25)
    assert (note["cost"], note["estimated_usd"]) == ("$0.25", None)
    assert note["accepted_at"] == "2026-09-21T14:13:20.000+00:00"
    assert "secret" not in json.dumps(note)
    assert sorted(path.suffix for path in saved.file.parent.iterdir()) == [".json", ".mp4"]
    assert fetched == [("https://cdn.example.test/a.mp4?signature=secret", True)]


def test_the_name_says_when_what_and_which_and_holds_no_service_id(record):
    name = Saver.destination(record).name
    assert record.id in name
    assert "lighthouse" in name.lower()
    assert not set(name) & set(':/\\?*"<>|')


def test_a_whole_file_that_is_there_already_is_taken_and_not_paid_for_in_bytes_again(fetched, record, clip):
    final = Saver.destination(record)
    final.parent.mkdir(parents=True)
    shutil.copy(clip, final)
    Saver(api_is_public=True).save(record, never)
    assert fetched == []
    assert final.with_suffix(".json").exists()


def test_a_broken_file_of_that_name_is_fetched_again(fetched, record, clip):
    final = Saver.destination(record)
    final.parent.mkdir(parents=True)
    final.write_bytes(clip.read_bytes()[:100])
    Saver(api_is_public=True).save(record, never)
    assert len(fetched) == 1
    assert final.read_bytes() == clip.read_bytes()


def test_what_is_no_video_never_gets_the_name(monkeypatch, record):
    monkeypatch.setattr(
        "ltxv_nb.media.download.download",
        lambda _url, part, **_options: part.write_bytes(b"\x00\x00\x00\x18ftypmp42"),
    )
    with pytest.raises(DownloadError):
        Saver(api_is_public=True).save(record, never)
    assert list(Saver.destination(record).parent.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence_with_what_to_do(fetched, record, rig, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match=r"output folder .* cannot be written .*LTXV_OUTPUT_DIR"):
        Saver(api_is_public=True).save(replace(record, output_dir=str(tmp_path / "file" / "out")), never)
    with pytest.raises(ConfigurationError, match=r"Nothing was sent\."):
        check_folder(tmp_path / "file" / "out")


def test_checking_a_folder_makes_it_and_leaves_nothing_in_it(tmp_path):
    check_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_note_that_cannot_be_written_leaves_no_half_of_it(fetched, record, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    final = Saver.destination(record)
    final.parent.mkdir(parents=True)
    with pytest.raises(DownloadError, match="No space left"):
        saver_module._write_note(final, record, {})
    assert list(final.parent.iterdir()) == []


def test_a_video_whose_folder_is_gone_goes_to_the_one_that_is_chosen_now(fetched, record, tmp_path):
    gone = tmp_path / "drive"
    gone.write_text("no folder any more")
    paid = replace(record, output_dir=str(gone), file=str(gone / "clip.mp4"))
    saved = Saver(api_is_public=True, other_folder=tmp_path / "good").save(paid, never)
    assert saved.file == tmp_path / "good" / "clip.mp4"
    assert saved.file.with_suffix(".json").exists()
    with pytest.raises(DownloadError, match="LTXV_OUTPUT_DIR"):
        Saver(api_is_public=True, other_folder=gone).save(paid, never)
