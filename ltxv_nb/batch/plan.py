"""What a sweep would make and what that costs, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.batch import plan_text
from ltxv_nb.batch.cells import Cell, by_cell, is_missing
from ltxv_nb.batch.identity import checked_name, same_batch
from ltxv_nb.batch.prices import prices_of, total
from ltxv_nb.money.limit import amount

if TYPE_CHECKING:
    from ltxv_nb.batch.batch import Batch
    from ltxv_nb.client import Client
    from ltxv_nb.journal.record import Batch as KeptBatch
    from ltxv_nb.models.price import Price
    from ltxv_nb.polling.estimate import Expected
    from ltxv_nb.request import GenerationRequest


class Plan:
    """What a sweep would make, and what that costs. Nothing is sent before `submit`. Made by `Client.sweep`.

    Attributes
    ----------
    cells : list of Cell
        One for each clip, those that are made already with their job.
    axes : dict
        The values by axis, in their order.
    name : str or None
        What the batch is called.
    max_usd : float or None
        What the batch may cost at most in all, in USD.
    """

    def __init__(
        self,
        client: Client,
        cells: list[Cell],
        axes: dict[str, list[Any]],
        digest: str,
        *,
        name: str | None,
        max_usd: float | None,
        files: dict[Any, Any],
    ) -> None:
        self.client, self.cells, self.axes, self.digest = client, cells, axes, digest
        self.name, self.max_usd = checked_name(name), max_usd
        self.max_credits = None if max_usd is None else amount(max_usd, "max_usd")
        self.files = files  # those that are ready to be sent, by their source
        self._prices: list[Price | None] | None = None
        self.batch_id: str | None = None
        self.refresh()

    def refresh(self) -> None:
        """Look into the journal for what is made by now."""
        found = self.kept_batch()
        self.batch_id = found and found.id
        rows = self.client.journal.of_batch(found.id) if found else []
        for cell, row in zip(self.cells, by_cell(self.cells, rows), strict=True):
            if row is not None and not cell.waiting:
                cell.set(self.client.job_of(row))
        self._prices = None

    def kept_batch(self) -> KeptBatch | None:
        """Return the batch of the same sweep, if there is one: of this name, or without one."""
        return same_batch(self.client.journal.batches_of(self.digest), self.name)

    @property
    def requests(self) -> list[GenerationRequest]:
        """What is asked for, a request for each clip."""
        return [cell.request for cell in self.cells]

    @property
    def missing_cells(self) -> list[Cell]:
        """The cells that are neither made nor being made."""
        return [cell for cell in self.cells if is_missing(cell)]

    @property
    def missing(self) -> list[GenerationRequest]:
        """The requests that `submit` would send: no clip of theirs is made, or being made."""
        return [cell.request for cell in self.missing_cells]

    @property
    def prices(self) -> list[Price | None]:
        """What each of the missing clips costs."""
        if self._prices is None:
            self._prices = prices_of(self.client, self.missing_cells)
        return self._prices

    @property
    def price(self) -> Price | None:
        """What `submit` would cost; ``None`` if nobody knows what one of the clips costs."""
        return total(self.prices)

    def expected(self) -> Expected | None:
        """Return how long the slowest of the missing clips takes; ``None`` if there is none."""
        from ltxv_nb.polling.estimate import expected

        origin, belief = self.client.origin, self.client.estimates.belief_of
        kinds = {
            (cell.request.model, cell.request.duration, cell.request.resolution): cell.request
            for cell in self.missing_cells
        }
        found = [expected(belief(one.model, one.settings(), origin)) for one in kinds.values()]
        return max(found, key=lambda one: one.seconds, default=None)

    def submit(self, max_usd: float | None = None) -> Batch:
        """Make what is missing: this is the paid act. The clips are sent in the background, a few at a time.

        Parameters
        ----------
        max_usd : float, optional
            What the batch may cost at most in all, in USD; by default that of the sweep.

        Returns
        -------
        Batch
            With the clips that were made before, too.

        Raises
        ------
        BudgetExceeded
            Not even the first clip may be sent.
        ConfigurationError
            The journal or the output folder cannot be written; nothing was sent.
        """
        from ltxv_nb.batch.begin import begin

        if max_usd is not None:
            self.max_usd, self.max_credits = max_usd, amount(max_usd, "max_usd")
        return begin(self)

    def __len__(self) -> int:
        return len(self.cells)

    def __repr__(self) -> str:
        return plan_text.plain_text(self)

    def _repr_html_(self) -> str:
        return plan_text.html_text(self)
