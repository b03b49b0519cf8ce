"""What stands in the notebook for a panel whose kernel is gone: its finished clips, as plain HTML.

A panel is a widget, and widgets die with their kernel. So there is a second output under the cell, hidden by
a style while the panel lives, and in its place when it is dead. It follows the panel as long as the page that
ran the cell is open; that is what gets saved with the notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.media.player import player_html, player_text
from ltxv_nb.notebook.frontend import notebook_folder
from ltxv_nb.notebook.output.views import Output
from ltxv_nb.notebook.widgets.status_style import style_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from ltxv_nb.video import Video

#: Clips that the notebook carries, as far as they are small, for one panel; of older ones it has the links.
CARRIED = 3

_CHILD = ".jp-OutputArea-child"
_STYLE = f"""
{_CHILD}:has(.ltxv-panel)+{_CHILD}:has(.ltxv-keepsake){{display:none}}
{_CHILD}:not(:has(.ltxv-panel)):has(+{_CHILD} .ltxv-keepsake){{display:none}}
"""
_WORDS = "The control panel was here; running the cell opens it again."


class Keepsake:
    """The second output of a cell that shows a panel.

    Parameters
    ----------
    ip : InteractiveShell
        The shell whose cell is running.
    """

    def __init__(self, ip: InteractiveShell) -> None:
        self._output = Output(ip)
        self._made: dict[tuple[str, bool], str] = {}
        self._output.show(self._bundle([]))

    def follow(self, videos: Sequence[Video]) -> None:
        """Hold these clips, the first ones whole or as previews."""
        self._output.replace(self._bundle(videos))

    def _bundle(self, videos: Sequence[Video]) -> dict[str, str]:
        players = "".join(self._player(video, carried=at < CARRIED) for at, video in enumerate(videos))
        lines = [player_text(video, base_dir=notebook_folder()) for video in videos]
        shown = f'<div class="ltxv-keepsake"><p>{_WORDS}</p>{players}</div>'
        return {"text/html": style_tag(_STYLE) + shown, "text/plain": "\n".join(lines)}

    def _player(self, video: Video, *, carried: bool) -> str:
        key = (video.job_id, carried)
        if key not in self._made:
            embed = None if carried else False
            self._made[key] = player_html(video, embed=embed, base_dir=notebook_folder())
        return self._made[key]
