"""A list of jobs as a table, for a page and for a terminal.

Prompts, states and file names come from outside: each is escaped. Colours are those of the page. The pictures
are tiny, and only the first rows have one, so that a saved notebook stays small. A click on a title sorts; in
a notebook that is not trusted the table stays as it is.
"""

from __future__ import annotations

import html
import sys
import time
from typing import TYPE_CHECKING, Any

from ltxv_nb.job_list.facts import age_text, facts
from ltxv_nb.media.player import file_address
from ltxv_nb.media.posters import TINY, Posters
from ltxv_nb.tables import aligned
from ltxv_nb.text import NO_MATH, one_line, visible
from ltxv_nb.vocabulary import seconds_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ltxv_nb.job import Job
    from ltxv_nb.job_list.facts import Facts

NO_JOBS = "There are no jobs yet. A cell that begins with %%ltxv makes one."

#: Rows that have a picture, and seconds that may be spent on making pictures that are not there yet.
_PICTURES, _PATIENCE = 40, 1.5

_TITLES = ("", "job", "state", "submitted", "took", "cost", "stars", "model", "prompt", "file")
_CELL = "text-align:left;vertical-align:middle;padding:4px 8px"
_TITLE = (
    "all:revert;background:none;border:0;padding:0;font:inherit;font-weight:600;color:inherit;cursor:pointer"
)
_IMAGE = "display:block;width:80px;height:45px;object-fit:cover;border-radius:4px;max-width:none"
_PROMPT = "min-width:180px;max-width:420px;overflow-wrap:anywhere"
_FILE = "min-width:110px;max-width:200px;overflow-wrap:anywhere"

#: Runs in the page, and holds no text from outside: sorts the rows by the column whose title was clicked.
_SORT = (
    "const b=event.target.closest('button');if(!b)return;const h=b.parentNode,i=h.cellIndex,"
    "t=this.closest('table').tBodies[0],up=h.getAttribute('aria-sort')!=='ascending',"
    "k=r=>r.cells[i].dataset.key??r.cells[i].textContent;"
    "[...this.rows[0].cells].forEach(c=>c.removeAttribute('aria-sort'));"
    "h.setAttribute('aria-sort',up?'ascending':'descending');"
    "t.append(...[...t.rows].sort((x,y)=>(up?1:-1)*"
    "k(x).localeCompare(k(y),undefined,{numeric:true})))"
)


def table_text(jobs: Sequence[Job], shown: int) -> str:
    """Return the first jobs as lines of plain text, in columns.

    Parameters
    ----------
    jobs : sequence of Job
        The jobs.
    shown : int
        How many are listed at most.
    """
    if not jobs:
        return NO_JOBS
    rows = [_line(facts(job)) for job in jobs[:shown]]
    return "\n".join([*aligned(rows), *_more(jobs, shown)])


def _line(job: Facts) -> tuple[str, ...]:
    words = (
        job.id,
        job.state,
        age_text(job.age),
        seconds_text(job.took),
        job.cost,
        "★" * job.stars,
        one_line(job.prompt, 60),
        job.file.name if job.file else "",
    )
    return tuple(visible(one_line(word)) for word in words)


def table_html(jobs: Sequence[Job], shown: int, *, base_dir: Path) -> str:
    """Return the first jobs as a table.

    Parameters
    ----------
    jobs : sequence of Job
        The jobs.
    shown : int
        How many are listed at most.
    base_dir : Path
        The notebook's folder, from which the links to the files lead.
    """
    if not jobs:
        return f"<p>{html.escape(NO_JOBS)}</p>"
    rows = [
        _cells(facts(job), picture, base_dir)
        for job, picture in zip(jobs[:shown], _pictures(jobs[:shown]), strict=True)
    ]
    table = _interactive(rows) or _plain(rows)
    notes = "".join(f"<p>{html.escape(line)}</p>" for line in _more(jobs, shown))
    return f'<div class="ltxv-jobs-table {NO_MATH}" style="overflow-x:auto">{table}{notes}</div>'


