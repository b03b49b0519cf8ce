"""``%ltxv jobs`` and ``%ltxv rate``: what there is, and how good it is."""

from __future__ import annotations

import html
import time
from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.errors import RequestError
from ltxv_nb.job_list.facts import SORTS
from ltxv_nb.job_list.table import table_html, table_text
from ltxv_nb.journal.ratings import REJECTED
from ltxv_nb.notebook.frontend import notebook_folder
from ltxv_nb.text import one_line
from ltxv_nb.vocabulary import seconds_text

if TYPE_CHECKING:
    from ltxv_nb.job import Job
    from ltxv_nb.job_list import JobList
    from ltxv_nb.notebook.magic.options import Options
    from ltxv_nb.notebook.session import NotebookSession

#: Rows that `%ltxv jobs` shows when no number is given.
JOBS_SHOWN = 20

#: The options of ``%ltxv jobs``, with their values.
CHOICES: dict[str, tuple[str, ...] | None] = {"--sort": tuple(SORTS)}
USAGE = f"%ltxv jobs [NUMBER] [--sort {'|'.join(SORTS)}]"

#: The options of ``%ltxv rate``; each can be given several times.
RATE_CHOICES: dict[str, tuple[str, ...] | None] = {"--tag": (REJECTED,), "--untag": (REJECTED,)}
RATE_USAGE = "%ltxv rate ID STARS|reject|keep [--tag WORD] [--untag WORD]"


def show_jobs(session: NotebookSession, words: list[str], _options: Options) -> None:
    """Show jobs; the words are those of the command's line. Sorting looks at all of them."""
    number, sort = _read(words)
    jobs = session.client.jobs(None if sort else number + 1)
    if sort:
        jobs = jobs.sorted_by(sort)
    session.publish(jobs_bundle(jobs, number))


def _read(words: list[str]) -> tuple[int, str]:
    """Return how many jobs are wanted, and by what they are to be sorted."""
    rest, number, sort = list(words), JOBS_SHOWN, ""
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.partition("=")
        if flag == "--sort" and (equals or rest):
            sort = value if equals else rest.pop(0)
            if sort not in SORTS:
                raise RequestError(f"--sort is {sort!r}, but it can be {', '.join(SORTS)}.")
        elif word.startswith("-"):
            raise RequestError(f"%ltxv jobs is used like this: {USAGE}")
        elif not word.isdecimal() or not int(word):
            raise RequestError(f"{word!r} is not a number of jobs: %ltxv jobs 50 shows the newest 50.")
        else:
            number = int(word)
    return number, sort


def jobs_bundle(jobs: JobList, number: int) -> dict[str, str]:
    """Return the first so many jobs for a page and for a terminal."""
    listed = jobs[:number]
    more = f"The first {number}; %ltxv jobs {10 * number} shows more." if len(jobs) > number else ""
    notes = list(filter(None, [*map(_stopped_words, listed), more]))
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in notes)
    return {
        "text/plain": "\n".join([table_text(listed, number), *notes]),
        "text/html": table_html(listed, number, base_dir=notebook_folder()) + paragraphs,
    }


def _stopped_words(job: Job) -> str:
    """Say which process holds a job without giving a sign of life, and what can be done; mostly nothing."""
    holder, now = job.client.holder_of(job), time.time()
    if holder is None or not holder.is_quiet(now):
        return ""
    return one_line(
        f"Job {job.id} is tracked by process {holder.pid} on {holder.host}, of which nothing has been heard "
        f"for {seconds_text(now - holder.heard_at)}: it may be stopped. There `kill -CONT {holder.pid}` lets "
        f"it continue and `kill -KILL {holder.pid}` ends it; here, %ltxv takeover {job.id} tracks the job."
    )


def find_job(session: NotebookSession, word: str) -> Job:
    """Return the job of an id, or of a variable that holds a job or its video."""
    from ltxv_nb.job import Job
    from ltxv_nb.video import Video

    held = session.ip.user_ns.get(word)
    if isinstance(held, Job) and not held.id:
        return held  # it waits for another one, and no journal knows it
    if isinstance(held, (Job, Video)):
        word = held.id if isinstance(held, Job) else held.job_id
    return session.client.job(word)


def rate(session: NotebookSession, words: list[str], _options: Options) -> None:
    """Rate a job, and say so; the words are those of the command's line."""
    said = _read_rating(words)
    job = find_job(session, said.job)
    if not job.id:
        raise RequestError("This clip is not submitted yet: rate it when it is finished.")
    tags = list(job.tags)
    if said.gone or said.new:
        tags = [*(tag for tag in tags if tag not in said.gone), *(tag for tag in said.new if tag not in tags)]
    job.rate(said.stars, tags if said.gone or said.new else None)
    known = [f"#{tag}" for tag in job.tags]
    session.say(" ".join([f"Job {job.id}: {'★' * job.rating if job.rating else 'no stars'}", *known]) + ".")


class _Rating(NamedTuple):
    """What a line says of a clip: its job, its stars if they are given, tags to be added and taken away."""

    job: str
    stars: int | None
    new: tuple[str, ...]
    gone: tuple[str, ...]


def _read_rating(words: list[str]) -> _Rating:
    stars: int | None = None
    plain: list[str] = []
    tags: dict[str, list[str]] = {option: [] for option in RATE_CHOICES}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        if option in tags and (equals or rest):
            tags[option].append(value if equals else rest.pop(0))
        elif word in {"reject", "keep"} and plain:
            tags["--tag" if word == "reject" else "--untag"].append(REJECTED)
        elif word.startswith("-") or len(plain) > 1:
            raise RequestError(f"%ltxv rate is used like this: {RATE_USAGE}")
        else:
            plain.append(word)
    if len(plain) > 1:
        stars = _stars(plain[1])
    if not plain or (stars is None and not any(tags.values())):
        raise RequestError(f"%ltxv rate is used like this: {RATE_USAGE}")
    return _Rating(plain[0], stars, tuple(tags["--tag"]), tuple(tags["--untag"]))


def _stars(word: str) -> int:
    if not word.isdecimal():
        raise RequestError(
            f"The rating is {word!r}, but it can be a whole number of stars from 1 to 5, or 0 for none; or "
            "reject, or keep."
        )
    return int(word)
