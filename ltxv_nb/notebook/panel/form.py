"""The panel's form: one control for each parameter of the model, and the request they amount to."""

from __future__ import annotations

import contextlib
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ltxv_nb.errors import RequestError
from ltxv_nb.models import default_model
from ltxv_nb.notebook.panel.choices import only_value
from ltxv_nb.notebook.panel.fields import TextInput, field_for
from ltxv_nb.notebook.panel.image_field import ImageField
from ltxv_nb.notebook.panel.model_choice import ModelChoice
from ltxv_nb.notebook.panel.upload import PictureUpload, largest_frame
from ltxv_nb.request import GenerationRequest
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ltxv_nb.client import Client
    from ltxv_nb.models import Model, Parameter
    from ltxv_nb.notebook.panel.fields import Field
    from ltxv_nb.notebook.widgets.factory import WidgetFactory
    from ltxv_nb.notebook.widgets.worker import Worker

#: So many parameters without a role stand beside the others; more of them stand under "More settings".
_FEW = 4


class _State(NamedTuple):
    """What is on the form; replaced as a whole, so that whoever reads it finds one model's controls."""

    model: Model
    fields: dict[str, Field]
    boxes: list[Any]
    hidden: dict[str, Any]  # values that have no control: under "More settings", or of an unknown parameter


class Form:
    """The controls.

    Parameters
    ----------
    factory : WidgetFactory
        Makes the widgets.
    client : callable
        Returns the client in use.
    worker : Worker
        Does what takes time.
    in_page : callable, optional
        Returns whether the page runs what makes pictures smaller before they are sent.
    """

    def __init__(
        self,
        factory: WidgetFactory,
        client: Callable[[], Client],
        worker: Worker,
        in_page: Callable[[], bool] = lambda: False,
    ) -> None:
        self._factory, self._client, self._worker, self._in_page = factory, client, worker, in_page
        self._listeners: list[Callable[[], object]] = []
        self._quiet = 0  # how many are setting the controls; then nobody is told
        self._replaced: list[Any] = []  # widgets that may still be on the page
        self._lock = threading.RLock()  # held while controls are set or replaced, not while they are read
        model = default_model()
        self.choice = ModelChoice(model, factory)
        self._prompt: Field | None = None  # it stays when the model changes, and so do its text and the focus
        self._state = _State(model, {}, [], {})
        self._state = self._built(model, {})

    @cached_property
    def _more(self) -> Any:
        """The button that shows the settings below; made for the first model that has some."""
        more = self._factory.toggle("", "Settings that only this model has", "ltxv-more")
        more.observe(lambda _change: self._open_or_close(), names="value")
        return more

    @property
    def model(self) -> Model:
        """The model whose controls these are."""
        return self._state.model

    @property
    def fields(self) -> dict[str, Field]:
        """The controls by the parameters' Python names."""
        return self._state.fields

    @property
    def boxes(self) -> list[Any]:
        """The widgets, from top to bottom."""
        return self._state.boxes

    @property
    def image(self) -> ImageField | None:
        """The control for the first frame, if the model takes one."""
        found = self.fields.get("image")
        return found if isinstance(found, ImageField) else None

    @property
    def values(self) -> dict[str, Any]:
        """What is set, by the parameters' Python names, and what has to be and cannot be anything else."""
        state = self._state
        needed = {
            one.key: one.choices[0] for one in state.model.parameters if one.required and only_value(one)
        }
        return {**needed, **_values(state)}

    @property
    def prompt(self) -> str:
        """What is written as the prompt, whether the model takes one or not."""
        return str(self._prompt.box.value) if self._prompt is not None else ""

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call when the person has changed something; not while code sets the controls."""
        self._listeners.append(callback)

    def refresh_clips(self) -> None:
        """Offer the clips that are on disk by now."""
        for field in self.fields.values():
            if isinstance(field, ImageField):
                field.refresh_clips()

    def read(self) -> tuple[GenerationRequest | None, str]:
        """Return the request that the controls amount to, or ``None`` and why there is none."""
        state = self._state
        problem = next((words for field in state.fields.values() if (words := field.problem)), None)
        if problem is not None:
            return None, problem
        try:
            return GenerationRequest.of({**self.values, "model": state.model}), ""
        except RequestError as error:
            return None, str(error)

    def set_model(self, model: Model) -> list[str]:
        """Show another model's controls, with the values that it can have as well.

        Returns
        -------
        list of str
            What it cannot have, in words, for each value that was left out.
        """
        with self._being_set():
            before, values = self._state.model, _values(self._state)
            kept = {key: value for key, value in values.items() if _takes(model.parameter(key), value)}
            self._state = self._built(model, kept)
            self.choice.value = model
            if self._state.hidden.keys() & set(_below(model)):
                self._open_more()
        labels = {known.key: known for known in before.parameters}
        return [_in_words(labels.get(key), key, values[key]) for key in values if key not in kept]

    def show(self, request: GenerationRequest | None) -> None:
        """Set the controls to a request; ``None`` empties them."""
        model = request.spec if request else default_model()
        values = _values_of(request) if request else {}
        with self._being_set():
            if model.id != self.model.id or model.parameters != self.model.parameters:
                self._state = self._built(model, values)
            self.choice.value = model
            for name, field in self.fields.items():
                field.value = values.get(name)
            hidden = {name: value for name, value in values.items() if name not in self.fields}
            self._state = self._state._replace(hidden=hidden)
            if hidden.keys() & set(_below(model)):
                self._open_more()

    def close_replaced(self) -> None:
        """Remove the widgets that are not on the page any more."""
        gone, self._replaced = self._replaced, []
        for box in gone:
            _close(box)

    # -- inside --------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _being_set(self) -> Iterator[None]:
        """Let one thread at a time set the controls, without telling anybody."""
        with self._lock:
            self._quiet += 1
            try:
                yield
            finally:
                self._quiet -= 1

    def _notify(self) -> None:
        if not self._quiet:
            for listener in self._listeners:
                listener()

    def _built(self, model: Model, values: Mapping[str, Any]) -> _State:
        """Return a model's controls; what is the same for both models keeps its widget and its value."""
        before = self._state.fields
        known = {one.key: one for one in model.parameters if not only_value(one)}
        below = _below(model)
        more = bool(below) and self._more.value
        later = set() if more else set(below)
        fields = {key: self._field(one) for key, one in known.items() if key not in later}
        for key, field in fields.items():
            if key in values or field is not self._prompt:  # its text waits for a model that takes one
                field.value = values.get(key)
        gone = [field for field in before.values() if field not in fields.values()]
        self._replaced += [field.box for field in gone if field is not self._prompt]
        hidden = {key: value for key, value in values.items() if key not in fields}
        return _State(model, fields, self._arranged(fields, below, opened=more), hidden)

    def _field(self, parameter: Parameter) -> Field:
        """Return a parameter's control: the one that it has already, or a new one."""
        if parameter.role == "prompt":
            if self._prompt is None:
                self._prompt = TextInput(parameter, self._factory)
                self._prompt.on_change(self._notify)
            return self._prompt
        old = self._state.fields.get(parameter.key)
        if old is not None and self._state.model.parameter(parameter.key) == parameter:
            return old
        if parameter.media == "image" and "string" in parameter.types:
            field: Field = ImageField(parameter, self._factory, self._client, self._worker, self._upload)
        else:
            field = field_for(parameter, self._factory)
        field.on_change(self._notify)
        return field

    def _upload(self, take: Callable[[str, bytes], object]) -> PictureUpload:
        frame = largest_frame(self.model) if self._in_page() else None
        return PictureUpload(self._factory, take, frame)

    def _arranged(self, fields: Mapping[str, Field], below: list[str], *, opened: bool) -> list[Any]:
        """Return the widgets from top to bottom: prompt, model, short ones, files, and the rest below."""
        row = self._factory.row
        above = [field for key, field in fields.items() if key not in below and field is not self._prompt]
        images = [field.box for field in above if isinstance(field, ImageField)]
        others = [field for field in above if not isinstance(field, ImageField)]
        prompt = [self._prompt.box] if self._prompt is not None and self._prompt in fields.values() else []
        short, areas = self._rows(others)
        boxes = [*prompt, self.choice.whole, *short, *images, *areas]
        if below:
            words = "Fewer settings" if opened else f"More settings ({len(below)})"
            self._more.description = words
            boxes.append(row([self._more], "ltxv-row"))
            shown = [fields[key] for key in below if key in fields]
            boxes += [one for rows in self._rows(shown) for one in rows] if opened else []
        return boxes

    def _rows(self, fields: list[Field]) -> tuple[list[Any], list[Any]]:
        """Return a row of the short controls, and one of those that take the whole width; or none."""
        wide = [field.box for field in fields if getattr(field, "wide", False)]
        short = [field.box for field in fields if field.box not in wide]
        row = self._factory.row
        return [row(short, "ltxv-fields")] if short else [], [row(wide, "ltxv-areas")] if wide else []

    def _open_or_close(self) -> None:
        if self._quiet:
            return
        with self._being_set():
            values = _values(self._state)
            self._state = self._built(self.model, values)
        self._notify()

    def _open_more(self) -> None:
        """Show the settings below, for some of them are set; the caller holds the lock."""
        self._more.value = True
        self._state = self._built(self.model, _values(self._state))


