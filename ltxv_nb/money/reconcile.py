"""The journal beside the service's own ledger, matched by inference id."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ltxv_nb.credits import CREDITS_PER_USD, in_dollars
from ltxv_nb.errors import APIError, RequestError
from ltxv_nb.money.spending_table import paragraphs, table_html
from ltxv_nb.service.ledger import LONGEST_WINDOW
from ltxv_nb.service.reply import uuid_of
from ltxv_nb.tables import aligned
from ltxv_nb.text import NO_MATH, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ltxv_nb.journal.cost import Cost
    from ltxv_nb.service.ledger import Charge, Ledger, Usage

_DAY = 86400.0

#: Seconds before the window from which the ledger is read: the clocks may differ.
_SLACK = _DAY

#: Lines of each kind that are shown.
_LINES_SHOWN = 50

#: An id that can be pasted behind a command.
_PLAIN_ID = re.compile(r"[A-Za-z0-9._:/-]{1,512}")

_LATE, _RUNNING = "not charged yet; charges can come late", "not finished"
_OLD = "not charged in more than a day"


@dataclass(frozen=True)
class Line:
    """One generation, as the two sides know it.

    Attributes
    ----------
    job_id : str or None
        The journal's id; ``None`` if it is unknown here.
    inference_id : str or None
        The service's.
    model : str
        The model's id; empty if the service does not say.
    here, charged : int or None
        Its cost in credits by the journal and by the ledger; ``None`` where that side has none.
    words : str
        What is to be said of it.
    """

    job_id: str | None
    inference_id: str | None
    model: str
    here: int | None
    charged: int | None
    words: str = ""


@dataclass(frozen=True)
class Reconciliation:
    """The journal beside the service's own ledger; shows itself as a table.

    Attributes
    ----------
    matched : list of Line
        Known on both sides, with the same amount (or none told here before).
    different : list of Line
        Known on both sides with different amounts, charged twice, or charged although it failed.
    unknown_here : list of Line
        Charged, and not in this journal: ``%ltxv attach ID`` brings it here.
    not_charged : list of Line
        In this journal, and not in the ledger, at least not yet.
    other : list of Line
        Charged for models that make no videos, as far as that is known.
    notes : list of str
        Sentences on what could not be read, and on what the service counts for this key.
    days : int
        How far back was looked.
    play_money : bool
        Whether this is the sandbox.
    """

    matched: list[Line]
    different: list[Line]
    unknown_here: list[Line]
    not_charged: list[Line]
    other: list[Line]
    notes: list[str] = field(default_factory=list)
    days: int = 30
    play_money: bool = False

    @property
    def agrees(self) -> bool:
        """Whether the two sides know the same; what is charged late does not count against that."""
        late = all(line.words in {_LATE, _RUNNING} for line in self.not_charged)
        return late and not self.different and not self.unknown_here

    @property
    def charged_credits(self) -> int:
        """What the ledger charges for the videos that it lists, in credits, exactly."""
        lines = (*self.matched, *self.different, *self.unknown_here)
        return sum(line.charged or 0 for line in lines)

    @property
    def charged_usd(self) -> float:
        """What the ledger charges for the videos that it lists, in USD."""
        return self.charged_credits / CREDITS_PER_USD

    def __repr__(self) -> str:
        lines = [self._headline()]
        for title, rows in self._parts():
            lines += ["", f"{title}:", *(f"  {line}" for line in aligned([_HEAD, *rows]))]
        return "\n".join([*lines, "", *self._last()]).rstrip()

    def _repr_html_(self) -> str:
        tables = "".join(
            f"{paragraphs([f'{title}:'])}{table_html(_HEAD, rows, {'here', 'charged'})}"
            for title, rows in self._parts()
        )
        head = paragraphs([self._headline()])
        return f'<div class="{NO_MATH}">{head}{tables}{paragraphs(self._last())}</div>'

    def _headline(self) -> str:
        one = len(self.matched) == 1
        clips, agree = ("1 clip", "agrees") if one else (f"{len(self.matched):,} clips", "agree")
        days = "the last day" if self.days == 1 else f"the last {self.days} days"
        money = "play money" if self.play_money else "billed"
        total = in_dollars(self.charged_credits)
        verdict = "" if self.agrees else "; see below what does not"
        return f"{clips} of {days} {agree} with the ledger ({total} {money}){verdict}."

    def _parts(self) -> list[tuple[str, list[tuple[str, ...]]]]:
        parts = (
            ("Different amounts", self.different),
            ("Charged, but unknown here", self.unknown_here),
            ("Here, but not charged", self.not_charged),
        )
        return [(title, [_cells(line) for line in lines[:_LINES_SHOWN]]) for title, lines in parts if lines]

    def _last(self) -> list[str]:
        lines = (self.different, self.unknown_here, self.not_charged)
        hidden = sum(max(0, len(one) - _LINES_SHOWN) for one in lines)
        last = [f"{hidden:,} more lines are not shown here; the attributes have all."] if hidden else []
        if self.unknown_here:
            last.append("%ltxv attach ID brings a generation that is unknown here into the journal.")
        if self.other:
            total = in_dollars(sum(line.charged or 0 for line in self.other))
            last.append(
                f"{len(self.other):,} charges ({total}) are for models that are not known to make videos."
            )
        return [*last, *self.notes]


_HEAD = ("job", "id", "model", "here", "charged", "note")


def _cells(line: Line) -> tuple[str, ...]:
    amounts = ("" if one is None else in_dollars(one) for one in (line.here, line.charged))
    shown = one_line(line.inference_id or "", 90)
    return (line.job_id or "", shown, one_line(line.model.rpartition("/")[2], 40), *amounts, line.words)


def check_days(days: object) -> int:
    """Return how many days to look back; raises `RequestError` where the service could not tell so many."""
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= LONGEST_WINDOW:
        raise RequestError(f"days is {days!r}, but it can be a whole number from 1 to {LONGEST_WINDOW}.")
    return days


def reconcile(
    costs: Sequence[Cost],
    ledger: Ledger,
    *,
    days: int,
    now: float,
    makes_video: Callable[[str], bool],
    play_money: bool = False,
) -> Reconciliation:
    """Compare the journal with the service's ledger.

    Parameters
    ----------
    costs : sequence of Cost
        Everything in the journal that was sent to this service.
    ledger : Ledger
        The service's books.
    days : int
        How far back to look.
    now : float
        Unix seconds.
    makes_video : callable
        Whether a model makes videos, or may.
    play_money : bool
        Whether this is the sandbox.

    Raises
    ------
    RequestError
        The number of days is not allowed.
    APIError
        The ledger could not be read.
    """
    since = now - check_days(days) * _DAY
    charges = ledger.charges(since - _SLACK)
    notes = [*charges.notes, _usage_note(ledger, since, now)]
    found = compare(costs, charges.rows, since=since, now=now, makes_video=makes_video)
    return Reconciliation(*found, [note for note in notes if note], days, play_money)


def _usage_note(ledger: Ledger, since: float, now: float) -> str:
    """Say what the service counts for this key; that it could not be read is no reason to give up."""
    try:
        usage: Usage = ledger.usage(since, now)
    except APIError as error:
        return f"What the service counts for this key could not be read: {error}"
    return (
        f"For this key the service counts {in_dollars(usage.credits)} in {usage.requests:,} requests; the "
        f"ledger is that of the whole account."
    )


def compare(
    costs: Iterable[Cost],
    charges: Iterable[Charge],
    *,
    since: float,
    now: float,
    makes_video: Callable[[str], bool],
) -> tuple[list[Line], list[Line], list[Line], list[Line], list[Line]]:
    """Match charges with generations; returns the five lists of `Reconciliation`.

    Parameters
    ----------
    costs : iterable of Cost
        The journal's side; also what is older than the window, for a charge can come late.
    charges : iterable of Charge
        The ledger's side.
    since, now : float
        The window, in unix seconds: what is older is matched, but not missed.
    makes_video : callable
        Whether a model makes videos, or may.
    """
    costs = list(costs)
    by_key = {key: cost for cost in costs for key in _keys(cost)}
    of_job: dict[str, list[Charge]] = defaultdict(list)
    unknown: list[Line] = []
    other: list[Line] = []
    for charge in charges:
        cost = by_key.get(_key(charge.inference_id)) if charge.inference_id else None
        if cost is not None:
            of_job[cost.job_id].append(charge)
        elif charge.created is None or charge.created >= since:
            videos = charge.model is None or makes_video(charge.model)
            (unknown if videos else other).append(_unknown(charge))
    matched: list[Line] = []
    different: list[Line] = []
    missing: list[Line] = []
    for cost in costs:
        if found := of_job.get(cost.job_id):
            line = _known(cost, found)
            (different if line.words else matched).append(line)
        elif cost.created_at >= since and (words := _missing(cost, now)):
            missing.append(Line(cost.job_id, cost.generation_id, cost.model, cost.billed, None, words))
    return matched, different, unknown, missing, other


def _known(cost: Cost, charges: list[Charge]) -> Line:
    total = sum(charge.credits for charge in charges)
    words = ""
    if len(charges) > 1:
        words = f"charged {len(charges)} times"
    elif cost.is_free and total:
        words = "charged although it failed"
    elif cost.billed is not None and not cost.is_free and cost.billed != total:
        words = f"charged {_amount(abs(total - cost.billed))} {'more' if total > cost.billed else 'less'}"
    return Line(cost.job_id, charges[0].inference_id, cost.model, cost.billed, total, words)


def _amount(credits_: int) -> str:
    """Return a difference for people; below a cent in credits, which no rounding hides."""
    return in_dollars(credits_) if credits_ * 100 >= CREDITS_PER_USD else f"{credits_:,} credits"


def _unknown(charge: Charge) -> Line:
    name = charge.inference_id
    words = f"%ltxv attach {name}" if name and _PLAIN_ID.fullmatch(name) else ""
    return Line(None, name, charge.model or "", None, charge.credits, words)


def _missing(cost: Cost, now: float) -> str:
    """Say why a generation should have been charged and is not; ``""`` if it should not."""
    if cost.is_free or cost.billed == 0 or cost.generation_id is None:
        return ""
    if not cost.is_made:
        return _RUNNING if cost.state == "running" else "given up"
    return _LATE if now - cost.created_at < _DAY else _OLD


def _keys(cost: Cost) -> set[str]:
    return {_key(one) for one in (cost.generation_id, cost.inference_id) if one}


def _key(identifier: str) -> str:
    """Return what the spellings of one id have in common: ``UUID`` and ``UUID:model`` are one generation."""
    uuid = uuid_of(identifier)
    return identifier if uuid is None else uuid.replace("-", "").lower()
