"""The panel's choice of the model: a list that words, a capability and a price can shorten."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ltxv_nb.models import builtin_models, model_choice
from ltxv_nb.models.listing import ModelList
from ltxv_nb.models.price import dollars
from ltxv_nb.notebook.output.models_table import badges
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ltxv_nb.models import Model
    from ltxv_nb.notebook.widgets.factory import WidgetFactory

#: Prices of a second, in USD, that the list can be limited to.
_PRICES = (0.02, 0.05, 0.10, 0.20, 0.50)
_ANY = "Any"


class ModelChoice:
    """A list of models, and the controls that shorten it, which are made when they are first wanted.

    Parameters
    ----------
    chosen : Model
        The model at first.
    factory : WidgetFactory
        Makes the widgets.
    """

    def __init__(self, chosen: Model, factory: WidgetFactory) -> None:
        self._factory = factory
        self._on_open: Callable[[], object] | None = None
        self._all = ModelList(builtin_models())
        self._listed: list[Model] = list(self._all)
        self._chosen = chosen
        self._setting = False
        self._filters: list[Any] = []
        self.box: Any = widgets.Dropdown(**factory.field(model_choice(), "ltxv-choice"))
        self._about: Any = factory.html("", "ltxv-about-model")
        tooltip = "Look for a model by name, by what it can do, and by its price"
        self._toggle: Any = factory.toggle("Find a model", tooltip, "ltxv-find-model")
        self._toggle.observe(lambda _change: self._open_or_close(), names="value")
        self._head: Any = factory.row([self.box, self._toggle], "ltxv-model")
        self.whole: Any = factory.column([self._head, self._about], "ltxv-models")
        self._show()

    @property
    def value(self) -> Model:
        """The chosen model."""
        return self._chosen

    @value.setter
    def value(self, new: Model) -> None:
        self._chosen = new
        self._show()

    def offer(self, models: Iterable[Model]) -> None:
        """Offer these models; the chosen one stays."""
        self._all = ModelList(models)
        if self._filters:
            self._filters[1].options = self._abilities()
        self._show()

    def on_choice(self, callback: Callable[[Model], object]) -> None:
        """Call with the model when the person chooses another one."""

        def changed(_change: object) -> None:
            if not self._setting and self.box.index is not None:
                callback(self._listed[self.box.index])

        self.box.observe(changed, names="index")

    def on_open(self, callback: Callable[[], object]) -> None:
        """Call when the person wants to look for a model."""
        self._on_open = callback

    # -- inside --------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Bring the list in step with the filters and with the chosen model, which is always in it."""
        fitting = self._fitting()
        listed = [model for model in fitting if model.id != self._chosen.id]
        at = next((at for at, model in enumerate(fitting) if model.id == self._chosen.id), 0)
        listed.insert(at, self._chosen)
        options = [model.short_name for model in listed]
        self._setting = True
        try:
            self._listed = listed
            if list(self.box.options) != options:
                self.box.options = options
            self.box.index = at
        finally:
            self._setting = False
        count = f"{len(fitting)} of {len(self._all)} models. " if self._filters and self._toggle.value else ""
        self._about.value = f'<span class="ltxv-hint">{count}{_about(self._chosen)}</span>'

    def _fitting(self) -> list[Model]:
        if not self._filters or not self._toggle.value:
            return list(self._all)
        words, ability, price = self._filters
        limit = _PRICES[price.index - 1] if price.index else None
        can = ability.value if ability.index else None
        return list(self._all.filtered(words=words.value or None, can=can, max_usd_per_second=limit))

    def _open_or_close(self) -> None:
        if self._toggle.value and not self._filters:
            self._filters = self._make_filters()
            for one, trait in zip(self._filters, ("value", "index", "index"), strict=True):
                one.observe(lambda _change: self._show(), names=trait)
        shown = [self._factory.row(self._filters, "ltxv-model")] if self._toggle.value else []
        self.whole.children = [self._head, *shown, self._about]
        self._show()
        if self._toggle.value and self._on_open is not None:
            self._on_open()

    def _make_filters(self) -> list[Any]:
        labelled = self._factory.labelled
        prices = [_ANY, *(f"up to ${usd:.2f}" for usd in _PRICES)]
        return [
            widgets.Text(
                placeholder="name, maker, words",
                **labelled("Look for", "All of these words occur in it", "ltxv-words"),
            ),
            widgets.Dropdown(
                options=self._abilities(), index=0, **labelled("It can", "What it can do", "ltxv-choice")
            ),
            widgets.Dropdown(
                options=prices,
                index=0,
                **labelled("Price a second", "A model whose price is not known is left out", "ltxv-choice"),
            ),
        ]

    def _abilities(self) -> list[tuple[str, str]]:
        known = sorted({ability for model in self._all for ability in model.capabilities})
        return [(_ANY, ""), *((one_line(ability.replace("_", " "), 60), ability) for ability in known)]


def _about(model: Model) -> str:
    """Return a line about a model as HTML."""
    seconds = model.median_seconds
    usual = f"usually {seconds:.0f} s" if seconds is not None and seconds >= 1 else ""
    maker = f"by {one_line(model.developer, 80)}" if model.developer else ""
    usd = model.usd_per_second
    price = f"${dollars(usd)} a second" if usd else ""
    words = " · ".join(filter(None, (maker, price, usual)))
    return f"{html.escape(words)} {badges(model)}"
