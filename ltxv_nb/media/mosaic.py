"""One video of many: clips side by side, in step, with labels and the sound of one of them.

Each clip is first copied at the size of its place, by itself, in the process for files from outside: a
clip that is damaged loses its own place and nothing else, and however large the clips are, one at a time is
in memory. Then the copies are laid on the board.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.errors import ConfigurationError, DownloadError, RequestError
from ltxv_nb.media.board import Board, Box, fit_into, make_board, say
from ltxv_nb.media.mosaic_frames import BOARD
from ltxv_nb.media.worker.process import WorkerUnavailable, of_files, of_video
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxv_nb.arrangement import Arrangement
    from ltxv_nb.media.mosaic_frames import Order
    from ltxv_nb.tiles import Tile
    from ltxv_nb.video import Video

#: Pixels of the largest mosaic, which is made smaller until it fits.
WIDTH, HEIGHT = 1920, 1080
#: Most frames a second; of a clip with more, every second one is shown.
_TOP_FPS, _USUAL_FPS = 30, 25
#: Clips that the process is asked for at once; what is said of them has to fit into one message.
_AT_ONCE = 12
#: What stands in the place of a clip whose file is gone, or cannot be read; no path, as others will see it.
GONE, UNREADABLE = "The file is no longer there.", "The file cannot be read: it is damaged, or no video."


def mosaic(arrangement: Arrangement, *, sound: str | bool = True, title: str = "") -> bytes:
    """Return clips side by side as one MP4: H.264, at most 1920 x 1080 pixels.

    It is as long as the longest of them; a clip that is shorter ends in its last picture. Where a clip is
    missing or cannot be read, its place says so.

    Parameters
    ----------
    arrangement : Arrangement
        The clips.
    sound : str or bool
        Whose sound it has: a job's id or a label, ``True`` for the first clip with sound, ``False`` for
        none.
    title : str
        A line above all.

    Raises
    ------
    RequestError
        No clip can be read, there are too many, or the one whose sound is wanted has none.
    ConfigurationError
        They are too much for the process that opens files.
    """
    board = make_board(arrangement, WIDTH, HEIGHT, title)
    heard = heard_tile([tile for tile, _ in board.places], sound)
    rate = _rate([tile.video for tile, _ in board.places if tile.video is not None])
    with tempfile.TemporaryDirectory(prefix="ltxv-") as folder:  # ours to remove, however the process ends
        copies = _copies(board, heard, rate, folder)
        board.picture.save(Path(folder) / BOARD)
        _, data = of_files(
            "mosaic",
            "The mosaic",
            folder=folder,
            copies=[{"name": copy.name, "left": copy.at.left, "top": copy.at.top} for copy in copies],
            sound=next((copy.name for copy in copies if copy.tile is heard), None),
            rate=_pair(rate),
            frames=max(1, round(max(copy.seconds for copy in copies) * rate)),
        )
    if data[4:8] != b"ftyp":
        raise RequestError("The mosaic could not be made of these clips: save fewer of them.")
    return data


class _Copy(NamedTuple):
    """A clip at the size of its place: its file's name in the temporary folder, and where it goes."""

    tile: Tile
    video: Video
    name: str
    place: Box
    at: Box

    @property
    def seconds(self) -> Fraction:
        """How long the clip is."""
        return Fraction(self.video.duration).limit_denominator(1_000_000)


def _copies(board: Board, heard: Tile | None, rate: Fraction, folder: str) -> list[_Copy]:
    """Copy the clips at the size of their places; of those that cannot be, their places say why."""
    wanted = []
    for number, (tile, box) in enumerate(board.places):
        if tile.video is not None:
            at = fit_into(tile.video.width, tile.video.height, box)
            wanted.append(_Copy(tile, tile.video, f"{number}.mp4", box, at))
    made, trouble = [], ""
    for start in range(0, len(wanted), _AT_ONCE):
        group = wanted[start : start + _AT_ONCE]
        for copy, words in zip(group, _copy_together(group, heard, rate, folder), strict=True):
            if words is None:
                made.append(copy)
            else:
                trouble = words
                say(board, copy.place, UNREADABLE if copy.video.path.is_file() else GONE)
    if not made:
        raise RequestError(f"There is no clip that can be shown. {trouble}".strip())
    return made


def _copy_together(
    group: Sequence[_Copy], heard: Tile | None, rate: Fraction, folder: str
) -> Sequence[str | None]:
    """Copy clips side by side; returns for each what is wrong with it.

    If that is too much for the process, perhaps because of one of them, they are copied one by one.
    """
    orders = [_order(copy, folder, sound=copy.tile is heard) for copy in group]
    try:
        facts, _ = of_files("places", "The mosaic", orders=orders, rate=_pair(rate))
    except WorkerUnavailable:
        raise
    except ConfigurationError:
        return [_copy_alone(order, rate) for order in orders]
    trouble = facts.get("trouble")
    if not isinstance(trouble, list) or len(trouble) != len(group):
        return [_copy_alone(order, rate) for order in orders]
    return [None if words is None else one_line(str(words)) for words in trouble]


def _copy_alone(order: Order, rate: Fraction) -> str | None:
    try:
        of_video("place", order["path"], order=order, rate=_pair(rate))
    except WorkerUnavailable:
        raise
    except DownloadError as error:
        return str(error)
    return None


def _order(copy: _Copy, folder: str, *, sound: bool) -> Order:
    return {
        "path": str(copy.video.path.absolute()),
        "target": str(Path(folder) / copy.name),
        "size": [copy.at.width, copy.at.height],
        "sound": sound,
    }


def _pair(rate: Fraction) -> list[int]:
    return [rate.numerator, rate.denominator]


def heard_tile(tiles: Sequence[Tile], sound: str | bool) -> Tile | None:
    """Return the clip whose sound is to be heard; see `mosaic`."""
    if sound is False:
        return None
    if sound is True:
        return next((tile for tile in tiles if _sounds(tile)), None)
    chosen = [tile for tile in tiles if sound in {tile.job_id, tile.label}]
    if not chosen:
        raise RequestError(
            f"There is no clip {sound!r} whose sound could be heard: give a job's id or a clip's label, "
            "True for the first clip with sound, or False."
        )
    if not _sounds(chosen[0]):
        raise RequestError(f"The clip {sound!r} has no sound, or is not there: choose another one, or False.")
    return chosen[0]


def _sounds(tile: Tile) -> bool:
    return tile.video is not None and tile.video.has_audio and tile.video.path.is_file()


def _rate(videos: list[Video]) -> Fraction:
    """Return the frames a second: those of the fastest clip, but not more than there should be."""
    rates = [Fraction(video.fps).limit_denominator(1001) for video in videos if 1 <= video.fps <= 240]
    rate = max(rates, default=Fraction(_USUAL_FPS))
    while rate > _TOP_FPS:
        rate /= 2
    return rate
