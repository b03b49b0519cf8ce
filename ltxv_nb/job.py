"""One generation, as a Python user holds it."""

from __future__ import annotations

import asyncio
import contextlib
import html
import logging
import math
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ltxv_nb.engine.news import News
from ltxv_nb.engine.tasks import not_downloaded
from ltxv_nb.errors import (
    APIError,
    GenerationFailed,
    GenerationLost,
    GenerationTimeout,
    LTXVError,
    SubmissionUnknown,
    WatchStopped,
)
from ltxv_nb.interrupts import explained, interrupt_note
from ltxv_nb.journal import State
from ltxv_nb.money.words import cost
from ltxv_nb.text import NO_MATH, one_line, visible
from ltxv_nb.video import Video
from ltxv_nb.vocabulary import seconds_text, state_word

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from ltxv_nb.client import Client
    from ltxv_nb.journal import Record
    from ltxv_nb.polling.estimate import Expected
    from ltxv_nb.request import GenerationRequest

_log = logging.getLogger("ltxv_nb")

#: The words of `Job.status` that are not the state's own.
_WORDS = {State.SAVED: "completed", State.FAILED: "error"}

#: Seconds after which a thread that waits looks up, for not every interrupt wakes it: on Windows none does,
#: and elsewhere one may come just before it falls asleep.
LOOK_UP = 0.5


