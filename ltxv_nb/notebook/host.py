"""What panel and gallery need of the place they run in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ltxv_nb.notebook.output.status import Board

if TYPE_CHECKING:
    from ltxv_nb.client import Client
    from ltxv_nb.job import Job


class Host(Protocol):
    """A client, the board that keeps statuses up to date, and a notebook to give jobs to."""

    @property
    def board(self) -> Board:
        """What keeps every status up to date."""

    @property
    def client(self) -> Client:
        """The client in use; it may be another one after a login."""

    @property
    def backend(self) -> str:
        """Where clips go, told without making a client."""

    def bind(self, job: Job) -> None:
        """Give a job to the notebook as the last one."""


class OwnHost:
    """A host around a client that was given, and for use outside IPython.

    Parameters
    ----------
    client : Client
        The client.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.board = Board()

    @property
    def backend(self) -> str:
        """Where clips go."""
        return self.client.backend

    def bind(self, job: Job) -> None:
        """Do nothing: there is no notebook."""


def current_host(client: Client | None = None) -> Host:
    """Return the session of the running notebook; with a client of one's own, or without IPython, another.

    Raises
    ------
    ConfigurationError
        The settings cannot be used.
    """
    if client is not None:
        return OwnHost(client)
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None:
        from ltxv_nb.notebook import session_of

        return session_of(shell)
    from ltxv_nb.client import Client

    return OwnHost(Client())
