"""What a generation costs, by the model's price list. Nobody pays it: it is there to learn with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ltxv_nb.models import Model
    from ltxv_nb.sandbox.jobs.plan import Plan
    from ltxv_nb.sandbox.models.served import ServedModel

#: What the sandbox takes where no price list says it: credits a second, which are 0.05 USD.
VARIABLE_RATE = 100_000

#: Characters of the longest text that a price may depend on, and prices of one model that are remembered.
_MOST_TEXT, _MOST_REMEMBERED = 100, 1_000


def bill(served: ServedModel, body: Mapping[str, Any], plan: Plan) -> int:
    """Return what a generation costs, in credits; 2,000,000 are one US dollar.

    Parameters
    ----------
    served : ServedModel
        The model.
    body : mapping
        The JSON body.
    plan : Plan
        What was made of it: its length is what is paid for. Other values that were left open, and have no
        default, count as those that cost least.
    """
    values = {name: _shortened(value) for name, value in body.items() if name not in {"model", "prompt"}}
    name = json.dumps([values, plan.seconds], sort_keys=True)
    known = served.bills.get(name)
    if known is None:
        if len(served.bills) >= _MOST_REMEMBERED:
            served.bills.clear()
        known = served.bills[name] = _credits(served.model, values, plan.seconds)
    return known


def _shortened(value: Any) -> Any:
    """Return a value without whole files: a price depends on how many there are, not on what they show."""
    if isinstance(value, list):
        return [_shortened(one) for one in value]
    return value[:_MOST_TEXT] if isinstance(value, str) else value


def _credits(model: Model, values: dict[str, Any], seconds: float) -> int:
    duration = model.parameter("duration")
    asked = values if duration is None else {**values, duration.name: seconds}
    price = model.price(**asked)
    if price is not None:
        return price.least_credits
    each = model.price_per_second(**values) if duration is None else None
    return round((VARIABLE_RATE if each is None else each.least_credits) * seconds)
