"""The service's unit of money, and how amounts of it are written for people.

Amounts are whole credits inside, so that sums are exact; US dollars are for people and for the surface.
"""

from __future__ import annotations

#: Credits in one US dollar, from the vendor's billing guide.
CREDITS_PER_USD = 2_000_000

#: Credits that no clip costs, and no budget has: a million US dollars. Sums of such amounts stay exact.
MOST_CREDITS = 1_000_000 * CREDITS_PER_USD


def from_usd(usd: float | str) -> int | None:
    """Return US dollars as whole credits; ``None`` if that is no amount of money: no number, or below zero.

    Parameters
    ----------
    usd : float or str
        The amount; at most a million US dollars.
    """
    return from_number(usd, CREDITS_PER_USD)


def from_number(amount: object, each: int = 1) -> int | None:
    """Return an amount in units of so many credits as whole credits; ``None`` as with `from_usd`."""
    if isinstance(amount, bool) or not isinstance(amount, (int, float, str)):
        return None
    from decimal import ROUND_HALF_UP, Decimal

    try:
        found = Decimal(str(amount).strip()) * each
        whole = int(found.to_integral_value(ROUND_HALF_UP)) if 0 <= found <= MOST_CREDITS else None
    except (ArithmeticError, ValueError):  # a text that is no number, NaN, or one that is too large for it
        return None
    return whole


def in_dollars(credits_: float) -> str:
    """Return credits as US dollars for people: two digits after the point, more where they are needed."""
    digits = f"{credits_ / CREDITS_PER_USD:.6f}".rstrip("0")
    whole, _, part = digits.partition(".")
    return f"${whole}.{part.ljust(2, '0')}"
