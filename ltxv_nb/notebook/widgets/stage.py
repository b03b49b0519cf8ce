"""The place of a clip that is being made: as large as the clip will be, with its first frame if any."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import LTXVError
from ltxv_nb.journal.first_frames import source
from ltxv_nb.media.player import frame_style
from ltxv_nb.models import default_model, find_model
from ltxv_nb.text import data_uri

if TYPE_CHECKING:
    from ltxv_nb.job import Job

#: Longest side of the first frame on the stage, in pixels.
_LONGEST = 480

STAGE_STYLE = """
.ltxv-stage{display:block;position:relative;overflow:hidden;border-radius:8px;
 background:var(--jp-layout-color2,#eee)}
.ltxv-stage img{display:block;width:100%;height:100%;object-fit:cover;filter:saturate(.8) opacity(.85)}
.ltxv-stage::after{content:"";position:absolute;inset:0;
 background:linear-gradient(100deg,transparent 20%,var(--jp-border-color2,#ddd) 50%,transparent 80%);
 opacity:.5;transform:translateX(-100%)}
@media (prefers-reduced-motion:no-preference)
{.ltxv-stage::after{animation:ltxv-shimmer 2.4s ease-in-out infinite}}
@media (prefers-reduced-motion:reduce){.ltxv-stage::after{background:none}}
@keyframes ltxv-shimmer{to{transform:translateX(100%)}}
"""


def stage_html(job: Job, picture: str = "") -> str:
    """Return the stage of a job.

    Parameters
    ----------
    job : Job
        The job.
    picture : str
        Its first frame, as an address for ``img``; empty where there is none.
    """
    shown = f'<img src="{html.escape(picture)}" alt="">' if picture else ""
    style = frame_style(*frame_size(job))
    return f'<div class="ltxv-stage" style="{style}" aria-hidden="true">{shown}</div>'


def frame_size(job: Job) -> tuple[int, int]:
    """Return width and height of the clip that is being made, in pixels, as far as they are known."""
    asked: dict[str, Any] = job.record.request
    name = job.record.model
    model = find_model(name) or job.client.known_model(name) or default_model()
    return model.frame_size(asked.get("resolution"), asked.get("aspect_ratio"))


def first_frame(job: Job) -> str:
    """Return the first frame of a job as an address for ``img``; empty where it has none that is here.

    The file is opened in the process for files from outside, which may take a moment.
    """
    from ltxv_nb.media import picture

    stored = job.record.request.get("image")
    if not isinstance(stored, dict) or "file" not in stored:
        return ""
    try:
        data = Path(source(stored, job.client.home)).read_bytes()
        return data_uri(picture.thumbnail(data, "The first frame", _LONGEST), "image/jpeg")
    except (LTXVError, OSError):
        return ""  # the stage without it will do
