"""What a person says of money: an amount in US dollars, and a budget such as ``5/day``."""

from __future__ import annotations

import os
from typing import NamedTuple

from ltxv_nb.credits import CREDITS_PER_USD, MOST_CREDITS, from_usd, in_dollars
from ltxv_nb.errors import ConfigurationError, RequestError
from ltxv_nb.money.period import PERIODS
from ltxv_nb.text import one_line

#: The environment's budget.
VARIABLE = "LTXV_BUDGET"

#: Words in place of an amount that mean "no budget".
OFF = frozenset({"", "off", "none"})

_PERIODS = ", ".join(PERIODS)


class Limit(NamedTuple):
    """How much may be spent in which time.

    Attributes
    ----------
    credits : int
        The amount; 2,000,000 credits are one US dollar.
    period : {"day", "week", "month"} or None
        After which time it counts anew; ``None``: never.
    """

    credits: int
    period: str | None

    @property
    def usd(self) -> float:
        """The amount in US dollars."""
        return self.credits / CREDITS_PER_USD

    def __str__(self) -> str:
        return f"{in_dollars(self.credits)}{f' a {self.period}' if self.period else ''}"


def amount(usd: object, what: str) -> int:
    """Return an amount in credits.

    Parameters
    ----------
    usd : object
        US dollars: a number, or a text with or without a dollar sign.
    what : str
        What it is for, at the beginning of the error.

    Raises
    ------
    RequestError
        It is no number, or not above zero and at most a million.
    """
    given = usd.strip().removeprefix("$") if isinstance(usd, str) else usd
    found = from_usd(given) if isinstance(given, (int, float, str)) else None
    if not found:
        shown = one_line(usd if isinstance(usd, str) else repr(usd), 40)
        raise RequestError(
            f"{what} is {shown}, but it can be an amount in USD above 0 and up to "
            f"{MOST_CREDITS // CREDITS_PER_USD:,}, like 0.50. Nothing was sent."
        )
    return found


def limit(usd: object, period: str | None, what: str = "A budget") -> Limit:
    """Return a budget from its amount and its period.

    Raises
    ------
    RequestError
        There is no such period, or the amount is none.
    """
    word = period.strip().lower() if isinstance(period, str) else period
    if word is not None and word not in PERIODS:
        shown = one_line(repr(period), 40)
        raise RequestError(f"{what} is for {shown}, but it can be for a {_PERIODS}, or have no period.")
    return Limit(amount(usd, what), word)


def read(text: str, what: str = "A budget") -> Limit | None:
    """Return the budget that a text like ``5``, ``0.50/day`` or ``off`` means; ``None`` for no budget.

    Raises
    ------
    RequestError
        It cannot be read.
    """
    if text.strip().lower() in OFF:
        return None
    usd, slash, period = text.partition("/")
    return limit(usd, period if slash else None, what)


def from_environment() -> tuple[str, Limit] | None:
    """Return the environment's budget and its text in one spelling, or ``None`` if it sets none.

    Raises
    ------
    ConfigurationError
        It cannot be read: then nothing is sent, since nobody knows how much may be spent.
    """
    try:
        found = read(os.environ.get(VARIABLE, ""), VARIABLE)
    except RequestError as error:
        raise ConfigurationError(f"{error} Set it like {VARIABLE}=5/day, or not at all.") from None
    return None if found is None else (f"{VARIABLE}={found}", found)