class Job:
    """One generation. Made by `Client`, not by hand.

    Attributes
    ----------
    id : str
        The journal's id, eight characters.
    request : GenerationRequest
        What was asked for.
    client : Client
        Who watches it.
    """

    def __init__(self, client: Client, record: Record) -> None:
        self.client = client
        self.id = record.id
        self._news = News(record, watching=False)
        self._changed = threading.Condition()  # guards what stands below; no callback is called under it
        self._listeners: list[Callable[[Job], Any]] = []
        self._untold = 0  # news that the listeners have not heard of
        self._telling = False
        self._request: GenerationRequest | None = None

    def __repr__(self) -> str:
        return f"Job({self.id!r}, {self.status})"

    def _repr_html_(self) -> str:
        """Show the clip, or in one line where the job is; with the extension loaded that stays up to date."""
        if self.video is not None:
            return self.video._repr_html_()
        words = html.escape(f"{self.describe()}. {one_line(self.record.prompt, 200)}")
        return f'<div class="ltxv-job-line {NO_MATH}" dir="auto">{words}</div>'

    # -- what is known -------------------------------------------------------------------------------------

    @property
    def record(self) -> Record:
        """Its row in the journal."""
        return self._news.record

    @property
    def news(self) -> News:
        """What is known of it now, as the tracker passed it on."""
        return self._news

    @property
    def generation_id(self) -> str | None:
        """The service's id; ``None`` until it has accepted the request."""
        return self.record.generation_id

    @property
    def backend(self) -> str:
        """``"aimlapi"``, or ``"sandbox"``, which costs nothing and draws instead of generating."""
        return self.record.backend

    @property
    def request(self) -> GenerationRequest:
        """What was asked for; a local image is the file that the journal keeps of it."""
        if self._request is None:
            self._request = self.client.request_of(self.record)
        return self._request

    @property
    def status(self) -> str:
        """One word for where it is.

        ``"submitting"``, ``"unknown"`` (whether the service has it), ``"refused"``, the service's own word
        (``"queued"``, ``"generating"``, …), ``"downloading"``, ``"completed"``, ``"error"`` or ``"lost"``
        (the service does not know it any more, or it was given up).
        """
        record = self.record
        if record.state == State.RUNNING:
            return one_line(record.status or "queued")
        if record.state == State.FINISHED:
            return "downloading" if self._news.watching else "completed"
        return _WORDS.get(record.state) or str(record.state)

    @property
    def error(self) -> LTXVError | None:
        """What went wrong, or ``None``: the exception that `result` raises."""
        record, news = self.record, self._news
        if news.error is not None:
            return news.error
        if record.state == State.FAILED:
            return GenerationFailed(f"The service could not make the clip: {record.error}", self)
        if record.state == State.REFUSED:
            billing = "" if self.is_free else "; nothing was billed"
            return APIError(record.error or f"The service refused the request{billing}.")
        if record.state == State.LOST:
            return GenerationLost(_lost_words(record), self)
        if record.state == State.UNKNOWN:
            return SubmissionUnknown(unknown_words(record, watching=news.watching), self)
        return not_downloaded(record) if self._given_up() else None

    def _given_up(self) -> bool:
        """Whether the video is made, and fetching it has been given up, here or by an earlier process."""
        return bool(self.record.state == State.FINISHED and self.record.error and not self._news.watching)

    @property
    def video(self) -> Video | None:
        """The finished video, once it is on disk."""
        return Video.of(self.record, self.client.journal.path) if self.record.state == State.SAVED else None

    # A property for each fact, so that each has its own type and documentation; they look alike for that
    # reason.

    @property
    def cost_usd(self) -> float | None:
        """What the service said that it costs, in USD; ``None`` while it has not."""
        return self.record.usd

    @property
    def estimated_usd(self) -> float | None:
        """What it was expected to cost at most when it was submitted, in USD; ``None`` if nobody knew."""
        return self.record.estimated_usd

    @property
    def cost_text(self) -> str:
        """What it costs, in a few words: ``about $0.38`` before the bill, ``$0.378`` after it; or ``""``."""
        return cost(self.record)

    @property
    def bill_note(self) -> str:
        """One sentence if it was billed otherwise than it was estimated, else ``""``."""
        return self.record.bill_note

    @property
    def rating(self) -> int | None:
        """How many stars it was given, here or elsewhere: 1 to 5; ``None`` while nobody has rated it."""
        return self._in_the_journal().stars

    @property
    def tags(self) -> tuple[str, ...]:
        """The words that it was given, here or elsewhere."""
        return tuple(self._in_the_journal().tags or ())

    def take_rating(self, record: Record) -> None:
        """Take the rating in a row that was just read; the tracker's own copy may be an older one."""
        with self._changed:
            known = self._news.record
            if (known.stars, known.tags) != (record.stars, record.tags):
                rated = replace(known, stars=record.stars, tags=record.tags)
                self._news = replace(self._news, record=rated)

    def _in_the_journal(self) -> Record:
        """Return its row with what the tracker does not pass on."""
        return self.client.journal.get(self.id) or self.record

    @property
    def created_at(self) -> float:
        """When it was submitted, in unix seconds."""
        return self.record.created_at

    @property
    def accepted_at(self) -> float | None:
        """When the service accepted it, in unix seconds."""
        return self.record.accepted_at

    @property
    def finished_at(self) -> float | None:
        """When it was seen to be finished, in unix seconds."""
        return self.record.finished_at

    @property
    def is_free(self) -> bool:
        """Whether it costs nothing, because the sandbox makes it."""
        return self.backend == "sandbox"

    @property
    def billing_note(self) -> str:
        """One sentence on what becomes of it, and of the money, when nobody waits for it or tracks it."""
        if self.record.state in (State.SUBMITTING, State.UNKNOWN):
            if self.is_free:
                return "The sandbox may have accepted it; its log will tell."
            return "The service may have accepted it; its log will tell whether it is billed."
        if self.is_free:
            return "The generation continues in the sandbox, free of charge."
        return "The generation continues and will be billed."

    @property
    def unreachable(self) -> bool:
        """Whether the service has not answered about it for long; it may well be finished."""
        return self._news.unreachable

    @property
    def watched(self) -> bool:
        """Whether it is being tracked here.

        It is not while the system has no thread for that; to ask is to try again.
        """
        return self._news.watching and self.client.keep_tracking()

    @property
    def to_be_watched(self) -> bool:
        """Whether it is to be tracked here; it is `watched`, unless the system has no thread for that."""
        return self._news.watching

    @property
    def trouble(self) -> str | None:
        """In words, what is in the way at the moment; it may pass."""
        return self._news.trouble

    @property
    def again_at(self) -> float | None:
        """When its request is sent again, in unix seconds, while it waits for that: it was not accepted."""
        return self._news.again_at

    @property
    def downloaded(self) -> float | None:
        """The share of the video that is on disk, 0 to 1; ``None`` when that is not known."""
        done, total = self._news.bytes_done, self._news.bytes_total
        return done / total if done is not None and total else None

    def elapsed(self) -> float:
        """Return the seconds since it was submitted; once it has ended, the seconds it took."""
        record = self.record
        end = record.saved_at or record.finished_at
        if end is None and self.done():
            steps = self.client.journal.events(self.id)
            end = steps[-1][0] if steps else None
        return max(0.0, (end if end is not None else time.time()) - record.created_at)

    def expected(self) -> Expected:
        """Return how long it is going to take, as far as that is known."""
        from ltxv_nb.polling.estimate import expected

        return expected(self.client.estimates.belief(self.record))

    def describe(self) -> str:
        """Return one line of plain text about where it is."""
        error = self.error
        words = state_word(self.status)
        words += {
            "unknown": ": it is looked for in the service's request log",
            "refused": "" if self.is_free else ", nothing billed",
            "completed": "" if self.record.state == State.SAVED else ", not downloaded",
        }.get(self.status, "")
        if self.unreachable:
            words += ", service unreachable"
        elif not self.watched and not self.done():
            words += ", not tracked here"
        detail = str(self.record.file) if self.video else (str(error) if error else self.trouble)
        parts = [self.id, words, seconds_text(self.elapsed()), self.cost_text, detail, self.bill_note]
        shown = "  ".join(filter(None, parts))
        return visible(shown.replace("\n", " "))

    # -- waiting -------------------------------------------------------------------------------------------

    def done(self) -> bool:
        """Whether it has ended: with a video on disk, an error, or a download that was given up."""
        return not self.record.state.is_open or self._news.error is not None or self._given_up()

    def wait(self, timeout: float | None = None) -> Job:
        """Wait until it has ended, and watch it meanwhile.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most; for ever by default.

        Returns
        -------
        Job
            Itself. An ended job may have failed: see `error`, or use `result`.

        Raises
        ------
        GenerationTimeout
            The time is over; the job goes on.
        WatchStopped
            Someone stopped watching; the job goes on.
        """
        with explained(lambda: interrupt_note(self)):
            self.watch()
            deadline = math.inf if timeout is None else time.monotonic() + timeout
            self._wait_until(deadline)
            if self.done():
                return self
            raise self.timed_out(timeout) if self._news.watching else self.stopped()

    def _wait_until(self, deadline: float) -> None:
        """Wait until it has ended, nobody tracks it any more, or the time (monotonic seconds) is over."""
        while (left := deadline - time.monotonic()) > 0:
            self.client.keep_tracking()
            with self._changed:
                if self.done() or not self._news.watching:
                    return
                self._changed.wait(min(left, LOOK_UP))

    def result(self, timeout: float | None = None) -> Video:
        """Wait, and return the video.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most; for ever by default.

        Raises
        ------
        GenerationFailed, DownloadError, APIError
            It ended without a video.
        GenerationTimeout, WatchStopped
            It has not ended.
        """
        self.wait(timeout)
        return self._outcome()

    def __await__(self) -> Generator[Any, None, Video]:
        """Wait without blocking the event loop; gives what `result` gives."""
        return self._result_async().__await__()

    async def _result_async(self) -> Video:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        unsubscribe = self.on_change(lambda _job: loop.call_soon_threadsafe(ended.set))
        try:
            self.watch()
            while not self.done():
                if not self._news.watching:
                    raise self.stopped()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(ended.wait(), LOOK_UP)
                ended.clear()
                self.client.keep_tracking()
        finally:
            unsubscribe()
        return self._outcome()

    def _outcome(self) -> Video:
        if error := self.error:
            raise error
        video = self.video
        assert video is not None
        return video

    def timed_out(self, timeout: float | None) -> GenerationTimeout:
        """Return the error for a wait that is over."""
        return GenerationTimeout(
            f"Job {self.id} is not finished after {timeout:g} s. {self.billing_note} "
            f"`%ltxv wait {self.id}` or client.job({self.id!r}).result() gets back to it.",
            self,
        )

    def stopped(self) -> WatchStopped:
        """Return the error for a wait that was ended by `stop`."""
        return WatchStopped(
            f"Tracking of job {self.id} stopped. {self.billing_note} `%ltxv resume` picks it up again.", self
        )

    def watch(self) -> Job:
        """Watch it in the background, if there is anything left to watch."""
        if not self.done() or self.record.state == State.FINISHED:
            self.client.watch(self)
        return self

    def stop(self) -> None:
        """Stop tracking. There is no cancel in this service: the generation continues and will be billed."""
        self.client.unwatch(self)

    def forget(self) -> None:
        """Give an unfinished job up: it is not tracked any more, and an identical request can be sent.

        The generation may exist all the same, and be billed. The row stays in the journal; `reopen` takes it
        back.

        Raises
        ------
        ConfigurationError
            It is being submitted at this moment.
        """
        self.client.forget(self)

    def reopen(self) -> Job:
        """Ask the service again for a job that was lost or given up, or for a video whose file is gone."""
        self.client.reopen(self)
        return self

    def rate(self, stars: int | None = None, tags: Iterable[str] | None = None) -> Job:
        """Keep in the journal how good it is, and words to find it by; the service is not told.

        Parameters
        ----------
        stars : int, optional
            1 to 5; 0 takes them away. Left out, they stay as they are.
        tags : iterable of str, optional
            All its tags from now on; an empty list takes them away. Left out, they stay as they are.

        Raises
        ------
        RequestError
            One of them is something else.
        JournalError
            The journal cannot be written.
        """
        self.client.rate(self, stars, tags)
        return self

    def on_change(self, callback: Callable[[Job], Any]) -> Callable[[], None]:
        """Call ``callback(job)`` on every change, from a background thread.

        Returns
        -------
        callable
            Ends it.
        """
        with self._changed:
            self._listeners.append(callback)

        def unsubscribe() -> None:
            with self._changed:
                if callback in self._listeners:
                    self._listeners.remove(callback)

        return unsubscribe

    def take(self, news: News) -> None:
        """Take what the tracker has learned, unless it is older than what is known, and tell the listeners.

        Threads may bring news at the same time. One of them tells the listeners, outside every lock, until
        all is told; the others only leave their news. Whoever waits is woken at once.
        """
        if news.error is not None and hasattr(news.error, "job"):
            news.error.job = self
        with self._changed:
            if not news.is_newer_than(self._news):
                return
            self._news = news
            self._untold += 1
            self._changed.notify_all()
            if self._telling:
                return
            self._telling = True
        self._tell_listeners()

    def _tell_listeners(self) -> None:
        try:
            while listeners := self._next_to_tell():
                for listener in listeners:
                    try:
                        listener(self)
                    except Exception:  # noqa: BLE001 - a user's callback; the others must still hear
                        _log.exception("A listener of job %s failed", self.id)
        except BaseException:  # an interrupt: the next news are told again
            with self._changed:
                self._telling = False
            raise

    def _next_to_tell(self) -> list[Callable[[Job], Any]]:
        """Return who is to hear of the next news; nobody, once all is told."""
        with self._changed:
            while self._untold:
                self._untold -= 1
                if self._listeners:
                    return list(self._listeners)
            self._telling = False
            return []


def _lost_words(record: Record) -> str:
    """Say what is known of a generation that is lost, and how to ask for it again."""
    return (
        f"Job {record.id} is lost: {record.error}. An identical request can be sent again. If it was made "
        f"with another key, use that one; `%ltxv attach {record.id}` asks for it again."
    )


def unknown_words(record: Record, *, watching: bool) -> str:
    """Say plainly that nobody knows yet whether the service has accepted a request, and what can be done."""
    looks = (
        f"Job {record.id} keeps looking for it in the service's request log, every few seconds at first and "
        f"at least every ten minutes later, and continues when it appears there; `%ltxv show {record.id}` "
        f"says how it stands."
        if watching
        else f"`%ltxv wait {record.id}` looks for it in the service's request log."
    )
    twice = "" if record.backend == "sandbox" else ", which may be billed twice"
    return (
        f"The service may or may not have accepted this request ({record.error or 'its answer was lost'}), "
        f"so it is not sent again. {looks} To send it all the same{twice}, use --again "
        f"(in Python allow_duplicate=True)."
    )
