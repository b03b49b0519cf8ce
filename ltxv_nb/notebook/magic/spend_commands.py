"""``%ltxv balance`` and ``%ltxv spend``: what the account holds, what was spent, and whether that agrees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ltxv_nb.credits import in_dollars
from ltxv_nb.errors import ConfigurationError, RequestError
from ltxv_nb.files import write_whole
from ltxv_nb.notebook.magic.own_options import read

if TYPE_CHECKING:
    from ltxv_nb.money.reconcile import Reconciliation
    from ltxv_nb.money.spending import Spending
    from ltxv_nb.notebook.magic.options import Options
    from ltxv_nb.notebook.session import NotebookSession

#: The options of ``%ltxv spend`` that have a value, with those that Tab offers; and those that have none.
CHOICES: dict[str, tuple[str, ...] | None] = {
    "--by": ("job", "model", "day", "batch"),
    "--csv": (),
    "--days": ("7", "30", "92"),
}
SWITCHES = ("--reconcile",)
USAGE = "%ltxv spend [--by job|model|day|batch] [--csv FILE] [--reconcile [--days 30]]"


def show_balance(session: NotebookSession, _words: list[str], _options: Options) -> None:
    """Ask the service what the account holds, and say it."""
    client = session.client
    amount = in_dollars(client.account.balance().credits)
    if client.backend == "sandbox":
        session.say(f"The sandbox's account holds {amount} of play money; nothing is billed there.")
    else:
        session.say(f"The balance of the account is {amount}.")


def show_spend(session: NotebookSession, words: list[str], _options: Options) -> None:
    """Show what was spent, write it to a file, or compare it with the service's ledger."""
    said = read(words, CHOICES, SWITCHES, USAGE)
    by, file, days = (said.values.get(name) for name in CHOICES)
    if said.words or (days is not None and not said.switches):
        raise RequestError(f"%ltxv spend is used like this: {USAGE}")
    path = None if file is None else _csv_path(file)
    spending = session.client.spending(by or "job")
    if path is not None:
        _write(path, spending)
        rows = "1 row" if len(spending) == 1 else f"{len(spending):,} rows"
        session.say(f"{rows} written to {path}.")
    if said.switches:
        _publish(session, spending.reconcile(_whole(days)))
    elif path is None:
        _publish(session, spending)


def _publish(session: NotebookSession, shown: Spending | Reconciliation) -> None:
    session.publish({"text/plain": repr(shown), "text/html": shown._repr_html_()})


def _whole(days: str | None) -> int:
    if days is None:
        return 30
    if not days.isdecimal() or len(days) > 4:
        raise RequestError(f"--days is {days!r}, but it can be a whole number from 1 to 92.")
    return int(days)


def _csv_path(text: str) -> Path:
    """Return the file to write: one that is called so, lest a slip of the keyboard replaces a notebook."""
    try:
        path = Path(text).expanduser()
    except RuntimeError:  # the "~" of an unknown user
        path = Path(text)
    if path.suffix.lower() != ".csv" or "\0" in text:
        raise RequestError(f"--csv is {text!r}, but it can be a file whose name ends in .csv.")
    return path


def _write(path: Path, spending: Spending) -> None:
    try:
        write_whole(path, spending.to_csv())
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error.strerror or error}): give --csv another file."
        ) from None
