"""What is looked for among the finished clips."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """Which finished clips are wanted; what is left out does not matter.

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
    """

    text: str = ""
    model: str = ""
    stars: int = 0
    since: float | None = None
    paid: bool | None = None
    notebook: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the text."""
        return tuple(self.text.split())


#: Every finished clip.
ANY = Wanted()
