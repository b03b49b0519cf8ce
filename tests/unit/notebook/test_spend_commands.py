"""``%ltxv spend`` and ``%ltxv balance``, on a service in memory."""

from __future__ import annotations

import csv
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fakes import reply

from ltxv_nb.errors import APIError, ConfigurationError, RequestError
from ltxv_nb.notebook.magic import commands
from ltxv_nb.notebook.magic.completion import complete
from ltxv_nb.notebook.session import NotebookSession
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from pathlib import Path

PAGE = {"pagination": {"has_more": False, "next_cursor": None}}


@pytest.fixture
def session(desk: Any) -> Any:
    """The session of a terminal, whose `said` is what it prints."""
    ip: Any = SimpleNamespace(user_ns={}, push=lambda *_args, **_more: None)
    session: Any = NotebookSession(ip)
    session._client, session.said = desk.client, []
    session.say = session.said.append
    yield session
    session.board.close()


def run(session: Any, line: str) -> str:
    session.said.clear()
    commands.run(session, line.split(), embed=None, timeout=600.0)
    return "\n".join(session.said)


def bought(desk: Any, prompt: str, credits_: int = 756_000) -> Any:
    job = desk.client.submit(prompt)
    meta = {"usage": {"credits_used": credits_}}
    url = "https://cdn.example.test/clip.mp4"
    desk.service.say(job.generation_id, status="completed", video={"url": url}, meta=meta)
    desk.rig.run(120)
    return job


def entry(reference: str, credits_: int = 756_000) -> dict[str, Any]:
    amount = {"usd": credits_ / 2_000_000, "credits": credits_}
    return {
        "created_at": "2026-09-21T14:30:00.000Z", "direction": "CHARGE", "type": "MODEL_USAGE",
        "amount": amount, "model": "ltxv/ltxv-2", "reference_id": reference,
    }  # fmt: skip


def test_spending_is_listed_by_what_is_asked_for_and_asks_nobody(desk: Any, session: Any) -> None:
    assert run(session, "spend") == "Nothing has been spent yet."
    first, second = bought(desk, "A boat"), bought(desk, "A dog", 504_000)
    asked = len(desk.rig.wire.sent)
    text = run(session, "spend")
    assert text.index(second.id) < text.index(first.id)
    assert "$0.63 in all." in text
    assert "2      $0.63" in run(session, "spend --by model")
    assert "2026-09-21" in run(session, "spend --by=day")
    assert "(no batch)" in run(session, "spend --by batch")
    assert len(desk.rig.wire.sent) == asked
    spending = desk.client.spending("day")
    assert (spending.total_usd, len(spending)) == (0.63, 1)


def test_a_csv_is_written_whole_and_nothing_else_is_replaced(desk: Any, session: Any, tmp_path: Path) -> None:
    bought(desk, "=1+1")
    assert run(session, "spend --csv new/money.csv") == "1 row written to new/money.csv."
    with (tmp_path / "new" / "money.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["prompt"], row["usd"]) == ("'=1+1", "0.378")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["money.csv"]
    notebook = tmp_path / "class.ipynb"
    notebook.write_text("{}")
    for name in ("class.ipynb", "money", ".csv", "~nobody/x.txt"):
        with pytest.raises(RequestError, match=r"whose name ends in \.csv"):
            run(session, f"spend --csv {name}")
    assert notebook.read_text() == "{}"
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigurationError, match=r"folder\.csv cannot be written .* give --csv another file"):
        run(session, "spend --csv folder.csv")


def test_the_ledger_is_compared_on_request_and_what_is_unknown_here_can_be_attached(
    desk: Any, session: Any
) -> None:
    known, late = bought(desk, "A boat"), bought(desk, "A dog")
    other = "0199a3c4-1111-4222-8333-123456789abc:ltxv/ltxv-2"
    desk.service.books["/v2/billing/transactions"] = reply(
        200, {"data": [entry(known.generation_id.partition(":")[0]), entry(other)], **PAGE}
    )
    desk.service.books["/v2/usage/detail"] = reply(200, {"spend": 0.756, "requests": 2})
    text = run(session, "spend --reconcile --days 7")
    assert (
        "1 clip of the last 7 days agrees with the ledger ($0.756 billed); see below what does not." in text
    )
    assert f"%ltxv attach {other}" in text
    assert f"{late.id}" in text
    assert "not charged yet; charges can come late" in text
    assert "the service counts $0.756 in 2 requests" in text
    # Attached, it is known, and nothing was sent that costs anything.
    desk.service.complete(other)
    run(session, f"attach {other}")
    desk.rig.run(120)
    assert len(desk.client.spending().reconcile().matched) == 2
    assert len(desk.posts) == 2


