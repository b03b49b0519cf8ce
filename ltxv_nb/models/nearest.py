"""What to use instead of a model that is gone, and what a mistyped name may have meant."""

from __future__ import annotations

import difflib
import math
import re
from typing import TYPE_CHECKING

from ltxv_nb.models.builtin import builtin_models, find_model, unlisted_model
from ltxv_nb.models.price import dollars

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ltxv_nb.models.model import Model

#: Models that are named instead of one that is gone, and names that are offered for a mistyped one.
INSTEAD, OFFERED = 3, 3

#: What a model can do by the usual words in its id, where no catalogue says it.
_WORDS = {
    "image_to_video": r"i2v|image-to-video|image_to_video",
    "video_to_video": r"v2v|video-to-video|edit|extend",
    "reference_to_video": r"r2v|reference",
}

#: How much weaker a price that is not known counts than one that is the same, and a developer than another.
_UNKNOWN_PRICE, _OTHER_DEVELOPER = 1.0, 0.3


def nearest(gone: Model, models: Iterable[Model], count: int = INSTEAD) -> list[Model]:
    """Return the models that come nearest to one that is gone.

    Parameters
    ----------
    gone : Model
        The model; of an id that nobody knows, the words in the id have to do.
    models : iterable of Model
        Those that live.
    count : int
        How many to return at most.

    Returns
    -------
    list of Model
        The nearest first: by what they can do, then by the price of a second, then by who made them.
    """
    living = [
        model for model in models if model.id.lower() != gone.id.lower() and model.missing_since is None
    ]
    return sorted(living, key=lambda model: (_distance(gone, model), model.id))[:count]


def _distance(gone: Model, model: Model) -> float:
    wanted, offered = _abilities(gone), _abilities(model)
    missing = len(wanted - offered) / max(1, len(wanted))
    surplus = len(offered - wanted) / max(1, len(offered))
    maker = 0.0 if _developer(gone) == _developer(model) else _OTHER_DEVELOPER
    return 4 * missing + 0.5 * surplus + _price_distance(gone, model) + maker


def _price_distance(gone: Model, model: Model) -> float:
    """Return how far two prices are apart, in factors of two."""
    first, second = gone.usd_per_second, model.usd_per_second
    if not first or not second or not first[0] or not second[0]:
        return _UNKNOWN_PRICE
    return abs(math.log2(first[0] / second[0]))


def _abilities(model: Model) -> set[str]:
    if model.capabilities:
        return set(model.capabilities)
    found = {ability for ability, words in _WORDS.items() if re.search(words, model.id.lower())}
    return found or {"text_to_video"}


def _developer(model: Model) -> str:
    return (model.developer or model.id.partition("/")[0]).lower()


def instead(gone: Model, models: Iterable[Model]) -> str:
    """Return a sentence with the nearest living models and the cell to run; ``""`` if there are none."""
    found = nearest(gone, models)
    if not found:
        return ""
    named = [_with_price(model) for model in found]
    listed = " or ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
    return f"The nearest are {listed}: run the cell as `%%ltxv -m {found[0].short_name}`."


def _with_price(model: Model) -> str:
    usd = model.usd_per_second
    return f"{model.short_name} (${dollars(usd)} a second)" if usd else model.short_name


def missing_model_hint(name: str, models: Sequence[Model] = ()) -> str:
    """Return a sentence with other models, for when the service does not have this one."""
    known = [*models] or [*builtin_models()]
    gone = next((model for model in known if name in {model.id, *model.aliases}), None)
    if gone is None:
        gone = find_model(name) or unlisted_model(name)
    return instead(gone, known)


def similar_names(name: str, models: Iterable[Model]) -> list[str]:
    """Return names of models that a mistyped one may have meant, the most alike first."""
    names = {known.lower(): known for model in models for known in (model.id, *model.aliases)}
    wanted = name.strip().lower()
    within = [known for known in names if wanted and wanted in known]
    close = difflib.get_close_matches(wanted, names, OFFERED, 0.5)
    return [names[known] for known in dict.fromkeys([*within[:OFFERED], *close])][:OFFERED]
