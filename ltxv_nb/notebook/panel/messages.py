"""Sentences of the panel, as texts or as HTML: escaped, read out by screen readers, left alone by MathJax."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from ltxv_nb.text import NO_MATH

if TYPE_CHECKING:
    from ltxv_nb.errors import LTXVError
    from ltxv_nb.models import Model
    from ltxv_nb.notebook.panel.sender import Outcome

_BADGES = {
    "sandbox": ("ltxv-badge", "Sandbox, free of charge"),
    "aimlapi": ("ltxv-badge ltxv-badge-paid", "AI/ML API: every clip is billed"),
}
_OTHER_SERVICE = {
    "sandbox": "Clips go to the sandbox now, free of charge. Press Generate again to make this one.",
    "aimlapi": "Clips go to the real service now, and are billed. Press Generate again to pay for this one.",
}


def message(inside: str, tone: str = "plain") -> str:
    """Return HTML as a line about the form; screen readers read it out when it changes."""
    return f'<span role="status" class="{NO_MATH}" dir="auto" data-tone="{tone}">{inside}</span>'


def words(text: str) -> str:
    """Return a text as HTML that is shown as it stands."""
    return f'<span class="{NO_MATH}">{html.escape(text)}</span>'


def head(backend: str, model: Model) -> str:
    """Return the panel's first line as HTML: the model, and where its clips are made."""
    css_class, where = _BADGES[backend]
    name = f'<b class="{NO_MATH}">{html.escape(model.name)}</b>'
    return f'<div class="ltxv-head">{name}<span class="{css_class}">{where}</span></div>'


def now_elsewhere(backend: str) -> str:
    """Say that the clips go to another service than the panel has shown."""
    return _OTHER_SERVICE[backend]


def error_card(error: LTXVError, backend: str, *, sending: bool, before: str = "") -> str:
    """Return an error as HTML, as cells and jobs show theirs; a sentence may stand before it."""
    from ltxv_nb.notebook.output.card import card_of  # not needed for opening a panel

    lead = f'<div dir="auto">{html.escape(before)}</div>' if before else ""
    shown = card_of(error, free=backend == "sandbox", sending=sending).html()
    return f'<div role="status" class="{NO_MATH}">{lead}{shown}</div>'


def outcome_html(outcome: Outcome, backend: str) -> str:
    """Return what became of a click as HTML."""
    jobs, takes, reason = outcome.jobs, outcome.takes, outcome.reason
    if reason is None:
        ids = [job.id for job in jobs]
        accepted = f"Accepted as job {ids[0]}." if takes == 1 else f"Accepted as jobs {_listed(ids)}."
        return message(html.escape(accepted))
    left = takes - len(jobs)
    rest = f"The other {left} were not sent." if left > 1 else "The last one was not sent." if left else ""
    some = "was" if len(jobs) == 1 else "were"
    before = f"{len(jobs)} of {takes} takes {some} submitted. {rest}".strip() if takes > 1 and jobs else ""
    if isinstance(reason, str) or (jobs and left == 0):  # the job below shows what is not known of it
        return message(html.escape(f"{before} {reason}".strip()), "plain" if jobs else "bad")
    return error_card(reason, backend, sending=True, before=before)


def _listed(ids: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(ids[:-1]), ids[-1]]))
