"""The panel's control for the first frame: upload, address, or the last frame of an earlier clip."""

from __future__ import annotations

import html
import os
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ltxv_nb.errors import LTXVError, RequestError
from ltxv_nb.notebook.output.pictures import is_address, save_upload, thumbnail
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.client import Client
    from ltxv_nb.job import Job
    from ltxv_nb.models import Parameter
    from ltxv_nb.notebook.panel.upload import PictureUpload
    from ltxv_nb.notebook.widgets.factory import WidgetFactory
    from ltxv_nb.notebook.widgets.worker import Worker

NONE, UPLOAD, ADDRESS, LAST_FRAME, GIVEN = "none", "upload", "address", "last", "given"

_SOURCES = [
    ("None", NONE),
    ("Upload a picture", UPLOAD),
    ("Address or path", ADDRESS),
    ("Last frame of an earlier clip", LAST_FRAME),
]
#: What the pictures of these roles are for, in the words of the page.
_LABELS = {"image": "First frame", "last_image": "Last frame"}
_GIVEN_TEXT = "Given in Python"

#: Clips offered as the source of a last frame, the newest ones.
CLIPS_OFFERED = 50

#: What is said while a source is chosen and its picture is missing.
_MISSING = {
    UPLOAD: "Choose a picture to upload, or “None”.",
    ADDRESS: "Write the picture's address or path, or choose “None”.",
    LAST_FRAME: "There is no earlier clip on disk to take the last frame of.",
}

_UNREAD = "this.replaceWith('This page cannot load it; the service may not either.')"


