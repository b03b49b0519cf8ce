"""A whole scene: sky, land, one subject and the weather, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.sandbox.drawing.caption import Caption
from ltxv_nb.sandbox.drawing.land import land_of
from ltxv_nb.sandbox.drawing.reflections import Reflections
from ltxv_nb.sandbox.drawing.sky import Clouds, sky_of
from ltxv_nb.sandbox.drawing.subject import subject_of
from ltxv_nb.sandbox.drawing.weather import Weather

if TYPE_CHECKING:
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.look import Look
    from ltxv_nb.sandbox.drawing.planes import Planes


class Scene:
    """The frames of the scene that a prompt describes.

    Parameters
    ----------
    spec : ClipSpec
        The clip.
    look : Look
        How it looks.
    """

    def __init__(self, spec: ClipSpec, look: Look) -> None:
        self._sky = sky_of(spec, look)
        self._canvas = self._sky.copy()
        self._clouds = Clouds(spec, look)
        self._land = land_of(spec, look)
        self._subject, self._behind = subject_of(spec, look)
        self._reflections = Reflections(spec, look) if look.land == "sea" and look.hour != "storm" else None
        self._weather = Weather(spec, look)
        self._caption = Caption(spec)

    def draw(self, index: int) -> Planes:
        """Return frame ``index``; the next call draws over the same picture."""
        canvas = self._canvas
        canvas.put(self._sky, 0, 0)
        self._clouds.draw(canvas, index)
        for number, layer in enumerate(self._land):
            if number == self._behind and self._subject:
                self._subject.draw(canvas, index)
            layer.draw(canvas, index)
        if self._subject and self._behind >= len(self._land):
            self._subject.draw(canvas, index)
        if self._reflections:
            self._reflections.draw(canvas, index)
        self._weather.draw(canvas, index)
        self._caption.draw(canvas, index)
        return canvas
