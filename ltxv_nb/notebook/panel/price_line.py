"""The price beside the button: what a click costs, and what that leaves of the budget."""

from __future__ import annotations

import html
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from ltxv_nb.credits import in_dollars
from ltxv_nb.errors import LTXVError
from ltxv_nb.text import NO_MATH, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ltxv_nb.client import Client
    from ltxv_nb.models import Model
    from ltxv_nb.models.price import Price
    from ltxv_nb.money.budget import Budget
    from ltxv_nb.notebook.widgets.worker import Worker


class _Asked(NamedTuple):
    """What a price is for: the values that it can depend on, and how many clips are made where."""

    model: Model
    values: dict[str, Any]
    takes: int
    backend: str


class PriceLine:
    """Keeps the price in step with the controls; nothing is asked of the service.

    The price list of the model at hand is quoted at once. The worker then looks up what only the journal and
    the catalogue on disk know: a newer list, what clips like this one were billed, and the budget.

    Parameters
    ----------
    client : callable
        Returns the client in use.
    worker : Worker
        Reads the journal.
    show : callable
        Takes the line as HTML.
    """

    def __init__(self, client: Callable[[], Client], worker: Worker, show: Callable[[str], object]) -> None:
        self._client, self._worker, self._show = client, worker, show
        self._lock = threading.Lock()  # guards what is shown; nothing is read from disk under it
        self._asked: _Asked | None = None
        self._looked_up: tuple[Any, Any, Price | None] = (
            None,
            None,
            None,
        )  # the last model, values and price
        self._budget: Budget | None = None

    def update(self, model: Model, values: Mapping[str, Any], takes: int, backend: str) -> None:
        """Show what so many clips cost.

        Parameters
        ----------
        model : Model
            The model.
        values : mapping
            What is set, by the parameters' Python names, even where it is no request yet.
        takes : int
            How many clips a click makes.
        backend : {"sandbox", "aimlapi"}
            Where it makes them.
        """
        # Typing a prompt changes no price; and a picture counts by being there.
        files = {known.key for known in model.parameters if known.media}
        deciding = {
            key: _there(value) if key in files else value for key, value in values.items() if key != "prompt"
        }
        asked = _Asked(model, deciding, takes, backend)
        if asked == self._asked:
            return
        with self._lock:
            is_first, self._asked = self._asked is None, asked
            *about, price = self._looked_up
            if about == [model, deciding]:
                self._say(asked, price)
            elif not is_first:  # a panel that opens does not wait for it
                self._say(asked, model.price(**deciding))
        self._worker.put(lambda: self._look_up(asked))

    def refresh(self) -> None:
        """Show what the budget is now; a clip was submitted, or has ended."""
        asked = self._asked
        if asked is not None:
            self._worker.put(lambda: self._look_up(asked))

    def close(self) -> None:
        """Look nothing up any more."""
        self._worker.close()

    def _look_up(self, asked: _Asked) -> None:
        """Read what the journal knows; the worker calls it."""
        if asked is not self._asked:
            return  # something was changed since
        try:
            client = self._client()
            price = client.estimate(model=asked.model, **asked.values)
            budget = client.budget
        except LTXVError:  # a value cannot be sent, or the journal not be read: the submission says so
            price, budget = asked.model.price(**asked.values), self._budget
        with self._lock:
            self._looked_up, self._budget = (asked.model, asked.values, price), budget
            if asked is self._asked:
                self._say(asked, price)

    def _say(self, asked: _Asked, price: Price | None) -> None:
        amount, words = price_words(price, asked.takes, asked.backend)
        about = f' <span class="ltxv-hint">{html.escape(words)}</span>' if words else ""
        same = asked.takes > 1 and asked.values.get("seed") is not None
        alike = "With one seed, all takes may be the same clip: leave the seed empty." if same else ""
        for warning in filter(None, (budget_words(self._budget, price, asked.takes), alike)):
            about += f'<br><span class="ltxv-over">{html.escape(warning)}</span>'
        self._show(f'<span class="{NO_MATH}"><b>{html.escape(amount)}</b>{about}</span>')


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
            return "Nothing is billed", "What the real model costs with these settings is not known."
        return "Price unknown", "Nobody quotes a price for these settings; the clip is billed all the same."
    amount = _times(price, takes)
    about = one_line(price.words, 160)
    how = f"{takes} takes, each {about}" if takes > 1 else about
    if free:
        return "Nothing is billed", f"The real model costs {amount}: {how}."
    return amount, how


def budget_words(budget: Budget | None, price: Price | None, takes: int) -> str:
    """Return a warning where a click would pass the budget; empty where it would not."""
    if budget is None:
        return ""
    left = max(0, budget.left_credits)
    rest = f"{in_dollars(left)} of the budget of {budget.limit} are left"
    if price is None:
        return f"{rest}; a clip of unknown price is not sent."
    fitting = min(takes, left // price.credits) if price.credits else takes
    if fitting >= takes:
        return ""
    return f"{rest}, {f'enough for {fitting} of {takes} takes' if fitting else 'too little for this clip'}."


def _times(price: Price, takes: int) -> str:
    return type(price)(price.credits * takes, price.least_credits * takes, price.words).text


def _there(value: Any) -> Any:
    """Return what a price can depend on of a file: whether there is one, or how many."""
    return [True] * len(value) if isinstance(value, (list, tuple)) else True
