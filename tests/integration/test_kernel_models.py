"""Any model in a real kernel: its options, its page, Tab, and nothing asked that is known."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from PIL import Image
from sandboxed_kernel import sandboxed_kernel

sys.path.insert(0, str(Path(__file__).parents[1]))
from invented_catalogue import keep_catalogue


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    keep_catalogue(folder / "home")
    with sandboxed_kernel(folder) as made:
        assert made.run("%load_ext ltxv_nb").ok
        yield made


def body_of(cell):
    assert cell.ok, cell.error_lines
    return json.loads(cell.text.partition("would get:\n")[2])


def test_a_cell_sends_what_the_model_that_it_names_takes(kernel):
    cell = kernel.run(
        "%%ltxv --seed 7 --negative-prompt 'blur' --last-image https://x.example/b.png --loop "
        """--camera-control '{"pan": 2}' -d 10 -m inv/kinds --dry-run\nA lighthouse"""
    )
    assert body_of(cell) == {
        "model": "inv/kinds",
        "prompt": "A lighthouse",
        "tail_image_url": "https://x.example/b.png",
        "duration": 10,
        "seed": 7,
        "negative_prompt": "blur",
        "loop": True,
        "camera_control": {"pan": 2},
    }


def test_a_model_without_a_prompt_takes_a_cell_of_one_line(kernel):
    line = "%%ltxv -m inv/avatar -i https://x.example/a.png --audio https://x.example/s.mp3 --dry-run"
    assert body_of(kernel.run(line)) == {
        "model": "inv/avatar",
        "image_url": "https://x.example/a.png",
        "audio_url": "https://x.example/s.mp3",
    }
    refused = kernel.run(f"{line}\nHello")
    assert not refused.ok
    assert len(refused.error_lines) == 1
    assert "inv/avatar takes no prompt" in refused.error_lines[0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-m inv/kinds --seed 100", "seed is '100', but it can be a whole number from 0 to 99."),
        ("--seed 7", "ltxv-2 has no --seed; inv/kinds has it: %%ltxv -m inv/kinds --seed …"),
        ("-m inv/kinds --sead 7", "There is no option --sead. Did you mean --seed?"),
    ],
)
def test_what_is_wrong_is_one_sentence(kernel, line, words):
    cell = kernel.run(f"%%ltxv {line} --dry-run\nA lighthouse")
    assert not cell.ok
    assert len(cell.error_lines) == 1
    assert words in cell.error_lines[0]


def test_tab_completes_the_options_and_values_of_the_model(kernel):
    def offers(code, at=None):
        reply = kernel.client.complete(code, at or len(code), reply=True, timeout=60)
        return reply["content"]["matches"]

    assert "--camera-control" in offers("%%ltxv -m inv/kinds --cam")
    line = "%%ltxv --cam -m inv/kinds"
    assert "--camera-control" in offers(line, len("%%ltxv --cam"))
    assert offers("%%ltxv -m inv/") == ["inv/kinds", "inv/avatar"]


def test_the_models_are_a_table_and_one_of_them_a_page(kernel):
    table = kernel.run("%ltxv models --can image_to_video --under 0.10 --sort price")
    assert table.ok, table.error_lines
    bundle = table.bundles()[0]
    assert "inv/kinds" in bundle["text/plain"]
    assert "42 s" in bundle["text/plain"]
    assert "inv/avatar" not in bundle["text/plain"]
    page = kernel.run("%ltxv model inv/kinds").bundles()[0]
    assert "$0.05 a second" in page["text/plain"]
    assert "--camera-control" in page["text/plain"]
    for html in (bundle["text/html"], page["text/html"]):
        assert "<img" not in html
        assert "<b>Kinds" not in html
        assert "&lt;b&gt;Kinds" in html


def test_help_names_the_options_of_the_model(kernel):
    cell = kernel.run("%%ltxv -m inv/kinds --help")
    assert cell.ok
    assert "--camera-control CAMERA_CONTROL" in cell.text
    assert "--fps" not in cell.text


def test_a_model_of_the_sandboxs_own_catalogue_makes_a_clip_from_files_and_earlier_jobs(tmp_path):
    Image.new("RGB", (320, 180), "teal").save(tmp_path / "a.png")
    with sandboxed_kernel(tmp_path) as fresh:
        assert fresh.run("%load_ext ltxv_nb").ok
        first = fresh.run("%%ltxv -m sandbox/flipbook -i a.png --num-frames 25 -w -o flip")
        assert first.ok, first.error_lines
        assert "Reading the parameters of sandbox/flipbook …" in first.text
        again = fresh.run("%%ltxv -m sandbox/ensemble --image flip --image a.png -w -o both\nTwo boats")
        assert again.ok, again.error_lines
        assert fresh.value("len(both.record.request['images']['$file'])") == "2"
        assert fresh.value("both.video.path.exists(), flip.request.prompt == ''") == "True True"
