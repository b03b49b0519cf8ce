"""Whatever a page tells people to type works as it stands there."""

import re
import shlex

import pytest
from documents import NOTEBOOKS, PAGES, ROOT, blocks, name_of
from IPython.core.interactiveshell import InteractiveShell

import ltxv_nb

_RUN = ("python", "ipython")
_SHOWN = ("", "text", "console", "toctree", "{toctree}", "{include} ../../README.md", "{eval-rst}", "mermaid")
_SETTINGS = {
    "AIMLAPI_API_KEY",
    "LTXV_BACKEND",
    "LTXV_HOME",
    "LTXV_OUTPUT_DIR",
    "LTXV_SANDBOX_SECONDS",
    "LTXV_WAIT",
}

_with_code = [page for page in PAGES if any(block.kind in _RUN for block in blocks(page))]
_commands = [
    pytest.param(page, line, id=f"{name_of(page)}: {line}"[:80])
    for page in PAGES
    for block in blocks(page)
    if block.kind == "console"
    for line in block.text.splitlines()
]


@pytest.fixture
def shell(monkeypatch, quick_sandbox, tmp_path):
    """An IPython like a reader's, waiting for its clips, on a sandbox that is quick."""
    monkeypatch.setenv("LTXV_HOME", str(quick_sandbox))
    monkeypatch.setenv("LTXV_BACKEND", "sandbox")
    monkeypatch.setenv("LTXV_WAIT", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    with ltxv_nb.Client() as client:
        client.set_budget(None)  # the one that another page has set
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    try:
        yield shell
    finally:
        shell.run_line_magic("unload_ext", "ltxv_nb")
        shell.history_manager.end_session()
        InteractiveShell.clear_instance()


@pytest.mark.parametrize("page", _with_code, ids=name_of)
def test_every_snippet_runs(page, shell, capsys):
    for block in blocks(page):
        if block.kind not in _RUN:
            continue
        outcome = shell.run_cell(block.text)
        said = capsys.readouterr()
        assert outcome.success, f"{name_of(page)}, line {block.line}: {outcome.error_in_exec or said}"
        assert "UsageError" not in said.err, f"{name_of(page)}, line {block.line}: {said.err}"


def test_the_readme_and_the_reference_do_show_code():
    shown = {name_of(page) for page in _with_code}
    assert {"README.md", "docs/index.md", "docs/reference/python.md", "docs/howto/headless.md"} <= shown


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_of_a_kind_that_is_checked_or_plainly_text(page):
    assert {block.kind for block in blocks(page)} <= {*_RUN, *_SHOWN}


@pytest.mark.parametrize(("page", "line"), _commands)
def test_every_command_names_what_exists(page, line):
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        assert words.pop(0).partition("=")[0] in _SETTINGS
    _CHECKS[words[0]](words[1:])


def _pip(words):
    tomllib = pytest.importorskip("tomllib")
    assert words[0] == "install"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for word in words[1:]:
        name, _, extra = word.rstrip("]").partition("[")
        assert name in {project["name"], "--upgrade", "ipykernel", "matplotlib", "pre-commit"}
        assert not extra or extra in project["optional-dependencies"]


def _make(words):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(words) <= set(targets)


def _export(words):
    assert all(word.partition("=")[0] in _SETTINGS for word in words)


def _jupyter(words):
    assert words[:3] in (["nbconvert", "--to", "notebook"], ["nbconvert", "--to", "html"])
    assert words[3] == "--execute"
    _notebook(words[4])


def _notebook(name):
    assert name in {path.name for path in NOTEBOOKS}


def _papermill(words):
    source, _, option, parameter, _ = words
    _notebook(source)
    assert option == "-p"
    assert parameter in (ROOT / "notebooks" / source).read_text(encoding="utf-8")


def _python(words):
    if words[0] == "-m":
        assert words[1] == "ltxv_nb.sandbox"
    else:
        assert (ROOT / words[0]).is_file()


_CHECKS = {
    "cd": lambda words: words == ["ltxv-nb"] or pytest.fail(f"cd {words}"),
    "export": _export,
    "git": lambda words: words == ["clone", "https://github.com/ltxv-nb/ltxv-nb"] or pytest.fail(str(words)),
    "jupyter": _jupyter,
    "make": _make,
    "papermill": _papermill,
    "pip": _pip,
    "pytest": lambda words: words == ["--nbval-lax", "notebooks"] or pytest.fail(str(words)),
    "python": _python,
}


def test_the_key_in_the_examples_is_not_a_key():
    for page in PAGES:
        for value in re.findall(r"AIMLAPI_API_KEY=(\S+)", page.read_text(encoding="utf-8")):
            assert value.startswith('"your')
