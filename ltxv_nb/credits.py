"""The service's unit of money, and how amounts of it are written for people.

Amounts are whole credits inside, so that sums are exact; US dollars are for people and for the surface.
"""

from __future__ import annotations

#: Credits in one US dollar, from the vendor's billing guide.
CREDITS_PER_USD = 2_000_000


def in_dollars(credits_: float) -> str:
    """Return credits as US dollars for people: two digits after the point, more where they are needed."""
    digits = f"{credits_ / CREDITS_PER_USD:.6f}".rstrip("0")
    whole, _, part = digits.partition(".")
    return f"${whole}.{part.ljust(2, '0')}"
