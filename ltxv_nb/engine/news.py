"""What is known of a generation at one moment, as the tracker passes it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ltxv_nb.errors import LTXVError
    from ltxv_nb.journal import Record

_numbers = count(1)


@dataclass(frozen=True)
class News:
    """What is known of a generation now.

    Attributes
    ----------
    record : Record
        Its row in the journal.
    unreachable : bool
        Whether the service has not answered for long.
    trouble : str or None
        In words, what is in the way at the moment, if anything is.
    error : LTXVError or None
        What ended the tracking, if something did.
    watching : bool
        Whether it is still being tracked.
    bytes_done, bytes_total : int or None
        How far a download is.
    again_at : float or None
        When the request is sent again, in unix seconds, while it waits for that: it was not accepted.
    number : int
        Larger than that of all news made before it in this process.
    """

    record: Record
    unreachable: bool = False
    trouble: str | None = None
    error: LTXVError | None = None
    watching: bool = True
    bytes_done: int | None = None
    bytes_total: int | None = None
    again_at: float | None = None
    number: int = field(default_factory=_numbers.__next__, compare=False)

    def updated(self, **changes: Any) -> News:
        """Return newer news that differ in these fields."""
        return replace(self, **changes, number=next(_numbers))

    def is_newer_than(self, other: News) -> bool:
        """Whether this is the later one: by the row's revision, and among equals by when it was made."""
        return (self.record.revision, self.number) > (other.record.revision, other.number)


Listener = Callable[[News], None]
