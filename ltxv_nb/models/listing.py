"""The catalogue as it was read: its rows made into models, and the list of models that people see."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.models import price_list
from ltxv_nb.models.model import Model
from ltxv_nb.models.price import dollars
from ltxv_nb.tables import aligned
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.models.model import Schema

#: Models of a catalogue that are read, and characters of each text.
_MOST_ROWS, _MOST_ID, _MOST_NAME, _MOST_TEXT = 5_000, 200, 120, 600
_MOST_ALIASES, _MOST_ABILITIES = 50, 50


def usable_rows(document: object) -> list[dict[str, Any]]:
    """Return the rows of a catalogue that describe a video model; of two with one id the first.

    Parameters
    ----------
    document : object
        Parsed JSON: ``{"object": "list", "data": [...]}``.
    """
    data = document.get("data") if isinstance(document, Mapping) else None
    found: dict[str, dict[str, Any]] = {}
    for row in data[:_MOST_ROWS] if isinstance(data, list) else ():
        if isinstance(row, dict) and _is_id(row.get("id")) and _makes_video(row):
            found.setdefault(row["id"].lower(), row)
    return list(found.values())


def _is_id(value: object) -> bool:
    """Whether a text can be an id or an alias: printable, in one piece, of bounded length."""
    return isinstance(value, str) and 0 < len(value) <= _MOST_ID and value.isprintable() and " " not in value


def _makes_video(row: Mapping[str, Any]) -> bool:
    """Whether a model makes videos, as far as its row says what it makes."""
    modalities = row.get("modalities")
    output = modalities.get("output") if isinstance(modalities, Mapping) else None
    if isinstance(output, list) and output:
        return "video" in output
    kind = row.get("type")
    return "video" in kind if isinstance(kind, str) and kind else True


def aliases_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the other names of a row's model, the shortest first."""
    listed = row.get("aliases")
    names = [name for name in listed if _is_id(name)] if isinstance(listed, list) else []
    return tuple(sorted(dict.fromkeys(names), key=len)[:_MOST_ALIASES])


def model_of(
    row: Mapping[str, Any],
    built_in: Model | None,
    *,
    percentiles: Mapping[str, float],
    read: Callable[[], Schema],
) -> Model:
    """Make a row into a model.

    Parameters
    ----------
    row : mapping
        From `usable_rows`.
    built_in : Model, optional
        The built-in model that it is about; its parameters and names stay, prices come from the row.
    percentiles : mapping
        Its times in milliseconds, empty where the service reports none.
    read : callable
        Reads its parameters, when they are asked for.
    """
    info = row["info"] if isinstance(row.get("info"), Mapping) else {}
    prices = price_list.read(row.get("pricing"))
    abilities = _abilities(row)
    told: dict[str, Any] = {
        "name": _text(info.get("name"), _MOST_NAME) or (built_in.name if built_in else row["id"]),
        "developer": _text(info.get("developer"), _MOST_NAME),
        "description": _text(info.get("description"), _MOST_TEXT),
        "percentiles": dict(percentiles),
    }
    if built_in is not None:
        names = dict.fromkeys((*built_in.aliases, *aliases_of(row)))
        return Model(
            id=built_in.id,
            short=built_in.short,
            aliases=tuple(name for name in names if name != built_in.id),
            capabilities=abilities or built_in.capabilities,
            parameters=built_in.parameters,
            seconds=built_in.seconds,
            prices=prices or built_in.prices,
            **told,
        )
    return Model(
        id=row["id"], aliases=aliases_of(row), capabilities=abilities, prices=prices, read=read, **told
    )


def _text(value: object, limit: int) -> str:
    return one_line(value, limit) if isinstance(value, str) else ""


def _abilities(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a model can do; from what goes in, where its row does not say it."""
    listed = row.get("capabilities")
    if isinstance(listed, list) and listed:
        words = [one_line(word, 60) for word in listed if isinstance(word, str) and word.strip()]
        return tuple(dict.fromkeys(words))[:_MOST_ABILITIES]
    modalities = row.get("modalities")
    taken = modalities.get("input") if isinstance(modalities, Mapping) else None
    known = [
        kind for kind in ("text", "image", "video", "audio") if isinstance(taken, list) and kind in taken
    ]
    return tuple(f"{kind}_to_video" for kind in known)


class ModelList(list[Model]):
    """A list of models that shows itself as a table.

    Attributes
    ----------
    note : str
        One sentence on where the list comes from, if there is something to be said; ``""`` otherwise.
    """

    def __init__(self, models: Iterable[Model] = (), note: str = "") -> None:
        super().__init__(models)
        self.note = note

    def filtered(
        self,
        *,
        can: str | None = None,
        words: str | None = None,
        max_usd_per_second: float | None = None,
    ) -> ModelList:
        """Return those that fit; see `Client.models`."""
        if max_usd_per_second is not None:
            _check_amount(max_usd_per_second)
        return ModelList(
            (
                model
                for model in self
                if (can is None or _ability(can) in map(_ability, model.capabilities))
                and (words is None or _mentions(model, words))
                and (max_usd_per_second is None or _costs_at_most(model, max_usd_per_second))
            ),
            self.note,
        )

    def __repr__(self) -> str:
        lines = aligned([_HEAD, *map(_row, self)]) if len(self) else ["No model fits."]
        return "\n".join(filter(None, [*lines, self.note]))

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="text-align:left">{cell}</th>' for cell in _HEAD)
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in _row(model))}</tr>" for model in self
        )
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


_HEAD = ("model", "name", "by", "can", "USD a second", "usual time")


def _row(model: Model) -> tuple[str, ...]:
    usd, seconds = model.usd_per_second, model.median_seconds
    return (
        model.short_name,
        model.name,
        model.developer,
        ", ".join(ability.replace("_", " ") for ability in model.capabilities),
        dollars(usd) if usd is not None else "",
        f"{seconds:.0f} s" if seconds is not None else "",
    )


def _ability(word: str) -> str:
    return re.sub(r"[\s_-]+", "_", word.strip().lower())


def _mentions(model: Model, words: str) -> bool:
    text = " ".join(
        (model.id, model.name, model.developer, *model.aliases, *model.capabilities, model.description)
    )
    return all(word in text.lower() for word in words.lower().split())


def _costs_at_most(model: Model, usd: float) -> bool:
    found = model.usd_per_second
    return found is not None and found[0] <= usd + 1e-12


def _check_amount(usd: object) -> None:
    if isinstance(usd, bool) or not isinstance(usd, (int, float)) or not 0 <= usd < float("inf"):
        raise RequestError(f"max_usd_per_second is {usd!r}, but it can be a number of USD of at least 0.")
