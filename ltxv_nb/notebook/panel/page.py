"""What the panel does in the page itself, as two small ES modules: the keyboard, and sending a picture.

It is imported when the panel is on the page already. A front end that cannot load it (a Jupyter server that
lacks anywidget's extension) leaves the panel as it is: without Ctrl+Enter, and with the plain upload.
"""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import anywidget
from traitlets import List, Unicode

from ltxv_nb.notebook.widgets.factory import css_classes

if TYPE_CHECKING:
    from collections.abc import Callable

_HERE = Path(__file__).parent
#: Bytes of a picture that the kernel takes from a page; the page itself stops at half of it.
MOST_BYTES = 64 << 20


class Keyboard(anywidget.AnyWidget):
    """Ctrl+Enter, and the arrow keys within segmented buttons.

    Parameters
    ----------
    generate : callable
        Called when Ctrl+Enter was pressed, and everything that was typed before it has arrived.
    **look
        What every widget is made with.

    Attributes
    ----------
    ready : bool
        Whether a page runs it.
    """

    _esm = _HERE / "keyboard.js"

    def __init__(self, generate: Callable[[], object], **look: Any) -> None:
        super().__init__(**look)
        self._generate = generate
        self.ready = False
        self.on_msg(self._received)

    def _received(self, _widget: object, content: Any, _buffers: object) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "ready":
            self.ready = True
        elif kind == "ask":
            self.send({"kind": "answer", "id": content.get("id")})
        elif kind == "generate":
            self._generate()


class Upload(anywidget.AnyWidget):
    """A button that takes one picture; the page makes it smaller, and sends it in pieces.

    Parameters
    ----------
    take : callable
        Called with the file's name and its bytes.
    frame : tuple of int
        Width and height in pixels that the picture has to fill; a larger one is made smaller.
    **look
        What every widget is made with.
    """

    _esm = _HERE / "upload.js"
    frame: Any = List().tag(sync=True)
    about: Any = Unicode("A JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF picture").tag(sync=True)

    def __init__(self, take: Callable[[str, bytes], object], frame: tuple[int, int], **look: Any) -> None:
        super().__init__(frame=list(frame), **{**look, **css_classes("ltxv-picture")})
        self._take = take
        self._id: object = None
        self._name, self._size, self._held = "", 0, bytearray()
        self.on_msg(self._received)

    def _received(self, _widget: object, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "begin":
            self._begin(content)
        elif kind == "piece" and content.get("id") == self._id and content.get("at") == len(self._held):
            self._held += b"".join(bytes(buffer) for buffer in buffers or ())
            self._go_on()

    def _begin(self, content: dict[str, Any]) -> None:
        size = content.get("size")
        self._id, self._held = content.get("id"), bytearray()
        if not isinstance(size, int) or not 0 < size <= MOST_BYTES:
            words = f"The picture is empty, or larger than {MOST_BYTES >> 20} MB. Choose another one."
            self.send({"kind": "problem", "id": self._id, "words": words})
            self._id = None
            return
        self._name, self._size = _file_name(content), size
        self._go_on()

    def _go_on(self) -> None:
        """Ask for the next piece, or take the picture."""
        if len(self._held) < self._size:
            self.send({"kind": "more", "id": self._id, "received": len(self._held)})
            return
        data, self._id, self._held = bytes(self._held), None, bytearray()
        self._take(self._name, data)


def _file_name(content: dict[str, Any]) -> str:
    """Return the file's name; a picture that the page has drawn anew is a JPEG."""
    name = str(content.get("name") or "picture")
    return f"{PurePath(name).stem}.jpg" if content.get("type") == "image/jpeg" else name
