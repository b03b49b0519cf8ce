"""A cell that begins with %%ltxv: it returns at once, and the clip takes its place when it is ready."""

import time

import ipykernel
import pytest
from sandboxed_kernel import sandboxed_kernel

pytestmark = pytest.mark.kernel

DRAGON = "A menacing evil dragon appears in a distance above the tallest mountain"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    with sandboxed_kernel(tmp_path_factory.mktemp("cell")) as started:
        assert started.run("%load_ext ltxv_nb").ok
        yield started


def is_final(message):
    return message["msg_type"] == "update_display_data" and "<video" in message["content"]["data"].get(
        "text/html", ""
    )


def is_final_of(prompt):
    return lambda message: is_final(message) and prompt in message["content"]["data"]["text/html"]


def click(kernel, comm_id):
    """Click a button as the page does."""
    data = {"method": "custom", "content": {"event": "click"}}
    message = kernel.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
    kernel.client.shell_channel.send(message)


def stop_button(messages):
    """Return the id of the Stop tracking button among a cell's messages."""
    opened = [m["content"] for m in messages if m["msg_type"] == "comm_open"]
    found = [c["comm_id"] for c in opened if c["data"]["state"].get("description") == "Stop tracking"]
    assert found
    return found[-1]


def test_the_cell_returns_at_once_and_the_kernel_is_free_until_the_clip_takes_its_place(kernel):
    cell = kernel.run(f"%%ltxv -o dragon --fps 25\n{DRAGON}")
    assert cell.ok, cell.error_lines
    # Nobody waits for the second that the clip takes at least.
    assert kernel.value("dragon.done(), _ltxv is dragon") == "False True"
    assert kernel.value("6 * 7") == "42"

    html = kernel.later(is_final_of(DRAGON))["content"]["data"]["text/html"]
    assert '<video controls preload="metadata" playsinline' in html
    assert 'src="data:video/mp4;base64,' in html
    assert "poster=" in html
    assert "<source" not in html
    assert "autoplay" not in html
    assert "Sandbox clip" in html
    assert DRAGON in html
    assert (
        kernel.value("dragon.status, dragon.video.path.exists(), dragon.video.width") == "completed True 1920"
    )


def test_a_sound_says_that_the_clip_is_ready_and_does_not_stay(kernel):
    def with_sound(message):
        return "<audio" in message["content"].get("data", {}).get("text/html", "")

    assert kernel.run("%config LTXVMagics.chime = True").ok
    assert kernel.run("%%ltxv -d 6\nA bell at noon").ok
    sound = kernel.later(with_sound)
    assert "autoplay" in sound["content"]["data"]["text/html"]
    where = sound["content"]["transient"]
    gone = kernel.later(lambda message: message["content"].get("transient") == where)
    assert not with_sound(gone)
    assert kernel.run("%config LTXVMagics.chime = False").ok


def test_the_status_has_a_fallback_for_readers_without_widgets(kernel):
    cell = kernel.run("%%ltxv\nA boat in fog")
    bundle = cell.bundles()[0]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "%ltxv show" in bundle["text/plain"]
    assert "%ltxv show" in bundle["text/html"]
    kernel.later(is_final_of("A boat in fog"))


def test_what_stands_in_for_a_clip_of_a_lost_page_leads_to_the_file_that_is_there_in_the_end(kernel):
    cell = kernel.run("%%ltxv -o kite\nA kite over dunes, #1 & 'more'")
    stand_in = cell.bundles()[1]["text/html"]
    kernel.later(is_final_of("A kite over dunes"))
    address = kernel.value("__import__('urllib.parse').parse.quote(f'ltxv_videos/{kite.video.path.name}')")
    assert f'src="{address}"' in stand_in
    assert "<source" not in stand_in


def test_a_waiting_cell_ends_with_the_clip_and_the_cells_behind_it_still_run(kernel):
    ids = [
        kernel.start("%%ltxv --wait -o waited\nA slow tide"),
        kernel.start("a = 1"),
        kernel.start("print(a + 1)"),
    ]
    waited, _, last = (kernel.finish(one) for one in ids)
    assert waited.ok, waited.error_lines
    assert 'src="data:video/mp4;base64,' in waited.bundles()[-1]["text/html"]
    assert "application/vnd.jupyter.widget-view+json" not in waited.bundles()[-1]
    assert last.text == "2\n"
    assert kernel.value("waited.done()") == "True"


