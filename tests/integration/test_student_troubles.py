"""What goes wrong in a classroom: each trouble is a sentence that helps, and nothing is lost by it."""

import shutil
import sqlite3
import subprocess
import sys

import pytest
from sandboxed_kernel import sandboxed_kernel, stop_sandbox

from ltxv_nb.notebook.frontend import kernel_advice
from ltxv_nb.notebook.magic.options import parse, split

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(300)]

#: A folder as students name them.
FOLDER = "Zoë's clips & more, 日本 #1"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / FOLDER
    folder.mkdir()
    with sandboxed_kernel(folder) as started:
        assert started.run("%load_ext ltxv_nb").ok
        yield started


def one_line(cell, name):
    assert not cell.ok
    assert cell.reply["ename"] == name
    assert len(cell.error_lines) == 1
    return cell.error_lines[0]


# -- no network ------------------------------------------------------------------------------------------------


def test_without_a_network_the_sandbox_works(tmp_path):
    dead = "http://127.0.0.1:9"
    with sandboxed_kernel(tmp_path, HTTP_PROXY=dead, HTTPS_PROXY=dead, http_proxy=dead) as kernel:
        assert kernel.run("%load_ext ltxv_nb").ok
        cell = kernel.run("%%ltxv --wait\nA lighthouse at dusk")
        assert cell.ok, cell.error_lines
        assert "<video" in cell.html()


def test_without_a_network_the_service_is_out_of_reach_and_nothing_was_sent(tmp_path):
    away = {"AIMLAPI_BASE_URL": "https://api.service.invalid", "AIMLAPI_API_KEY": "k" * 32}
    with sandboxed_kernel(tmp_path, LTXV_BACKEND="auto", **away) as kernel:
        assert kernel.run("%load_ext ltxv_nb").ok
        line = one_line(kernel.run("%%ltxv\nA lighthouse at dusk"), "ServiceUnreachable")
        assert "cannot be reached" in line
        assert "Check the network" in line
        assert kernel.run("%ltxv sandbox").ok
        assert kernel.run("%%ltxv --dry-run\nA lighthouse at dusk").ok


# -- an old kernel ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["7.0.0", "7.0.1", "6.30.2", "5.5.6"])
def test_a_kernel_to_be_replaced_is_named_with_what_to_do(version):
    line = kernel_advice(version)
    assert version in line
    assert "%pip install -U ipykernel" in line


@pytest.mark.parametrize("version", ["6.31.0", "7.1.0", "7.4.0", "10.0", "unknown"])
def test_a_kernel_that_is_good_is_not_mentioned(version):
    assert kernel_advice(version) is None


def test_loading_into_an_old_kernel_says_so_once(tmp_path):
    with sandboxed_kernel(tmp_path) as kernel:
        kernel.run("import ipykernel; ipykernel.__version__ = '7.0.1'")
        loaded = kernel.run("%load_ext ltxv_nb")
        assert loaded.ok
        assert "ipykernel 7.0.1" in loaded.text
        assert "restart the kernel" in loaded.text


# -- a broken journal ------------------------------------------------------------------------------------------


def test_a_broken_journal_is_named_and_nothing_is_sent(tmp_path):
    journal = tmp_path / "home" / "journal.sqlite"
    journal.parent.mkdir()
    journal.write_bytes(b"this was a database once" * 1000)
    with sandboxed_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext ltxv_nb").ok, "loading itself must not fail"
        line = one_line(kernel.run("%%ltxv\nA lighthouse at dusk"), "JournalError")
        assert str(journal) in line
        assert "move it away" in line
        journal.rename(journal.with_name("broken.sqlite"))
        assert kernel.run("%%ltxv --wait\nA lighthouse at dusk").ok, "and that helps"


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path):
    journal = tmp_path / "home" / "journal.sqlite"
    journal.parent.mkdir()
    with sqlite3.connect(journal) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    with sandboxed_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext ltxv_nb").ok
        assert "newer version" in one_line(kernel.run("%%ltxv\nA lighthouse at dusk"), "JournalError")


# -- a tiny disk -----------------------------------------------------------------------------------------------


