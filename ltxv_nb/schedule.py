"""When to ask next; the documented import path of `ltxv_nb.polling.schedule`."""

from ltxv_nb.polling.schedule import (
    BACKGROUND,
    DEFAULT_COST,
    MAX_GAP,
    MIN_GAP,
    Belief,
    LogLogistic,
    Lognormal,
    Shape,
    TokenBucket,
    after_failure,
    next_ask,
)

__all__ = [
    "BACKGROUND",
    "DEFAULT_COST",
    "MAX_GAP",
    "MIN_GAP",
    "Belief",
    "LogLogistic",
    "Lognormal",
    "Shape",
    "TokenBucket",
    "after_failure",
    "next_ask",
]
