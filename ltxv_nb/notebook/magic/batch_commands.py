"""``%ltxv batch``: the batches of the journal, and one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.batch import Batch

if TYPE_CHECKING:
    from ltxv_nb.notebook.magic.options import Options
    from ltxv_nb.notebook.session import NotebookSession


def show_batch(session: NotebookSession, words: list[str], _options: Options) -> None:
    """List the batches, or show one: its clips, its progress, and a button for what is missing."""
    from ltxv_nb.notebook.output.batch_view import show

    if not words:
        batches = session.client.batches()
        session.publish({"text/plain": repr(batches), "text/html": batches._repr_html_()})
        return
    bound = session.ip.user_ns.get(words[0])
    batch = bound if isinstance(bound, Batch) else session.client.batch(words[0])
    batch.take_up()
    show(session, batch)