def _below(model: Model) -> list[str]:
    """Return the parameters that stand under "More settings"; none where there are only a few."""
    others = [one for one in model.parameters if not one.role and not one.required and not only_value(one)]
    return [one.key for one in others] if len(others) > _FEW else []


def _values(state: _State) -> dict[str, Any]:
    """Return what is set, by the parameters' Python names."""
    shown = {name: field.value for name, field in state.fields.items()}
    return {**state.hidden, **{name: value for name, value in shown.items() if value is not None}}


def _values_of(request: GenerationRequest) -> dict[str, Any]:
    """Return everything that a request sets but its model."""
    values = {
        **request.settings(),
        **request.files(),
        **({"prompt": request.prompt} if request.prompt else {}),
    }
    del values["model"]
    return values


def _takes(parameter: Parameter | None, value: Any) -> bool:
    """Whether a value of one model can be one of another; whether a file fits is seen when it is prepared."""
    if parameter is None:
        return False
    if parameter.media:
        return not isinstance(value, (list, tuple)) or "array" in parameter.types
    if parameter.role == "prompt":
        return True
    try:
        parameter.parse(value)
    except RequestError:
        return False
    return True


def _in_words(parameter: Parameter | None, name: str, value: Any) -> str:
    label = parameter.label if parameter else name
    if parameter is None or parameter.media or parameter.role == "prompt":
        return one_line(label, 60)
    return one_line(f"{label} ({parameter.text(value)})", 80)


def _close(box: Any) -> None:
    """Remove a widget with what is in it, here and in the page."""
    for child in getattr(box, "children", ()):
        _close(child)
    box.close()
