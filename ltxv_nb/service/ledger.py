"""The account as the service keeps it: the balance, the ledger of charges, and the usage of a key.

Everything is read with tolerance and within limits. What cannot be read in full is said in a sentence, beside
what was read; nothing is counted twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Protocol

from ltxv_nb.credits import CREDITS_PER_USD, MOST_CREDITS, from_number, from_usd
from ltxv_nb.errors import APIError
from ltxv_nb.service.reply import is_clean, number, plain_text
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Entries of a page, and pages that one look reads: 100,000 entries.
_PAGE_ROWS, _PAGES = 100, 1000

#: Days of the longest window that usage can be asked for.
LONGEST_WINDOW = 92

#: Models of a usage report that are read, and characters of a model's name.
_MOST_MODELS, _MOST_NAME = 5_000, 200


@dataclass(frozen=True)
class Charge:
    """One charge of the ledger.

    Attributes
    ----------
    inference_id : str or None
        What was charged for, as ``x-inference-id`` names it.
    model : str or None
        The model's id, or what the service calls it.
    credits : int
        How much; 2,000,000 are one US dollar.
    created : float or None
        Unix time in seconds.
    """

    inference_id: str | None
    model: str | None
    credits: int
    created: float | None


@dataclass(frozen=True)
class Charges:
    """What was read of the ledger.

    Attributes
    ----------
    rows : list of Charge
        Newest first, each once.
    notes : list of str
        Sentences on what could not be read.
    """

    rows: list[Charge] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Usage:
    """What the service counts for a key in a window.

    Attributes
    ----------
    credits : int
        Charged in all.
    requests : int
        Charged requests.
    models : dict
        Credits and requests of each model, by its name.
    """

    credits: int
    requests: int
    models: dict[str, tuple[int, int]]


class Read(Protocol):
    """Asks an endpoint; returns the JSON document, raises `APIError`."""

    def __call__(self, path: str, query: Mapping[str, Any]) -> Any:
        """Ask."""


class Ledger:
    """The endpoints of the account; none of them costs anything.

    Parameters
    ----------
    read : callable
        Asks an endpoint.
    scrub : callable
        Takes the key out of a text.
    """

    def __init__(self, read: Read, scrub: Callable[[str], str] = str) -> None:
        self._read, self._scrub = read, scrub

    def balance(self) -> int:
        """Return what the account holds, in credits; it can be less than nothing.

        Raises
        ------
        APIError
            The service did not tell, or not in US dollars.
        """
        document = self._asked("/v2/billing", {}, "the account's balance")
        found = document.get("current_balance") if isinstance(document, dict) else None
        usd = _amount(found)
        if usd is None:
            raise APIError("The service's answer holds no balance.")
        self._check_currency(document, "the balance")
        return round(usd * CREDITS_PER_USD)

    def charges(self, since: float) -> Charges:
        """Return what was charged for the use of models since a moment.

        Parameters
        ----------
        since : float
            Unix time in seconds.

        Raises
        ------
        APIError
            The ledger could not be read at all.
        """
        moment = datetime.fromtimestamp(max(0.0, since), timezone.utc)
        query: dict[str, Any] = {
            "from": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "direction": "CHARGE",
            "type": "MODEL_USAGE",
            "limit": _PAGE_ROWS,
        }
        pages = _Pages(self._scrub)
        for _ in range(_PAGES):
            cursor = pages.take(self._asked("/v2/billing/transactions", query, "the account's ledger"))
            if cursor is None:
                return pages.found()
            query["cursor"] = cursor
        return pages.found(f"Only the newest {_PAGES * _PAGE_ROWS:,} entries of the ledger were read.")

    def usage(self, start: float, end: float) -> Usage:
        """Return what was charged for this key in a window.

        Parameters
        ----------
        start, end : float
            Unix times in seconds, at most `LONGEST_WINDOW` days apart.

        Raises
        ------
        APIError
            The service did not tell, or not in US dollars.
        """
        moments = (datetime.fromtimestamp(max(0.0, one), timezone.utc) for one in (start, end))
        window = dict(
            zip(("start", "end"), (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments), strict=True)
        )
        document = self._asked("/v2/usage/detail", {**window, "group_by": "day,model"}, "this key's usage")
        spend = from_usd(document.get("spend", "")) if isinstance(document, dict) else None
        if spend is None:
            raise APIError("The service's answer holds no usage.")
        self._check_currency(document, "the usage")
        models: dict[str, tuple[int, int]] = {}
        rows = document.get("models")
        for row in rows[:_MOST_MODELS] if isinstance(rows, list) else ():
            if isinstance(row, dict) and (name := _name(row.get("model"), self._scrub)):
                # A model that is listed twice is the same rows twice: the first one counts.
                models.setdefault(name, (from_usd(row.get("spend", "")) or 0, _count(row.get("requests"))))
        return Usage(spend, _count(document.get("requests")), models)

    def _asked(self, path: str, query: Mapping[str, Any], what: str) -> Any:
        try:
            return self._read(path, query)
        except APIError as error:
            if error.status_code != 403:
                raise
            refused = APIError(
                f"The service does not let this key read {what}",
                status_code=error.status_code,
                request_id=error.request_id,
                hint="Use a regular key of the account: a sub-key or a management key may not read it.",
            )
        raise refused

    def _check_currency(self, document: Mapping[str, Any], what: str) -> None:
        other = _other_currency(document, self._scrub)
        if other:
            raise APIError(f"The service tells {what} in {other}, and only US dollars can be counted here.")


class _Pages:
    """Puts the pages of the ledger together."""

    def __init__(self, scrub: Callable[[str], str]) -> None:
        self._scrub = scrub
        self._rows: dict[tuple[Any, ...], Charge] = {}
        self._page = 0
        self._first_page: dict[tuple[Any, ...], int] = {}
        self._cursors: set[str] = set()
        self._unread = 0
        self._foreign: dict[str, int] = {}
        self._stopped = ""

    def take(self, document: Any) -> str | None:
        """Take a page; return the cursor of the next one, if there is one to be read."""
        rows = document.get("data") if isinstance(document, dict) else None
        if not isinstance(rows, list):
            raise APIError("The service's ledger cannot be read: its answer holds no list of entries.")
        new = self._take_rows(rows)
        pagination = document.get("pagination")
        told = pagination if isinstance(pagination, dict) else {}
        cursor = told.get("next_cursor")
        if not told.get("has_more") or not rows:
            return None
        if not isinstance(cursor, str) or not cursor:
            self._stopped = "The service's ledger has more entries, but does not say how to read them."
        elif cursor in self._cursors or not new:
            self._stopped = "The service's ledger repeats itself, so older entries may be missing here."
        else:
            self._cursors.add(cursor)
            return cursor
        return None

    def _take_rows(self, rows: list[Any]) -> bool:
        """Take the rows of a page; return whether any of them is new."""
        self._page += 1
        before = len(self._first_page)
        for position, row in enumerate(rows[: 10 * _PAGE_ROWS]):
            identity = _identity(row)
            if self._first_page.setdefault(identity, self._page) < self._page:
                continue
            # Two charges without an id can be alike; on one page they are two.
            own = identity if identity[-1] is not None else (*identity, position)
            self._take_row(own, row)
        return len(self._first_page) > before

    def _take_row(self, identity: tuple[Any, ...], row: Any) -> None:
        if not isinstance(row, dict):
            self._unread += 1
            return
        if _word(row.get("direction")) == "TOPUP" or _word(row.get("type")) not in {"MODEL_USAGE", ""}:
            return
        amount = row.get("amount")
        money = amount if isinstance(amount, dict) else {}
        other = _other_currency({**money, **row}, self._scrub)
        if other:
            self._foreign[other] = self._foreign.get(other, 0) + 1
            return
        credits_ = _whole_credits(money)
        reference = plain_text(row.get("reference_id"), 512)
        if credits_ is None or not is_clean(reference, self._scrub):
            self._unread += 1
            return
        created = _moment(row.get("created_at"))
        self._rows[identity] = Charge(reference, _name(row.get("model"), self._scrub), credits_, created)

    def found(self, note: str = "") -> Charges:
        """Return everything that was taken."""
        notes = [note, self._stopped]
        if self._unread:
            notes.append(f"{self._unread} entries of the ledger could not be read, and are left out.")
        notes += [
            f"{count} entries of the ledger are in {currency}, and left out: only US dollars are added up."
            for currency, count in self._foreign.items()
        ]
        return Charges(list(self._rows.values()), [one for one in notes if one])


def _identity(row: Any) -> tuple[Any, ...]:
    """Return what tells one entry from another; the last part is its inference id."""
    if not isinstance(row, dict):
        return (repr(row)[:200], None)
    names = ("created_at", "direction", "type", "amount", "model", "reference_id")
    reference = row.get("reference_id")
    return (*(repr(row.get(name))[:600] for name in names), reference if isinstance(reference, str) else None)


def _word(value: Any) -> str:
    return value.strip().upper() if isinstance(value, str) else ""


def _name(value: Any, scrub: Callable[[str], str]) -> str | None:
    return one_line(scrub(value), _MOST_NAME) or None if isinstance(value, str) else None


def _other_currency(document: Mapping[str, Any], scrub: Callable[[str], str]) -> str:
    """Return the currency that a document names, unless it is the US dollar; ``""`` where it names none."""
    told = document.get("currency")
    word = _word(told)
    return one_line(scrub(word), 12) if word and word != "USD" else ""


def _amount(value: Any) -> float | None:
    """Return a finite number of either sign, also where it comes as a text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and abs(found) * CREDITS_PER_USD <= MOST_CREDITS else None


def _whole_credits(amount: Mapping[str, Any]) -> int | None:
    """Return an amount in credits, exactly where the service tells it so."""
    told = amount.get("credits")
    return from_usd(amount.get("usd", "")) if told is None else from_number(told)


def _count(value: Any) -> int:
    return min(round(number(value) or 0.0), 10**12)


def _moment(value: Any) -> float | None:
    """Return an ISO 8601 moment in unix seconds; one without an offset is in UTC."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        found = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None
