"""One entry in one table is all that a new parameter needs."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ltxv_nb.errors import RequestError
from ltxv_nb.models import Parameter, builtin, request_parameters
from ltxv_nb.models.parameter import options_table
from ltxv_nb.notebook.magic.completion import complete
from ltxv_nb.notebook.magic.magics import LTXVMagics
from ltxv_nb.notebook.magic.options import help_text, parse, split
from ltxv_nb.notebook.output.source import cell_text, python_text, settings_text
from ltxv_nb.notebook.panel.panel import Panel
from ltxv_nb.request import GenerationRequest
from ltxv_nb.sandbox.jobs.plan import plan_of
from ltxv_nb.sandbox.models.invented import usual_models
from ltxv_nb.sandbox.server.validation import Refused, read_body

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebook"))
from panel_fakes import FakeClient, FakeSession

#: Three kinds of parameter that the models do not have; people know one of them by its role.
ENTRIES = (
    Parameter("rng", "integer", "the same number gives the same clip", role="seed", minimum=0, maximum=99),
    Parameter("style", "string", "how it looks", values=("ink", "oil"), default="oil"),
    Parameter("loop", "boolean", "whether it ends as it begins"),
)

SET = {"seed": 7, "style": "ink", "loop": True}
WORDS = "--seed 7 --style ink --loop"


@pytest.fixture(autouse=True)
def entries(monkeypatch):
    models = [
        dataclasses.replace(model, parameters=(*model.parameters, *ENTRIES))
        for model in builtin.BUILTIN_MODELS
    ]
    monkeypatch.setattr(builtin, "BUILTIN_MODELS", tuple(models))


@pytest.fixture
def shell(monkeypatch):
    """An IPython whose user has set a default in the configuration file."""
    config = Config({"HistoryManager": {"enabled": False}, "LTXVMagics": {"style": "ink"}})
    made = InteractiveShell(config=config)
    yield made
    InteractiveShell.clear_instance()


@pytest.fixture
def notebook(shell, desk):
    """The magics in that IPython, and what they said."""
    said = []
    session = SimpleNamespace(
        ip=shell, client=desk.client, say=said.append, show_error=lambda *_args, **_options: None
    )
    magics = LTXVMagics(shell, session)
    shell.register_magics(magics)
    return SimpleNamespace(
        magics=magics,
        session=session,
        said=said,
        plan=lambda line: (
            shell.run_cell_magic("ltxv", f"{line} --dry-run", "A lighthouse"),
            json.loads(said[-1].partition("\n")[2]),
        )[1],
    )


def test_the_magic_has_its_option():
    assert parse(split(WORDS)).parameters == {"seed": "7", "style": "ink", "loop": True}
    assert parse(["--no-loop"]).parameters == {"loop": False}
    with pytest.raises(RequestError, match="Did you mean --seed"):
        parse(["--sead", "7"])


def test_the_help_explains_it(notebook):
    for text in (help_text(), LTXVMagics.ltxv.__doc__):
        assert "--seed SEED                   the same number gives the same clip" in text
        assert "--style {ink,oil}             how it looks; default of the service: oil" in text
        assert "--loop, --no-loop             whether it ends as it begins" in text


def test_tab_completes_it_and_its_values(notebook):
    def offers(line):
        return complete(line, notebook.session, first_line=True)[1]

    assert offers("%%ltxv --s") == ["--seed", "--style", "--sweep"]
    assert offers("%%ltxv --style ") == ["ink", "oil"]
    assert "--no-loop" in offers("%%ltxv ")


def test_a_cell_sends_it_under_the_name_and_in_the_type_of_the_body(notebook):
    body = notebook.plan(WORDS)
    assert body == {
        "model": "ltxv/ltxv-2",
        "prompt": "A lighthouse",
        "rng": 7,
        "style": "ink",
        "loop": True,
    }


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("--seed 100", "seed is '100', but it can be a whole number from 0 to 99."),
        ("--style inc", "style is 'inc', but it can be ink or oil. Did you mean ink?"),
    ],
)
def test_a_cell_with_a_wrong_value_is_refused_in_words(notebook, words, answer):
    with pytest.raises(RequestError) as caught:
        notebook.plan(words)
    assert str(caught.value) == answer


def test_it_can_have_a_default_of_the_users_own(notebook, shell, capsys):
    assert notebook.plan("")["style"] == "ink"  # from the configuration file
    shell.run_line_magic("config", "LTXVMagics.seed = 7")
    shell.run_line_magic("config", "LTXVMagics.loop = False")
    assert notebook.plan("") == {
        "model": "ltxv/ltxv-2",
        "prompt": "A lighthouse",
        "rng": 7,
        "style": "ink",
        "loop": False,
    }
    assert notebook.plan("--seed 8 --loop")["rng"] == 8
    shell.run_line_magic("config", "LTXVMagics")
    assert "how it looks" in capsys.readouterr().out
    shell.run_line_magic("config", "LTXVMagics.seed = 700")
    assert notebook.plan("")["rng"] == 7


def test_the_client_sends_it_and_the_journal_keeps_it(desk):
    job = desk.client.submit("A lighthouse", **SET)
    (post,) = desk.posts
    body = json.loads(post.body)
    assert {"rng": 7, "style": "ink", "loop": True}.items() <= body.items()
    assert SET.items() <= job.record.request.items()
    assert desk.client.request_of(job.record) == job.request
    with pytest.raises(RequestError, match="seed is 'x'"):
        desk.client.submit("A lighthouse", seed="x")
    with pytest.raises(RequestError, match=r"no parameter 'sead'\. Did you mean seed"):
        desk.client.submit("A lighthouse", sead=7)


def test_the_name_in_the_body_is_understood_as_well():
    assert GenerationRequest("A", extra={"rng": 7}).extra == {"seed": 7}
    with pytest.raises(RequestError, match="seed is set twice"):
        GenerationRequest("A", extra={"rng": 7, "seed": 8})


def test_the_panel_has_a_control_for_it(tmp_path):
    panel = Panel(FakeSession(FakeClient(tmp_path)), start=lambda _work: None)
    try:
        controls = {name: field.box for name, field in panel._form.fields.items()}
        assert controls["style"].options == ("ink", "oil")
        assert controls["loop"].options == ("Auto", "On", "Off")
        assert controls["seed"].tooltip == "Seed: the same number gives the same clip"
        controls["prompt"].value = "A lighthouse"
        controls["seed"].value = "7"
        controls["style"].label = "ink"
        controls["loop"].label = "On"
        assert panel.request == GenerationRequest("A lighthouse", extra=SET)
        controls["seed"].value = "700"
        assert panel.request is None
        assert "a whole number from 0 to 99" in panel.problem
        panel.request = GenerationRequest("A boat", extra={"seed": 8})
        assert (controls["seed"].value, controls["style"].label) == ("8", "oil")
    finally:
        panel.close()


def test_it_is_shown_as_a_cell_as_python_and_in_one_line():
    request = GenerationRequest("A lighthouse", extra=SET)
    line, _, prompt = cell_text(request).partition("\n")
    assert line == f"%%ltxv {WORDS}"
    values = parse(split(line.removeprefix("%%ltxv"))).parameters
    assert GenerationRequest.of({"prompt": prompt, **values}) == request
    assert "    seed=7,\n    style='ink',\n    loop=True,\n" in python_text(request)
    assert settings_text(request.settings()) == "ltxv-2 · 7 · ink · loop on"


def test_the_sandbox_takes_it_and_checks_it():
    body = GenerationRequest("A lighthouse", extra=SET, duration=6).body()

    def read(body):
        raw = json.dumps(body).encode()
        return read_body(raw, len(raw))

    assert read(body) == body
    assert plan_of(usual_models().find(body["model"]).model, body, str).clip.duration == 6
    for name, value, expected in (
        ("rng", -1, "integer >= 0 <= 99"),
        ("rng", "7", "integer >= 0 <= 99"),
        ("rng", True, "integer >= 0 <= 99"),
        ("style", "INK", '"ink" | "oil"'),
        ("loop", 1, "boolean"),
    ):
        with pytest.raises(Refused) as refused:
            read({**body, name: value})
        assert refused.value.status == 400
        assert f"{name}: expected {expected}, received {json.dumps(value)}" in refused.value.message


def test_the_documentation_lists_it():
    table = options_table(request_parameters())
    assert (
        "| `--style` | `style` | `ink`, `oil` | `oil` | how it looks |\n"
        "| `--loop`, `--no-loop` | `loop` | `True`, `False` |  | whether it ends as it begins |"
    ) in table
    assert (
        "| `--seed` | `seed` | a whole number from 0 to 99 |  | the same number gives the same clip |"
        in table
    )
