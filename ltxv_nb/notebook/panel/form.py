"""The panel's form: one control for each parameter of the table, and the request they amount to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.notebook.panel.fields import field_for
from ltxv_nb.notebook.panel.image_field import ImageField
from ltxv_nb.request import PARAMETERS, GenerationRequest

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
    kit : WidgetFactory
        Makes the widgets.
    client : callable
        Returns the client in use.
    worker : Worker
        Does what takes time.
    """

    def __init__(self, kit: WidgetFactory, client: Callable[[], Client], worker: Worker) -> None:
        self._extra: dict[str, Any] = {}  # fields of another model's body, set from code
        self._setting = False
        self.image = ImageField(PARAMETERS["image"], kit, client, worker)
        self.fields: dict[str, Field] = {
            name: self.image if name == "image" else field_for(parameter, kit)
            for name, parameter in PARAMETERS.items()
        }
        prompt = self.fields["prompt"]
        rest = [field.box for field in self.fields.values() if field not in {prompt, self.image}]
        self.boxes: list[Any] = [prompt.box, kit.row(rest, "ltxv-fields"), self.image.box]

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
        known = {
            name: value for name, value in values.items() if name in GenerationRequest.__dataclass_fields__
        }
        extra = {name: value for name, value in values.items() if name not in known}
        prompt = str(known.pop("prompt", ""))
        try:
            plain = GenerationRequest(prompt, **known)
            # Fields of another model mean nothing to ours, and have no control to take them out again.
            return (plain if plain.known_model else plain.replace(extra=self._extra | extra)), ""
        except RequestError as error:
            return None, str(error)

    def show(self, request: GenerationRequest | None) -> None:
        """Set the controls to a request; ``None`` empties them."""
        self._setting = True
        try:
            self._extra = dict(request.extra) if request else {}
            for name, field in self.fields.items():
                default = PARAMETERS[name].default if PARAMETERS[name].required else None
                field.value = getattr(request, name, self._extra.get(name)) if request else default
        finally:
            self._setting = False
