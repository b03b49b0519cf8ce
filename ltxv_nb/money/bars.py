"""A small picture of bars, one for each day, as inline SVG: no script, no font, no colour of its own."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from ltxv_nb.credits import in_dollars

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

#: Size of the picture, and the distance between two bars, in pixels.
_WIDTH, _HEIGHT, _GAP = 420, 64, 3

#: A day on which anything was spent is at least so many pixels high.
_LEAST = 2.0


def bars_html(days: Sequence[tuple[date, int]], *, play_money: bool) -> str:
    """Return the picture with its caption; ``""`` where nothing was spent on these days.

    Words stand outside the picture or in an attribute: a page that takes SVG out of an untrusted notebook
    would leave them as loose text. The bars have the colour of the text, so that they are seen in light and
    dark.

    Parameters
    ----------
    days : sequence of (date, int)
        Each day with what it has cost, in credits; the oldest first.
    play_money : bool
        Whether that is the sandbox's.
    """
    most = max((amount for _, amount in days), default=0)
    if most <= 0:
        return ""
    step = _WIDTH / len(days)
    bars = "".join(
        _bar(number * step, step - _GAP, max(_LEAST, _HEIGHT * amount / most))
        for number, (_, amount) in enumerate(days)
        if amount > 0
    )
    caption = _caption(days, play_money=play_money)
    return (
        f'<svg role="img" aria-label="{html.escape(caption)}" viewBox="0 0 {_WIDTH} {_HEIGHT + 1}" '
        f'width="{_WIDTH}" height="{_HEIGHT + 1}" style="max-width:100%;display:block;margin:4px 0" '
        f'fill="currentColor" fill-opacity="0.65">{bars}'
        f'<rect x="0" y="{_HEIGHT}" width="{_WIDTH}" height="1" fill-opacity="0.3"/></svg>'
        f'<div style="opacity:.85;font-size:smaller">{html.escape(caption)}</div>'
    )


def _bar(left: float, width: float, height: float) -> str:
    return f'<rect x="{left:.1f}" y="{_HEIGHT - height:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _caption(days: Sequence[tuple[date, int]], *, play_money: bool) -> str:
    day, most = max(days, key=lambda one: one[1])
    total = in_dollars(sum(amount for _, amount in days))
    money = "of play money " if play_money else ""
    return (
        f"{total} {money}in the {len(days)} days from {_short(days[0][0])} to {_short(days[-1][0])}; "
        f"most on {_short(day)}: {in_dollars(most)}."
    )


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"
