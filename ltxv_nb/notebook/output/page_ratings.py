"""Stars that are clicked on under a clip in a cell, which is plain HTML and has no widget of its own.

One invisible widget for each notebook listens in the page. Where it cannot be loaded, or its kernel is gone,
the click writes the command that does the same; see `ltxv_nb.notebook.output.actions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget

if TYPE_CHECKING:
    from collections.abc import Callable

_ESM = """
export default {
  initialize({ model }) {
    const heard = (event) => {
      event.preventDefault(); // so that whoever asks knows
      model.send(event.detail);
    };
    document.addEventListener("ltxv-rate", heard);
    return () => document.removeEventListener("ltxv-rate", heard);
  },
};
"""


class PageRatings(anywidget.AnyWidget):
    """What hears of the stars; it is never displayed.

    Parameters
    ----------
    rate : callable
        Called with a job's id and the stars, as the page sent them: they may be anything.
    """

    _esm = _ESM

    def __init__(self, rate: Callable[[str, Any], object]) -> None:
        super().__init__()
        self._rate = rate
        self.on_msg(self._received)

    def _received(self, _widget: object, content: Any, _buffers: object) -> None:
        job = content.get("job") if isinstance(content, dict) else None
        if isinstance(job, str):
            self._rate(job, content.get("stars"))
