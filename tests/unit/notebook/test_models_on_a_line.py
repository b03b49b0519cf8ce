"""``%%ltxv -m ID``: that model's own options, values, help and Tab."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from model_fakes import EVERYTHING, model, models
from panel_fakes import FakeClient

from ltxv_nb.engine.prepare import prepare
from ltxv_nb.errors import APIError, RequestError, UnknownModel
from ltxv_nb.models import builtin_models, unlisted_model
from ltxv_nb.notebook.magic.completion import complete
from ltxv_nb.notebook.magic.magics import LTXVMagics
from ltxv_nb.notebook.magic.options import SWITCHES, help_text, parse
from ltxv_nb.notebook.output.flags import RESERVED, with_flags
from ltxv_nb.notebook.session import NotebookSession

if TYPE_CHECKING:
    from collections.abc import Iterator


class Client(FakeClient):
    """Counts what would ask the service, and knows the parameters only of what it has asked for."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.catalogue = [*builtin_models(), *models()]
        self.asked: list[str] = []
        self.read = {one.id for one in self.catalogue}

    def known_model(self, name: str) -> Any:
        return next((one for one in self.catalogue if one.id == name and name in self.read), None)

    def model(self, name: str, *, guess: bool = False) -> Any:
        self.asked.append(name)
        return super().model(name)

    def models_with(self, parameter: str) -> list[Any]:
        return [one for one in self.catalogue if one.id in self.read and one.parameter(parameter)][:3]

    def check(self, request: Any) -> dict[str, Any]:
        return prepare(request).body


