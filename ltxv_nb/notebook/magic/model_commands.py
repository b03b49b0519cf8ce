"""``%ltxv models`` and ``%ltxv model``: which models there are, and what one of them takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.errors import RequestError
from ltxv_nb.notebook.magic.own_options import read
from ltxv_nb.notebook.output.models_table import SORTS, model_bundle, models_bundle

if TYPE_CHECKING:
    from ltxv_nb.notebook.magic.options import Options
    from ltxv_nb.notebook.session import NotebookSession

#: The options of ``%ltxv models``, with the values of those that have some to choose from.
CHOICES: dict[str, tuple[str, ...] | None] = {
    "--can": None,  # completed with what the known models can do
    "--under": (),
    "--sort": tuple(SORTS),
}
USAGE = "%ltxv models [WORDS] [--can image_to_video] [--under 0.10] [--sort price|time|name]"


def show_models(session: NotebookSession, words: list[str], _options: Options) -> None:
    """Show the models that fit; the words are those of the command's line."""
    plain, said, _ = read(words, CHOICES, (), USAGE)
    under, sort = said.get("--under"), said.get("--sort")
    if sort is not None and sort not in SORTS:
        raise RequestError(f"--sort is {sort!r}, but it can be {', '.join(SORTS)}.")
    can = said.get("--can")
    found = session.client.models(
        can=can,
        words=" ".join(plain) or None,
        max_usd_per_second=None if under is None else _amount(under),
    )
    if can is not None and not found:
        _check_ability(session, can)
    session.publish(models_bundle(found, sort))


def show_model(session: NotebookSession, words: list[str], _options: Options) -> None:
    """Show one model."""
    (name,) = words
    session.publish(model_bundle(session.client.model(name)))


def _amount(text: str) -> float:
    try:
        usd = float(text.removeprefix("$"))
    except ValueError:
        usd = -1.0
    if not 0 <= usd < float("inf"):
        raise RequestError(f"--under is {text!r}, but it can be an amount in USD a second, like 0.10.")
    return usd


def _check_ability(session: NotebookSession, can: str) -> None:
    """Refuse something that no model at all can do."""
    known = sorted({ability for model in session.client.models() for ability in model.capabilities})
    if not session.client.models(can=can):
        raise RequestError(f"--can is {can!r}, but it can be {', '.join(known)}.")
