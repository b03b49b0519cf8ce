"""What was spent, from the journal alone: by job, model, day or batch.

Sums are whole credits, so that they are exact however many rows there are; US dollars are for people. What
the sandbox would have cost and what was really billed are never added up.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

from ltxv_nb.credits import CREDITS_PER_USD
from ltxv_nb.errors import ConfigurationError, RequestError
from ltxv_nb.money import spending_table
from ltxv_nb.tables import data_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ltxv_nb.journal.cost import Cost
    from ltxv_nb.money.reconcile import Reconciliation

#: What spending can be listed by.
GROUPS = ("job", "model", "day", "batch")

#: Days that the picture of bars shows.
DAYS_SHOWN = 30

#: What the jobs are called that belong to no batch.
NO_BATCH = "(no batch)"


@dataclass(slots=True)
class SpendingRow:
    """What one job, model, day or batch has cost.

    Attributes
    ----------
    name : str
        The job's id, the model's, the day (``2026-11-21``, local time), or the batch.
    jobs : int
        How many generations were accepted, or may have been.
    billed_credits : int
        What the service has said that the finished clips cost; 2,000,000 credits are one US dollar.
    estimated_credits : int or None
        What these finished clips were expected to cost at most; ``None`` where that is not known of all.
    open_credits : int
        What may still be billed: for what is unfinished, was given up, or has an unknown outcome.
    unpriced : int
        Finished clips whose price the service has not told.
    state, model, prompt, created_at
        Of a single job; empty for the others. The time is in unix seconds.
    """

    name: str
    jobs: int = 0
    billed_credits: int = 0
    estimated_credits: int | None = 0
    open_credits: int = 0
    unpriced: int = 0
    state: str = ""
    model: str = ""
    prompt: str = ""
    created_at: float | None = None

    @property
    def usd(self) -> float:
        """What was billed, in USD."""
        return self.billed_credits / CREDITS_PER_USD

    @property
    def estimated_usd(self) -> float | None:
        """What the finished clips were expected to cost, in USD."""
        return None if self.estimated_credits is None else self.estimated_credits / CREDITS_PER_USD

    @property
    def open_usd(self) -> float:
        """What may still be billed, in USD."""
        return self.open_credits / CREDITS_PER_USD

    def add(self, cost: Cost) -> None:
        """Count one generation."""
        self.jobs += 1
        billed, estimated = cost.billed, cost.estimated
        if cost.is_made and billed is not None:
            self.billed_credits += billed
            if estimated is None:
                self.estimated_credits = None
            elif self.estimated_credits is not None:
                self.estimated_credits += estimated
        elif cost.is_made:
            self.unpriced += 1
        elif not cost.is_free:
            self.open_credits += (estimated or 0) if billed is None else billed


@dataclass(frozen=True)
class Spending(Sequence[SpendingRow]):
    """What was spent; a list of `SpendingRow` that shows itself as a table, newest or dearest first.

    Attributes
    ----------
    rows : list of SpendingRow
        The rows.
    by : {"job", "model", "day", "batch"}
        What they are.
    play_money : bool
        Whether this is the sandbox: then nothing was billed.
    days : list of (date, int)
        What each of the last 30 days has cost, in credits, the oldest first.
    notes : list of str
        Sentences on what is not in the total.
    """

    rows: list[SpendingRow]
    by: str
    play_money: bool
    days: list[tuple[date, int]]
    notes: list[str] = field(default_factory=list)
    _reconcile: Callable[[int], Reconciliation] | None = field(default=None, repr=False)

    @overload
    def __getitem__(self, index: int) -> SpendingRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[SpendingRow]: ...

    def __getitem__(self, index: int | slice) -> SpendingRow | list[SpendingRow]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def total_credits(self) -> int:
        """What was billed in all, in credits, exactly."""
        return sum(row.billed_credits for row in self.rows)

    @property
    def open_credits(self) -> int:
        """What may still be billed, in credits, exactly; see `open_usd`."""
        return sum(row.open_credits for row in self.rows)

    @property
    def total_usd(self) -> float:
        """What was billed in all, in USD; in the sandbox what it would have been."""
        return self.total_credits / CREDITS_PER_USD

    @property
    def open_usd(self) -> float:
        """What may still be billed for what is unfinished, given up, or of unknown outcome, in USD."""
        return self.open_credits / CREDITS_PER_USD

    def reconcile(self, days: int = 30) -> Reconciliation:
        """Compare with the service's own ledger, by inference id. It is asked for that; it costs nothing.

        Parameters
        ----------
        days : int
            How far back to look, 1 to 92: the service tells a key's usage no further back.

        Returns
        -------
        Reconciliation
            What agrees, what does not, and what only one of the two sides knows.

        Raises
        ------
        RequestError
            The number of days is not allowed.
        APIError
            The service did not let its ledger be read.
        """
        if self._reconcile is None:
            raise ConfigurationError("This table has no client: call client.spending().reconcile().")
        return self._reconcile(days)

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries of plain values; money is in USD."""
        return spending_table.records(self)

    def to_pandas(self) -> Any:
        """Return the rows as a `pandas.DataFrame`; money is in USD.

        Raises
        ------
        ConfigurationError
            pandas is not installed.
        """
        return data_frame(self.records(), spending_table.columns(self.by))

    def to_csv(self) -> str:
        """Return the rows as CSV; no cell of it can act as a formula in a spreadsheet."""
        return spending_table.csv_text(self)

    def __repr__(self) -> str:
        return spending_table.plain_text(self)

    def _repr_html_(self) -> str:
        return spending_table.html_text(self)


