"""The account of the fake service: charges for what was billed, in pages, with differences planted on request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .service import FaultService, Task

#: What every task costs, in credits.
USUAL = 504_000


@dataclass
class Account:
    """What the service charges, and what a test has planted."""

    #: Credits that the account held before anything was charged.
    credits: int = 200_000_000
    #: Whether a task is charged by now; by default at once. One that failed never is.
    charged: Callable[[Task], bool] = lambda _task: True
    #: Amounts that differ from `USUAL`, by the task's id.
    amounts: dict[str, int] = field(default_factory=dict)
    #: Charges for what was submitted elsewhere: inference id, model, credits.
    elsewhere: list[tuple[str, str, int]] = field(default_factory=list)
    page_rows: int = 100

    def entries(self, service: FaultService) -> list[dict[str, Any]]:
        """Return the ledger, newest first."""
        ours = [
            (task.id, task.body["model"], self.amounts.get(task.id, USUAL))
            for task in list(service.billed)
            if not task.failed and self.charged(task)
        ]
        return [_entry(*one) for one in [*self.elsewhere, *ours[::-1]]]

    def page(self, service: FaultService, query: dict[str, list[str]]) -> dict[str, Any]:
        """Return a page; the cursor is a number in a disguise."""
        rows = self.entries(service)
        at = int(query.get("cursor", ["at-0"])[0].removeprefix("at-"))
        end = at + min(self.page_rows, int(query.get("limit", ["50"])[0]))
        more = end < len(rows)
        return {
            "data": rows[at:end],
            "pagination": {"has_more": more, "next_cursor": f"at-{end}" if more else None},
        }

    def balance(self, service: FaultService) -> dict[str, Any]:
        """Return what is left."""
        left = self.credits - sum(row["amount"]["credits"] for row in self.entries(service))
        return {"current_balance": left / 2_000_000, "currency": "USD"}

    def usage(self, service: FaultService) -> dict[str, Any]:
        """Return what this key has used: nothing from elsewhere."""
        rows = self.entries(service)[len(self.elsewhere) :]
        spend = sum(row["amount"]["credits"] for row in rows) / 2_000_000
        return {"spend": spend, "currency": "USD", "requests": len(rows), "models": []}


def _entry(reference: str, model: str, credits_: int) -> dict[str, Any]:
    return {
        "created_at": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:00:00.000Z}",  # the same each time it is read
        "direction": "CHARGE",
        "type": "MODEL_USAGE",
        "amount": {"usd": credits_ / 2_000_000, "credits": credits_},
        "model": model,
        "reference_id": reference,
    }
