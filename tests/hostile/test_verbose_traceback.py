"""An interrupt in a notebook is one line, and no traceback, ``%xmode Verbose`` included, holds the key."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from faults.fast import wait_until
from faults.service import KEY

from .sockets import RawServer, read_request

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from kernel_driver import Kernel

pytestmark = pytest.mark.kernel

CALLS = {
    "submit": "client.submit('A lighthouse at dusk')",
    "generate": "client.generate('A lighthouse at dawn')",
    "job": "client.job('fb77c0de-0001')",
    "attach": "%ltxv attach fb77c0de-0002",
    "cell": "%%ltxv\nA lighthouse in the fog",
    "waiting cell": "%%ltxv --wait\nA lighthouse in the rain",
}


@pytest.fixture(scope="module")
def silent():
    """A service that reads every request and never answers."""

    def act(connection, _number):
        if request := read_request(connection):
            requests.append(f"{request.target} {request.body!r}")
            server.stopping.wait(60)

    requests: list[str] = []
    with RawServer(act) as server:
        yield server, requests


@pytest.fixture(scope="module")
def kernel(silent, tmp_path_factory):
    server, _ = silent
    folder = tmp_path_factory.mktemp("verbose")
    settings = {"LTXV_HOME": str(folder / "home"), "LTXV_OUTPUT_DIR": str(folder / "out")}
    made = Kernel(folder, {**settings, "AIMLAPI_API_KEY": KEY, "AIMLAPI_BASE_URL": server.base_url})
    try:
        assert made.run("%load_ext ltxv_nb\n%xmode Verbose\nimport ltxv_nb; client = ltxv_nb.Client()").ok
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_an_interrupt_of_a_call_is_one_line_without_the_key(kernel, silent, call):
    _, requests = silent
    (sent,) = re.findall(r"A lighthouse [a-z ]+|fb77c0de-\d+", call)
    running = kernel.start(call)
    wait_until(lambda: any(sent in request for request in requests), 30)
    kernel.manager.interrupt_kernel()
    cell = kernel.finish(running)
    assert cell.reply["ename"] == "KeyboardInterrupt"
    assert len(cell.error_lines) == 1, cell.error_lines
    assert "%ltxv" in cell.error_lines[0] or "run the cell again" in cell.error_lines[0]
    # What is saved with the notebook is made of these messages.
    assert KEY not in json.dumps([cell.reply, [message["content"] for message in cell.messages]])


def test_an_unexpected_error_on_the_way_shows_no_key_in_a_verbose_traceback(kernel):
    patch = (
        "import http.client as h\n"
        "def broken(self, *args): raise RuntimeError('a bug on the way')\n"
        "kept, h.HTTPConnection.getresponse = h.HTTPConnection.getresponse, broken\n"
        "import urllib3.connection; urllib3.connection.HTTPConnection.getresponse = broken"
    )
    assert kernel.run(patch).ok
    cell = kernel.run("client.api.fetch('fb77c0de-0000:ltxv/ltxv-2')")
    assert cell.reply["ename"] == "RuntimeError"
    assert len(cell.error_lines) > 20, "it is a verbose traceback"
    assert KEY not in json.dumps(cell.reply)
