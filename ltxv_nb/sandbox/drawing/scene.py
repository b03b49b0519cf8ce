"""A whole scene: sky, land, one sight and the weather, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.sandbox.drawing.caption import Caption
from ltxv_nb.sandbox.drawing.land import land_of
from ltxv_nb.sandbox.drawing.reflections import Glitter
from ltxv_nb.sandbox.drawing.sky import Clouds, sky_of
from ltxv_nb.sandbox.drawing.subject import sight_of
from ltxv_nb.sandbox.drawing.weather import Weather

if TYPE_CHECKING:
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.look import Mood
    from ltxv_nb.sandbox.drawing.planes import Planes


class Scene:
    """The film that a prompt's words call for.

    Parameters
    ----------
    spec : ClipSpec
        The clip.
    mood : Mood
        What its words call for.
    """

    def __init__(self, spec: ClipSpec, mood: Mood) -> None:
        self._sky = sky_of(spec, mood)
        self._canvas = self._sky.copy()
        self._clouds = Clouds(spec, mood)
        self._land = land_of(spec, mood)
        self._sight, self._behind = sight_of(spec, mood)
        self._glitter = Glitter(spec, mood) if mood.land == "sea" and mood.hour != "storm" else None
        self._weather = Weather(spec, mood)
        self._caption = Caption(spec)

    def draw(self, index: int) -> Planes:
        """Return frame ``index``; the same picture is drawn over for the next one."""
        canvas = self._canvas
        canvas.put(self._sky, 0, 0)
        self._clouds.draw(canvas, index)
        for number, layer in enumerate(self._land):
            if number == self._behind and self._sight:
                self._sight.draw(canvas, index)
            layer.draw(canvas, index)
        if self._sight and self._behind >= len(self._land):
            self._sight.draw(canvas, index)
        if self._glitter:
            self._glitter.draw(canvas, index)
        self._weather.draw(canvas, index)
        self._caption.draw(canvas)
        return canvas
