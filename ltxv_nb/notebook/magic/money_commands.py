"""``%ltxv budget``: how much may be spent, and how much is left of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.money.limit import read

if TYPE_CHECKING:
    from ltxv_nb.notebook.magic.options import Options
    from ltxv_nb.notebook.session import NotebookSession


def budget(session: NotebookSession, words: list[str], _options: Options) -> None:
    """Show the budget, set it, or remove it."""
    client = session.client
    if words:
        limit = read(words[0])
        if limit is None:
            client.set_budget(None)
        else:
            client.set_budget(limit.usd, limit.period)
    standing = client.budget
    session.say(f"Budget: {standing}." if standing else "There is no budget: %ltxv budget 5/day sets one.")
