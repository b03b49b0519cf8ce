"""What this package relies on in IPython and ipykernel beyond their documented interfaces.

A change there has to be followed here and nowhere else; ``tests/unit/notebook/test_neighbours.py`` has a test
for each.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    import contextvars
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell
    from IPython.core.magic import Magics


def unregister_magics(ip: InteractiveShell, magics: Magics) -> None:
    """Undo ``ip.register_magics(magics)``, for which IPython has no function.

    It relies on the two dicts of ``ip.magics_manager``, ``magics`` and ``registry``, and on the list
    ``ip.configurables``, from which ``%config`` takes its classes.
    """
    for functions in ip.magics_manager.magics.values():
        ours = [name for name, function in functions.items() if getattr(function, "__self__", None) is magics]
        for name in ours:
            del functions[name]
    ip.magics_manager.registry.pop(type(magics).__name__, None)
    configurables: list[Any] = ip.configurables
    if magics in configurables:
        configurables.remove(magics)


def running_request(ip: InteractiveShell) -> dict[str, Any]:
    """Return the content of the request that started the running cell; empty where it is not known.

    It relies on ``kernel.get_parent("shell")`` of ipykernel.
    """
    try:
        parent: Any = ip.kernel.get_parent("shell")  # type: ignore[attr-defined]
        return dict(parent.get("content") or {})
    except (AttributeError, TypeError):
        return {}


def running_cell(ip: InteractiveShell) -> Any:
    """Return the header of the request that started the running cell, for `replace_output`.

    It relies on ``display_pub.parent_header`` of ipykernel.
    """
    return getattr(ip.display_pub, "parent_header", None)


def replace_output(ip: InteractiveShell, cell: Any, bundle: dict[str, Any], display_id: str) -> None:
    """Replace all output of a cell that may have ended, its error included, by one output.

    An error cannot be updated as an output can. But a page clears and fills the output of the cell that a
    message names, as long as that is the cell's last run. It relies on ``session``, ``pub_socket`` and
    ``topic`` of ipykernel's ``display_pub``; without them nothing happens.
    """
    publisher: Any = ip.display_pub
    if not cell or not hasattr(publisher, "pub_socket"):
        return
    for kind, content in (
        ("clear_output", {"wait": True}),
        ("display_data", {"data": bundle, "metadata": {}, "transient": {"display_id": display_id}}),
    ):
        publisher.session.send(publisher.pub_socket, kind, content, parent=cell, ident=publisher.topic)


@contextlib.contextmanager
def messages_admitted(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let a page's messages through while a cell runs the kernel's loop from within itself.

    ipykernel 7 handles every message in one `contextvars.Context`. It is entered as long as the cell runs and
    cannot be entered again, so that a nested loop has to put such a message off until the cell has ended. In
    a copy of the context it can go ahead; a queued cell goes no further than to the kernel's own lock.

    There is no setting for this, so the loop's ``call_soon`` is replaced meanwhile. A button's handler may do
    the same while the cell does: each restores what it found.
    """
    before: Any = vars(loop).get("call_soon")
    call_soon: Any = loop.call_soon

    def in_a_free_context(callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        if context is not None and _is_entered(context):
            context = context.copy()
        return call_soon(callback, *args, context=context)

    setattr(loop, "call_soon", in_a_free_context)  # noqa: B010 - shadows the method of this one loop
    try:
        yield
    finally:
        if before is None:
            delattr(loop, "call_soon")
        else:
            setattr(loop, "call_soon", before)  # noqa: B010


def _is_entered(context: contextvars.Context) -> bool:
    try:
        context.run(int)
    except RuntimeError:
        return True
    return False
