"""How the money of one generation is told to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.credits import CREDITS_PER_USD, in_dollars

if TYPE_CHECKING:
    from ltxv_nb.journal import Record
    from ltxv_nb.models.price import Price


def cost(record: Record) -> str:
    """Return what a generation costs, in a few words: ``$0.378``, ``about $0.38``, or ``""`` if unknown.

    What the sandbox makes costs nothing: then it is what the real model would cost.
    """
    if record.billed_credits is not None:
        amount = in_dollars(record.billed_credits)
    elif record.estimated_credits is not None:
        least, most = (_rounded(one) for one in (record.estimated_least_credits, record.estimated_credits))
        amount = f"about {most}" if least == most else f"about {least} to {most}"
    else:
        return ""
    return f"free; the real model costs {amount}" if record.backend == "sandbox" else amount


def _rounded(credits_: int | None) -> str:
    """Return an amount to the cent, for what is not known to the credit; below a cent as it is."""
    usd = (credits_ or 0) / CREDITS_PER_USD
    return f"${usd:.2f}" if usd >= 0.01 else in_dollars(credits_ or 0)


def dry_run(price: Price | None, *, is_sandbox: bool) -> str:
    """Return one sentence on what a request would cost, for a dry run."""
    if price is None:
        return "What it would cost is not known." if not is_sandbox else "Nothing is billed in the sandbox."
    if is_sandbox:
        return f"The real model would cost {price.text} ({price.words}); in the sandbox nothing is billed."
    return f"It would cost {price.text}: {price.words}."
