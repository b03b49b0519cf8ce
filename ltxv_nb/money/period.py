"""The periods of budgets: a day, a week and a month begin at local midnight; a week on Monday."""

from __future__ import annotations

from datetime import datetime, time, timedelta

#: The periods, as people write them.
PERIODS = ("day", "week", "month")

#: Unix seconds between which a time of day can be told on every system; a clock beyond them counts as there.
_EARLIEST, _LATEST = 50 * 86_400.0, 32_000_000_000.0


def beginning(period: str, at: float) -> float:
    """Return when the period began that a moment is in.

    Parameters
    ----------
    period : {"day", "week", "month"}
        The period.
    at : float
        The moment, in unix seconds.

    Returns
    -------
    float
        Unix seconds of a local midnight. On a day on which clocks change, it is the one before that, and
        where there is no midnight that day, its first moment: such a day has 23 or 25 hours.
    """
    day = datetime.fromtimestamp(min(max(at, _EARLIEST), _LATEST)).date()  # noqa: DTZ006 - local time is meant
    if period == "week":
        day -= timedelta(days=day.weekday())
    elif period == "month":
        day = day.replace(day=1)
    return datetime.combine(day, time()).timestamp()