@pytest.mark.skipif(
    ipykernel.version_info[:2] < (7, 4),
    reason="there, clicks are taken during a cell only in a subshell, which a page asks for and this does not",
)
def test_stop_tracking_works_while_a_cell_waits_and_the_cell_fails_with_one_line(kernel):
    message_id = kernel.start("%%ltxv --again --wait -o stopped\n[slow] A glacier")
    seen = []
    while not any(m["msg_type"] == "display_data" for m in seen):
        seen.append(kernel.later(lambda m: m["parent_header"].get("msg_id") == message_id))
    began = time.monotonic()
    click(kernel, stop_button(seen))
    cell = kernel.finish(message_id)
    assert time.monotonic() - began < 2.0
    assert cell.reply["ename"] == "WatchStopped"
    assert len(cell.error_lines) == 1
    assert "The generation continues in the sandbox, free of charge." in cell.error_lines[0]
    assert kernel.run("%ltxv wait").ok


def test_stop_tracking_works_while_the_kernel_is_idle(kernel):
    cell = kernel.run("%%ltxv --again -o idle\n[slow] A dune")
    click(kernel, stop_button(cell.messages))
    kernel.later(
        lambda m: (
            m["msg_type"] == "update_display_data"
            and "The generation continues in the sandbox" in m["content"]["data"]["text/plain"]
        )
    )
    assert kernel.value("idle.watched, idle.done()") == "False False"
    again = kernel.run("%ltxv wait")
    assert again.ok, again.error_lines
    assert "<video" in again.html()


def test_an_interrupt_ends_the_waiting_and_not_the_job(kernel):
    message_id = kernel.start("%%ltxv --again --wait -o patient\n[slow] A tree through the seasons")
    kernel.until_shown(message_id)
    kernel.manager.interrupt_kernel()
    cell = kernel.finish(message_id)
    assert cell.reply["ename"] == "KeyboardInterrupt"
    assert len(cell.error_lines) == 1
    assert "The generation continues in the sandbox, free of charge." in cell.error_lines[0]
    assert "%ltxv wait" in cell.error_lines[0]
    assert kernel.value("patient.watched, patient.done()") == "True False"
    left = "[task for task in __import__('asyncio').all_tasks() if '_until_over' in repr(task)]"
    assert kernel.value(left) == "[]"
    kernel.later(is_final_of("A tree through the seasons"))


@pytest.mark.parametrize("step", ["bind", "view", "_withdraw", "show"])
def test_wherever_an_interrupt_lands_it_is_one_line_and_the_job_is_there(kernel, step):
    plant = f"""
from ltxv_nb.notebook.session import session_of
session = session_of(get_ipython())
def interrupted(*args, **options):
    del session.{step}
    raise KeyboardInterrupt
session.{step} = interrupted
"""
    assert kernel.run(plant).ok
    cell = kernel.run(f"%%ltxv --wait\nAn otter, interrupted at {step}")
    assert cell.reply["ename"] == "KeyboardInterrupt"
    assert len(cell.error_lines) == 1, cell.error_lines
    job_id = kernel.value("session.client.jobs()[0].id" if step == "bind" else "_ltxv.id")
    assert job_id in cell.error_lines[0]
    back = kernel.run(f"%ltxv wait {job_id}")
    assert back.ok, back.error_lines
    assert "<video" in back.html()


def test_a_deadline_ends_the_waiting_and_says_how_to_get_back(kernel):
    cell = kernel.run("%%ltxv --again --wait --timeout 0.5 -o late\n[slow] A comet")
    assert cell.reply["ename"] == "GenerationTimeout"
    assert len(cell.error_lines) == 1
    assert "%ltxv wait" in cell.error_lines[0]
    back = kernel.run(f"%ltxv wait {kernel.value('late.id')}")
    assert back.ok, back.error_lines
    assert "<video" in back.html()


