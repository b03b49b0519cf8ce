"""The batches of a journal, as a list that shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ltxv_nb.batch import batch_text

if TYPE_CHECKING:
    from ltxv_nb.batch.batch import Batch
    from ltxv_nb.client import Client


class BatchRow(NamedTuple):
    """One batch of a list; see `ltxv_nb.journal.record.Batch`."""

    id: str
    name: str | None
    created_at: float
    total: int
    made: int
    billed_credits: int
    axes: dict[str, list[Any]]


class BatchList(list["Batch"]):
    """The batches of a journal, newest first; shows itself as a table."""

    @property
    def rows(self) -> list[BatchRow]:
        """What the table says of each."""
        if not self:
            return []
        made = self[0].client.journal.made_of_batches()
        return [
            BatchRow._make(
                (one.id, one.name, one.kept.created_at, one.kept.total, *made.get(one.id, (0, 0)), one.axes)
            )
            for one in self
        ]

    def __repr__(self) -> str:
        return batch_text.list_text(self.rows)

    def _repr_html_(self) -> str:
        return batch_text.list_html(self.rows)


def all_batches(client: Client) -> BatchList:
    """Return the batches of a client's backend, newest first."""
    found = client.journal.batches(client.backend)
    return BatchList(client.shared_batch(one) for one in found)
