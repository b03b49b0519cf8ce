"""A panel with its fakes, and what a person does with it."""

from __future__ import annotations

import io
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from panel_fakes import FakeClient, FakeJob, FakeSession
from PIL import Image

from ltxv_nb.notebook.panel.panel import Panel
from ltxv_nb.notebook.widgets.worker import Worker
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest


class Bench:
    """A panel, its fakes, and what was put off until the test lets it happen."""

    def __init__(self, home: Path) -> None:
        self.client = FakeClient(home)
        self.session = FakeSession(self.client)
        self.later: list[Callable[[], None]] = []
        self.panel: Any = Panel(self.session, clock=lambda: self.session.now, start=self.later.append)

    def click(self, text: str) -> None:
        """Click the button with this text, as the page would; a button that is off cannot be clicked."""
        button = self.button(text)
        assert not button.disabled, f"{text} is off"
        button.click()

    def button(self, text: str) -> Any:
        found = [child for child in all_widgets(self.panel) if getattr(child, "description", None) == text]
        assert found, f"there is no {text!r}"
        return found[0]

    def has_button(self, text: str) -> bool:
        return any(getattr(child, "description", None) == text for child in all_widgets(self.panel))

    def control(self, name: str) -> Any:
        form = self.panel._form
        return form.choice.box if name == "model" else form.fields[name].box

    def prompt(self, text: str) -> None:
        self.control("prompt").value = text

    def let_it_happen(self) -> None:
        while self.later:
            self.later.pop(0)()

    @property
    def upload(self) -> Any:
        """The control for uploads that the page shows."""
        (found,) = [child for child in all_widgets(self.panel) if type(child).__name__ == "FileUpload"]
        return found

    def takes(self, count: int) -> None:
        self.panel._bar._takes.label = str(count)

    @property
    def price(self) -> str:
        return str(self.panel._bar._price.value)

    @property
    def says(self) -> str:
        return str(self.panel._bar.message.value)


def untracked(job_id: str) -> FakeJob:
    job = FakeJob(job_id, GenerationRequest("From yesterday"))
    job.watched = False
    return job


def all_widgets(widget: Any) -> list[Any]:
    return [widget, *(deeper for child in getattr(widget, "children", ()) for deeper in all_widgets(child))]


def put_picture(upload: Any, colour: str, name: str = "first.png", content: bytes | None = None) -> bytes:
    """Let a picture arrive from the page; returns its content."""
    out = io.BytesIO(content or b"")
    if content is None:
        Image.new("RGB", (64, 36), colour).save(out, "PNG")
    file = {
        "name": name,
        "type": "image/png",
        "size": 1,
        "content": memoryview(out.getvalue()),
        "last_modified": datetime.now(timezone.utc),
    }
    upload.set_trait("value", (file,))
    return out.getvalue()


def open_bench(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Yield a bench whose worker does everything at once."""
    monkeypatch.setattr(Worker, "put", lambda _self, work: work())
    bench = Bench(home)
    yield bench
    bench.panel.close()
