"""``%%ltxv --sweep``: the cell shows what it would make, and buys nothing that nobody asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from ltxv_nb.errors import RequestError
from ltxv_nb.notebook.magic.completion import complete
from ltxv_nb.notebook.magic.magics import LTXVMagics
from ltxv_nb.notebook.session import NotebookSession

if TYPE_CHECKING:
    from collections.abc import Iterator


class Notebook:
    """A terminal's session on a service in memory."""

    def __init__(self, shell: InteractiveShell, desk: Any) -> None:
        self.shell, self.desk, self.said = shell, desk, []
        self.session: Any = NotebookSession(shell)
        self.session._client, self.session.say = desk.client, self.said.append
        self.magics = LTXVMagics(shell, self.session)
        shell.register_magics(self.magics)

    def cell(self, line: str, text: str) -> str:
        self.said.clear()
        self.magics.ltxv(line, text)
        return "\n".join(self.said)


@pytest.fixture
def notebook(desk: Any) -> Iterator[Notebook]:
    made = Notebook(InteractiveShell.instance(), desk)
    made.shell.user_ns.update(place="the sea", skies=["clear", "grey"], hour="never")
    yield made
    made.session.board.close()
    InteractiveShell.clear_instance()


def test_a_cell_shows_its_plan_and_sends_nothing_without_being_told(notebook: Notebook) -> None:
    line = "--sweep hour=dawn,dusk --sweep sky={skies} --takes 2 -d 6 -r 1080p --name evenings -o plan"
    said = notebook.cell(line, "A lighthouse at {hour}, {sky}, {place} {{x}}")
    assert "hour   dawn, dusk" in said
    assert "8 (2 × 2 × 2)" in said
    assert "$3.024: 8 × $0.378" in said
    assert said.endswith("Nothing was sent. Add --yes to make 8 clips.")
    plan = notebook.shell.user_ns["plan"]
    assert plan.requests[-1].prompt == "A lighthouse at dusk, grey, the sea {x}"
    assert (plan.name, list(plan.axes)) == ("evenings", ["hour", "sky"])
    assert notebook.desk.posts == []
    assert "Nothing was sent. Add" not in notebook.cell(f"{line} --dry-run", "A {hour} {sky}")
    assert not notebook.desk.client.journal.path.exists()


def test_with_yes_it_is_made_and_run_again_it_is_free(notebook: Notebook) -> None:
    notebook.cell(
        "--sweep 'hour=early\\, dawn,dusk' --sweep model=ltxv-2,ltxv-2-fast --yes -o made", "A {hour}"
    )
    made = notebook.shell.user_ns["made"]
    while made._sender.is_sending:
        made._pause(0.05)
    assert sorted(body["prompt"] for body in notebook.desk.service.billed) == [
        "A dusk", "A dusk", "A early, dawn", "A early, dawn",
    ]  # fmt: skip
    assert notebook.cell("--sweep hour=dusk --sweep model=ltxv-2", "A {hour}").startswith(
        f"Batch {made.id}: 0 of 1"
    )
    assert len(notebook.desk.posts) == 4
    notebook.said.clear()
    notebook.magics.ltxv(f"batch {made.id}")
    assert f"Batch {made.id}" in notebook.said[-1]
    notebook.magics.ltxv("batch")
    assert "hour (2) × model (2)" in notebook.said[-1] or "hour (1)" in notebook.said[-1]
    assert "batch" in notebook.desk.client.spending("batch").by
    assert notebook.desk.client.spending("batch")[0].name == made.id


BAD = [
    ("--sweep hour=dawn --sweep hour=dusk", "given twice"),
    ("--sweep hour", "can be NAME=A,B"),
    ("--sweep 1=2", "can be NAME=A,B"),
    ("--sweep hour=", "hour is an empty list"),
    ("--sweep fps=25,50 --fps 25 --sweep hour=a", "fps is set by its own option and by --sweep"),
    ("--sweep duration=6,7 --sweep hour=a", "duration is '7', but it can be 6, 8 or 10"),
    ("--sweep seed=1,2 --sweep hour=a", "ltxv-2 has no parameter 'seed'"),
    ("--sweep hour=a --takes two", "--takes is 'two'"),
    ("--sweep hour=a --takes 0", "takes is 0"),
    ("--sweep hour=a --max-usd much", "max_usd is much"),
    ("--sweep hour=a --again", "--takes N makes several"),
    ("--yes", "--yes belongs to a batch"),
    ("--name x", "--name belongs to a batch"),
]


@pytest.mark.parametrize(("line", "words"), BAD)
def test_what_cannot_be_swept_is_one_sentence(notebook: Notebook, line: str, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        notebook.cell(line, "A {hour}")
    assert notebook.desk.posts == []


def test_tab_offers_axes_their_values_and_batches(notebook: Notebook) -> None:
    def tab(line: str) -> list[str]:
        found = complete(line, notebook.session, first_line=True)
        return found[1] if found else []

    assert tab("%%ltxv --sw") == ["--sweep"]
    assert tab("%%ltxv --sweep a=b --sw") == ["--sweep"]
    assert "duration=" in tab("%%ltxv --sweep ")
    assert tab("%%ltxv --sweep duration=6,") == ["duration=6,8", "duration=6,10"]
    assert tab("%%ltxv --sweep model=ltxv-2-") == ["model=ltxv-2-fast"]
    assert tab("%ltxv batch ") == []
    notebook.cell("--sweep hour=dusk --name evening --yes -o made", "A {hour}")
    assert tab("%ltxv batch ") == ["evening", notebook.shell.user_ns["made"].id]
