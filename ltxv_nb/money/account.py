"""The account of one client: what it holds by the service's word, and what was spent by the journal's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.credits import in_dollars
from ltxv_nb.settings import service_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ltxv_nb.journal import Journal
    from ltxv_nb.models.price import Price
    from ltxv_nb.money.reconcile import Reconciliation
    from ltxv_nb.money.spending import Spending
    from ltxv_nb.service.api import Api

#: Seconds for which a balance counts after it was read.
LATELY = 900.0

#: Whose money the other kind is, in the words of a note.
_OTHERS = {"aimlapi": "the sandbox, which cost play money", "sandbox": "the paid service"}


class Balance(NamedTuple):
    """A balance, as it was read.

    Attributes
    ----------
    credits : int
        What the account held; 2,000,000 credits are one US dollar.
    read_at : float
        Unix seconds.
    """

    credits: int
    read_at: float


class Account:
    """The account.

    Parameters
    ----------
    api : Api
        Asks the service.
    journal : Journal
        Has what was submitted here.
    backend : {"aimlapi", "sandbox"}
        Whose money it is: the two are never added up.
    origin : str
        What the journal calls the service.
    known_models : callable
        Returns the names of the models that make videos, as far as that is known.
    clock : callable, optional
        Returns unix time in seconds.
    """

    def __init__(
        self,
        api: Api,
        journal: Journal,
        *,
        backend: str,
        origin: str,
        known_models: Callable[[], Collection[str]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api, self._journal, self._clock = api, journal, clock
        self._backend, self._origin, self._known_models = backend, origin, known_models
        #: The balance that was read last.
        self.last_balance: Balance | None = None

    def balance(self) -> Balance:
        """Ask the service what the account holds; raises `APIError` where it does not tell."""
        self.last_balance = Balance(self._api.ledger.balance(), self._clock())
        return self.last_balance

    def warning(self, price_of: Callable[[], Price | None]) -> str:
        """Return one sentence if the balance does not reach for what is planned; ``""`` if it does, or may.

        Nothing is asked for that: a balance counts for a while after it was read, less what was submitted
        since by all that share the journal.

        Parameters
        ----------
        price_of : callable
            Returns what is planned costs; called only where the balance is known.
        """
        last, now = self.last_balance, self._clock()
        if last is None or not 0 <= now - last.read_at <= LATELY:
            return ""
        price = price_of()
        if price is None:
            return ""
        since = self._journal.query(lambda rows: rows.counted(self._backend, last.read_at), (0, 0))[0]
        left = max(0, last.credits - since)
        if price.least_credits <= left:
            return ""
        whose = "The sandbox's account" if self._backend == "sandbox" else "The account"
        return (
            f"{whose} has about {in_dollars(left)} left, and this costs {price.text}: it may be refused. "
            f"%ltxv balance reads the balance again."
        )

    def spending(self, by: str) -> Spending:
        """Return what was spent, from the journal alone; see `Client.spending`."""
        from ltxv_nb.money.spending import spending_of

        others = self._journal.count_of("aimlapi" if self._backend == "sandbox" else "sandbox")
        jobs = "1 job" if others == 1 else f"{others:,} jobs"
        notes = [f"Not counted here: {jobs} of {_OTHERS[self._backend]}."] if others else []
        return spending_of(
            self._journal.costs(self._backend),
            by,
            play_money=self._backend == "sandbox",
            now=self._clock(),
            notes=notes,
            reconcile=self.reconcile,
            batches={one.id: one.name for one in self._journal.batches(self._backend)}
            if by == "batch"
            else {},
        )

    def reconcile(self, days: int = 30) -> Reconciliation:
        """Compare the journal with the service's ledger; see `Spending.reconcile`."""
        from ltxv_nb.money.reconcile import reconcile

        costs = self._journal.costs(self._backend)
        ours = [cost for cost in costs if service_name(cost.origin) == self._origin]
        videos = {name.lower() for name in (*self._known_models(), *(cost.model for cost in ours))}
        return reconcile(
            ours,
            self._api.ledger,
            days=days,
            now=self._clock(),
            makes_video=lambda model: model.lower() in videos,
            play_money=self._backend == "sandbox",
        )