@pytest.fixture
def tiny_disk(tmp_path):
    """A folder that holds 600 kB, less than one clip."""
    if sys.platform != "linux" or not shutil.which("mount"):
        pytest.skip("a small disk can be made on Linux only")
    path = tmp_path / "usb stick"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small disk cannot be made here, it takes the rights of root")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_a_clip_that_does_not_fit_on_the_disk_is_not_lost(tmp_path, tiny_disk):
    with sandboxed_kernel(tmp_path, LTXV_OUTPUT_DIR=str(tiny_disk)) as kernel:
        assert kernel.run("%load_ext ltxv_nb").ok
        line = one_line(kernel.run("%%ltxv --wait\nA lighthouse at dusk", seconds=90), "DownloadError")
        assert "Make room, then resume" in line
        assert not list(tiny_disk.glob("*.mp4")), "no half file under the name of a clip"
        subprocess.run(["mount", "-o", "remount,size=80m", str(tiny_disk)], check=True)
        again = kernel.run("%ltxv wait", seconds=90)
        assert again.ok, again.error_lines
        assert len(list(tiny_disk.glob("*.mp4"))) == 1
        assert kernel.value("len(_ltxv.client.jobs())") == "1", "and it was submitted once"


# -- names of folders and files --------------------------------------------------------------------------------


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("path", [r"C:\Users\Zoë Müller\My Clips\été 1.png", r"\\server\share\a b\日本.jpg"])
def test_a_windows_path_arrives_as_it_was_typed(quote, path):
    assert parse(split(f"-i {quote}{path}{quote} -d 8")).parameters == {"image": path, "duration": "8"}


PICTURE = "Fête d'été (1) 写真.png"


def test_folders_and_pictures_may_have_any_name(kernel):
    made = kernel.run(f"from PIL import Image; Image.new('RGB', (320, 180), 'teal').save({PICTURE!r})")
    assert made.ok, made.error_lines
    cell = kernel.run(f'%%ltxv --wait -i "{PICTURE}" -o party\nDie Fête beginnt: „Grüße, 世界“!')
    assert cell.ok, cell.error_lines
    path = kernel.value("party.video.path")
    assert FOLDER in path
    assert kernel.value("party.video.path.exists()") == "True"
    assert 'href="ltxv_videos/' in cell.html()
    assert kernel.run("%ltxv jobs").ok


# -- cells out of order, and twice -----------------------------------------------------------------------------


def test_a_clip_that_does_not_exist_yet_is_named_with_the_cell_to_run(kernel):
    line = one_line(kernel.run("%%ltxv -i shot_one\nThe camera goes on"), "RequestError")
    assert "shot_one" in line
    assert "Run the cell that makes it first" in line


def test_a_variable_that_is_set_further_down_is_named(kernel):
    line = one_line(kernel.run("%%ltxv\nA lighthouse at {hour_of_day}"), "RequestError")
    assert "hour_of_day" in line
    assert "nothing was sent" in line


def test_a_cell_run_twice_in_a_hurry_is_submitted_once(kernel):
    assert kernel.run("%%ltxv\n[slow] A boat at night").ok
    line = one_line(kernel.run("%%ltxv\n[slow] A boat at night"), "DuplicateRequest")
    assert "--again" in line
    assert (
        kernel.value("[job.request.prompt for job in _ltxv.client.jobs()].count('[slow] A boat at night')")
        == "1"
    )


def test_a_cell_run_again_later_shows_the_clip_that_is_there(kernel):
    first = kernel.run("%%ltxv --wait -o take\nA boat in the fog")
    assert first.ok, first.error_lines
    name = kernel.value("take.video.path.name")
    second = kernel.run("%%ltxv --wait -o take\nA boat in the fog")
    assert second.ok, second.error_lines
    assert "shown again" in second.text + second.html()
    assert kernel.value("take.video.path.name") == name


def test_loading_twice_does_no_harm(kernel):
    assert kernel.run("%load_ext ltxv_nb").ok
    assert kernel.run("%reload_ext ltxv_nb").ok
    assert kernel.run("%%ltxv --dry-run\nA boat").ok


def test_a_restarted_kernel_says_what_is_unfinished_and_resumes_it(tmp_path):
    with sandboxed_kernel(tmp_path) as before:
        assert before.run("%load_ext ltxv_nb").ok
        assert before.run("%%ltxv\n[slow] A ship far away").ok
        before.manager.shutdown_kernel(now=True)
        with sandboxed_kernel(tmp_path) as after:
            loaded = after.run("%load_ext ltxv_nb")
            assert "1 clip is unfinished" in loaded.text
            waited = after.run("%ltxv wait", seconds=90)
            assert waited.ok, waited.error_lines
            assert "<video" in waited.html()
    stop_sandbox(tmp_path / "home")