def test_waiting_for_all_shows_every_clip_and_then_fails_for_the_one_that_did(kernel):
    assert kernel.run("%ltxv wait").ok
    for prompt in ("[slow] A first one", "[slow] [fail] A second one", "[slow] A third one"):
        assert kernel.run(f"%%ltxv --again\n{prompt}").ok
    cell = kernel.run("%ltxv wait")
    assert cell.reply["ename"] == "GenerationFailed"
    assert len(cell.error_lines) == 1
    outcomes = [bundle["text/plain"] for bundle in cell.bundles()]
    assert sum(text.startswith("Video ") for text in outcomes) == 2, outcomes
    assert sum(text.startswith("GenerationFailed") for text in outcomes) == 1, outcomes


def test_run_all_stops_at_a_clip_that_failed(kernel):
    ids = [kernel.start("%%ltxv --wait\n[fail] A <b>castle</b>"), kernel.start("print('not reached')")]
    failed, behind = (kernel.finish(one) for one in ids)
    assert failed.reply["ename"] == "GenerationFailed"
    assert len(failed.error_lines) == 1
    assert behind.reply["status"] == "aborted"


def test_a_clip_that_fails_in_the_background_says_so_in_its_place(kernel):
    assert kernel.run("%%ltxv\n[fail] A <script>alert(1)</script> castle").ok
    told = kernel.later(
        lambda m: (
            m["msg_type"] == "update_display_data"
            and "GenerationFailed" in m["content"]["data"]["text/plain"]
        )
    )["content"]["data"]
    assert "<script" not in told["text/html"]


def test_a_prompt_that_holds_html_runs_nothing(kernel):
    prompt = '<img src=x onerror="alert(1)"> & </div><script>alert(2)</script>'
    cell = kernel.run(f"%%ltxv --wait\n{prompt}")
    assert cell.ok, cell.error_lines
    everything = cell.html() + str([m["content"] for m in cell.messages if m["msg_type"].startswith("comm")])
    assert "<img" not in everything
    assert "<script" not in everything
    assert "&lt;script&gt;" in cell.html()


def test_show_brings_a_clip_back_from_disk(kernel):
    assert kernel.run("%%ltxv --wait -o first\nA lantern").ok
    shown = kernel.run(f"%ltxv show {kernel.value('first.id')} --no-embed")
    assert shown.ok, shown.error_lines
    assert 'src="ltxv_videos/' in shown.html()


def test_an_identical_request_while_one_is_unfinished_is_not_paid_for_twice(kernel):
    assert kernel.run("%%ltxv\n[slow] The same again").ok
    twice = kernel.run("%%ltxv\n[slow] The same again")
    assert twice.reply["ename"] == "DuplicateRequest"
    assert len(twice.error_lines) == 1
    assert kernel.run("%%ltxv --again --wait\n[slow] The same again").ok
    assert kernel.run("%ltxv wait").ok


def test_an_earlier_clip_gives_the_first_frame_of_the_next(kernel):
    assert kernel.run("%%ltxv --wait -o opening\nA door opens").ok
    cell = kernel.run("%%ltxv --wait -i opening\nBehind it, a garden")
    assert cell.ok, cell.error_lines
    assert "<video" in cell.html()


def test_a_cell_that_is_run_again_meanwhile_still_gets_the_clip(kernel):
    assert kernel.run("%%ltxv --again\n[slow] A cell run twice").ok
    again = kernel.run("%%ltxv -o twice\n[slow] A cell run twice")
    assert again.reply["ename"] == "DuplicateRequest"
    assert len(again.error_lines) == 1
    place = next(m for m in again.messages if m["msg_type"] == "display_data")["content"]["transient"]
    final = kernel.later(lambda m: is_final(m) and m["content"]["transient"] == place)
    assert "A cell run twice" in final["content"]["data"]["text/html"]
    assert kernel.value("twice.done()") == "True"


def test_line_commands_take_a_variable_or_an_expression_in_place_of_an_id(kernel):
    assert kernel.run("%%ltxv --wait -o candle\nA candle").ok
    assert kernel.run("flame = candle.video").ok
    for word in ("candle", "flame", "{candle.id}"):
        shown = kernel.run(f"%ltxv show {word}")
        assert shown.ok, shown.error_lines
        assert "<video" in shown.html()
    unknown = kernel.run("%ltxv show {nothing}")
    assert unknown.reply["ename"] == "RequestError"
    assert len(unknown.error_lines) == 1
