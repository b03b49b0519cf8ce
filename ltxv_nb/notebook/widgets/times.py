"""Elapsed and expected time of a job, drawn by the page: the seconds move, and no message is sent for them.

The kernel sends an age once. From then on a CSS animation counts, and another one moves the bar. An animation
begins anew when a tab is shown again or a cell is scrolled into view; the one line of script adds what has
passed since. Where no script runs, the clock is right again with the next change.
"""

from __future__ import annotations

import html
import time
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from traitlets import Unicode

from ltxv_nb.notebook.widgets.factory import css_classes
from ltxv_nb.text import NO_MATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.notebook.output.status import Snapshot

#: Where the age stands in what is sent; the first one is ours, in front of all words from outside.
_AGE = "{age}"
#: Seconds from which minutes are shown, as in `ltxv_nb.vocabulary.seconds_text`.
_MINUTES_FROM = 120
#: The age is kept as it was when the clock was first drawn, so that it can be drawn again at any time.
_DRAWN_AGAIN = (
    f"this.t||=Date.now();this.style.setProperty('--ltxv-age',{_AGE}+Math.round((Date.now()-this.t)/1000))"
)

#: How clock and bar move. Where a browser lacks ``@property`` they stand still until the next change.
TIMES_STYLE = """
@property --ltxv-tick{syntax:"<integer>";inherits:true;initial-value:0}
@property --ltxv-now{syntax:"<integer>";inherits:true;initial-value:0}
@property --ltxv-minutes{syntax:"<integer>";inherits:true;initial-value:0}
@keyframes ltxv-tick{from{--ltxv-tick:0}to{--ltxv-tick:86400}}
@keyframes ltxv-bar{from{transform:scaleX(0)}
20%{transform:scaleX(.8);animation-timing-function:cubic-bezier(.03,.5,.3,1)}
to{transform:scaleX(.99)}}
.ltxv-times{display:flex;flex-flow:row;align-items:center;gap:0 8px;min-height:24px;
 animation:ltxv-tick 86400s steps(86400) both;--ltxv-now:calc(var(--ltxv-age) + var(--ltxv-tick))}
@media (min-width:561px){.ltxv-times:not(:has(.ltxv-left))>span{white-space:nowrap}}
.ltxv-clock{font-variant-numeric:tabular-nums}
.ltxv-clock::before{counter-reset:s var(--ltxv-now);content:counter(s) " s"}
.ltxv-clock.ltxv-long{--ltxv-minutes:calc(var(--ltxv-now) / 60 - .5)}
.ltxv-clock.ltxv-long::before{counter-reset:m var(--ltxv-minutes)
 s calc(var(--ltxv-now) - 60 * var(--ltxv-minutes));
 content:counter(m) " min " counter(s,decimal-leading-zero) " s"}
.ltxv-left{font-variant-numeric:tabular-nums}
.ltxv-left::before{counter-reset:s max(0,var(--ltxv-due) - var(--ltxv-now));content:counter(s) " s"}
.ltxv-bar{width:160px;flex:0 1 auto;min-width:24px;height:6px;border-radius:3px;overflow:hidden;
 background:var(--jp-border-color2,#d0d0d0)}
.ltxv-bar>i{display:block;height:100%;border-radius:3px;transform-origin:left;
 background:var(--jp-brand-color1,#1976d2)}
.ltxv-bar>i.ltxv-moving{animation:ltxv-bar calc(5s * var(--ltxv-usual)) linear both;
 animation-delay:calc(1s * (var(--ltxv-begun) - var(--ltxv-age)))}
"""


class Times(widgets.HTML):  # type: ignore[misc]  # ipywidgets has no types
    """Shows the times of a `Snapshot`, and goes on by itself; a page that is reloaded gets the time by then.

    Parameters
    ----------
    clock : callable
        Returns seconds, monotonic.
    **look
        What every widget is made with.
    """

    value: Any = Unicode("").tag(sync=True, to_json=lambda value, widget: widget.at_this_moment(value))

    def __init__(self, clock: Callable[[], float] = time.monotonic, **look: Any) -> None:
        self._clock, self._since = clock, clock()
        super().__init__(**{**look, **css_classes("ltxv-meter", *NO_MATH.split())})

    def show(self, now: Snapshot) -> None:
        """Show these times, also where nothing but the age differs from what is shown."""
        self._since = self._clock() - (now.age or 0.0)
        before, self.value = self.value, times_html(now)
        if self.value == before:
            self.send_state("value")

    def at_this_moment(self, value: str) -> str:
        """Return what is shown, with the age as it is now."""
        return value.replace(_AGE, f"{max(0.0, self._clock() - self._since):.0f}", 2)


def times_html(now: Snapshot) -> str:
    """Return the times as HTML, with a place for the age."""
    detail = html.escape(now.detail)
    if now.age is None:
        return f"<span>{detail}</span>" if detail else ""
    clock = f'<span class="ltxv-clock{" ltxv-long" if now.age >= _MINUTES_FROM else ""}"></span>'
    words = f"<span>{clock}{now.joint}{detail}{_cost(now)}</span>"
    due = ""
    if now.due is not None:
        due = f";--ltxv-due:{now.due:.0f}"
        words = f'<span>{detail} Sent again in <span class="ltxv-left"></span>.</span>'
    return (
        f'<div class="ltxv-times" style="--ltxv-age:{_AGE}{due}" onanimationstart="{_DRAWN_AGAIN}">'
        f"{_bar(now)}{words}</div>"
    )


def _cost(now: Snapshot) -> str:
    """Return what it costs; what a sandbox clip would cost elsewhere stands in the tooltip."""
    amount = now.cost.partition(";")[0]
    return f', <span title="{html.escape(now.cost)}">{html.escape(amount)}</span>' if amount else ""


def _bar(now: Snapshot) -> str:
    if now.share is not None:
        inner = f'<i style="transform:scaleX({now.share:.2f})"></i>'
    elif now.usual:
        inner = (
            f'<i class="ltxv-moving" style="--ltxv-usual:{now.usual:.1f};--ltxv-begun:{now.begun:.1f}"></i>'
        )
    else:
        return ""
    return f'<div class="ltxv-bar" role="progressbar" aria-label="Progress, estimated">{inner}</div>'