class ImageField:
    """Chooses the first frame. Its thumbnail is made by the worker, so that the page never waits for it.

    Parameters
    ----------
    parameter : Parameter
        The image parameter.
    factory : WidgetFactory
        Makes the widgets.
    client : callable
        Returns the client in use.
    worker : Worker
        Reads pictures, and shows them.
    upload : callable
        Returns a new control for uploads, given what takes the picture.
    """

    def __init__(
        self,
        parameter: Parameter,
        factory: WidgetFactory,
        client: Callable[[], Client],
        worker: Worker,
        upload: Callable[[Callable[[str, bytes], object]], PictureUpload],
    ) -> None:
        self._new_upload = upload
        self._client, self._worker, self._factory = client, worker, factory
        self._listeners: list[Callable[[], object]] = []
        self._version = 0  # of what was chosen: a thumbnail that comes too late is dropped
        self._setting = False
        self._uploaded: Any = None
        self._clip: Job | None = None  # the job of the chosen clip, looked up when it is chosen
        self._given: Any = None  # what code set, and how the controls show it
        self._given_as: str | None = None
        self._unusable: str | None = None  # why what was chosen cannot be used
        self._parameter = parameter
        self._label = _LABELS.get(parameter.role or "", parameter.label)
        tooltip = f"{self._label}: {parameter.help}"
        self._source: Any = widgets.Dropdown(
            options=_SOURCES, value=NONE, **factory.labelled(self._label, tooltip, "ltxv-choice")
        )
        self._thumb: Any = factory.html("", "ltxv-thumb")
        self._detail: Any = None
        self._details: dict[str, Any] = {}
        self._limit = factory.html("", "ltxv-limit")
        self.box: Any = factory.row([self._source], "ltxv-image")
        self._source.observe(lambda _change: self._source_changed(), names="value")

    # -- what a request takes ------------------------------------------------------------------------------

    @property
    def value(self) -> Any:
        """The first frame as `GenerationRequest` takes it; ``None`` for none."""
        mode = self._source.value
        if mode == UPLOAD:
            return self._uploaded
        if mode == ADDRESS:
            text = self._details[ADDRESS].value.strip()
            return self._given if text and text == self._given_as else text or None
        if mode == LAST_FRAME:
            return self._chosen_clip()
        return self._given if mode == GIVEN else None

    @value.setter
    def value(self, new: Any) -> None:
        current = self.value
        if new is current or (isinstance(new, str) and new == current):
            return
        self._setting = True
        try:
            self._show(new)
        finally:
            self._setting = False
        self._inspect()

    @property
    def problem(self) -> str | None:
        """Why it cannot be sent as it stands."""
        if self._unusable is None and self._source.value in _MISSING and self.value is None:
            return _MISSING[self._source.value]
        return self._unusable

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call when another picture is chosen, and when one turns out not to be readable."""
        self._listeners.append(callback)

    def refresh_clips(self) -> None:
        """Offer the clips that are on disk by now."""
        if (choice := self._details.get(LAST_FRAME)) is not None:
            options = self._clips()
            if list(choice.options) != options:
                chosen = choice.value
                self._setting = True
                try:
                    choice.options = options
                    if chosen in [job_id for _, job_id in options]:
                        choice.value = chosen
                finally:
                    self._setting = False
                if choice.value != chosen:
                    self._inspect()

    # -- inside --------------------------------------------------------------------------------------------

    def _show(self, new: Any) -> None:
        """Set the controls to a picture that code has set, and keep the very object."""
        self._given, self._given_as = new, None
        if new is None:
            self._switch(NONE)
        elif isinstance(new, os.PathLike) or (isinstance(new, str) and not new.startswith("data:")):
            self._given_as = os.fspath(new).strip()
            self._switch(ADDRESS)
            self._details[ADDRESS].value = self._given_as
        elif (job_id := _job_id(new)) in self._known_ids():
            self._given_as = job_id
            self._switch(LAST_FRAME)
            self._details[LAST_FRAME].value = job_id
        else:
            self._switch(GIVEN)

    def _known_ids(self) -> set[str]:
        return {job_id for _, job_id in self._clips()}

    def _switch(self, mode: str) -> None:
        wanted = [*_SOURCES, (_GIVEN_TEXT, GIVEN)] if mode == GIVEN else _SOURCES
        if len(self._source.options) != len(wanted):
            self._source.options = wanted
        self._source.value = mode
        self._arrange()

    def _source_changed(self) -> None:
        if self._setting:
            return
        if self._source.value == UPLOAD:
            self._set_upload(None)
            return
        self._arrange()
        self._inspect()

    def _set_upload(self, uploaded: Any) -> None:
        """Set the picture that has arrived, or ask for a new one with ``None``.

        Each control takes one picture: one that is lost on its way can never let an earlier one be sent in
        place of what was chosen last.
        """
        self._uploaded = uploaded
        if (old := self._details.pop(UPLOAD, None)) is not None:
            old.close()
        self._arrange()
        self._inspect()

    def _arrange(self) -> None:
        """Put the control of the chosen source beside it."""
        mode = self._source.value
        makers = {UPLOAD: self._make_upload, ADDRESS: self._make_address, LAST_FRAME: self._make_clips}
        if mode in makers and mode not in self._details:
            self._details[mode] = makers[mode]()
        detail = [self._details[mode]] if mode in makers else []
        if mode == UPLOAD and self._uploaded is None:
            detail.append(self._limit)
        self.box.children = [self._source, *detail, *([] if mode == NONE else [self._thumb])]

    def _make_upload(self) -> Any:
        if self._uploaded is not None:
            tooltip = "Replace this picture with another one"
            return self._factory.button("Another picture", tooltip, lambda: self._set_upload(None))
        upload = self._new_upload(self._take_upload)
        self._limit.value = f'<span class="ltxv-hint">{upload.hint}</span>'
        return upload.box

    def _make_address(self) -> Any:
        text = widgets.Text(
            placeholder="https://… or pictures/first.png",
            continuous_update=False,
            **self._factory.labelled(self._detail_label("Picture at"), self._parameter.help, "ltxv-words"),
        )
        text.observe(lambda _change: self._changed(), names="value")
        return text

    def _make_clips(self) -> Any:
        choice = widgets.Dropdown(
            options=self._clips(),
            **self._factory.labelled(
                self._detail_label("Clip"), "Earlier clips on disk, newest first", "ltxv-choice"
            ),
        )
        choice.observe(lambda _change: self._changed(), names="value")
        return choice

    def _detail_label(self, words: str) -> str:
        """Return the label of a control beside the first one; with the parameter's, where there are two."""
        return words if self._parameter.role == "image" else f"{self._label}: {words.lower()}"

    def _clips(self) -> list[tuple[str, str]]:
        try:
            records = self._client().journal.saved(limit=CLIPS_OFFERED)
        except LTXVError:
            return []  # a journal that cannot be read stops the submission, and says why
        return [(f"{one_line(record.prompt, 48)} ({record.id})", record.id) for record in records]

    def _chosen_clip(self) -> Any:
        job_id = self._details[LAST_FRAME].value
        if job_id is None or job_id == self._given_as:
            return None if job_id is None else self._given
        return self._clip if self._clip is not None and self._clip.id == job_id else None

    def _look_up_clip(self) -> None:
        """Get the job of the chosen clip from the journal, which `value` has no time for."""
        choice = self._details.get(LAST_FRAME)
        job_id = choice.value if choice is not None and self._source.value == LAST_FRAME else None
        if job_id is None or job_id == self._given_as:
            self._clip = None
        elif self._clip is None or self._clip.id != job_id:
            self._clip = None
            self._clip = self._client().job(job_id)

    def _take_upload(self, name: str, data: bytes) -> None:
        try:
            path = save_upload(name, data, self._client().home)
        except RequestError as error:
            self._set_upload(None)
            self._reject(str(error))
            return
        self._set_upload(path)

    def _changed(self) -> None:
        if not self._setting:
            self._inspect()

    def _inspect(self) -> None:
        """Inspect what was chosen: show a thumbnail, or why it cannot be used."""
        self._version += 1
        version = self._version
        self._unusable = None
        try:
            self._look_up_clip()
        except LTXVError as error:
            self._reject(str(error))
            return
        source = self.value
        self._thumb.value = "" if source is None else '<span class="ltxv-hint">Reading the picture…</span>'
        self._notify()
        if source is not None:
            self._worker.put(lambda: self._read(version, source))

    def _read(self, version: int, source: Any) -> None:
        try:
            first = source[0] if isinstance(source, (list, tuple)) and source else source
            shown = _thumb_html(first, thumbnail(first), self._label)
        except LTXVError as error:
            if version == self._version:
                self._reject(str(error))
            return
        if version == self._version:
            self._thumb.value = shown

    def _reject(self, reason: str) -> None:
        self._unusable = reason
        self._thumb.value = '<span class="ltxv-hint">This picture cannot be used.</span>'
        self._notify()

    def _notify(self) -> None:
        for listener in list(self._listeners):
            listener()


def _job_id(source: Any) -> str | None:
    """Return the journal's id of a job or video."""
    found = getattr(source, "job_id", None) or getattr(source, "id", None)
    return found if isinstance(found, str) else None


def _thumb_html(source: Any, address: str, label: str) -> str:
    """Return the thumbnail; a picture that only the service reads is fetched without saying from where."""
    remote = ' referrerpolicy="no-referrer"' if is_address(source) else ""
    # The page shows a constant text: nothing from outside is in what runs there.
    on_error = f' onerror="{_UNREAD}"' if remote else ""
    picture = f'<img src="{html.escape(address)}" alt="{html.escape(label)}" height="72"{remote}{on_error}>'
    return f'<span class="ltxv-hint">{picture}</span>'
