"""What a notebook says of prices and budgets: before a clip, while it is made, and when it does not fit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from ltxv_nb.errors import BudgetExceeded, RequestError
from ltxv_nb.notebook.magic import commands
from ltxv_nb.notebook.magic.magics import LTXVMagics
from ltxv_nb.notebook.output.card import card_of
from ltxv_nb.notebook.output.outcome import outcome_bundle
from ltxv_nb.notebook.output.status import snapshot
from ltxv_nb.notebook.session import NotebookSession


@pytest.fixture
def notebook(desk: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A notebook on a service in memory: `said` is what it prints, `cell` runs one."""
    shell = InteractiveShell()
    session: Any = NotebookSession(shell)
    session._client, said = desk.client, []
    for name in ("announce_sandbox", "prepare", "follow", "show"):
        monkeypatch.setattr(session, name, lambda *_args, **_more: None)
    monkeypatch.setattr(session, "say", said.append)
    magics = LTXVMagics(shell, session)
    yield SimpleNamespace(
        cell=lambda line, text="A boat": magics.ltxv(line, text),
        command=lambda line: commands.run(session, line.split(), embed=None, timeout=600.0),
        said=said,
        session=session,
    )
    session.board.close()


def test_a_dry_run_says_the_price(notebook: Any) -> None:
    notebook.cell("--dry-run -d 6 -r 1080p")
    assert (
        "It would cost $0.378: 6 s of 1080p at $0.063 a second. The service would get:" in notebook.said[-1]
    )
    notebook.cell("--dry-run -d 6 -r 2160p")
    assert "What it would cost is not known." in notebook.said[-1]


def test_a_budget_is_set_shown_and_removed_with_one_command(notebook: Any, desk: Any) -> None:
    notebook.command("budget")
    notebook.command("budget 1/day")
    notebook.cell("-d 6 -r 1080p")
    notebook.command("budget")
    notebook.command("budget $0.50")
    notebook.command("budget off")
    assert notebook.said == [
        "There is no budget: %ltxv budget 5/day sets one.",
        "Budget: $1.00 a day: $0.00 spent, $1.00 left.",
        "Budget: $1.00 a day: $0.00 spent, $0.378 reserved, $0.622 left.",
        "Budget: $0.50: $0.00 spent, $0.50 left.",
        "There is no budget: %ltxv budget 5/day sets one.",
    ]
    for wrong in ("budget 5/year", "budget five", "budget -1", "budget 5 day"):
        with pytest.raises(RequestError):
            notebook.command(wrong)
    assert desk.client.budget is None


def test_a_cell_that_does_not_fit_says_what_is_left_and_what_to_do(notebook: Any, desk: Any) -> None:
    notebook.command("budget 0.30")
    with pytest.raises(BudgetExceeded) as refused:
        notebook.cell("-d 6 -r 1080p")
    card = card_of(refused.value)
    assert (card.title, card.cost) == ("Not sent: the budget", "Nothing was sent.")
    assert card.words == "This clip costs $0.378, and $0.30 of the budget of $0.30 is left."
    assert card.next.startswith("Choose a cheaper clip, or set a larger budget with `%ltxv budget USD`")
    notebook.command("budget off")
    with pytest.raises(BudgetExceeded, match=r"--max-usd"):
        notebook.cell("-d 6 -r 1080p --max-usd 0.37")
    with pytest.raises(RequestError, match="max_usd is much"):
        notebook.cell("-d 6 -r 1080p --max-usd much")
    assert desk.posts == []
    notebook.cell("-d 6 -r 1080p --max-usd $0.38")
    assert len(desk.posts) == 1


def test_a_running_clip_says_about_what_it_costs_and_a_finished_one_where_the_bill_differs(desk: Any) -> None:
    job = desk.client.submit("A boat", duration=6, resolution="1080p")
    assert snapshot(job).cost == "about $0.38"
    meta = {"usage": {"credits_used": 1_000_000}}
    desk.service.say(job.generation_id, status="generating", meta=meta)
    desk.rig.run(60)
    assert snapshot(job).cost == "$0.50"
    url = "https://cdn.example.test/clip.mp4"
    desk.service.say(job.generation_id, status="completed", video={"url": url}, meta=meta)
    desk.rig.run(60)
    shown = outcome_bundle(job, embed=False, base_dir=desk.folder)
    assert all("Billed $0.50, estimated $0.378." in shown[kind] for kind in ("text/plain", "text/html"))
