"""A plan for people: how many clips, over what, for how much, in which time."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from ltxv_nb.batch.cells import plain
from ltxv_nb.credits import in_dollars
from ltxv_nb.tables import aligned
from ltxv_nb.text import NO_MATH, one_line, visible

if TYPE_CHECKING:
    from ltxv_nb.batch.plan import Plan

#: Values of an axis that are listed.
_LISTED = 12


def rows_of(plan: Plan) -> list[tuple[str, str]]:
    """Return what a plan says, as titles and texts."""
    rows = [(name, _values(values)) for name, values in plan.axes.items()]
    takes = max((cell.take for cell in plan.cells), default=1)
    if takes > 1:
        rows.append(("takes", str(takes)))
    rows.append(("clips", number_words(plan)))
    rows.append(("price", price_words(plan)))
    if time := time_words(plan):
        rows.append(("time", time))
    return rows


def number_words(plan: Plan) -> str:
    """Return how many clips there are, and how many of them would be made."""
    total, missing = len(plan.cells), len(plan.missing_cells)
    sizes = [len(values) for values in plan.axes.values()]
    takes = max((cell.take for cell in plan.cells), default=1)
    factors = [*sizes, *([takes] if takes > 1 else [])]
    product = f" ({' × '.join(map(str, factors))})" if len(factors) > 1 else ""
    if missing == total:
        return f"{total:,}{product}"
    return f"{total:,}{product}; {total - missing:,} made or being made, {missing:,} missing"


def price_words(plan: Plan) -> str:
    """Return what the missing clips cost, and how that comes about."""
    if not plan.missing_cells:
        return "nothing: no clip is missing"
    price = plan.price
    if price is None:
        unknown = sum(one is None for one in plan.prices)
        text = f"not known for {unknown:,} of {len(plan.prices):,} clips"
    else:
        text = f"{price.text}: {price.words}"
    if plan.client.backend == "sandbox":
        text = "free in the sandbox" + ("" if price is None else f"; the real models would cost {text}")
    return text + _limit_words(plan)


def _limit_words(plan: Plan) -> str:
    """Say how many clips its own limit or the budget is enough for, if not for all."""
    price, budget = plan.price, plan.client.budget
    lefts = [] if plan.max_credits is None else [(plan.max_credits, "max_usd")]
    if budget is not None:
        lefts.append((max(0, budget.left_credits), "the budget"))
    if price is None or not lefts:
        return ""
    left, what = min(lefts)
    if price.credits <= left:
        return ""
    enough, spent = 0, 0
    for one in plan.prices:
        spent += 0 if one is None else one.credits
        if spent > left:
            break
        enough += 1
    return (
        f". {what.capitalize() if what[0] == 't' else what} leaves {in_dollars(left)}: enough for {enough:,}"
    )


def time_words(plan: Plan) -> str:
    """Return how long it takes, as far as that is known."""
    expected = plan.expected()
    if expected is None:
        return ""
    one = expected.words()
    if len(plan.missing_cells) == 1:
        return one
    return f"{one} a clip, as many side by side as the service takes"


def _values(values: list[object]) -> str:
    shown = ", ".join(plain(value) or "(nothing)" for value in values[:_LISTED])
    return shown if len(values) <= _LISTED else f"{shown}, … ({len(values):,} in all)"


def title_of(plan: Plan) -> str:
    """Return the first line."""
    name = f" {plan.name!r}" if plan.name else ""
    state = (
        "nothing is sent before it is submitted" if plan.missing_cells else "all of it is made or being made"
    )
    return one_line(f"Plan{name}: {state}", 200)


def plain_text(plan: Plan) -> str:
    """Return the plan for a terminal."""
    return "\n".join([visible(title_of(plan)), *(visible(line) for line in aligned(rows_of(plan)))])


def html_text(plan: Plan, more: str = "") -> str:
    """Return the plan for a page; its texts are escaped here."""
    cell = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"
    body = "".join(
        f'<tr><th scope="row" style="{cell}">{html.escape(visible(name))}</th>'
        f'<td style="{cell}" dir="auto">{html.escape(visible(text))}</td></tr>'
        for name, text in rows_of(plan)
    )
    title = html.escape(visible(title_of(plan)))
    return f'<div class="ltxv-plan {NO_MATH}"><div>{title}</div><table>{body}</table>{more}</div>'
