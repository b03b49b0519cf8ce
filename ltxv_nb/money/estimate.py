"""What a request will cost: by the model's price list, else by what the journal knows of others like it.

Nothing is asked of the service for it: the price list is the one of the catalogue as it is kept here.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ltxv_nb.credits import MOST_CREDITS
from ltxv_nb.errors import LTXVError
from ltxv_nb.models.price import Price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.models import Model
    from ltxv_nb.models.price import PriceList

_log = logging.getLogger("ltxv_nb")

#: Roles that no price depends on.
_FREE_ROLES = frozenset({"prompt", "seed", "negative_prompt"})


class Prices:
    """Prices of requests to one service.

    Parameters
    ----------
    journal : Journal
        Asked for bills.
    origin : str
        The service, as the journal calls it.
    listed : callable
        Returns the price list of a model, as it is kept here, and when that was read from the service (unix
        seconds); ``None`` where it was not.
    """

    def __init__(
        self,
        journal: Journal,
        origin: str,
        listed: Callable[[Model], tuple[PriceList | None, float | None]],
    ) -> None:
        self._journal, self._origin, self._listed = journal, origin, listed
        self._quoted: tuple[PriceList | None, dict[Any, Price | None]] = (None, {})

    def of(self, model: Model, values: Mapping[str, Any]) -> Price | None:
        """Return what a request costs.

        Parameters
        ----------
        model : Model
            Its model.
        values : mapping
            Its parameters by role or published name; what is left out is the model's default.

        Returns
        -------
        Price or None
            ``None`` where neither a price list nor the journal tells.
        """
        try:
            prices, read_at = self._listed(model)
            price = self._quote(prices, model, values) if prices is not None else None
            if price is None:
                price = self._by_bills(model, values)
            elif read_at is not None:
                price = replace(price, words=f"{price.words}, by the price list of {_day(read_at)}")
        except (LTXVError, ArithmeticError, ValueError, TypeError) as error:
            _log.debug("the price of a request to %s cannot be told: %s", model.id, error)
            return None
        return price if price is not None and price.credits <= MOST_CREDITS else None

    def _quote(self, prices: PriceList, model: Model, values: Mapping[str, Any]) -> Price | None:
        """Return the list's price; many requests in a row differ in their prompts alone."""
        known, quoted = self._quoted
        if known is not prices:
            self._quoted = (prices, quoted := {})
        key = (model.id, *sorted(deciding(model, values).items()))
        if key not in quoted:
            quoted[key] = prices.quote(model, values)
        return quoted[key]

    def _by_bills(self, model: Model, values: Mapping[str, Any]) -> Price | None:
        """Return what clips like this one were billed."""
        wanted = deciding(model, values)
        bills = [
            (record.billed_credits, record.created_at)
            for record in self._past(model)
            if record.billed_credits is not None and deciding(model, record.request) == wanted
        ]
        if not bills:
            return None
        credits_ = [billed for billed, _ in bills]
        last = _day(max(at for _, at in bills))
        words = f"billed for {len(bills)} like it, last on {last}"
        return Price(max(credits_), min(credits_), words)

    def _past(self, model: Model) -> Iterable[Record]:
        return (row for row in self._journal.past(model.id) if row.origin == self._origin)


def deciding(model: Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a price may depend on: every parameter but the words, and how many files there are."""
    found = {}
    for name, value in values.items():
        parameter = model.parameter(name)
        role = name if parameter is None else parameter.role
        if value is None or name == "model" or role in _FREE_ROLES:
            continue
        key = parameter.key if parameter is not None else name
        if parameter is not None and parameter.media:
            found[key] = str(_count(value))
        else:
            found[key] = str(value).lower()
    return found


def _count(files: Any) -> int:
    """Return how many files a parameter has, as a request has them or as the journal's row names them."""
    kept = files.get("$file", files) if isinstance(files, dict) else files
    return len(kept) if isinstance(kept, (list, tuple)) else 1


def _day(at: float) -> str:
    day = datetime.fromtimestamp(at).date()  # noqa: DTZ006 - local time is meant
    return f"{day.day} {day:%b %Y}"
