"""What a notebook shows in place of a panel whose kernel is gone: its finished clips, as plain HTML.

A panel is a widget, and widgets disappear with their kernel. So there is a second output under the cell,
which a style hides while the panel is there. It is updated as long as the page that ran the cell is open;
that is what gets saved with the notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.media.player import player_html, player_text
from ltxv_nb.notebook.frontend import notebook_folder
from ltxv_nb.notebook.output.views import Output
from ltxv_nb.notebook.widgets.style import style_tag
from ltxv_nb.text import NO_MATH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from ltxv_nb.video import Video

#: Clips of one panel that are embedded in the notebook, or a preview of them; to older ones it has links.
EMBEDDED = 3

_CHILD = ".jp-OutputArea-child"
#: The class that ipywidgets gives to what has lost its kernel, beside the picture of a broken link.
_DEAD = ".jupyter-widgets-disconnected"
#: Of a panel that has lost its kernel while the page was open, what somebody has written stays.
_STYLE = f"""
{_CHILD}:has(.ltxv-panel:not({_DEAD}))+{_CHILD}:has(.ltxv-fallback){{display:none}}
{_CHILD}:not(:has(.ltxv-panel)):has(+{_CHILD} .ltxv-fallback){{display:none}}
.ltxv-panel{_DEAD}::before,.ltxv-panel{_DEAD} ::before{{display:none!important}}
.ltxv-panel{_DEAD}>:not(.ltxv-card,.ltxv-style),.ltxv-panel{_DEAD} .ltxv-card>:not(.ltxv-prompt)
{{display:none!important}}
"""
_NOTE = (
    "This control panel needs a kernel: run the cell to open it again. Jobs continue without it; "
    "%ltxv resume tracks them."
)


class Fallback:
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

    def update(self, videos: Sequence[Video]) -> None:
        """Show these clips, the first ones embedded."""
        self._output.replace(self._bundle(videos))

    def _bundle(self, videos: Sequence[Video]) -> dict[str, str]:
        players = "".join(self._player(video, embedded=at < EMBEDDED) for at, video in enumerate(videos))
        lines = [player_text(video, base_dir=notebook_folder()) for video in videos]
        shown = f'<div class="ltxv-fallback {NO_MATH}"><p>{_NOTE}</p>{players}</div>'
        return {"text/html": style_tag(_STYLE) + shown, "text/plain": "\n".join(lines)}

    def _player(self, video: Video, *, embedded: bool) -> str:
        key = (video.job_id, embedded)
        if key not in self._made:
            embed = None if embedded else False
            self._made[key] = player_html(video, embed=embed, base_dir=notebook_folder())
        return self._made[key]