def spending_of(
    costs: Iterable[Cost],
    by: str,
    *,
    play_money: bool,
    now: float | None = None,
    notes: Sequence[str] = (),
    reconcile: Callable[[int], Reconciliation] | None = None,
    batches: Mapping[str, str | None] = MappingProxyType({}),
) -> Spending:
    """Add up what generations have cost.

    Parameters
    ----------
    costs : iterable of Cost
        Newest first, all of them really billed, or all of the sandbox.
    by : {"job", "model", "day", "batch"}
        What to list.
    play_money : bool
        Whether they are the sandbox's.
    now : float, optional
        Unix seconds.
    notes : sequence of str
        What is to be said below the table.
    reconcile : callable, optional
        Compares with the service's ledger; called with a number of days.
    batches : mapping, optional
        The names of batches, by id.

    Raises
    ------
    RequestError
        There is no such list.
    """
    if by not in GROUPS:
        raise RequestError(f"by is {by!r}, but it can be {', '.join(GROUPS)}.")
    counted = [cost for cost in costs if cost.state != "refused"]  # nothing was accepted
    day_of = _Days()
    groups: dict[str, Callable[[Cost], object]] = {
        "model": lambda cost: cost.model,
        "day": lambda cost: day_of(cost.created_at),
        "batch": lambda cost: _batch_name(cost.batch_id, batches),
    }
    rows = [_of_job(cost) for cost in counted] if by == "job" else _groups(counted, groups[by])
    if by in {"model", "batch"}:
        rows.sort(key=lambda row: -row.billed_credits)
    days = day_of.last(counted, time.time() if now is None else now)
    return Spending(rows, by, play_money, days, [*_notes(rows), *notes], reconcile)


def _of_job(cost: Cost) -> SpendingRow:
    row = SpendingRow(
        cost.job_id, state=cost.state, model=cost.model, prompt=cost.prompt, created_at=cost.created_at
    )
    row.add(cost)
    return row


def _batch_name(batch_id: str | None, names: Mapping[str, str | None]) -> str:
    """Return what a batch is called in a table: its name, and always its id, which is its own."""
    if batch_id is None:
        return NO_BATCH
    name = names.get(batch_id)
    return f"{name} ({batch_id})" if name else batch_id


def _groups(costs: Iterable[Cost], group_of: Callable[[Cost], object]) -> list[SpendingRow]:
    rows: dict[object, SpendingRow] = {}
    for cost in costs:
        group = group_of(cost)
        row = rows.get(group)
        if row is None:
            row = rows[group] = SpendingRow(str(group))
        row.add(cost)
    return list(rows.values())


class _Days:
    """Local days of moments; each quarter of an hour is looked up once, for no day begins within one."""

    def __init__(self) -> None:
        self._known: dict[int, date] = {}

    def __call__(self, moment: float) -> date:
        quarter = int(moment // 900)
        known = self._known.get(quarter)
        if known is None:
            known = self._known[quarter] = _local_day(quarter * 900)
        return known

    def last(self, costs: Sequence[Cost], now: float) -> list[tuple[date, int]]:
        """Return what each of the last days has cost, the oldest first."""
        today = self(now)
        days = {today - timedelta(days=back): 0 for back in reversed(range(DAYS_SHOWN))}
        since = now - (DAYS_SHOWN + 1) * 86400
        for cost in costs:
            if cost.billed and cost.created_at >= since and cost.is_made:
                day = self(cost.created_at)
                if day in days:
                    days[day] += cost.billed
        return list(days.items())


def _local_day(moment: float) -> date:
    """Return the local day of a moment; one that no calendar has, as in a damaged row, is the first one."""
    try:
        return date(*time.localtime(moment)[:3])
    except (ValueError, OverflowError, OSError):
        return date(1970, 1, 1)


def _notes(rows: Iterable[SpendingRow]) -> list[str]:
    unpriced = sum(row.unpriced for row in rows)
    if not unpriced:
        return []
    clips = "1 finished clip is" if unpriced == 1 else f"{unpriced:,} finished clips are"
    return [f"{clips} not in the total, because the service has not told the price."]
