"""What a generation costs, by the model's price list. Nobody pays it: it is there to learn with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ltxv_nb.models import Model
    from ltxv_nb.sandbox.jobs.plan import Plan

#: What the sandbox takes where no price list says it: credits a second, which are 0.05 USD.
VARIABLE_RATE = 100_000


def bill(model: Model, body: Mapping[str, Any], plan: Plan) -> int:
    """Return what a generation costs, in credits; 2,000,000 are one US dollar.

    Parameters
    ----------
    model : Model
        The model.
    body : mapping
        The JSON body.
    plan : Plan
        What was made of it: its length is what is paid for. Other values that were left open, and have no
        default, count as those that cost least.
    """
    values = {name: value for name, value in body.items() if name != "model"}
    duration = model.parameter("duration")
    if duration is not None:
        values[duration.name] = plan.seconds
    price = model.price(**values)
    if price is not None:
        return price.least_credits
    each = model.price_per_second(**values) if duration is None else None
    rate = VARIABLE_RATE if each is None else each.least_credits
    return round(rate * plan.seconds)
