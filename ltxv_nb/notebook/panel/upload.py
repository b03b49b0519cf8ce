"""The control that takes a picture from somebody's machine: the page's own, or that of ipywidgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.models import Model
    from ltxv_nb.notebook.widgets.factory import WidgetFactory

#: Larger ones do not fit through a notebook's connection in one message, as the plain control sends them.
_PLAIN_LIMIT = "Up to 7 MB; choose “Address or path” for a larger one."
_SHRUNK = "A large one is made smaller here before it is sent."


class PictureUpload:
    """A button that takes one picture; its widget is `box`, and beside it stands `hint`.

    Parameters
    ----------
    factory : WidgetFactory
        Makes the plain control.
    take : callable
        Called with the file's name and its bytes.
    frame : tuple of int or None
        Width and height in pixels that the page makes a larger picture fit; ``None`` where the page runs
        nothing of ours: then the plain control sends what is chosen as it is.
    """

    def __init__(
        self, factory: WidgetFactory, take: Callable[[str, bytes], object], frame: tuple[int, int] | None
    ) -> None:
        self._take = take
        if frame is None:
            self.hint = _PLAIN_LIMIT
            tooltip = "A JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF picture; above 7 MB, give its path instead"
            self.box: Any = factory.upload("Choose a picture", tooltip, "ltxv-upload")
            self.box.observe(lambda change: self._take_files(change["new"]), names="value")
            return
        from ltxv_nb.notebook.panel.page import Upload

        self.hint = _SHRUNK
        self.box = Upload(take, frame, layout=factory.layout)

    def _take_files(self, files: Any) -> None:
        if files:
            name, data = str(files[0]["name"]), bytes(files[0]["content"])
            self.box.value = ()  # the page need not get the picture back
            self._take(name, data)


def largest_frame(model: Model) -> tuple[int, int]:
    """Return the width and the height, in pixels, that a picture for any clip of a model has to fill."""
    values = {key: model.parameter(key) for key in ("resolution", "aspect_ratio")}
    choices = {
        key: found.values if found is not None and found.values else (None,) for key, found in values.items()
    }
    sizes = [
        model.frame_size(one, other) for one in choices["resolution"] for other in choices["aspect_ratio"]
    ]
    return max(width for width, _ in sizes), max(height for _, height in sizes)
