"""Models for people: all of them as a table, one of them as a page with its parameters.

Names, texts and values come from the service's catalogue: each is escaped. Colours are those of the page, so
that the tables are readable in light and dark; there is no script, which a saved notebook would lose.
"""

from __future__ import annotations

import html
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ltxv_nb.models.listing import ModelList
from ltxv_nb.models.price import dollars
from ltxv_nb.notebook.output.flags import with_flags
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ltxv_nb.models import Model, Parameter

#: Pixels of height above which a table of models scrolls.
_TALL = 560
#: Characters of a default value, and of the allowed values, in a table.
_MOST_DEFAULT, _MOST_VALUES = 60, 300

#: Jupyter sets its tables flush right. MathJax takes what stands between two dollar signs for a formula.
_LEFT = ' style="text-align:left;vertical-align:top"'
_BADGE = (
    '<span style="display:inline-block;border:1px solid currentColor;border-radius:9px;padding:0 7px;'
    'margin:1px 3px 1px 0;font-size:11px;opacity:.85;white-space:nowrap">'
)
_NO_MATH = "tex2jax_ignore mathjax_ignore"

_PARAMETER_HEAD = ("option", "in Python", "values", "default", "what it is")

#: What models can be sorted by; what is not known comes last.
SORTS: dict[str, Callable[[Model], tuple[bool, float | str]]] = {
    "price": lambda model: _known_first(model.usd_per_second and model.usd_per_second[0]),
    "time": lambda model: _known_first(model.median_seconds),
    "name": lambda model: (False, model.id.lower()),
}


def _known_first(value: float | None) -> tuple[bool, float]:
    return value is None, value or 0.0


def models_bundle(models: ModelList, sort: str | None = None) -> dict[str, str]:
    """Return the table of models for a page and for a terminal.

    Parameters
    ----------
    models : ModelList
        The models.
    sort : str, optional
        One of `SORTS`; by default the order of the catalogue.
    """
    ordered = ModelList(sorted(models, key=SORTS[sort]) if sort else models, models.note)
    count = "1 model" if len(ordered) == 1 else f"{len(ordered)} models"
    last = f"{count}. %ltxv model ID shows one with its parameters." if ordered else ""
    rows = [(_named(model), _text(model.developer), badges(model), *_figures(model)) for model in ordered]
    table = _table(("model", "by", "can", "USD a second", "usual time"), rows) if rows else "No model fits."
    notes = "".join(f"<div>{_text(note)}</div>" for note in (models.note, last) if note)
    return {
        "text/plain": "\n".join(filter(None, (repr(ordered), last))),
        "text/html": f'<div class="{_NO_MATH}"><div style="max-height:{_TALL}px;overflow:auto">{table}</div>'
        f"{notes}</div>",
    }


def model_bundle(model: Model) -> dict[str, str]:
    """Return the page of one model, for a notebook page and for a terminal."""
    prompt = model.parameter("prompt")
    body = "The text of the cell is its prompt." if prompt else "It takes no prompt."
    facts = [*(one_line(fact) for fact in _facts(model)), body]
    rows = [_parameter_row(known) for known in with_flags(model)[1:]]
    cells = [[*(f"<code>{_text(cell)}</code>" for cell in row[:2]), *map(_text, row[2:])] for row in rows]
    shown = "".join(f"<div>{_text(fact)}</div>" for fact in facts)
    title = f"<b>{_text(model.name)}</b> <code>{_text(model.id)}</code> {badges(model)}"
    table = _table(_PARAMETER_HEAD, cells)
    lines = [f"{model.name} ({model.id})", *facts, "", *map(_line, rows)]
    return {
        "text/plain": "\n".join(lines).rstrip(),
        "text/html": f'<div class="{_NO_MATH}"><div>{title}</div>{shown}{table}</div>',
    }


def _line(row: tuple[str, ...]) -> str:
    """Return a parameter for a terminal: its option, and below it the rest."""
    option, _key, values, default, words = row
    told = (words, values, f"default: {default}" if default else "")
    return f"  {option}\n      {'; '.join(filter(None, told))}"


def badges(model: Model) -> str:
    """Return what a model can do as HTML."""
    return "".join(f"{_BADGE}{_text(word.replace('_', ' '))}</span>" for word in model.capabilities)


def price_words(model: Model) -> str:
    """Return what a second costs: ``$0.063 a second``; ``""`` where it is not known."""
    usd = model.usd_per_second
    return f"${dollars(usd)} a second" if usd else ""


def _facts(model: Model) -> Iterable[str]:
    """Yield what there is to say of a model besides its parameters, a line each."""
    if model.missing_since is not None:
        day = datetime.fromtimestamp(model.missing_since, tz=timezone.utc).strftime("%Y-%m-%d")
        yield f"Missing from the service's catalogue since {day} or earlier."
    if model.developer:
        yield f"By {model.developer}."
    if model.description:
        yield model.description
    yield f"Price: {price_words(model) or 'not known'}."
    seconds = model.median_seconds
    yield f"Usual time: {seconds:.0f} s." if seconds is not None else "Usual time: not known."
    others = [alias for alias in model.aliases if alias != model.short_name]
    if others:
        yield f"Also called {', '.join(others[:10])}."
    if model.note:
        yield model.note


_FILES = {"image": "a picture", "video": "a video", "audio": "a sound"}


def _file_words(known: Parameter) -> str:
    if known.media is None or "array" not in known.types:
        return _FILES.get(known.media or "", "a file")
    several = f"{known.media} files" if known.media != "image" else "pictures"
    return several if known.max_items is None else f"{several}, at most {known.max_items}"


def _parameter_row(known: Parameter) -> tuple[str, ...]:
    default = "" if known.default is None else known.text(known.default)
    words = one_line(known.help, 400)
    return (
        ", ".join(known.flags),
        known.key,
        _file_words(known) if known.media else one_line(known.allowed(), _MOST_VALUES),
        one_line(default, _MOST_DEFAULT),
        f"{words} (needed)" if known.required else words,
    )


def _named(model: Model) -> str:
    name = "" if model.name in {model.id, model.short_name} else f"<br>{_text(model.name)}"
    return f"<code>{_text(model.short_name)}</code>{name}"


def _figures(model: Model) -> tuple[str, str]:
    usd, seconds = model.usd_per_second, model.median_seconds
    return (_text(dollars(usd)) if usd else "", f"{seconds:.0f} s" if seconds is not None else "")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; the cells are HTML."""
    titles = "".join(f'<th scope="col"{_LEFT}>{title}</th>' for title in head)
    body = "".join(f"<tr>{''.join(f'<td{_LEFT}>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: str) -> str:
    return html.escape(one_line(text))
