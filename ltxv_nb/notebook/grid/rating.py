"""Stars, tags and votes that are given in a grid: on their way from the page to the journal, and back."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import LTXVError, RequestError
from ltxv_nb.journal.ratings import REJECTED
from ltxv_nb.notebook.grid.blind import compared, draw, pair_to_show, planned
from ltxv_nb.notebook.grid.describe import playable
from ltxv_nb.ranking import ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxv_nb.job import Job
    from ltxv_nb.notebook.grid.blind import Draw
    from ltxv_nb.notebook.grid.stage import Stage
    from ltxv_nb.notebook.session import Session
    from ltxv_nb.ranking import Vote
    from ltxv_nb.tiles import Tile


class Ratings:
    """What was given to the clips of one grid.

    Parameters
    ----------
    session : Session
        Whose journal keeps it.
    tiles : sequence of Tile
        The clips.
    stage : Stage
        What the page shows; its traits ``ratings`` and ``can_vote`` are written here alone.
    """

    def __init__(self, session: Session, tiles: Sequence[Tile], stage: Stage) -> None:
        self._session, self._stage = session, stage
        self._tiles: list[Tile] = []
        self._draws: list[Draw] = []  # of this grid; no vote is kept of them
        self._chance = random.Random()  # noqa: S311 - who stands on the left is no secret
        self.take(tiles)

    def take(self, tiles: Sequence[Tile]) -> None:
        """Take newer tiles, and read what the journal knows of them."""
        self._tiles = list(tiles)
        self._stage.can_vote = len(self._voted_on()) > 1
        self._stage.ratings = self._read()

    def told(self, content: dict[str, Any]) -> None:
        """Do what the page asks for; what cannot be done is said there, in one sentence."""
        try:
            if content["kind"] == "rate":
                self._rate(content)
            elif content["kind"] == "vote":
                self._vote(content)
            elif content["kind"] == "skip":
                self._draws += draw(self._pair(content))
            if content["kind"] in {"blind", "vote", "skip"}:
                self._next(more=bool(content.get("more")))
            elif content["kind"] == "ranking":
                self._rank()
        except LTXVError as error:
            self._stage.send({"kind": "problem", "words": str(error)})
            self._stage.ratings = self._read()
            self._stage.send_state("ratings")  # the page may have shown what was not kept

    def _read(self) -> dict[str, Any]:
        """Return stars and tags by the tile's number; none where the journal does not know the job."""
        found: dict[str, Any] = {}
        for number, tile in enumerate(self._tiles):
            if not tile.job_id:
                continue
            try:
                record = self._session.client.journal.get(tile.job_id)
            except LTXVError:
                return found  # the journal is away for a moment; who rates a clip will hear of it
            if record is not None:
                tags = record.tags or ()
                kept = [tag for tag in tags if tag != REJECTED]
                found[str(number)] = {"stars": record.stars or 0, "tags": kept, "rejected": REJECTED in tags}
        return found

    # -- stars and tags ------------------------------------------------------------------------------------

    def _rate(self, content: dict[str, Any]) -> None:
        job = self._job(content.get("tile"))
        if "stars" in content:
            job.rate(stars=content["stars"])
        if "tags" in content:
            tags = content["tags"]
            words = [word for word in tags if word != REJECTED] if isinstance(tags, list) else tags
            job.rate(tags=[*words, REJECTED] if REJECTED in job.tags and isinstance(tags, list) else words)
        if "rejected" in content:
            kept = [tag for tag in job.tags if tag != REJECTED]
            job.rate(tags=[*kept, REJECTED] if content["rejected"] is True else kept)
        self._stage.ratings = self._read()

    def _job(self, number: Any) -> Job:
        job_id = self._job_id(number)
        job = self._session.client.known_job(job_id)
        if job is None:
            raise RequestError(f"Job {job_id} is not in this journal, so its clip cannot be rated here.")
        return job

    def _job_id(self, number: object) -> str:
        if (
            isinstance(number, int)
            and 0 <= number < len(self._tiles)
            and (found := self._tiles[number].job_id)
        ):
            return found
        raise RequestError("This clip comes from no job of the journal, so it cannot be rated.")

    # -- votes ---------------------------------------------------------------------------------------------

    def _voted_on(self) -> dict[str, int]:
        """Return the clips that can be voted on: the number of the tile by the id of its job."""
        return {
            tile.job_id: number for number, tile in enumerate(self._tiles) if tile.job_id and playable(tile)
        }

    def _pair(self, content: dict[str, Any]) -> tuple[str, str]:
        return self._job_id(content.get("winner")), self._job_id(content.get("loser"))

    def _vote(self, content: dict[str, Any]) -> None:
        winner, loser = self._pair(content)
        self._session.client.journal.add_vote(winner, loser)

    def check_votes(self) -> None:
        """Raise `RequestError` unless there are two clips that can be voted on."""
        if len(self._voted_on()) < 2:
            raise RequestError(
                "A blind comparison needs two finished clips of jobs in the journal: wait for them."
            )

    def _votes(self, clips: dict[str, int]) -> list[Vote]:
        return [*self._session.client.journal.votes(list(clips)), *self._draws]

    def _next(self, *, more: bool) -> None:
        """Send the next two clips, or the ranking if there are votes enough."""
        self.check_votes()
        clips = self._voted_on()
        votes = self._votes(clips)
        pair = pair_to_show(list(clips), votes, self._chance, more=more)
        if pair is None:
            self._rank()
            return
        left, right = (clips[job_id] for job_id in pair)
        number = compared(votes) + 1
        of = max(planned(len(clips)), number)
        self._stage.send({"kind": "pair", "left": left, "right": right, "number": number, "of": of})
        if number == 1:
            ranking(list(clips), votes)  # what it needs takes seconds to import: not when it is asked for

    def _rank(self) -> None:
        """Send the clips, the best first, with the votes for and against each."""
        clips = self._voted_on()
        votes = self._session.client.journal.votes(list(clips))
        rows = ranking(list(clips), votes)
        places: list[dict[str, Any]] = []
        for at, row in enumerate(rows):
            same = at > 0 and math.isclose(row.strength, rows[at - 1].strength, abs_tol=1e-9)
            place = places[-1]["place"] if same else at + 1
            places.append({"tile": clips[row.job_id], "place": place, "wins": row.wins, "losses": row.losses})
        counted = "1 vote" if len(votes) == 1 else f"{len(votes)} votes"
        words = f"From {counted}, which the journal keeps."
        self._stage.send({"kind": "ranking", "places": places, "words": words})
