"""What is used of IPython, ipykernel and ipywidgets beyond their documented interfaces is still there.

A test that fails here names what a neighbour has changed, and the one file that has to follow.
"""

from __future__ import annotations

import atexit
import inspect
import sys
from types import SimpleNamespace
from typing import Any

import ipywidgets as widgets
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class

from ltxv_nb.notebook.extension import keep_bare_cell
from ltxv_nb.notebook.ipython import replace_output, running_cell, running_request, unregister_magics
from ltxv_nb.notebook.widgets.factory import css_classes, mimebundle


@pytest.fixture
def ip(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    # The shell puts a module of its own in this place, and empties it at its end: no process could be started then.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    shell = InteractiveShell()
    shell.history_manager.enabled = False
    yield shell
    shell.history_manager.end_session()
    shell.atexit_operations()
    atexit.unregister(shell.atexit_operations)


@magics_class
class Ours(Magics):
    @line_cell_magic
    def ours(self, line: str, cell: str | None = None) -> None:
        """Do nothing."""


def test_ipython_keeps_magics_in_two_dicts_and_a_list_from_which_ours_can_be_removed(ip: Any) -> None:
    magics = Ours(shell=ip)
    ip.register_magics(magics)
    assert ip.find_cell_magic("ours") is not None
    assert "Ours" in ip.magics_manager.registry, "notebook/ipython.py: magics_manager.registry has changed"
    assert magics in ip.configurables, "notebook/ipython.py: configurables has changed"
    unregister_magics(ip, magics)
    for find in (ip.find_cell_magic, ip.find_line_magic):
        assert find("ours") is None, "notebook/ipython.py: magics_manager.magics has changed"
    assert "Ours" not in ip.magics_manager.registry
    assert magics not in ip.configurables


def test_ipython_asks_the_cleanup_transforms_before_it_takes_a_cell_magic_apart(ip: Any) -> None:
    ip.input_transformers_cleanup.append(keep_bare_cell)
    assert "run_cell_magic('ltxv', '', '" in ip.transform_cell("%%ltxv"), (
        "notebook/extension.py: a bare %%ltxv no longer gets a body before IPython takes it apart"
    )


def test_ipython_asks_custom_matchers(ip: Any) -> None:
    assert isinstance(ip.Completer.custom_matchers, list), (
        "notebook/extension.py: custom_matchers has changed"
    )
    ip.Completer.custom_matchers.append(print)
    assert print in ip.Completer.matchers, "notebook/extension.py: custom_matchers are not asked"


def test_ipykernel_tells_the_request_of_the_running_cell() -> None:
    from ipykernel.kernelbase import Kernel

    inspect.signature(Kernel.get_parent).bind(None, "shell")
    parent = {"content": {"allow_stdin": False}}
    kernel = SimpleNamespace(get_parent=lambda _channel: parent)
    assert running_request(SimpleNamespace(kernel=kernel)) == {"allow_stdin": False}
    assert running_request(SimpleNamespace(kernel=None)) == {}


def test_ipywidgets_takes_the_css_classes_of_a_new_widget() -> None:
    made = widgets.HTML(**css_classes("ltxv-a", "ltxv-b"))
    documented = widgets.HTML()
    documented.add_class("ltxv-a")
    documented.add_class("ltxv-b")
    key = "_dom_classes"
    assert made.get_state(key) == documented.get_state(key), "widgets/factory.py: _dom_classes has changed"
    assert made.get_state(key)[key] == ("ltxv-a", "ltxv-b")


def test_ipywidgets_says_what_displays_a_widget() -> None:
    widget = widgets.HTML("text")
    bundle = mimebundle(widget)
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == widget.model_id, "widgets/factory.py: _repr_mimebundle_ has changed"


def test_ipykernel_publishes_for_the_cell_that_a_message_names() -> None:
    from ipykernel.zmqshell import ZMQDisplayPublisher
    from jupyter_client.session import Session

    sent: list[Any] = []

    class Recording(Session):
        def send(self, *args: Any, **options: Any) -> None:
            sent.append((args, options))

    publisher: Any = ZMQDisplayPublisher(topic=b"display_data", session=Recording(key=b"k"))
    publisher.pub_socket = "the socket"
    publisher.set_parent({"header": {"msg_id": "the cell"}})
    shell: Any = SimpleNamespace(display_pub=publisher)
    cell = running_cell(shell)
    assert cell["msg_id"] == "the cell", "notebook/ipython.py: display_pub.parent_header has changed"
    publisher.set_parent({"header": {"msg_id": "a later cell"}})
    replace_output(shell, cell, {"text/plain": "the clip"}, "its id")
    (clear, _), (show, options) = sent
    assert clear == ("the socket", "clear_output", {"wait": True})
    assert show[1] == "display_data"
    assert show[2]["transient"] == {"display_id": "its id"}
    assert options == {"parent": cell, "ident": b"display_data"}


def test_without_a_page_nothing_is_replaced() -> None:
    terminal: Any = SimpleNamespace(display_pub=object())
    assert running_cell(terminal) is None
    replace_output(terminal, None, {}, "")