class Notebook:
    """A notebook whose cells are dry runs."""

    def __init__(self, shell: InteractiveShell, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shell, self.client, self.said = shell, client, []
        self.session = NotebookSession(shell)
        self.session._client = client  # type: ignore[assignment]
        monkeypatch.setattr(self.session, "say", self.said.append)
        self.magics = LTXVMagics(shell, self.session)
        shell.register_magics(self.magics)

    def body(self, line: str, cell: str = "A lighthouse") -> dict[str, Any]:
        self.shell.run_cell_magic("ltxv", f"{line} --dry-run", cell)
        body: dict[str, Any] = json.loads(self.said[-1].partition("\n")[2])
        return body

    def offers(self, line: str, rest: str = "") -> list[str]:
        found = complete(line, self.session, first_line=True, rest=rest)
        assert found is not None
        return found[1]


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png"):
        from PIL import Image

        Image.new("RGB", (64, 36), "teal").save(tmp_path / name)
    shell = InteractiveShell()
    yield Notebook(shell, Client(tmp_path), monkeypatch)
    InteractiveShell.clear_instance()


def test_the_magics_own_options_are_those_that_no_parameter_can_have() -> None:
    assert {flag for switch in SWITCHES for flag in switch.flags} == RESERVED


def test_no_two_parameters_of_a_model_share_an_option() -> None:
    for one in models():
        flags = [flag for known in with_flags(one) for flag in known.flags]
        assert len({*flags, *RESERVED}) == len(flags) + len(RESERVED)


def test_a_cell_has_the_options_of_the_model_that_it_names(notebook: Notebook) -> None:
    body = notebook.body(
        '--seed 7 --negative-prompt "blur, text" --cfg-scale 0.5 --style "two words" --no-loop '
        """--camera-control '{"pan": 3}' --elements '{"a": 1}' --elements '{"a": 2}' -d 10 -m inv/everything"""
    )
    assert body == {
        "model": "inv/everything",
        "prompt": "A lighthouse",
        "duration": 10,
        "seed": 7,
        "negative_prompt": "blur, text",
        "cfg_scale": 0.5,
        "style": "two words",
        "loop": False,
        "camera_control": {"pan": 3},
        "elements": [{"a": 1}, {"a": 2}],
    }


def test_files_are_given_by_what_they_are_for(notebook: Notebook) -> None:
    notebook.shell.user_ns["later"] = "https://x.example/later.png"
    body = notebook.body(
        "-m inv/everything -i https://x.example/a.png --last-image later --images https://x.example/1.png "
        "--images {later} --video https://x.example/v.mp4 --audio https://x.example/s.mp3 --generate-audio"
    )
    assert body["image_url"] == "https://x.example/a.png"
    assert body["tail_image_url"] == "https://x.example/later.png"
    assert body["image_urls"] == ["https://x.example/1.png", "https://x.example/later.png"]
    assert (body["video_url"], body["audio_url"]) == ("https://x.example/v.mp4", "https://x.example/s.mp3")
    assert body["generate_audio"] is True


def test_image_given_several_times_means_reference_pictures(notebook: Notebook) -> None:
    first, second = "https://x.example/1.png", "https://x.example/2.png"
    body = notebook.body(f"-m inv/everything --image {first} --image {second}")
    assert (body["image_urls"], "image_url" in body) == ([first, second], False)
    body = notebook.body(f"-m inv/everything -i {first} --image {second}")
    assert (body["image_urls"], body["image_url"]) == ([second], first)
    assert notebook.body(f"-m inv/everything --image {first}")["image_url"] == first
    assert notebook.body(f"-m inv/cheap --image {first}")["reference_image_urls"] == [first]
    with pytest.raises(RequestError, match="--image is given 2 times, but ltxv-2 takes one"):
        notebook.body(f"-i {first} -i {second}")


def test_a_dry_run_shows_a_file_only_by_its_size(notebook: Notebook) -> None:
    body = notebook.body("-m inv/everything -i a.png --images a.png --images b.png")
    assert body["image_url"].startswith("(a picture, ")
    assert [word[:12] for word in body["image_urls"]] == ["(a picture, "] * 2


def test_a_parameter_that_is_called_like_an_option_of_the_magic_has_another_one(notebook: Notebook) -> None:
    assert notebook.body("-m inv/everything --model-timeout 9 --timeout 5")["timeout"] == 9


def test_a_model_without_a_prompt_takes_an_empty_cell_and_no_text(notebook: Notebook) -> None:
    line = "-m inv/avatar -i https://x.example/a.png --audio https://x.example/s.mp3"
    assert "prompt" not in notebook.body(line, "\n")
    with pytest.raises(RequestError, match="takes no prompt"):
        notebook.body(line, "Hello")


def test_an_option_that_the_model_lacks_is_named_with_models_that_have_it(notebook: Notebook) -> None:
    with pytest.raises(RequestError) as caught:
        notebook.body("--seed 7")
    assert (
        str(caught.value) == "ltxv-2 has no --seed; inv/everything has it: %%ltxv -m inv/everything --seed …"
    )
    notebook.client.read.clear()
    with pytest.raises(RequestError, match=r"ltxv-2 has no --seed\. `%ltxv model ltxv-2` shows what it has"):
        notebook.body("--seed 7")
    with pytest.raises(RequestError, match=r"There is no option --sytle\. Did you mean --style"):
        notebook.body("-m inv/everything --sytle ink")


def test_the_first_use_of_a_model_says_that_its_parameters_are_read(notebook: Notebook) -> None:
    notebook.client.read.discard("inv/cheap")
    notebook.body("-m inv/cheap")
    assert notebook.said[0] == "Reading the parameters of inv/cheap …"
    assert notebook.client.asked == ["inv/cheap"]
    notebook.client.read.add("inv/cheap")
    notebook.said.clear()
    notebook.body("-m inv/cheap")
    assert len(notebook.said) == 1


def test_a_model_that_cannot_be_had_stops_the_cell(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnknownModel):
        notebook.body("-m inv/none")

    def offline(_name: str, *, guess: bool = False) -> Any:
        raise APIError("The service cannot be reached.")

    notebook.client.read.clear()
    monkeypatch.setattr(notebook.client, "model", offline)
    with pytest.raises(APIError, match="cannot be reached"):
        notebook.body("-m inv/cheap")
    assert notebook.client.posts == []


def test_what_goes_to_a_model_of_which_nothing_is_known_is_said_to_be_unchecked(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook.client, "model", lambda name, **_more: unlisted_model(name))
    body = notebook.body("-m some/thing -d 8 --mood calm --level 3 --quiet")
    assert body == {
        "model": "some/thing",
        "prompt": "A lighthouse",
        "duration": 8,
        "mood": "calm",
        "level": 3,
        "quiet": True,
    }
    assert notebook.said[1] == "Nothing is known of some/thing here: what you set is sent unchecked."
    with pytest.raises(RequestError, match="Did you mean --seed"):
        notebook.body("-m some/thing --sead 7")


def test_any_model_can_be_the_default(notebook: Notebook) -> None:
    notebook.magics.model = "inv/everything"
    assert notebook.body("--seed 7")["model"] == "inv/everything"
    assert "--cfg-scale" in notebook.offers("%%ltxv --cf")
    notebook.magics.duration = 10
    notebook.magics.fps = 50
    body = notebook.body("")
    assert (body["duration"], "fps" in body) == (10, False)
    notebook.magics.model = None
    notebook.magics.duration = 8
    with pytest.raises(
        RequestError, match=r"duration is 8, but it can be 5 or 10.*It is your default; %config"
    ):
        notebook.body("-m inv/everything")


def test_the_help_is_that_of_the_model(notebook: Notebook) -> None:
    notebook.shell.run_cell_magic("ltxv", "-m inv/everything --help", "\n")
    shown = notebook.said[-1]
    assert "--style {ink,two words}" in shown
    assert "--camera-control CAMERA_CONTROL" in shown
    assert "-i, --image IMAGE" in shown
    assert "--fps" not in shown
    assert "it takes no prompt" in help_text(models()[1])
    assert "; needed" in help_text(models()[1])


def test_tab_completes_the_options_of_the_model_wherever_it_is_named(notebook: Notebook) -> None:
    assert notebook.offers("%%ltxv -m inv/everything --cam") == ["--camera-control"]
    assert notebook.offers("%%ltxv --cam", " -m inv/everything") == ["--camera-control"]
    assert notebook.offers("%%ltxv -m inv/everything --style ") == ["ink", "'two words'"]
    assert notebook.offers("%%ltxv -m inv/") == [one.id for one in models()]
    assert notebook.offers("%ltxv model inv/c") == ["inv/cheap"]
    assert notebook.offers("%ltxv models --can im") == ["image_to_video"]
    assert notebook.offers("%ltxv models sea --s") == ["--sort"]
    assert notebook.offers("%ltxv models --sort ") == ["price", "time", "name"]


def test_tab_on_a_file_offers_variables_the_job_before_and_files_of_that_kind(
    notebook: Notebook, tmp_path: Path
) -> None:
    from PIL import Image

    (tmp_path / "clips").mkdir()
    for name in ("notes.txt", "{x}.png", ".hidden.png", "clips/sea.PNG", "clips/two words.png", "song.mp3"):
        (tmp_path / name).touch()
    picture = Image.new("RGB", (64, 36))
    names = notebook.shell.user_ns
    names.update(frame=picture, pixels=SimpleNamespace(shape=(36, 64, 3)), where=Path("a.png"))
    names.update(number=3, table=SimpleNamespace(shape=(40, 2)), _private=picture, note=Path("notes.txt"))
    made = SimpleNamespace(id="ab12cd34", video=object())
    notebook.client.jobs = lambda _most: [made, SimpleNamespace(id="ef56ab78", video=None)]
    on_disk = ["a.png", "b.png", "clips/"]
    assert notebook.offers("%%ltxv -i ") == ["frame", "pixels", "where", *on_disk, "ab12cd34"]
    assert notebook.offers("%%ltxv -i clips/") == ["clips/sea.PNG"]
    assert notebook.offers("%%ltxv -i fr") == ["frame"]
    assert notebook.offers("%%ltxv -m inv/everything --audio s") == ["song.mp3"]
    assert notebook.offers("%%ltxv -i nowhere/") == []
    notebook.session.bind(type("Job", (), {})(), "boat")
    assert {"boat", "last", "_"} < {*notebook.offers("%%ltxv --image ")}


def test_tab_asks_the_service_for_nothing(notebook: Notebook) -> None:
    notebook.client.read.clear()
    for line in ("%%ltxv -m inv/everything --", "%%ltxv -m ", "%ltxv model ", "%ltxv models --can "):
        assert notebook.offers(line)
    assert notebook.client.asked == []


def test_every_word_of_a_hostile_model_stays_on_its_line() -> None:
    hostile = model("inv/x", {"a b": {"type": "string", "description": "one\ntwo\x1b[31m"}, **EVERYTHING})
    shown = help_text(hostile)
    assert "\x1b" not in shown
    assert "one two" in shown
    flag = next(known.flags[0] for known in with_flags(hostile) if known.key.startswith("a"))
    assert parse([flag, "x"], hostile).parameters


def test_braces_and_variables_work_in_every_option(notebook: Notebook) -> None:
    notebook.shell.user_ns.update(which="inv/everything", number=7, camera={"pan": 2})
    body = notebook.body(
        "-m {which} --seed {number} --camera-control {camera} --negative-prompt 'no {number}'"
    )
    assert (body["seed"], body["camera_control"], body["negative_prompt"]) == (7, {"pan": 2}, "no 7")


def test_the_commands_show_models_in_a_page_and_in_plain_text(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(notebook.session, "publish", shown.append)

    def run(line: str) -> dict[str, str]:
        notebook.shell.run_line_magic("ltxv", line)
        return shown[-1]

    assert [line.split()[0] for line in run("models inv --sort price")["text/plain"].splitlines()[1:5]] == [
        "inv/cheap", "inv/everything", "inv/avatar", "inv/<b>bold</b>",
    ]  # fmt: skip
    assert "inv/cheap" in run("models --under $0.05")["text/plain"]
    assert "inv/everything" not in shown[-1]["text/plain"]
    assert "inv/avatar" in run("models --can image-to-video")["text/plain"]
    assert "30 s" in run("model inv/cheap")["text/plain"]
    assert "$0.01 a second" in shown[-1]["text/html"]
    page = run("model inv/<b>bold</b>")["text/html"]
    table = run("models")["text/html"]
    for html in (page, table):
        assert not any(
            tag in html for tag in ("<b>bold", "<b>Bold", "<img", "<script", "<i>calm", "<s>", "<u>")
        )
    for line, words in (
        ("models --under x", "--under is 'x'"),
        ("models --sort size", "--sort is 'size', but it can be price, time, name"),
        ("models --can fly", "--can is 'fly', but it can be .*image_to_video"),
        ("models --cheap", "used like this: %ltxv models"),
        ("model", "used like this: %ltxv model MODEL"),
    ):
        with pytest.raises(RequestError, match=words.replace("(", "\\(")):
            run(line)


def test_a_missing_model_says_since_when(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(notebook.session, "publish", shown.append)
    gone = model("inv/gone", {"prompt": {"type": "string"}}, missing_since=1_786_752_000.0)
    notebook.client.catalogue.append(gone)
    notebook.shell.run_line_magic("ltxv", "model inv/gone")
    assert "Missing from the service's catalogue since 2026-08-15 or earlier." in shown[0]["text/plain"]


def test_a_session_of_another_kind_needs_no_client_for_the_built_in_models() -> None:
    shell = InteractiveShell()
    said: list[str] = []
    magics = LTXVMagics(shell, SimpleNamespace(ip=shell, say=said.append))
    magics.ltxv("--help", "\n")
    InteractiveShell.clear_instance()
    assert "LTXV-2" in said[0]
