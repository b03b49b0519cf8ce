"""Bad input: one clear line, a cell that fails, and nothing that was sent."""

import pytest
from sandboxed_kernel import sandboxed_kernel

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("input")
    (folder / "notes.txt").write_text("no picture")
    (folder / "empty.png").touch()
    with sandboxed_kernel(folder) as started:
        assert started.run("%load_ext ltxv_nb").ok
        assert started.run("seconds = 6; time_of_day = 'dusk'; number = 3; jobs_of = len").ok
        yield started


def jobs(kernel):
    return kernel.value("len(__import__('ltxv_nb').Client().jobs())")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%ltxv", "prompt is empty"),
        ("%%ltxv\n", "prompt is empty"),
        ("%%ltxv\n   \n", "prompt is empty"),
        ("%%ltxv -d 7\nA boat", "6, 8 or 10"),
        ("%%ltxv -d\nA boat", "expected one argument"),
        ("%%ltxv --duratoin 8\nA boat", "--duration"),
        ("%%ltxv -r 999p\nA boat", "1080p, 1440p or 2160p"),
        ("%%ltxv --aspect-ratio 4:3\nA boat", "16:9"),
        ("%%ltxv --fps 24\nA boat", "25 or 50"),
        ("%%ltxv --audio --no-audio\nA boat", "not allowed with"),
        ("%%ltxv a boat\nA boat", "is not an option"),
        ("%%ltxv -i 'open\nA boat", "quote is not closed"),
        ("%%ltxv -o 2nd\nA boat", "not a name Python can bind"),
        ("%%ltxv -o class\nA boat", "not a name Python can bind"),
        ("%%ltxv --wait --timeout soon\nA boat", "a number of seconds"),
        ("%%ltxv\nA boat at {time_of_dya}", "time_of_day"),
        ("%%ltxv -d {secnds}\nA boat", "seconds"),
        ("%%ltxv\nA boat {number / 0}", "ZeroDivisionError"),
        ("%%ltxv\nA boat {print}", "no variable 'print'"),
        ("%%ltxv\nA boat {jobs_of}", "a function"),
        ("%%ltxv -i missing.png\nA boat", "missing.png"),
        ("%%ltxv -i notes.txt\nA boat", "notes.txt"),
        ("%%ltxv -i empty.png\nA boat", "empty.png"),
        ("%%ltxv -i number\nA boat", "int"),
        ("%ltxv jbos", "%ltxv jobs"),
        ("%ltxv show", "%ltxv show ID"),
        ("%ltxv jobs many", "not a number"),
        ("%ltxv jobs --sort size", "it can be age, cost"),
        ("%ltxv rate abc", "%ltxv rate ID STARS"),
        ("%ltxv rate abc five", "from 1 to 5"),
        ("%ltxv -d 8", "%%ltxv"),
        ("%ltxv a boat at sea", "%%ltxv"),
    ],
)
def test_bad_input_fails_the_cell_with_one_clear_line_and_sends_nothing(kernel, cell, words):
    before = jobs(kernel)
    done = kernel.run(cell)
    assert not done.ok
    assert len(done.error_lines) == 1, done.error_lines
    assert words in done.error_lines[0]
    assert jobs(kernel) == before


def test_run_all_stops_at_bad_input(kernel):
    # The first cell keeps the kernel busy until all of them are in its queue, as "Run All" puts them there.
    cells = ["import time; time.sleep(1)", "%%ltxv -d 7\nA boat", "print('not reached')"]
    ids = [kernel.start(cell) for cell in cells]
    _, bad, behind = (kernel.finish(one) for one in ids)
    assert not bad.ok
    assert behind.reply["status"] == "aborted"


def test_an_unknown_model_is_refused_with_those_that_may_be_meant(kernel):
    before = jobs(kernel)
    done = kernel.run("%%ltxv -m ltxv/ltxv-9 -d 7\nA boat")
    assert done.reply["ename"] == "UnknownModel"
    assert len(done.error_lines) == 1
    assert "There is no model 'ltxv/ltxv-9'. Did you mean ltxv/ltxv-2" in done.error_lines[0]
    assert jobs(kernel) == before


def test_an_unknown_id_is_named(kernel):
    done = kernel.run("%ltxv show nosuchid")
    assert done.reply["ename"] == "NotFoundError"
    assert "nosuchid" in done.error_lines[0]


def test_help_works_where_people_look_for_it(kernel):
    assert "--duration {6,8,10}" in kernel.run("%%ltxv --help").text
    assert "%ltxv resume" in kernel.run("%ltxv").text
    pages = kernel.run("%%ltxv?").reply["payload"]
    assert "--duration {6,8,10}" in pages[0]["data"]["text/plain"]


def test_a_dry_run_shows_the_body_and_sends_nothing(kernel):
    before = jobs(kernel)
    done = kernel.run("%%ltxv --dry-run -d {seconds} --no-audio\nA boat at {time_of_day}, {{braces}}")
    assert done.ok, done.error_lines
    assert '"prompt": "A boat at dusk, {braces}"' in done.text
    assert '"duration": 6' in done.text
    assert "resolution" not in done.text
    assert jobs(kernel) == before


def test_json_in_a_prompt_goes_through_untouched(kernel):
    done = kernel.run('%%ltxv --dry-run\n{"scene": "a boat", "shots": [{}, {"n": 1}]}')
    assert done.ok, done.error_lines
    assert r"{\"scene\": \"a boat\", \"shots\": [{}, {\"n\": 1}]}" in done.text


def test_defaults_come_from_config_and_the_line_goes_first(kernel):
    assert kernel.run("%config LTXVMagics.duration = 8").ok
    assert '"duration": 8' in kernel.run("%%ltxv --dry-run\nA boat").text
    assert '"duration": 10' in kernel.run("%%ltxv --dry-run -d 10\nA boat").text
    assert kernel.run("%config LTXVMagics.duration = None").ok
    assert "duration" not in kernel.run("%%ltxv --dry-run\nA boat").text


def test_a_default_nobody_has_is_not_taken(kernel):
    kernel.run("%config LTXVMagics.fps = 24")
    assert "fps" not in kernel.run("%%ltxv --dry-run\nA boat").text


def completions(kernel, text):
    message_id = kernel.client.complete(text, len(text))
    while True:
        reply = kernel.client.get_shell_msg(timeout=20)
        if reply["parent_header"]["msg_id"] == message_id:
            content = reply["content"]
            return [text[: content["cursor_start"]] + match for match in content["matches"]]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("%%ltxv --du", ["%%ltxv --duration"]),
        ("%%ltxv -d ", ["%%ltxv -d 6", "%%ltxv -d 8", "%%ltxv -d 10"]),
        ("%%ltxv -d 8 -r 14", ["%%ltxv -d 8 -r 1440p"]),
        ("%%ltxv -m ltxv-2-", ["%%ltxv -m ltxv-2-fast"]),
        ("%ltxv re", ["%ltxv resume"]),
        ("x = 1\n%ltxv jo", ["x = 1\n%ltxv jobs"]),
    ],
)
def test_tab_offers_options_values_and_commands(kernel, typed, offered):
    assert completions(kernel, typed) == offered
