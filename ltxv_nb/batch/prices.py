"""What the cells of a batch cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.models.price import Price
from ltxv_nb.money.estimate import deciding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ltxv_nb.batch.cells import Cell
    from ltxv_nb.client import Client

#: Kinds of clips whose price is explained.
_EXPLAINED = 3


def prices_of(client: Client, cells: Iterable[Cell]) -> list[Price | None]:
    """Return what each cell costs; requests that differ only in words are looked up once."""
    known: dict[Any, Price | None] = {}
    found = []
    for cell in cells:
        request = cell.request
        asked = deciding(request.spec, {**request.settings(), **request.files()})
        key = (id(request.spec), *sorted(asked.items()))
        if key not in known:
            known[key] = client.estimate(request)
        found.append(known[key])
    return found


def total(prices: Sequence[Price | None]) -> Price | None:
    """Return what all of them cost together; ``None`` if nobody knows one of the prices."""
    known = [price for price in prices if price is not None]
    if len(known) < len(prices):
        return None
    most, least = sum(one.credits for one in known), sum(one.least_credits for one in known)
    return Price(most, least, _words(known))


def _words(prices: Sequence[Price]) -> str:
    """Return how the price of many clips comes about: how many of each price."""
    counts: dict[str, tuple[int, Price]] = {}
    for price in prices:
        number, _ = counts.get(price.words, (0, price))
        counts[price.words] = (number + 1, price)
    if not counts:
        return "nothing is missing"
    parts = [f"{number:,} × {price.text} ({price.words})" for number, price in counts.values()]
    more = f" and {len(parts) - _EXPLAINED} other kinds" if len(parts) > _EXPLAINED else ""
    return ", ".join(parts[:_EXPLAINED]) + more