def test_a_key_that_may_not_read_the_account_is_told_in_one_sentence(desk: Any, session: Any) -> None:
    refused = reply(403, {"message": "Forbidden"})
    desk.service.books = {"/v2/billing": refused, "/v2/billing/transactions": refused}
    for line in ("balance", "spend --reconcile"):
        with pytest.raises(
            APIError, match=r"does not let this key read .*: a sub-key or a management key may not"
        ):
            run(session, line)
    desk.service.books["/v2/billing"] = reply(200, {"current_balance": 12.5, "currency": "USD"})
    assert run(session, "balance") == "The balance of the account is $12.50."
    assert desk.client.balance() == 12.5


def test_a_balance_that_does_not_reach_is_said_before_a_clip_is_sent_and_asks_nobody(
    desk: Any, session: Any
) -> None:
    desk.service.books["/v2/billing"] = reply(200, {"current_balance": 0.8, "currency": "USD"})
    client, request = desk.client, GenerationRequest("A boat", duration=6, resolution="1080p")
    price = client.estimate(request)
    assert client.balance_warning(request) == "", "no balance was read yet"
    run(session, "balance")
    asked = len(desk.rig.wire.sent)
    assert client.balance_warning(request) == ""
    bought(desk, "Another one")
    desk.client.submit("And one that is not billed yet", duration=6, resolution="1080p")
    sent = len(desk.rig.wire.sent)
    assert sent > asked
    warning = client.balance_warning(request)
    assert f"The account has about $0.044 left, and this costs {price.text}: it may be refused." in warning
    assert client.balance_warning(price) == warning
    assert client.balance_warning(None) == "", "nobody knows the price"
    commands.show_plan(session, {}, price)
    assert warning in session.said[-1]
    desk.clock.advance(901)
    assert client.balance_warning(request) == "", "what was read long ago does not count"
    assert len(desk.rig.wire.sent) == sent


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("spend --by week", "by is 'week', but it can be job, model, day, batch"),
        ("spend --reconcile --days 93", "it can be a whole number from 1 to 92"),
        ("spend --reconcile --days -1", "it can be a whole number from 1 to 92"),
        ("spend --reconcile --days soon", "it can be a whole number from 1 to 92"),
        ("spend --days 7", r"is used like this: %ltxv spend \[--by"),
        ("spend all", r"is used like this: %ltxv spend \[--by"),
        ("spend --by", r"is used like this: %ltxv spend \[--by"),
        ("spend --cvs x.csv", r"is used like this: %ltxv spend \[--by"),
        ("balance now", "%ltxv balance is used like this: %ltxv balance"),
        ("models --cheap", r"%ltxv models is used like this: %ltxv models \[WORDS\]"),
    ],
)
def test_a_line_that_does_not_fit_says_how_it_is_used(session: Any, line: str, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        run(session, line)


def test_every_command_says_how_it_is_used_and_does_nothing_else(desk: Any, session: Any) -> None:
    assert "--reconcile" in run(session, "spend --help")
    for name, command in commands.COMMANDS.items():
        text = run(session, f"{name} --help")
        assert text.startswith(("%ltxv", "A cell")), name
        assert name == "help" or command.help[1:] in text
        assert len(text.splitlines()) > 2
    assert "-h" not in run(session, "jobs -h")
    for flag in ("--timeout S", "--no-embed", "a variable that holds a job"):
        assert flag in run(session, "--help wait")
    assert desk.rig.wire.sent == []


def test_options_of_spend_complete_with_tab(session: Any) -> None:
    def offers(line: str) -> list[str]:
        found = complete(line, session, first_line=True)
        return found[1] if found else []

    assert offers("%ltxv sp") == ["spend"]
    assert offers("%ltxv spend --") == ["--by", "--csv", "--days", "--reconcile"]
    assert offers("%ltxv spend --reconcile --") == ["--by", "--csv", "--days"]
    assert offers("%ltxv spend --by m") == ["model"]
