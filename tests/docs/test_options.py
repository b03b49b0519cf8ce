"""Options are spelt as the program spells them, everywhere."""

import json
import re

import pytest
from documents import NOTEBOOKS, PAGES, ROOT, blocks, name_of

from ltxv_nb.models import request_parameters
from ltxv_nb.models.parameter import options_table
from ltxv_nb.models.roles import ROLES
from ltxv_nb.notebook.magic.commands import COMMANDS
from ltxv_nb.notebook.magic.options import SWITCHES, all_flags, split
from ltxv_nb.notebook.output.flags import with_flags
from ltxv_nb.sandbox.__main__ import _parser

#: Options of other programs that the pages name.
_OTHERS = {"--to", "--execute", "--nbval-lax", "--HTMLExporter.sanitize_html", "--inplace", "--clear-output"}
#: Options for what other models have: by what it is for, and one by its own name.
_OF_OTHER_MODELS = {
    *(flag for role, entry in ROLES.items() for flag in entry.flags or (f"--{role.replace('_', '-')}",)),
    "--camera-control",
}
_INLINE = re.compile(r"`([^`\n]+)`")


def _code_of(notebook):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def _sayings():
    """Every piece of code on the pages and in the notebooks' words, with where it is."""
    for page in PAGES:
        for block in blocks(page):
            if block.kind != "console":
                yield name_of(page), block.text
        for inline in _INLINE.findall(page.read_text(encoding="utf-8")):
            yield name_of(page), inline
    for notebook in NOTEBOOKS:
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            text = "".join(cell["source"])
            if "raises-exception" in cell["metadata"].get("tags", []):
                continue  # wrong on purpose
            for piece in [text] if cell["cell_type"] == "code" else _INLINE.findall(text):
                yield name_of(notebook), piece


def test_the_options_table_of_the_readme_is_that_of_the_models_parameters():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = text.split("<!-- options: begin -->")[1].split("<!-- options: end -->")[0]
    assert shown.strip() == options_table(request_parameters())


def test_every_long_option_that_is_named_exists():
    sandbox = {flag for action in _parser()._actions for flag in action.option_strings}
    of_commands = {flag for one in COMMANDS.values() for flag in (*one.choices, *one.switches)}
    ours = {*all_flags(), *of_commands, *sandbox, *_OTHERS, *_OF_OTHER_MODELS}
    for where, text in _sayings():
        script = re.search(r"\bpython ((?:[\w.]+/)+\w+)\.py", text)
        module = re.search(r"\bpython -m (tests(?:\.\w+)+)", text)
        path = script[1] if script else module[1].replace(".", "/") if module else None
        known = ours if path is None else (ROOT / f"{path}.py").read_text(encoding="utf-8")
        for word in re.findall(r"(?<![\w-])--[A-Za-z][\w.-]*", text):
            assert word in known, f"{where}: {word}"


def test_every_cell_that_is_shown_has_options_that_can_be_read():
    for where, text in _sayings():
        if not text.startswith("%%ltxv ") or "NAME" in text or "ID" in text.split("\n")[0]:
            continue
        words = split(text.split("\n")[0])[1:]
        for word in words:
            known = {*all_flags(), *_OF_OTHER_MODELS}
            assert not word.startswith("-") or word in known, f"{where}: {word}"


def test_every_command_that_is_named_exists():
    named = set()
    for where, text in _sayings():
        for line in text.splitlines():
            if found := re.match(r"%ltxv ([a-z]+)", line.strip()):
                named.add(found[1])
                assert found[1] in COMMANDS, f"{where}: {found[0]}"
    assert {"resume", "wait", "login"} <= named


def test_the_reference_names_every_command_and_every_switch():
    text = (ROOT / "docs" / "reference" / "magics.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert re.search(rf"`%ltxv {name}\b", text), name
    for switch in SWITCHES:
        assert all(f"`{flag}`" in text for flag in switch.flags), switch.name


def test_the_readme_names_every_option_and_every_command():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for flag in [known.flags[-1] for known in with_flags()] + [
        "-o",
        "-w",
        "--timeout",
        "--dry-run",
        "--again",
    ]:
        assert f"{flag}`" in text or f"`{flag} " in text, flag
    for name in COMMANDS:
        assert re.search(rf"`{name}\b", text), name


@pytest.mark.parametrize("name", ["AIMLAPI_API_KEY", "AIMLAPI_BASE_URL", "LTXV_BACKEND", "LTXV_HOME"])
def test_the_settings_page_names_every_variable(name):
    assert f"`{name}`" in (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")


def test_every_variable_that_the_program_reads_is_documented():
    documented = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    read = set()
    for source in (ROOT / "ltxv_nb").rglob("*.py"):
        read |= set(re.findall(r"\b((?:LTXV|AIMLAPI|AIML)_[A-Z_]+)\b", source.read_text(encoding="utf-8")))
    assert {name for name in read if f"`{name}`" not in documented} == set()


def test_python_parameters_in_the_notebooks_are_those_of_the_table():
    names = {parameter.key for parameter in request_parameters()}
    ours = {"timeout", "concurrency", "limit", "backend", "api_key", "base_url", "reuse"}
    known = {*names, "prompt", *ours}
    for notebook in NOTEBOOKS:
        for code in _code_of(notebook):
            for call in re.findall(r"\.(?:generate|submit|map)\(([^()]*)\)", code):
                for keyword in re.findall(r"\b([a-z_]+)=", call):
                    assert keyword in known, f"{name_of(notebook)}: {keyword}"
