"""One picture of many clips: an early picture of each, side by side, with labels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.board import Box, fit_into, make_board, say
from ltxv_nb.media.mosaic import GONE, UNREADABLE
from ltxv_nb.media.mosaic_frames import MARK
from ltxv_nb.media.poster import poster
from ltxv_nb.media.worker.process import WorkerUnavailable

if TYPE_CHECKING:
    from PIL import Image

    from ltxv_nb.arrangement import Arrangement
    from ltxv_nb.video import Video

#: Pixels of a sheet's width, and bytes of a picture on it at most.
WIDTH, _PICTURE_BYTES = 1920, 1_000_000


def contact_sheet(arrangement: Arrangement, *, title: str = "") -> bytes:
    """Return clips side by side as a PNG, 1920 pixels wide and as high as it has to be.

    Of each clip it has an early picture that shows something. Where a clip is missing or cannot be read, its
    place says so.

    Parameters
    ----------
    arrangement : Arrangement
        The clips.
    title : str
        A line above all.

    Raises
    ------
    RequestError
        There are too many.
    WorkerUnavailable
        The process that opens files cannot be started.
    """
    from PIL import PngImagePlugin

    board = make_board(arrangement, WIDTH, None, title)
    for tile, box in board.places:
        if tile.video is None:
            continue
        try:
            picture = _picture(tile.video, box)
        except WorkerUnavailable:
            raise
        except DownloadError:
            say(board, box, UNREADABLE if tile.video.path.is_file() else GONE)
            continue
        at = fit_into(*picture.size, box)
        board.picture.paste(picture.resize((at.width, at.height)), (at.left, at.top))
    about = PngImagePlugin.PngInfo()
    about.add_text("Software", MARK)
    out = io.BytesIO()
    board.picture.save(out, "PNG", pnginfo=about, compress_level=6)
    return out.getvalue()


def _picture(video: Video, box: Box) -> Image.Image:
    """Return an early picture of a clip, no larger than it has to be."""
    from PIL import Image

    data = poster(video.path, max_width=max(box.width, box.height), max_bytes=_PICTURE_BYTES)
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
        shown: Image.Image = picture.convert("RGB")
    return shown