def _more(jobs: Sequence[Job], shown: int) -> list[str]:
    if len(jobs) <= shown:
        return []
    return [f"The first {shown} of {len(jobs):,} jobs."]


def _pictures(jobs: Sequence[Job]) -> Iterator[str]:
    """Yield a tiny picture for each job as a data URI; ``""`` where there is none, or none in time."""
    posters, until = Posters(jobs[0].client.home), time.monotonic() + _PATIENCE
    for number, job in enumerate(jobs):
        if number >= _PICTURES or job.video is None:
            yield ""
        else:
            yield posters.thumbnail(job.record, TINY, make=time.monotonic() < until) or ""


def _cells(job: Facts, picture: str, base_dir: Path) -> list[tuple[str, str, str]]:
    """Return the cells of a row: HTML, what it is sorted by, and more of its style."""
    link = ""
    if job.file is not None:
        address, name = html.escape(file_address(job.file, base_dir)), html.escape(one_line(job.file.name))
        link = f'<a href="{address}" target="_blank" rel="noopener" title="{name}">{name}</a>'
    prompt, whole = one_line(job.prompt, 120), html.escape(visible(job.prompt))
    return [
        (f'<img src="{picture}" alt="" style="{_IMAGE}">' if picture else "", "", ""),
        (f"<code>{html.escape(job.id)}</code>", job.id, ""),
        (html.escape(one_line(job.state)), job.state, ""),
        (html.escape(age_text(job.age)), f"{job.age:.0f}", "white-space:nowrap"),
        (html.escape(seconds_text(job.took)), f"{job.took:.0f}", "white-space:nowrap"),
        (html.escape(job.cost), "" if job.usd is None else f"{1e6 * job.usd:.0f}", "white-space:nowrap"),
        (_stars(job.stars), str(job.stars), "white-space:nowrap"),
        (html.escape(one_line(job.model, 60)), job.model, ""),
        (f'<span dir="auto" title="{whole}">{html.escape(prompt)}</span>', prompt, _PROMPT),
        (link, job.file.name if job.file else "", _FILE),
    ]


def _stars(stars: int) -> str:
    return f'<span role="img" aria-label="{stars} of 5 stars">{"★" * stars}</span>' if stars else ""


def _plain(rows: Sequence[Sequence[tuple[str, str, str]]]) -> str:
    head = "".join(f'<th scope="col" style="{_CELL}">{_title(title)}</th>' for title in _TITLES)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<table><thead onclick="{_SORT}"><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _title(title: str) -> str:
    if not title:
        return '<span style="position:absolute;clip-path:inset(50%)">picture</span>'
    return f'<button type="button" title="Sort by {title}" style="{_TITLE}">{title}</button>'


def _cell(cell: tuple[str, str, str]) -> str:
    shown, key, style = cell
    return f'<td style="{_CELL};{style}" data-key="{html.escape(visible(key))}">{shown}</td>'


def _interactive(rows: Sequence[Sequence[tuple[str, str, str]]]) -> str:
    """Return the table as the user's own itables shows it; ``""`` where the notebook has not loaded that.

    It loads its script from the internet, or from the notebook, as the user has set it up.
    """
    itables: Any = sys.modules.get("itables")
    if itables is None:
        return ""
    import pandas as pd

    names = ["picture", *_TITLES[1:]]
    # It sorts by the text of a cell: what is not seen stands first in it.
    cells = [[f"<span hidden>{_padded(key)}</span>{shown}" for shown, key, _ in row] for row in rows]
    frame = pd.DataFrame(cells, columns=names)
    return str(itables.to_html_datatable(frame, allow_html=True, showIndex=False))


def _padded(key: str) -> str:
    return key.rjust(15, "0") if key.isdecimal() else html.escape(key)
