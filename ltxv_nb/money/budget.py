"""Budgets: how much may be spent, counted and reserved in the journal's one transaction before a request.

A budget belongs to the home: all processes that share its journal share it. It counts what was billed and, of
everything that may still be billed, what that may cost at most. So requests that are sent side by side cannot
pass it together, and one whose outcome is unknown keeps its share until that is known. Only a bill that is
higher than the price that was quoted can lead beyond it, and counts as it was billed.

The clock. A generation counts for the moment of its submission, by the service's clock where an answer of
the last hour has told that, and else by this machine's. A period begins at local midnight. By this machine's
clock alone it never begins earlier than it was known to: a submission after the clock was set back counts in
the period that is known, and a row dated in the future in the present one. The service's clock is believed in
both directions: what a wrong clock has dated in the future is then dated now. So that a wrong clock cannot
begin a new period, the service is asked for its time (a free read) before one begins or ends by this
machine's clock alone; where it does not answer, this machine's clock has to do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ltxv_nb.credits import CREDITS_PER_USD, in_dollars
from ltxv_nb.errors import BudgetExceeded
from ltxv_nb.journal.record import Budget as Kept
from ltxv_nb.money.limit import Limit, from_environment
from ltxv_nb.money.period import beginning

if TYPE_CHECKING:
    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.journal.guards import Guard
    from ltxv_nb.journal.rows import Rows
    from ltxv_nb.models.price import Price

#: Seconds by which two right clocks may differ, with the time that an answer takes.
CLOCK_SLACK = 60.0

#: The source of the budget that a person has set, see `ltxv_nb.journal.record.Budget`.
USER = "user"


@dataclass(frozen=True)
class Budget:
    """A budget as it stands.

    Attributes
    ----------
    limit : Limit
        How much may be spent in which time.
    began_at : float
        Since when it counts, in unix seconds.
    spent_credits, reserved_credits : int
        What was billed since then, and what may still be billed; 2,000,000 credits are one US dollar.
    play_money : bool
        Whether it is the sandbox's, where nothing is billed.
    from_environment : bool
        Whether ``LTXV_BUDGET`` sets it, and not the home's own budget.
    """

    limit: Limit
    began_at: float
    spent_credits: int
    reserved_credits: int
    play_money: bool = False
    from_environment: bool = False

    @property
    def usd(self) -> float:
        """How much may be spent, in USD."""
        return self.limit.usd

    @property
    def per(self) -> str | None:
        """The period: ``"day"``, ``"week"``, ``"month"``, or ``None`` if it never counts anew."""
        return self.limit.period

    @property
    def spent(self) -> float:
        """What was billed, in USD."""
        return self.spent_credits / CREDITS_PER_USD

    @property
    def reserved(self) -> float:
        """What may still be billed for what is unfinished, unknown or given up, in USD."""
        return self.reserved_credits / CREDITS_PER_USD

    @property
    def left_credits(self) -> int:
        """What is left, in credits; below zero where bills were higher than what was quoted."""
        return self.limit.credits - self.spent_credits - self.reserved_credits

    @property
    def left(self) -> float:
        """What is left, in USD; 0 where more was billed than the budget."""
        return max(0, self.left_credits) / CREDITS_PER_USD

    def __str__(self) -> str:
        reserved = f", {in_dollars(self.reserved_credits)} reserved" if self.reserved_credits else ""
        play = " of play money in the sandbox, where nothing is billed" if self.play_money else ""
        source = " (from LTXV_BUDGET)" if self.from_environment else ""
        return (
            f"{self.limit}{play}{source}: {in_dollars(self.spent_credits)} spent{reserved}, "
            f"{in_dollars(max(0, self.left_credits))} left"
        )


class Budgets:
    """The budgets of one home: that of real money, or that of the sandbox's.

    Parameters
    ----------
    journal : Journal
        Keeps them, and what counts.
    backend : {"aimlapi", "sandbox"}
        Whose money it is; the two never mix.
    """

    def __init__(self, journal: Journal, backend: str) -> None:
        self._journal, self._backend = journal, backend

    def set(self, limit: Limit | None, now: float, *, told: bool) -> None:
        """Set the home's own budget in place of the one before; ``None`` removes it.

        Parameters
        ----------
        limit : Limit or None
            With a period it counts what that has spent already, without one it counts from now on.
        now : float
            Unix seconds.
        told : bool
            Whether the service's clock has told that.

        Raises
        ------
        JournalError
            The journal cannot be written.
        """

        def work(rows: Rows) -> None:
            if limit is None:
                rows.remove_budget(self._backend, USER)
                return
            if told:
                rows.date_back(self._backend, now, CLOCK_SLACK)
            rows.put_budget(_new(rows, self._backend, USER, limit, now))

        self._journal.transact(work)

    def standing(self, now: float, *, told: bool) -> Budget | None:
        """Return the budget that leaves least, as it stands at a moment; ``None`` if none is set.

        Parameters
        ----------
        now, told
            As for `set`.

        Raises
        ------
        ConfigurationError
            ``LTXV_BUDGET`` cannot be read.
        JournalError
            The journal cannot be read.
        """
        environment = from_environment()

        def query(rows: Rows) -> Budget | None:
            kept = self._holding(rows, environment, now)
            found = [self._counted(rows, _turned(one, now, told=told)) for one, _ in kept]
            return min(found, key=lambda one: one.left_credits, default=None)

        unused = None
        if environment is not None:  # while there is no journal yet
            limit = environment[1]
            began_at = beginning(limit.period, now) if limit.period else now
            play = self._backend == "sandbox"
            unused = Budget(limit, began_at, 0, 0, play_money=play, from_environment=True)
        return self._journal.query(query, unused)

    def turns_over(self, now: float) -> bool:
        """Whether by this clock (unix seconds) another period runs than the one that the journal knows."""
        environment = from_environment()

        def query(rows: Rows) -> bool:
            kept = self._holding(rows, environment, now)
            return any(one.period and beginning(one.period, now) != one.began_at for one, _ in kept)

        return self._journal.query(query, nothing=False)

    def guard(self, price: Price | None, most: int | None, *, told: bool) -> Guard:
        """Return the guard that refuses a request for which not enough is left, and dates the others.

        Parameters
        ----------
        price : Price or None
            What the request costs; of a range, the upper end counts.
        most : int or None
            What it may cost at most, in credits; reserved where the price is unknown.
        told : bool
            Whether the row's time (`Record.counted_at`) was told by the service's clock.

        Returns
        -------
        Guard
            Raises `BudgetExceeded`, and returns the row as it is to be written.

        Raises
        ------
        ConfigurationError
            ``LTXV_BUDGET`` cannot be read.
        """
        environment = from_environment()

        def guard(rows: Rows, record: Record) -> Record:
            now = record.created_at if record.counted_at is None else record.counted_at
            if told:
                rows.date_back(self._backend, now, CLOCK_SLACK)
            began = now
            _check_most(price, most)
            for kept, is_new in self._holding(rows, environment, now):
                turned = _turned(kept, now, told=told)
                _check(self._counted(rows, turned), price, most)
                if turned != kept or is_new:
                    rows.put_budget(turned)
                began = max(began, turned.began_at)
            return replace(record, counted_at=began)

        return guard

    def _holding(
        self, rows: Rows, environment: tuple[str, Limit] | None, now: float
    ) -> list[tuple[Kept, bool]]:
        """Return the home's own budget and the environment's, each with whether the journal lacks it yet.

        Both hold, so that the stricter one decides.
        """
        found = rows.budgets(self._backend)
        kept = [(found[USER], False)] if USER in found else []
        if environment is not None:
            source, limit = environment
            known = found.get(source)
            kept.append((known or _new(rows, self._backend, source, limit, now), known is None))
        return kept

    def _counted(self, rows: Rows, kept: Kept) -> Budget:
        counted, undecided = rows.counted(self._backend, kept.began_at)
        return Budget(
            Limit(kept.credits, kept.period),
            kept.began_at,
            counted - undecided,
            undecided,
            play_money=self._backend == "sandbox",
            from_environment=kept.source != USER,
        )


def batch_limit(most: int) -> Guard:
    """Return the guard that keeps what a batch costs in all, in credits, within its own limit."""

    def guard(rows: Rows, record: Record) -> None:
        left = max(0, most - rows.counted_of_batch(record.batch_id or ""))
        if record.reserved_credits is None or record.reserved_credits > left:
            raise BudgetExceeded(
                f"The next clip may cost up to {in_dollars(record.reserved_credits or 0)}, and "
                f"{in_dollars(left)} of the {in_dollars(most)} that this batch may cost is left: set a "
                f"higher `--max-usd` (in Python max_usd=).",
                None,
                left / CREDITS_PER_USD,
            )

    return guard


def _new(rows: Rows, backend: str, source: str, limit: Limit, now: float) -> Kept:
    """Return a budget that is new to the journal."""
    if limit.period:
        began_at = beginning(limit.period, now)
    else:  # after everything that is there, whatever the clock has said meanwhile
        began_at = math.nextafter(max(now, rows.newest_counted(backend)), math.inf)
    return Kept(backend, source, limit.credits, limit.period, now, began_at)


def _turned(kept: Kept, now: float, *, told: bool) -> Kept:
    """Return a budget in the period that a moment is in, by the rules at the top."""
    if kept.period is None:
        set_too_late = told and kept.began_at > now + CLOCK_SLACK
        return kept._replace(began_at=now) if set_too_late else kept
    begins = beginning(kept.period, now)
    return kept._replace(began_at=begins) if told or begins > kept.began_at else kept


def _check(budget: Budget, price: Price | None, most: int | None) -> None:
    """Raise `BudgetExceeded` where a request does not fit."""
    left = max(0, budget.left_credits)
    needed = price.credits if price is not None else most
    rest = f"{in_dollars(left)} of the budget of {budget.limit} is left; nothing was sent."
    if needed is None:
        raise BudgetExceeded(
            f"What this clip costs is not known, and {rest} Use `--max-usd 0.50` (in Python max_usd=0.5) to "
            f"say how much of the budget to reserve for it.",
            price,
            left / CREDITS_PER_USD,
        )
    if needed <= left:
        return
    wait = f", wait for the next {budget.per}" if budget.per else ""
    larger = (
        "set LTXV_BUDGET higher"
        if budget.from_environment
        else "set a larger budget with `%ltxv budget USD` (in Python client.set_budget)"
    )
    raise BudgetExceeded(
        f"This clip {_costs(price, needed)}, and {rest} Choose a cheaper clip{wait}, or {larger}.",
        price,
        left / CREDITS_PER_USD,
    )


def _check_most(price: Price | None, most: int | None) -> None:
    """Raise `BudgetExceeded` if a request may cost more than its own limit, in credits."""
    if price is not None and most is not None and price.credits > most:
        raise BudgetExceeded(
            f"This clip {_costs(price, price.credits)} ({price.words}), which is more than the "
            f"{in_dollars(most)} of its own limit; nothing was sent. Set a higher `--max-usd` (in Python "
            f"max_usd=), or choose a cheaper clip.",
            price,
            most / CREDITS_PER_USD,
        )


def _costs(price: Price | None, needed: int) -> str:
    return f"{'costs' if price is None or price.exact else 'may cost up to'} {in_dollars(needed)}"
