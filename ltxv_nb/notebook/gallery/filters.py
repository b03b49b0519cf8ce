"""The row of controls that says which clips are shown."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ltxv_nb.journal.search import Wanted
from ltxv_nb.notebook.output.source import settings_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.journal import Journal
    from ltxv_nb.notebook.widgets.factory import WidgetFactory

#: Days back, today being the first; 0 is any time.
_TIMES = (("Any time", 0), ("Today", 1), ("Last 7 days", 7), ("Last 30 days", 30), ("Last 365 days", 365))
_STARS = (("Any", 0), *((f"{'★' * stars} or more" if stars < 5 else "★" * 5, stars) for stars in range(1, 6)))
_REJECTED = (("All clips", None), ("Not rejected", False), ("Rejected", True))
_ORDERS = (("Newest first", "newest"), ("Oldest first", "oldest"), ("Most stars first", "best"))
_PLACES = (("Paid or sandbox", None), ("Paid", True), ("Sandbox", False))


class Filters:
    """The controls; their row is `box`.

    Parameters
    ----------
    factory : WidgetFactory
        Makes the widgets.
    journal : Journal
        What the choices of models and notebooks are read from.
    changed : callable
        Called whenever something else is wanted.
    now : callable
        Returns the local time.
    """

    def __init__(
        self,
        factory: WidgetFactory,
        journal: Journal,
        changed: Callable[[], object],
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._factory, self._report, self._now = factory, changed, now
        self._offering = False  # whether other choices are being put in, which changes nothing
        self._text: Any = widgets.Text(
            placeholder="words of a prompt, or tags",
            **factory.labelled("Find", "Clips with all these words, or the clip of this job", "ltxv-words"),
        )
        self._text.observe(self._changed, names="value")
        self._model = self._choice("Model", "Clips of one model", _models(journal))
        self._stars = self._choice("Stars", "Clips with at least so many stars", _STARS)
        self._rejected = self._choice("Show", "Whether rejected clips are shown", _REJECTED)
        self._time = self._choice("Made", "Clips of the last days", _TIMES)
        self._place = self._choice("Billed", "Clips that were paid for, or drawn by the sandbox", _PLACES)
        self._notebook = self._choice("Notebook", "Clips of one notebook", _notebooks(journal))
        self._order = self._choice("Sort", "Which clips come first", _ORDERS)
        self.box: Any = factory.row([], "ltxv-find")
        self._arrange()

    @property
    def wanted(self) -> Wanted:
        """What the controls say."""
        days = self._time.value
        midnight = self._now().replace(hour=0, minute=0, second=0, microsecond=0)
        return Wanted(
            text=self._text.value.strip(),
            model=self._model.value,
            stars=self._stars.value,
            since=(midnight - timedelta(days=days - 1)).timestamp() if days else None,
            paid=self._place.value,
            notebook=self._notebook.value,
            rejected=self._rejected.value,
            order=self._order.value,
        )

    def update(self, journal: Journal) -> None:
        """Offer the models and notebooks that the journal has by now; what is chosen stays."""
        for choice, options in ((self._model, _models(journal)), (self._notebook, _notebooks(journal))):
            if tuple(choice.options) != options:
                chosen, self._offering = choice.value, True  # ipywidgets chooses the first one meanwhile
                choice.options = options
                if chosen in {value for _, value in options}:
                    choice.value = chosen
                self._offering = False
        self._arrange()

    def _choice(self, label: str, tooltip: str, options: tuple[tuple[str, Any], ...]) -> Any:
        choice: Any = widgets.Dropdown(
            options=options, index=0, **self._factory.labelled(label, tooltip, "ltxv-choice")
        )
        choice.observe(self._changed, names="value")
        return choice

    def _changed(self, _change: Any) -> None:
        if not self._offering:
            self._report()

    def _arrange(self) -> None:
        """Show the controls; of notebooks only where there is something to choose."""
        several = [self._notebook] if len(self._notebook.options) > 2 else []
        shown = [self._text, self._model, self._stars, self._rejected, self._time, self._place, *several]
        shown.append(self._order)
        if list(self.box.children) != shown:
            self.box.children = shown


def _models(journal: Journal) -> tuple[tuple[str, str], ...]:
    named = ((settings_text({"model": model}), model) for model in journal.models())
    return (("All models", ""), *named)


def _notebooks(journal: Journal) -> tuple[tuple[str, str], ...]:
    """Return the notebooks by their file names; by their whole paths where two are called alike."""
    paths = journal.notebooks()
    names = [os.path.basename(path) for path in paths]  # noqa: PTH119 - a text, and no file that is opened
    shown = (name if names.count(name) == 1 else path for name, path in zip(names, paths, strict=True))
    return (("All notebooks", ""), *zip(shown, paths, strict=True))
