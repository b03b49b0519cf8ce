"""Run All, again and again: what is finished is shown, what waits is submitted once, and a pin holds."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

import pytest
from faults.faults import reset
from faults.service import KEY, FaultService
from sandboxed_kernel import sandboxed_kernel

pytestmark = pytest.mark.kernel

TESTS = Path(__file__).parents[1]
BOAT, SEA, HOME = "A boat leaves the harbour", "The boat at sea", "The boat comes home"


@contextlib.contextmanager
def paid_kernel(folder, service, **env):
    """A kernel with a key, on a fake of the paid service."""
    api = {"LTXV_BACKEND": "aimlapi", "AIMLAPI_BASE_URL": service.base_url, "AIMLAPI_API_KEY": KEY}
    with sandboxed_kernel(folder, **{**api, **env}) as kernel:
        hurry = f"import sys; sys.path.insert(0, {str(TESTS)!r}); from faults.fast import hurry; hurry()"
        assert kernel.run(hurry).ok
        assert kernel.run("%load_ext ltxv_nb").ok
        yield kernel


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with sandboxed_kernel(tmp_path_factory.mktemp("run-all")) as kernel:
        assert kernel.run("%load_ext ltxv_nb").ok
        yield kernel


def final_of(prompt):
    """Whether a message brings the clip of a prompt to where its cell is."""
    return lambda message: (
        message["msg_type"] == "update_display_data"
        and "<video" in message["content"]["data"].get("text/html", "")
        and prompt in message["content"]["data"]["text/html"]
    )


def wait_for_all(kernel):
    done = kernel.run("%ltxv wait")
    assert done.ok, done.error_lines


# -- run again -------------------------------------------------------------------------------------------------


def test_run_all_three_times_and_after_a_restart_pays_for_one_clip(tmp_path):
    with FaultService() as service:
        for _ in range(2):  # the second kernel is the restarted one
            with paid_kernel(tmp_path, service) as kernel:
                for _ in range(3):
                    cell = kernel.run(f"%%ltxv --wait -o boat\n{BOAT}")
                    assert cell.ok, cell.error_lines
                    assert "<video" in cell.html()
                shown = cell.bundles()[-1]
                assert "shown again. --again makes a new one." in shown["text/html"]
                assert "shown again. --again makes a new one." in shown["text/plain"]
                assert kernel.value("boat is _ltxv, boat.status") == "True completed"
        assert service.prompts() == [BOAT]
        assert len(service.requests("submit")) == 1


def test_a_cell_that_returns_at_once_shows_the_finished_clip_at_once_without_a_widget(sandbox):
    assert sandbox.run("%%ltxv --wait\nA quiet lake").ok
    cell = sandbox.run("%%ltxv -o lake\nA quiet lake")
    assert cell.ok, cell.error_lines
    assert not [m for m in cell.messages if m["msg_type"].startswith("comm")]
    (bundle,) = cell.bundles()
    assert "<video" in bundle["text/html"]
    assert f"Made on {time.localtime().tm_mday} " in bundle["text/html"]
    assert cell.text == ""
    assert sandbox.value("lake.done()") == "True"
    linked = sandbox.run("%%ltxv --no-embed\nA quiet lake")
    assert 'src="ltxv_videos/' in linked.html()


def test_again_and_the_setting_make_new_takes_and_the_newest_is_shown(tmp_path):
    with FaultService() as service, paid_kernel(tmp_path, service) as kernel:
        assert kernel.run(f"%%ltxv --wait -o one\n{BOAT}").ok
        assert kernel.run(f"%%ltxv --wait --again -o two\n{BOAT}").ok
        assert service.prompts() == [BOAT] * 2
        assert kernel.run(f"%%ltxv -o shown\n{BOAT}").ok
        assert kernel.value("shown is two, one is two") == "True False"
        assert kernel.run("%config LTXVMagics.reuse = False").ok
        assert kernel.run(f"%%ltxv --wait -o three\n{BOAT}").ok
        assert kernel.value("three is two") == "False"
        assert service.prompts() == [BOAT] * 3
        assert kernel.run("%config LTXVMagics.reuse = True").ok
        assert kernel.run(f"%%ltxv --dry-run\n{BOAT}").text.startswith("Dry run: nothing was sent.")
        assert service.prompts() == [BOAT] * 3


def test_a_clip_whose_file_is_gone_is_asked_for_and_can_be_downloaded_again(tmp_path):
    with FaultService() as service, paid_kernel(tmp_path, service) as kernel:
        assert kernel.run(f"%%ltxv --wait -o boat\n{BOAT}").ok
        assert kernel.run("boat.video.path.unlink()").ok
        cell = kernel.run(f"%%ltxv -o again\n{BOAT}")
        assert cell.reply["ename"] == "ClipMissing"
        assert len(cell.error_lines) == 1
        assert "--again" in cell.error_lines[0]
        job_id = kernel.value("boat.id")
        assert f"%ltxv attach {job_id}" in cell.error_lines[0]
        assert kernel.run(f"%ltxv attach {job_id}").ok
        wait_for_all(kernel)
        assert kernel.value("boat.video.path.exists()") == "True"
        assert kernel.run(f"%%ltxv\n{BOAT}").ok
        assert service.prompts() == [BOAT]


# -- chained cells ---------------------------------------------------------------------------------------------


def test_chained_cells_run_in_one_go_and_each_is_submitted_once(tmp_path):
    with FaultService(seconds=1.0) as service, paid_kernel(tmp_path, service) as kernel:
        cells = [
            f"%%ltxv -o boat\n{BOAT}",
            f"%%ltxv -i boat -o sea\n{SEA}",
            f"%%ltxv -i _\n{HOME}",
            "print(sea.status)",
        ]
        boat, sea, home, status = [kernel.finish(one) for one in [kernel.start(cell) for cell in cells]]
        for cell in (boat, sea, home):
            assert cell.ok, cell.error_lines
        assert sea.seconds < 1.0
        job_id = kernel.value("boat.id")
        assert status.text == f"waiting for job {job_id}\n"
        assert f"This clip is waiting for job {job_id}" in sea.bundles()[0]["text/plain"]
        assert service.prompts() == [BOAT]
        assert "Waiting for job" in str([m["content"] for m in sea.messages if m["msg_type"] == "comm_open"])

        assert kernel.later(final_of(HOME))
        assert service.prompts() == [BOAT, SEA, HOME]
        assert kernel.value("sea.status, sea.video.path.exists(), len(sea.id)") == "completed True 8"

        for cell in cells[:3]:  # and the next Run All shows all three
            again = kernel.run(cell)
            assert again.ok, again.error_lines
            assert "shown again" in again.html()
        assert service.prompts() == [BOAT, SEA, HOME]


def test_a_chained_cell_that_is_run_again_while_it_waits_is_paid_for_once(tmp_path):
    with FaultService(seconds=1.5) as service, paid_kernel(tmp_path, service) as kernel:
        assert kernel.run(f"%%ltxv -o boat\n{BOAT}").ok
        for _ in range(2):
            assert kernel.run(f"%%ltxv -i boat -o sea\n{SEA}").ok
        # As Run All does it a second time: the first cell says that it is running, and is attached to.
        assert kernel.run(f"%%ltxv -o boat\n{BOAT}").reply["ename"] == "DuplicateRequest"
        assert kernel.run(f"%%ltxv -i last -o sea\n{SEA}").ok
        wait_for_all(kernel)
        assert service.prompts() == [BOAT, SEA]
        assert kernel.value("sea.video.path.exists()") == "True"


def test_a_chained_cell_can_wait_in_the_foreground(sandbox):
    assert sandbox.run("%%ltxv -o dune\n[slow] A dune in the evening").ok
    cell = sandbox.run("%%ltxv --wait -i dune -o night\nThe dune at night")
    assert cell.ok, cell.error_lines
    assert "The dune at night" in cell.html()
    assert sandbox.value("night.status") == "completed"


def test_a_failure_of_the_first_ends_the_chain_with_one_sentence_and_nothing_is_sent(sandbox):
    assert sandbox.run("%%ltxv -o wreck\n[fail] A ship in a storm").ok
    assert sandbox.run("%%ltxv -i wreck -o calm\nThe storm is over").ok
    told = sandbox.later(
        lambda m: (
            m["msg_type"] == "update_display_data"
            and "was not submitted" in m["content"]["data"].get("text/plain", "")
        )
    )
    assert "Nothing was sent" in told["content"]["data"]["text/html"]
    assert sandbox.value("calm.done(), calm.id == ''") == "True True"


def test_a_chained_clip_can_be_stopped_before_it_is_sent(sandbox):
    assert sandbox.run("%%ltxv -o hill\n[slow] A hill").ok
    assert sandbox.run("%%ltxv -i hill -o valley\nThe valley behind it").ok
    said = sandbox.run("%ltxv stop valley")
    assert "was not submitted" in said.text
    wait_for_all(sandbox)
    assert "The valley behind it" not in sandbox.run("%ltxv jobs").bundles()[0]["text/plain"]


def test_an_interrupt_of_a_chained_cell_that_waits_sends_nothing(sandbox):
    assert sandbox.run("%%ltxv -o field\n[slow] A field").ok
    message_id = sandbox.start("%%ltxv --wait -i field\nThe field in winter")
    sandbox.later(lambda m: m["msg_type"] == "comm_open" and "Waiting for job" in str(m["content"]))
    time.sleep(0.2)
    sandbox.manager.interrupt_kernel()
    cell = sandbox.finish(message_id)
    assert cell.reply["ename"] == "KeyboardInterrupt"
    assert "Nothing was sent" in cell.error_lines[0]
    wait_for_all(sandbox)
    assert "The field in winter" not in sandbox.run("%ltxv jobs").bundles()[0]["text/plain"]


def test_a_dry_run_of_a_chained_cell_says_where_its_first_frame_will_come_from(sandbox):
    assert sandbox.run("%%ltxv -o tree\n[slow] A tree").ok
    cell = sandbox.run("%%ltxv --dry-run -i tree\nThe tree in autumn")
    assert cell.ok, cell.error_lines
    assert f"the last frame of job {sandbox.value('tree.id')}" in cell.text
    wait_for_all(sandbox)


def test_the_job_before_is_that_of_this_notebook_alone(tmp_path):
    with sandboxed_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext ltxv_nb").ok
        for word in ("_", "last"):
            cell = kernel.run(f"%%ltxv -i {word}\nIt goes on")
            assert cell.reply["ename"] == "RequestError"
            assert "there is no job before this one" in cell.error_lines[0]


# -- errors that are overtaken -----------------------------------------------------------------------------------


def replaced(kernel, message_id, prompt):
    """Wait until all output of a cell is replaced by the clip of a prompt."""
    kernel.later(lambda m: m["msg_type"] == "clear_output" and m["parent_header"].get("msg_id") == message_id)
    message = kernel.later(lambda m: m["parent_header"].get("msg_id") == message_id)
    assert message["msg_type"] == "display_data"
    assert "<video" in message["content"]["data"]["text/html"]
    assert prompt in message["content"]["data"]["text/html"]


def test_a_clip_replaces_the_error_that_it_was_a_duplicate(sandbox):
    assert sandbox.run("%%ltxv\n[slow] A cell run twice").ok
    message_id = sandbox.start("%%ltxv\n[slow] A cell run twice")
    assert sandbox.finish(message_id).reply["ename"] == "DuplicateRequest"
    replaced(sandbox, message_id, "A cell run twice")


def test_a_clip_replaces_the_error_that_the_wait_timed_out(sandbox):
    message_id = sandbox.start("%%ltxv --wait --timeout 0.5\n[slow] A comet")
    assert sandbox.finish(message_id).reply["ename"] == "GenerationTimeout"
    replaced(sandbox, message_id, "A comet")


def test_a_clip_replaces_the_line_that_its_cell_was_interrupted(sandbox):
    message_id = sandbox.start("%%ltxv --wait\n[slow] A glacier")
    sandbox.until_shown(message_id)
    sandbox.manager.interrupt_kernel()
    assert sandbox.finish(message_id).reply["ename"] == "KeyboardInterrupt"
    replaced(sandbox, message_id, "A glacier")


def test_a_clip_replaces_the_error_that_nobody_knew_of_it(tmp_path):
    with FaultService() as service, paid_kernel(tmp_path, service) as kernel:
        service.meet("submit", reset(bills=True))
        found = [False]
        service.logged = lambda _task: found[0]
        message_id = kernel.start(f"%%ltxv\n{BOAT}")
        assert kernel.finish(message_id).reply["ename"] == "SubmissionUnknown"
        found[0] = True
        replaced(kernel, message_id, BOAT)


def test_the_output_of_other_code_in_the_cell_is_not_taken_away(sandbox):
    assert sandbox.run("%%ltxv -o mine\n[slow] A mine").ok
    message_id = sandbox.start("print('mine')\n%ltxv wait mine --timeout 0.2")
    assert sandbox.finish(message_id).reply["ename"] == "GenerationTimeout"
    message = sandbox.later(final_of("A mine"))
    assert message["msg_type"] == "update_display_data"
    sandbox.client.kernel_info()
    after = sandbox.later(lambda m: m["msg_type"] in {"clear_output", "status"})
    assert after["msg_type"] == "status"


# -- the pin -----------------------------------------------------------------------------------------------------


def test_a_pinned_notebook_reaches_no_other_service_whatever_is_run(tmp_path):
    with FaultService() as service:
        paid = f"api_key={KEY!r}, base_url={service.base_url!r}"
        with paid_kernel(tmp_path, service, LTXV_BACKEND="sandbox") as kernel:
            for line in (
                "%ltxv sandbox off",
                "%ltxv login",
                f"import ltxv_nb; ltxv_nb.Client({paid}, backend='aimlapi').generate({BOAT!r})",
                f"ltxv_nb.Client({paid}, backend='auto').generate({BOAT!r})",
            ):
                cell = kernel.run(line)
                assert cell.reply["ename"] == "ConfigurationError", line
                assert len(cell.error_lines) == 1
                assert "LTXV_BACKEND=sandbox in the environment" in cell.error_lines[0]
            notice = kernel.run(f"%%ltxv --wait -o boat\n{BOAT}")
            assert notice.ok, notice.error_lines
            assert "login" not in notice.text
            assert kernel.value("boat.backend") == "sandbox"
            listing = kernel.run("%ltxv help").text
            assert "%ltxv wait" in listing
            assert "%ltxv login" not in listing
            assert "%ltxv sandbox" not in listing
        assert service.seen == []


def test_in_the_sandbox_nothing_speaks_of_bills(sandbox):
    texts = []
    for line in (
        "%ltxv help",
        "%%ltxv --help",
        "%%ltxv -o rock\n[slow] A rock",
        "%%ltxv\n[slow] A rock",
        "%ltxv stop rock",
        "%ltxv forget rock",
        "%ltxv attach {rock.id}",
        "%%ltxv --wait --timeout 0.2\n[slow] A stone",
        "%%ltxv --wait\n[fail] A pebble",
        "%ltxv wait",
        "print(rock.describe(), _ltxv.billing_note)",
        "%ltxv show rock",
        "%ltxv resume",
        "%ltxv jobs",
    ):
        cell = sandbox.run(line)
        texts += [str(m["content"]) for m in cell.messages if m["msg_type"] != "execute_input"]
    told = re.sub(r"base64,[A-Za-z0-9+/=]+", "", " ".join(texts))  # pictures, which may spell any word
    assert "free of charge" in told
    assert "bill" not in told.lower()
    assert "paid" not in told.lower()
