"""Loading, unloading, a kernel without a person, and what a bad environment says."""

import os
import subprocess
import sys
import threading

import nbformat
import pytest
from faults.faults import answer, reset
from faults.service import KEY, FaultService
from nbclient import NotebookClient
from sandboxed_kernel import sandboxed_kernel, stop_sandbox

pytestmark = pytest.mark.kernel

HEAVY = "requests ipywidgets av PIL tornado"


def test_loading_prints_nothing_and_imports_nothing_heavy(tmp_path):
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as S; import sys; ip = S.instance()\n"
        "before = set(sys.modules); result = ip.run_cell('%load_ext ltxv_nb'); assert result.success\n"
        f"print(sorted(m for m in '{HEAVY}'.split() if m in set(sys.modules) - before))"
    )
    environ = {**os.environ, "LTXV_HOME": str(tmp_path / "home"), "IPYTHONDIR": str(tmp_path / "ipython")}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=True
    )
    assert run.stdout == "[]\n"
    assert not (tmp_path / "home").exists()


def test_unloading_takes_away_all_that_loading_and_using_brought(tmp_path):
    with sandboxed_kernel(tmp_path) as kernel:
        look = (
            "import threading; ip = get_ipython()\n"
            "def state(): return (sorted(t.name for t in threading.enumerate() if t.name.startswith('ltxv')),\n"
            "    [m.__name__ for m in ip.Completer.custom_matchers], len(ip.input_transformers_cleanup),\n"
            "    'LTXVMagics' in [type(c).__name__ for c in ip.configurables], 'ltxv' in ip.magics_manager.magics['cell'], 'ltxv' in ip.magics_manager.magics['line'])\n"
            "before = state()"
        )
        assert kernel.run(look).ok
        assert kernel.run("%load_ext ltxv_nb").ok
        assert kernel.run("%%ltxv -o done\nA finished river").ok
        kernel.later(
            lambda m: m["msg_type"] == "update_display_data" and "<video" in str(m["content"]["data"])
        )
        for cell in ("%ltxv panel", "%ltxv gallery", "%%ltxv -o running\n[slow] A river"):
            assert kernel.run(cell).ok
        assert kernel.value("state() == before") == "False"
        unloaded = kernel.run("%unload_ext ltxv_nb")
        assert unloaded.ok
        told = [one["text/plain"] for one in unloaded.bundles("update_display_data")]
        assert any("Tracking of job" in text for text in told), "the cell's status seems to continue"
        assert kernel.value("state() == before or (state(), before)") == "True"
        loaded = kernel.run("%load_ext ltxv_nb")
        assert loaded.text == "1 clip is unfinished from earlier: %ltxv resume tracks it again.\n"
        resumed = kernel.run("%ltxv wait")
        assert resumed.ok, resumed.error_lines
        assert "<video" in resumed.html()


def test_a_panel_cell_that_is_run_twenty_times_leaves_the_number_of_threads_as_it_was(tmp_path):
    with sandboxed_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext ltxv_nb").ok
        names = (
            "import threading, time\n"
            "def ours(): return sorted(t.name for t in threading.enumerate() if t.name.startswith('ltxv'))\n"
            "def settled():\n"
            "    end = time.monotonic() + 20\n"
            "    while 'ltxv-panel' in ours() and time.monotonic() < end: time.sleep(0.01)\n"
            "    return ours()"
        )
        assert kernel.run(names).ok
        assert kernel.run("%ltxv panel").ok
        before = kernel.value("settled()")
        for _ in range(20):
            assert kernel.run("%ltxv panel").ok
        assert kernel.value("settled()") == before


def test_a_kernel_without_a_person_gets_no_widgets(tmp_path):
    with sandboxed_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext ltxv_nb", allow_stdin=False).ok
        cell = kernel.run("%%ltxv\nA river", allow_stdin=False)
        assert cell.ok, cell.error_lines
        assert not [m for m in cell.messages if m["msg_type"].startswith("comm")]
        assert "LTXV_WAIT" in cell.bundles()[0]["text/plain"]
        kernel.later(
            lambda m: m["msg_type"] == "update_display_data" and "<video" in m["content"]["data"]["text/html"]
        )


