"""Changing the panel's model: at once if its parameters are known here, else once they have been read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from ltxv_nb.errors import LTXVError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.client import Client
    from ltxv_nb.models import Model
    from ltxv_nb.notebook.panel.form import Form
    from ltxv_nb.notebook.widgets.worker import Worker

#: Why nothing can be submitted while a model's parameters are on their way.
READING = "Reading the parameters of this model …"


class Listener(Protocol):
    """Learns what became of a change of the model."""

    def model_changed(self) -> None:
        """The form shows another model, or waits for one, or for that no longer."""

    def say(self, text: str, tone: str) -> None:
        """There is something to say about it."""

    def say_error(self, error: LTXVError) -> None:
        """It could not be changed, or no models could be listed."""


class ModelSwitch:
    """Lets the form follow the choice of the model.

    Parameters
    ----------
    form : Form
        The form.
    client : callable
        Returns the client in use.
    worker : Worker
        Asks the service, which takes time.
    listener : Listener
        Learns what became of it.
    """

    def __init__(self, form: Form, client: Callable[[], Client], worker: Worker, listener: Listener) -> None:
        self._form, self._client, self._worker, self._listener = form, client, worker, listener
        self._awaited: str | None = None
        form.choice.on_choice(self.choose)
        form.choice.on_open(lambda: worker.put(self._load))
        worker.put(self._offer_known)

    @property
    def problem(self) -> str:
        """Why nothing can be submitted: the parameters of the chosen model are not known yet."""
        return READING if self._awaited else ""

    def forget(self) -> None:
        """Wait for no model any more; code has set a request."""
        self._awaited = None

    def choose(self, model: Model) -> None:
        """Show the controls of the model that was chosen."""
        self._awaited = model.id
        try:
            known = model if model.read is None else self._client().known_model(model.id)
        except LTXVError as error:
            self._give_up(error)
            return
        if known is not None:
            self._use(known)
            return
        self._listener.model_changed()
        self._worker.put(lambda: self._read(model.id))

    def _read(self, model_id: str) -> None:
        """Ask the service for the parameters of a model; the worker calls it."""
        if self._awaited != model_id:
            return  # another one was chosen since
        try:
            model = self._client().model(model_id)
            note = model.note  # reads its schema
        except LTXVError as error:
            self._give_up(error)
            return
        if self._awaited == model_id:
            self._use(model, note)

    def _use(self, model: Model, note: str = "") -> None:
        dropped = self._form.set_model(model)
        self._awaited = None
        self._listener.model_changed()
        left_out = (
            f"{model.short_name} has no such setting or value: {', '.join(dropped)}." if dropped else ""
        )
        if dropped or note:
            self._listener.say(" ".join(filter(None, (note, left_out))), "ask")

    def _give_up(self, error: LTXVError) -> None:
        """Go back to the model before."""
        self._awaited = None
        self._form.choice.value = self._form.model
        self._listener.model_changed()
        self._listener.say_error(error)

    def _offer_known(self) -> None:
        """Offer the models that are known here; the service is not asked. The worker calls it."""
        with contextlib.suppress(LTXVError):
            self._form.choice.offer(self._client().known_models())

    def _load(self) -> None:
        """Offer all models; the service is asked if no catalogue is kept here. The worker calls it."""
        try:
            models = self._client().models()
        except LTXVError as error:
            self._listener.say_error(error)
            return
        self._form.choice.offer(models)
        if models.note:
            self._listener.say(models.note, "plain")
