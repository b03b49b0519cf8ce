"""The price beside the button: what a click costs, from the price list that is known here."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from ltxv_nb.text import NO_MATH, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ltxv_nb.models import Model
    from ltxv_nb.models.price import Price


class PriceLine:
    """Says what the clips of a click cost; nothing is asked of the service, and nothing is read from disk."""

    def __init__(self) -> None:
        self._last: tuple[Any, ...] = ()
        self._price: Price | None = None

    def price(self, model: Model, values: Mapping[str, Any]) -> Price | None:
        """Return what one clip costs; ``None`` where the price list does not say.

        Parameters
        ----------
        model : Model
            The model.
        values : mapping
            What is set, by the parameters' Python names, even where it is no request yet.
        """
        # Typing a prompt changes no price; and a picture counts by being there.
        files = {known.key for known in model.parameters if known.media}
        asked = {
            key: _there(value) if key in files else value for key, value in values.items() if key != "prompt"
        }
        if (model, asked) != self._last:
            self._price = model.price(**asked)
            self._last = (model, asked)
        return self._price

    def html(self, model: Model, values: Mapping[str, Any], takes: int, backend: str) -> str:
        """Return the price of so many clips as HTML, with how it comes about."""
        amount, words = price_words(self.price(model, values), takes, backend)
        about = f' <span class="ltxv-hint">{html.escape(words)}</span>' if words else ""
        return f'<span class="{NO_MATH}"><b>{html.escape(amount)}</b>{about}</span>'


def price_words(price: Price | None, takes: int, backend: str) -> tuple[str, str]:
    """Return the amount for people, and how it comes about.

    Parameters
    ----------
    price : Price or None
        What one clip costs.
    takes : int
        How many clips a click makes.
    backend : {"sandbox", "aimlapi"}
        Where it makes them: in the sandbox, the price is what the real model would cost.
    """
    free = backend == "sandbox"
    if price is None:
        if free:
            return "Nothing is billed", "No price is published for these settings of the real model."
        return "Price unknown", "No price is published for these settings; the clip is billed all the same."
    amount = _times(price, takes)
    about = one_line(price.words, 160)
    how = f"{takes} takes, each {about}" if takes > 1 else about
    if free:
        return "Nothing is billed", f"The real model costs {amount}: {how}."
    return amount, how


def _times(price: Price, takes: int) -> str:
    return type(price)(price.credits * takes, price.least_credits * takes, price.words).text


def _there(value: Any) -> Any:
    """Return what a price can depend on of a file: whether there is one, or how many."""
    return [True] * len(value) if isinstance(value, (list, tuple)) else True