def test_with_ltxv_wait_a_headless_run_stores_the_clips_and_no_widgets(tmp_path, monkeypatch):
    settings = {
        "LTXV_HOME": tmp_path / "home",
        "LTXV_BACKEND": "sandbox",
        "LTXV_WAIT": 1,
        "LTXV_SANDBOX_SECONDS": 1,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    cells = [
        "%load_ext ltxv_nb",
        "%%ltxv -o one\nA river",
        "%%ltxv -i one\nA river runs on",
        "print(one.done())",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    try:
        NotebookClient(
            notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
        ).execute()
    finally:
        stop_sandbox(tmp_path / "home")
    for cell in notebook.cells[1:3]:
        assert '<video controls preload="metadata"' in cell.outputs[-1]["data"]["text/html"]
        assert cell.outputs[-1]["output_type"] == "display_data"
    assert notebook.cells[3].outputs[0]["text"] == "True\n"
    assert "widgets" not in notebook.metadata
    assert len(nbformat.writes(notebook)) < 2_000_000
    links = [
        cell.outputs[-1]["data"]["text/html"].split('href="')[1].split('"')[0] for cell in notebook.cells[1:3]
    ]
    assert all((tmp_path / link).is_file() for link in links)


def test_no_key_where_one_is_needed_says_what_to_do(tmp_path):
    with sandboxed_kernel(tmp_path, LTXV_BACKEND="aimlapi") as kernel:
        assert kernel.run("%load_ext ltxv_nb").ok
        cell = kernel.run("%%ltxv\nA river")
        assert cell.reply["ename"] == "ConfigurationError"
        assert len(cell.error_lines) == 1
        assert "AIMLAPI_API_KEY" in cell.error_lines[0]
        assert kernel.run("%ltxv sandbox").ok
        assert kernel.run("%%ltxv --wait\nA river").ok


def test_a_service_that_is_down_fails_the_cell_and_nothing_was_sent(tmp_path):
    down = {"LTXV_BACKEND": "aimlapi", "AIMLAPI_BASE_URL": "http://127.0.0.1:9", "AIMLAPI_API_KEY": "k" * 32}
    with sandboxed_kernel(tmp_path, **down) as kernel:
        assert kernel.run("%load_ext ltxv_nb").ok
        cell = kernel.run("%%ltxv\nA river")
        assert cell.reply["ename"] == "ServiceUnreachable"
        assert len(cell.error_lines) == 1
        assert "kkkk" not in cell.error_lines[0]


def test_an_output_folder_that_cannot_be_written_stops_the_cell_before_anything_is_sent(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with sandboxed_kernel(tmp_path, LTXV_OUTPUT_DIR=str(tmp_path / "taken")) as kernel:
        assert kernel.run("%load_ext ltxv_nb").ok
        cell = kernel.run("%%ltxv\nA river")
        assert cell.reply["ename"] == "ConfigurationError"
        assert len(cell.error_lines) == 1
        assert "LTXV_OUTPUT_DIR" in cell.error_lines[0]
        assert kernel.run("%ltxv jobs").bundles()[0]["text/plain"].startswith("There are no jobs yet")


def test_an_answer_that_is_lost_fails_the_cell_is_never_sent_again_and_the_clip_still_comes(tmp_path):
    with FaultService() as service:
        in_the_logs = threading.Event()
        service.logged = lambda _task: in_the_logs.is_set()
        service.meet("submit", reset(bills=True))
        api = {"LTXV_BACKEND": "aimlapi", "AIMLAPI_BASE_URL": service.base_url, "AIMLAPI_API_KEY": KEY}
        with sandboxed_kernel(tmp_path, **api) as kernel:
            assert kernel.run("%load_ext ltxv_nb").ok
            cell = kernel.run("%%ltxv -o lost\nA river")
            assert cell.reply["ename"] == "SubmissionUnknown"
            assert len(cell.error_lines) == 1
            assert kernel.value("lost is _ltxv, lost.done()") == "True False"
            in_the_logs.set()
            final = kernel.later(
                lambda m: (
                    m["msg_type"] == "update_display_data" and "<video" in m["content"]["data"]["text/html"]
                )
            )
            assert "A river" in final["content"]["data"]["text/html"]
        assert service.prompts() == ["A river"]


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (401, "AuthenticationError"),
        (403, "InsufficientCreditsError"),
        (400, "APIError"),
        (404, "NotFoundError"),
    ],
)
def test_a_refusal_fails_the_cell_with_the_services_words_and_nothing_was_billed(tmp_path, status, name):
    with FaultService() as service:
        service.meet("submit", answer(status))
        api = {"LTXV_BACKEND": "aimlapi", "AIMLAPI_BASE_URL": service.base_url, "AIMLAPI_API_KEY": KEY}
        with sandboxed_kernel(tmp_path, **api) as kernel:
            assert kernel.run("%load_ext ltxv_nb").ok
            cell = kernel.run("%%ltxv\nA river")
            assert cell.reply["ename"] == name
            assert len(cell.error_lines) == 1
            assert KEY not in str(cell.messages)
        assert service.prompts() == []


def test_a_terminal_gets_lines_of_text(tmp_path):
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as S; ip = S.instance()\n"
        "for cell in ('%load_ext ltxv_nb', '%%ltxv --wait\\nA river'): assert ip.run_cell(cell).success\n"
    )
    settings = {"LTXV_HOME": tmp_path / "home", "LTXV_BACKEND": "sandbox", "LTXV_SANDBOX_SECONDS": "1"}
    environ = {**os.environ, **{name: str(value) for name, value in settings.items()}}
    environ.update(LTXV_OUTPUT_DIR="clips", IPYTHONDIR=str(tmp_path / "ipython"))
    try:
        run = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=environ,
            check=True,
            cwd=tmp_path,
        )
    finally:
        stop_sandbox(tmp_path / "home")
    *_, last = run.stdout.strip().splitlines()
    assert last.startswith("Video clips/")
    assert "Sandbox clip" in last
    assert "<" not in run.stdout
