"""A clip that ends on a given image: other frames that turn into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PIL import Image

from ltxv_nb.sandbox.drawing.photo import planes_of
from ltxv_nb.sandbox.drawing.planes import Planes

if TYPE_CHECKING:
    from pathlib import Path

    from ltxv_nb.sandbox.drawing.clip import ClipSpec

#: After which part of the clip the image begins to show.
_FROM = 0.55


class Frames(Protocol):
    """Frames by their index."""

    def draw(self, index: int) -> Planes:
        """Return frame ``index``."""


class Ending:
    """Frames that fade into an image, which is the last frame unchanged.

    Parameters
    ----------
    spec : ClipSpec
        The clip.
    before : Frames
        What is seen until then.
    image : Path
        The image file.

    Raises
    ------
    OSError
        The file is not an image, or too large a one (Pillow's own limit on pixels).
    """

    def __init__(self, spec: ClipSpec, before: Frames, image: Path) -> None:
        self._last, self._before = spec.frames - 1, before
        self._still = planes_of(spec, image)

    def draw(self, index: int) -> Planes:
        """Return frame ``index``."""
        part = index / self._last if self._last else 1.0
        share = max(0.0, (part - _FROM) / (1 - _FROM))
        if share == 0:
            return self._before.draw(index)
        if share >= 1:
            return self._still
        frame, eased = self._before.draw(index), share * share * (3 - 2 * share)
        pairs = ((frame.y, self._still.y), (frame.u, self._still.u), (frame.v, self._still.v))
        return Planes(*(Image.blend(one, other, eased) for one, other in pairs))
