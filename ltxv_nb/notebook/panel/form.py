"""The panel's form: one control for each parameter of the model, and the request they amount to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.models import find_model, request_parameters
from ltxv_nb.notebook.panel.fields import field_for
from ltxv_nb.notebook.panel.image_field import ImageField
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.client import Client
    from ltxv_nb.notebook.panel.fields import Field
    from ltxv_nb.notebook.widgets.factory import WidgetFactory
    from ltxv_nb.notebook.widgets.worker import Worker


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
    """

    def __init__(self, factory: WidgetFactory, client: Callable[[], Client], worker: Worker) -> None:
        self._extra: dict[str, Any] = {}  # set from code for another model; has no control
        self._setting = False
        self._parameters = {known.key: known for known in request_parameters()}
        self.image = ImageField(self._parameters["image"], factory, client, worker)
        self.fields: dict[str, Field] = {
            name: self.image if parameter.role == "image" else field_for(parameter, factory)
            for name, parameter in self._parameters.items()
        }
        prompt = self.fields["prompt"]
        rest = [field.box for field in self.fields.values() if field not in {prompt, self.image}]
        self.boxes: list[Any] = [prompt.box, factory.row(rest, "ltxv-fields"), self.image.box]

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call when the person has changed something; not while code sets the controls."""

        def changed() -> None:
            if not self._setting:
                callback()

        for field in self.fields.values():
            field.on_change(changed)

    def read(self) -> tuple[GenerationRequest | None, str]:
        """Return the request that the controls amount to, or ``None`` and why there is none."""
        if self.image.problem is not None:
            return None, self.image.problem
        values = {name: field.value for name, field in self.fields.items() if field.value is not None}
        if find_model(values["model"]) is None:
            values["extra"] = self._extra
        try:
            return GenerationRequest.of(values), ""
        except RequestError as error:
            return None, str(error)

    def show(self, request: GenerationRequest | None) -> None:
        """Set the controls to a request; ``None`` empties them."""
        self._setting = True
        try:
            extra = request.extra if request else {}
            self._extra = {name: value for name, value in extra.items() if name not in self.fields}
            for name, field in self.fields.items():
                parameter = self._parameters[name]
                default = parameter.default if parameter.required else None
                field.value = request.get(name) if request else default
        finally:
            self._setting = False
