"""Whether the page can fetch a clip from where it is, or has to be handed it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ltxv_nb.notebook.frontend import notebook_folder

if TYPE_CHECKING:
    from pathlib import Path


def embed_for(path: Path) -> bool | None:
    """Return how a live page gets a clip, as `ltxv_nb.media.player.player_html` takes it.

    Jupyter's server hands out what lies beside the notebook or below: then the page plays the file itself, at
    once and in full quality. Voila does not, and of other places nobody knows; there it is embedded.
    """
    on_server = os.environ.get("JPY_SESSION_NAME") and not any(
        name.startswith("VOILA_") for name in os.environ
    )
    try:
        return False if on_server and path.resolve().is_relative_to(notebook_folder().resolve()) else None
    except OSError:
        return None
