"""Promises of saving clips side by side: a mosaic, a contact sheet, a page, a table."""

from __future__ import annotations

import io
from html.parser import HTMLParser

import av
import pytest
from clips import write
from PIL import Image

from ltxv_nb.arrangement import arrange
from ltxv_nb.errors import ConfigurationError, DownloadError, RequestError
from ltxv_nb.media import export, mosaic
from ltxv_nb.media.board import Box, fit_into, make_board
from ltxv_nb.media.export import save_tiles
from ltxv_nb.media.measures import measure_columns
from ltxv_nb.media.mosaic import GONE, UNREADABLE
from ltxv_nb.media.probe import probe
from ltxv_nb.media.worker.process import WorkerUnavailable
from ltxv_nb.tiles import Tile
from ltxv_nb.video import Video

RED, GREEN, BLUE = (220, 30, 30), (30, 200, 30), (40, 40, 230)
PAYLOAD = '<img src=x onerror="x()">\x1b[31m"\'&'


def colour(path, rgb, **options):
    size = options.setdefault("size", (160, 90))
    return write(path, lambda _: Image.new("RGB", size, rgb), **options)


def tile(path, label, values=None, *, has_audio=False, size=(160, 90)):
    facts = probe(path) if path.is_file() and path.stat().st_size > 1000 else None
    seen = (
        (facts.width, facts.height, facts.duration, facts.fps, facts.has_audio)
        if facts
        else (*size, 2.0, 25.0, has_audio)
    )
    return Tile(Video(path, None, *seen, 0, "", ""), label, values or {}, f"job{label}")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Clips that differ in length, size, rate and sound, one that is damaged, one that is gone, one never made."""
    folder = tmp_path_factory.mktemp("clips")
    (folder / "bad.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(900))
    return [
        tile(colour(folder / "a.mp4", RED, frames=50, fps=25), "a", {"x": "1", "y": "1"}),
        tile(
            colour(folder / "b.mp4", GREEN, frames=12, fps=12, size=(90, 160), sound=2),
            "b",
            {"x": "2", "y": "1"},
        ),
        tile(
            colour(folder / "c.mp4", BLUE, frames=60, fps=50, size=(320, 180), sound=1),
            "c",
            {"x": "3", "y": "1"},
        ),
        tile(folder / "bad.mp4", "d", {"x": "1", "y": "2"}),
        tile(folder / "gone.mp4", "e", {"x": "2", "y": "2"}, has_audio=True),
        Tile(None, "f", {"x": "3", "y": "2"}, None, f"Refused {PAYLOAD}"),
    ]


def pictures(path):
    with av.open(str(path)) as container:
        found = [frame.to_image() for frame in container.decode(video=0)]
        sounds = [stream.channels for stream in container.streams.audio]
        return found, sounds


def near(picture, at, rgb):
    return all(abs(one - other) < 30 for one, other in zip(picture.getpixel(at), rgb, strict=True))


def test_a_mosaic_has_the_right_size_length_and_one_sound_and_every_clip_stays_in_its_place(clips, tmp_path):
    path = save_tiles(clips, tmp_path / "new" / "all.mp4", rows="y", columns="x", title="All of them")
    assert path == tmp_path / "new" / "all.mp4"
    facts = probe(path)  # whole, by the same checks as a clip that was paid for
    assert (facts.fps, facts.has_audio, facts.doubt) == (25.0, True, None)
    assert facts.duration == pytest.approx(2.0, abs=0.05)
    board = make_board(arrange(clips, "y", "x"), mosaic.WIDTH, mosaic.HEIGHT, "All of them")
    frames, sounds = pictures(path)
    assert (len(frames), sounds) == (50, [2])
    assert frames[0].size == board.picture.size == (facts.width, facts.height)
    assert facts.width <= 1920
    assert facts.height <= 1080
    middles = [(box.left + box.width // 2, box.top + box.height // 2) for _, box in board.places]
    for number in (0, 30, 49):  # the second clip ends after a second, the third a little later: both stay
        for at, rgb in zip(middles, (RED, GREEN, BLUE), strict=False):
            assert near(frames[number], at, rgb)
    beside = (board.places[1][1].left + 4, middles[1][1])
    assert near(frames[0], beside, (17, 17, 17))  # an upright clip does not fill its place
    words = [
        Image.eval(frames[0].crop((box.left, box.top, box.left + box.width, box.top + box.height)), abs)
        for _, box in board.places
    ]
    assert all(
        picture.convert("L").getextrema()[1] > 120 for picture in words[3:]
    )  # they say why there is no clip
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(("sound", "channels"), [("c", [1]), ("jobb", [2]), (False, []), (True, [2])])
def test_the_sound_is_that_of_the_chosen_clip(clips, tmp_path, sound, channels):
    path = save_tiles(clips[:3], tmp_path / "all.mp4", columns=3, sound=sound)
    assert pictures(path)[1] == channels


def test_a_sheet_has_a_picture_of_each_clip_and_says_where_there_is_none(clips, tmp_path):
    path = save_tiles(clips, tmp_path / "sheet.PNG", columns=3)
    with Image.open(path) as opened:
        sheet = opened.convert("RGB")
        assert opened.format == "PNG"
    board = make_board(arrange(clips, columns=3), 1920, None)
    assert sheet.size == board.picture.size
    for (_, box), rgb in zip(board.places, (RED, GREEN, BLUE), strict=False):
        assert near(sheet, (box.left + box.width // 2, box.top + box.height // 2), rgb)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def test_a_page_carries_its_clips_and_nothing_in_it_can_run_or_be_fetched(clips, tmp_path):
    text = save_tiles(clips, tmp_path / "all.html", rows="y", columns="x", title=PAYLOAD).read_text("utf-8")
    page = Page(text)
    players = page.all("video")
    assert len(players) == 3
    assert all(
        player["src"].startswith("data:video/mp4;base64,") and "controls" in player for player in players
    )
    assert [("data-heard" in player) for player in players] == [False, True, False]
    assert page.words.count("1") == 2  # the first column, the first row
    assert not page.all("img")
    assert {GONE, UNREADABLE} <= set(page.words)
    assert any("Refused <img" in words for words in page.words)
    assert "\x1b" not in text
    addresses = [
        value for _, attrs in page.tags for name, value in attrs.items() if name in {"src", "href", "poster"}
    ]
    assert all(address.startswith("data:") for address in addresses)
    policy = page.all("meta")[1]["content"]
    assert policy.startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy
    assert str(tmp_path) not in text


def test_a_table_has_all_records_and_no_formulas(clips, tmp_path):
    records = [{"id": "a", "prompt": "=1+1", "motion": 1.5}, {"id": "b", "prompt": "rain", "extra": None}]
    path = save_tiles(clips, tmp_path / "all.csv", records=records)
    assert path.read_text() == "id,prompt,motion,extra\na,'=1+1,1.5,\nb,rain,,\n"
    for records in ([{"id": "a", **measure_columns(None)}], [{"hour": "dawn", **measure_columns(None)}]):
        save_tiles((), path, records=records, overwrite="prompt" in path.read_text())  # other columns by now
    assert path.read_text().startswith("hour,brightness,")


def test_what_was_exported_before_is_replaced_and_what_is_somebody_elses_is_not(clips, tmp_path):
    records = [{"id": "a"}]
    for name in ("all.png", "all.mp4", "all.html", "all.csv"):
        path = tmp_path / name
        foreign = b"somebody's own " + name.encode()
        path.write_bytes(foreign)
        with pytest.raises(RequestError, match="overwrite=True"):
            save_tiles(clips[:1], path, records=records)
        assert path.read_bytes() == foreign
        save_tiles(clips[:1], path, records=records, overwrite=True)
        assert path.read_bytes() != foreign
        save_tiles(clips[:1], path, records=records)  # it says itself that it was exported
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.csv", "all.html", "all.mp4", "all.png"]


@pytest.mark.parametrize(
    ("name", "how", "words"),
    [
        ("all.gif", {}, r"\.mp4, \.png, \.html, \.csv"),
        ("all", {}, r"\.mp4"),
        ("all.mp4", {"rows": "z"}, "the axes are"),
        ("all.mp4", {"sound": "nobody"}, "no clip 'nobody'"),
        ("all.mp4", {"sound": "a"}, "has no sound"),
        ("all.html", {"sound": "e"}, "has no sound, or is not there"),
        (".", {}, "can end in"),
    ],
)
def test_bad_input_is_said_in_one_sentence_and_nothing_is_written(clips, tmp_path, name, how, words):
    with pytest.raises(RequestError, match=words):
        save_tiles(clips, tmp_path / name, **how)
    assert not list(tmp_path.iterdir())


def test_no_clip_at_all_a_folder_in_the_way_and_a_place_that_cannot_be_written(clips, tmp_path):
    for tiles, words in (
        ([], "no clips"),
        (clips[3:], "no clip that can be shown"),
        ([clips[0]] * 3000, "too many"),
    ):
        with pytest.raises(RequestError, match=words):
            save_tiles(tiles, tmp_path / "all.mp4")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(RequestError, match="is a folder"):
        save_tiles(clips, tmp_path / "folder.png")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        save_tiles(clips[:1], tmp_path / "file" / "all.png")


def test_half_a_file_never_stands_under_the_final_name(clips, tmp_path, monkeypatch):
    path = save_tiles(clips[:1], tmp_path / "all.png")
    before = path.read_bytes()

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export.files, "write_whole", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        save_tiles(clips[:2], path)
    assert path.read_bytes() == before


def test_a_clip_that_is_too_much_for_the_process_loses_its_own_place_only(clips, monkeypatch):
    asked = []
    real = mosaic.of_files

    def of_files(task, what, **arguments):
        if task == "places":
            asked.append(len(arguments["orders"]))
            raise ConfigurationError("too much")
        return real(task, what, **arguments)

    monkeypatch.setattr(mosaic, "of_files", of_files)
    made = mosaic.mosaic(arrange(clips[:4], columns=2), sound=False)
    with av.open(io.BytesIO(made)) as container:
        frame = next(container.decode(video=0)).to_image()
    assert asked == [4]
    board = make_board(arrange(clips[:4], columns=2), mosaic.WIDTH, mosaic.HEIGHT)
    box = board.places[0][1]
    assert near(frame, (box.left + box.width // 2, box.top + box.height // 2), RED)


def test_that_no_process_can_be_started_is_said_and_is_not_a_clips_fault(clips, tmp_path, monkeypatch):
    def unavailable(*_args, **_options):
        raise WorkerUnavailable("The process in which files are opened cannot be started.")

    for module in ("mosaic.of_files", "contact_sheet.poster", "page.preview"):
        monkeypatch.setattr(f"ltxv_nb.media.{module}", unavailable)
    for suffix in ("mp4", "png", "html"):
        with pytest.raises(DownloadError, match="cannot be started"):
            save_tiles(clips, tmp_path / f"all.{suffix}")
    assert not list(tmp_path.iterdir())


def test_a_picture_fills_its_place_as_far_as_its_shape_allows():
    box = Box(10, 20, 160, 90)
    assert fit_into(1920, 1080, box) == box
    upright = fit_into(90, 160, box)
    assert (upright.height, upright.width % 2, upright.left % 2) == (90, 0, 0)
    assert fit_into(1, 5000, box).width == 2
