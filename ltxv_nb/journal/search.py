"""What is looked for in the journal, and in which order it comes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """Which generations are wanted; what is left out does not matter.

    Attributes
    ----------
    text : str
        Words that all occur in a clip's prompt or tags, in any order; or the id of its job.
    model : str
        The model's id.
    stars : int
        The least stars.
    since : float or None
        Made then or later, in unix seconds.
    paid : bool or None
        Made by a service that bills, or by the sandbox.
    notebook : str
        The path of the notebook that asked for it.
    tag : str
        A tag that it has, spelled just so.
    rejected : bool or None
        Whether somebody rejected it.
    order : {"newest", "oldest", "best"}
        What comes first; the best have the most stars, and of these the newest come first.
    """

    text: str = ""
    model: str = ""
    stars: int = 0
    since: float | None = None
    paid: bool | None = None
    notebook: str = ""
    tag: str = ""
    rejected: bool | None = None
    order: str = "newest"

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the text."""
        return tuple(self.text.split())


#: Every one, the newest first.
ANY = Wanted()
