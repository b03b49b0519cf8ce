"""What can be done with a finished clip, as HTML that stands right under it.

Nothing here needs a kernel or a script: each action that leads to a new clip unfolds the cell to copy, so
that it also works in a saved, an untrusted and an exported notebook. None of them submits anything.
"""

from __future__ import annotations

import html
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import LTXVError
from ltxv_nb.journal.ratings import MOST_STARS
from ltxv_nb.media.player import file_address, if_missing
from ltxv_nb.notebook.output.pictures import files_as_text
from ltxv_nb.notebook.output.source import JobId, cell_text, copy_button

if TYPE_CHECKING:
    from collections.abc import Collection

    from ltxv_nb.client import Client
    from ltxv_nb.journal import Record
    from ltxv_nb.request import GenerationRequest

#: Every action, in the order in which they stand.
ALL = ("continue", "variation", "copy", "open", "download", "star")

#: Those that stand under a clip's card, which has "Open" beside its facts.
UNDER_A_CARD = ("continue", "variation", "copy", "download", "star")

_ROW = "display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline;margin-top:8px"
#: What is unfolded takes a line of its own; where no style applies it stands beside the others.
_STYLE = "<style>.ltxv-actions>details[open]{flex:1 1 100%}</style>"
_ITEM = "min-width:0;max-width:100%"
_LINK = "color:var(--jp-content-link-color,#1565c0);cursor:pointer;text-decoration:none;white-space:nowrap"
_CODE = (
    "margin:6px 0;padding:8px 10px;border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;"
    "word-break:normal;font-size:12px;border:1px solid var(--jp-border-color2,#d0d0d0);"
    "background:var(--jp-layout-color2,#f3f3f3);color:var(--jp-ui-font-color1,#222)"
)
_BUTTON = (
    "font-size:12px;padding:3px 9px;border-radius:5px;cursor:pointer;margin-right:8px;"
    "border:1px solid var(--jp-border-color1,#999);background:var(--jp-layout-color1,#fff);"
    "color:var(--jp-ui-font-color1,#222)"
)
#: Runs in the page, and holds no text from outside: tells the kernel of a rating, or else writes the command.
_RATE = (
    "const stars=+this.value,box=this.parentNode,job=box.dataset.job,all=box.closest('details'),"
    "heard=!document.dispatchEvent(new CustomEvent('ltxv-rate',{detail:{job,stars},cancelable:true}));"
    "all.querySelector('pre').textContent='%ltxv rate '+job+' '+stars;"
    "if(heard){all.open=false;all.querySelector('summary').textContent="
    "stars?'★'.repeat(stars)+'☆'.repeat(5-stars):'☆ Star'}"
)
#: Numbers that a seed can be where the model does not say.
_SEEDS = 2**31 - 1


def actions_html(
    record: Record, client: Client, *, base_dir: Path, shown: Collection[str] = ALL, group: str = "clip"
) -> str:
    """Return the actions of a finished clip.

    Parameters
    ----------
    record : Record
        Its row in the journal.
    client : Client
        Whose journal it is.
    base_dir : Path
        The notebook's folder, from which the links to the file lead.
    shown : collection of str
        Which of `ALL`.
    group : str
        Distinguishes places that show the same clip: of the actions of one place, one is unfolded at a time.

    Returns
    -------
    str
        One ``div``; empty when nothing is left to be shown.
    """
    made = {**_cells(record, client, group), **_links(record, base_dir), "star": _star(record, group)}
    items = [made[name] for name in ALL if name in shown and name in made]
    return f'{_STYLE}<div class="ltxv-actions" style="{_ROW}">{"".join(items)}</div>' if items else ""


def _cells(record: Record, client: Client, group: str) -> dict[str, str]:
    """Return the actions that unfold a cell; none for a request that cannot be read any more."""
    try:
        request = client.request_of(record)
        files = files_as_text(request, client.home)
    except LTXVError:
        return {}
    paid = "" if client.backend == "sandbox" else " It is billed when you run it."
    found = {
        "variation": _unfolding(
            "Make a variation",
            f"Run this in a cell, as it is or changed: it makes a new clip.{paid}",
            variation_text(request, files, record.id),
            record.id,
            group,
        ),
        "copy": _unfolding(
            "Copy as cell",
            "The cell of this clip: run, it shows the clip again.",
            cell_text(request, files),
            record.id,
            group,
        ),
    }
    if continuation := continuation_text(request, files, record.id):
        words = f"Say what happens next and run this in a cell: it begins with this clip's last frame.{paid}"
        found["continue"] = _unfolding("Continue from here", words, continuation, record.id, group)
    return found


def continuation_text(request: GenerationRequest, files: dict[str, Any], job_id: str) -> str:
    """Return a cell that starts from the last frame of a job; ``""`` where the model takes no first frame."""
    image, last = request.spec.parameter("image"), request.spec.parameter("last_image")
    if image is None:
        return ""
    others = {name: value for name, value in files.items() if last is None or name != last.key}
    return cell_text(request, {**others, image.key: JobId(job_id)})


def variation_text(request: GenerationRequest, files: dict[str, Any], job_id: str) -> str:
    """Return a cell that makes another take: with another seed, or where there is none with ``--again``."""
    seed = request.spec.parameter("seed")
    if seed is None:
        return cell_text(request, files, again=True)
    least = int(seed.minimum or 0)
    most = int(seed.maximum) if seed.maximum is not None else _SEEDS
    number = least + zlib.crc32(f"{job_id} {request.get(seed.key)}".encode()) % max(1, most - least + 1)
    return cell_text(request.replace(**{seed.key: number}), files)


def _links(record: Record, base_dir: Path) -> dict[str, str]:
    if not record.file or not Path(record.file).is_file():
        return {}
    address = html.escape(file_address(Path(record.file), base_dir))
    name = html.escape(Path(record.file).name)
    rest = f'title="{name}" style="{_LINK}"{if_missing(Path(record.file).name, record.id)}'
    return {
        "open": f'<a href="{address}" target="_blank" rel="noopener" {rest}>Open</a>',
        "download": f'<a href="{address}" download="{name}" {rest}>Download</a>',
    }


def _star(record: Record, group: str) -> str:
    """Return stars to click on, which a kernel hears that has shown a clip in this page; and the command."""
    given, job = record.stars or 0, html.escape(record.id)
    label = f"{'★' * given}{'☆' * (MOST_STARS - given)}" if given else "☆ Star"
    buttons = "".join(
        f'<button type="button" value="{stars}" style="{_BUTTON}" onclick="{_RATE}">{words}</button>'
        for stars, words in (*((stars, f"{stars} ★") for stars in range(1, MOST_STARS + 1)), (0, "None"))
    )
    more = f'<div data-job="{job}" style="margin-top:6px">{buttons}</div>'
    words = "This command does the same."
    return _unfolding(label, words, f"%ltxv rate {record.id} 5", record.id, group, more=more)


def _unfolding(label: str, words: str, text: str, job_id: str, group: str, *, more: str = "") -> str:
    """Return an action that unfolds a text to copy; of those with one name the page keeps one open."""
    name = html.escape(f"ltxv-{group}-{job_id}")
    return (
        f'<details name="{name}" style="{_ITEM}"><summary style="{_LINK}">{html.escape(label)}</summary>'
        f'<div>{more}<pre tabindex="0" style="{_CODE}">{html.escape(text)}</pre>'
        f"{copy_button('Copy', label, _BUTTON)}<span>{html.escape(words)}</span></div></details>"
    )
