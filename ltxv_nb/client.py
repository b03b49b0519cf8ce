"""What a Python user holds: submit, wait, look back, pick up."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

from ltxv_nb import settings
from ltxv_nb.batch.many_clips import ManyClips
from ltxv_nb.credits import CREDITS_PER_USD
from ltxv_nb.errors import ClipMissing, DuplicateRequest, NotFoundError, RequestError
from ltxv_nb.interrupts import NOTHING_LOST, explained, interrupt_note, submission_note
from ltxv_nb.journal import State
from ltxv_nb.key import hidden
from ltxv_nb.models import default_model
from ltxv_nb.request import GenerationRequest, checked_values

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

    from typing_extensions import Self

    from ltxv_nb.batch import Batch
    from ltxv_nb.engine.core import Engine
    from ltxv_nb.engine.estimates import Estimates
    from ltxv_nb.engine.model_lookup import ModelLookup
    from ltxv_nb.engine.news import Listener
    from ltxv_nb.job import Job
    from ltxv_nb.job_list import JobList
    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.journal.leases import Holder
    from ltxv_nb.journal.record import Batch as KeptBatch
    from ltxv_nb.journal.record import Place
    from ltxv_nb.key import ApiKey
    from ltxv_nb.models import Model
    from ltxv_nb.models.listing import ModelList
    from ltxv_nb.models.price import Price
    from ltxv_nb.money.account import Account
    from ltxv_nb.money.budget import Budget
    from ltxv_nb.money.spending import Spending
    from ltxv_nb.service.api import Api
    from ltxv_nb.video import Video

#: The model of a request that names none.
DEFAULT_MODEL = default_model().id

#: Seconds that `Client.generate` and a waiting cell wait by default; the vendor's guides use the same.
DEFAULT_TIMEOUT = 600.0

#: Submissions in flight at once in `Client.map`.
DEFAULT_CONCURRENCY = 8


class Client(ManyClips):
    """Makes clips, and keeps account of them.

    Nothing is sent, started or written before the first use. With a key (given, or found) requests go to the
    API and cost money; without one they go to the embedded sandbox and cost nothing.

    Parameters
    ----------
    api_key : str, optional
        The AI/ML API key; by default ``AIMLAPI_API_KEY``, the session's login, Colab's secrets or the
        keyring.
    base_url : str, optional
        Origin of the service; by default ``AIMLAPI_BASE_URL``, or the API's own.
    home : path-like, optional
        Folder of the journal; by default ``LTXV_HOME``, or the user's data folder.
    output_dir : path-like, optional
        Folder of the videos; by default ``LTXV_OUTPUT_DIR``, or ``./ltxv_videos``.
    backend : {"auto", "aimlapi", "sandbox"}, optional
        By default ``LTXV_BACKEND``, or ``auto``: the API when there is a key, else the sandbox.

    Raises
    ------
    ConfigurationError
        One of them cannot be used.

    Examples
    --------
    >>> client = Client(backend="sandbox")  # doctest: +SKIP
    >>> video = client.generate("A lighthouse at dusk, waves breaking", duration=6)  # doctest: +SKIP
    >>> video.path  # doctest: +SKIP
    """

    @explained(NOTHING_LOST)
    def __init__(
        self,
        api_key: str | ApiKey | None = None,
        base_url: str | None = None,
        home: str | os.PathLike[str] | None = None,
        output_dir: str | os.PathLike[str] | None = None,
        backend: str | None = None,
    ) -> None:
        api_key = hidden(api_key)  # a traceback may show every variable
        self._settings = found = settings.load(api_key, base_url, home, output_dir, backend)
        self.backend, self.home, self.output_dir = found.backend, found.home, found.output_dir
        self.reason = found.reason
        self._jobs: weakref.WeakValueDictionary[str, Job] = weakref.WeakValueDictionary()
        self._batches: weakref.WeakValueDictionary[str, Batch] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()  # held for accesses to these two alone
        self._parents: list[Engine] = []  # of a forked child; even closing them would be felt by the parent
        self._begin()

    def _begin(self) -> None:
        from ltxv_nb.engine.lifetime import close_when_dropped

        self._engine = self._new_engine()
        self._closing = close_when_dropped(self, self._engine)

    def _new_engine(self) -> Engine:
        from ltxv_nb.engine.core import Engine

        return Engine(self._settings)

    def begin_anew(self) -> None:
        """In a forked child: hold nothing yet, and leave what the parent holds alone."""
        self._closing.detach()
        self._parents.append(self._engine)
        self._lock = threading.Lock()
        self._begin()

    @property
    def origin(self) -> str:
        """What the journal calls the service: its address, or ``sandbox``."""
        return self._engine.origin

    @property
    def journal(self) -> Journal:
        """The record of every generation."""
        return self._engine.journal

    @property
    def api(self) -> Api:
        """The service's endpoints."""
        return self._engine.api

    @property
    def estimates(self) -> Estimates:
        """How long clips take."""
        return self._engine.estimates

    def __repr__(self) -> str:
        return (
            f"Client(backend={self.backend!r}, home={str(self.home)!r}, output_dir={str(self.output_dir)!r})"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- making clips --------------------------------------------------------------------------------------

    @explained(interrupt_note(None))
    def submit(
        self,
        prompt: str = "",
        *,
        model: str | Model = DEFAULT_MODEL,
        duration: int | None = None,
        resolution: str | None = None,
        aspect_ratio: str | None = None,
        fps: int | None = None,
        generate_audio: bool | None = None,
        seed: int | None = None,
        negative_prompt: str | None = None,
        image: Any = None,
        last_image: Any = None,
        images: Any = None,
        video: Any = None,
        audio: Any = None,
        allow_duplicate: bool = False,
        reuse: bool = False,
        max_usd: float | None = None,
        **extra: Any,
    ) -> Job:
        """Submit one clip; returns once the service has accepted it. This is the paid act.

        Parameters
        ----------
        prompt, model, duration, resolution, aspect_ratio, fps, generate_audio, image
            See `GenerationRequest`; what is left out is left to the service's own defaults.
        seed, negative_prompt
            The same number gives similar clips; what to avoid, in words. Where the model has them.
        last_image, images
            The last frame, and a list of reference pictures, each as `image`. Where the model has them.
        video, audio
            A video or a sound to start from: a path, an http(s) URL, bytes, a data URI, or an earlier job or
            video; a list where the model takes several.
        allow_duplicate : bool
            Send it although an identical request is unfinished, or unconfirmed.
        reuse : bool
            Send nothing if an identical request is finished: return its newest job whose file is on disk.
            Without effect beside ``allow_duplicate``.
        max_usd : float, optional
            What it may cost at most, in USD. Where nobody knows what it costs, a budget counts this until it
            is billed.
        **extra
            Further parameters of the model, by role or published name; for a model of which nothing is
            known, further fields of the body.

        Returns
        -------
        Job
            Tracked in the background.

        Raises
        ------
        RequestError
            A value is not allowed; nothing was sent.
        DuplicateRequest
            An identical generation is unfinished; nothing was sent.
        ClipMissing
            With ``reuse``: an identical one is finished, but its file is gone; nothing was sent.
        BudgetExceeded
            It costs more than ``max_usd``, or than is left of a budget; or there is a budget, and nobody
            knows what it costs. Nothing was sent.
        ConfigurationError
            The journal or the output folder cannot be written; nothing was sent.
        APIError
            The service refused, or could not be reached; nothing was billed.
        SubmissionUnknown
            It may or may not have accepted it. The error carries the job, which keeps looking.
        """
        named = {
            "prompt": prompt, "image": image, "duration": duration, "resolution": resolution,
            "aspect_ratio": aspect_ratio, "fps": fps, "generate_audio": generate_audio, "seed": seed,
            "negative_prompt": negative_prompt, "last_image": last_image, "images": images,
            "video": video, "audio": audio,
        }  # fmt: skip
        chosen = {name: value for name, value in named.items() if value is not None}
        if isinstance(model, str) and model.strip():  # anything else is for the request to refuse
            model = self._engine.models.find(model)
        request = GenerationRequest.of({**chosen, **extra, "model": model})
        return self.submit_request(request, allow_duplicate=allow_duplicate, reuse=reuse, max_usd=max_usd)

    def submit_request(
        self,
        request: GenerationRequest,
        *,
        allow_duplicate: bool = False,
        reuse: bool = False,
        max_usd: float | None = None,
        begun: Callable[[Job], object] | None = None,
        place: Place | None = None,
        batch_most: int | None = None,
    ) -> Job:
        """Submit one clip; see `submit`, and `Engine.submit` for a cell of a batch.

        ``begun`` is called with the job when it stands in the journal, before anything is sent: the service
        may refuse it at first, and it is sent again after a while (`Job.again_at`).
        """
        from ltxv_nb.journal.guards import AlreadyMade, Occupied
        from ltxv_nb.money.limit import amount

        made: list[Job] = []
        most = None if max_usd is None else amount(max_usd, "max_usd")
        how: dict[str, Any] = {"allow_duplicate": allow_duplicate, "reuse": reuse, "most": most}
        how |= {"place": place, "batch_most": batch_most}

        def begin(record: Record) -> Listener:
            made.append(self.job_of(record))
            if begun is not None:
                begun(made[0])
            return made[0].take

        request = self._engine.models.checked(request)
        with explained(lambda: submission_note(made[0] if made else None)):
            try:
                record = self._engine.submit(request, begin, **how)
            except Occupied as occupied:
                same = occupied.record
                if place is not None and (same.batch_id, same.cell_key) == (place.batch_id, place.key):
                    return self.job_of(same)  # the cell is made, or being made, by another process
                raise self._duplicate(same) from None
            except AlreadyMade as already:
                raise self._missing(already.records[0]) from None
        job = made[0] if made else self.job_of(record)
        if job.record.state is State.UNKNOWN and (error := job.error):
            raise error
        return job

    @explained(NOTHING_LOST)
    def check(self, request: GenerationRequest) -> dict[str, Any]:
        """Return the body that would be sent, after every check that costs nothing; nothing is sent.

        Raises
        ------
        RequestError
            A value or the image is not allowed.
        """
        from ltxv_nb.engine.prepare import prepare

        return prepare(self._engine.models.checked(request)).body

    @explained(interrupt_note(None))
    def generate(
        self, prompt: str = "", *, timeout: float | None = DEFAULT_TIMEOUT, **parameters: Any
    ) -> Video:
        """Submit one clip and wait for the video.

        Parameters
        ----------
        prompt, **parameters
            See `submit`.
        timeout : float, optional
            Seconds to wait at most; ``None`` for ever.

        Returns
        -------
        Video
            On disk.

        Raises
        ------
        LTXVError
            What `submit` and `Job.result` raise.
        """
        return self.submit(prompt, **parameters).result(timeout)

    def map(
        self, prompts: Iterable[str], *, concurrency: int = DEFAULT_CONCURRENCY, **parameters: Any
    ) -> Iterator[Job]:
        """Submit many prompts, and yield their jobs as they end.

        Parameters
        ----------
        prompts : iterable of str
            Read as needed; at most ``concurrency`` generations run at once.
        concurrency : int
            See above.
        **parameters
            The same for all; see `submit`.

        Yields
        ------
        Job
            Ended: with a video, or with an `error` (a prompt that was refused ends the iteration instead).

        Raises
        ------
        LTXVError
            What `submit` raises. Jobs already submitted go on and are in the journal.
        """
        from ltxv_nb.batch.prompts import as_they_end

        return as_they_end(
            lambda prompt: self.submit(prompt, **parameters), prompts, concurrency, self.keep_tracking
        )

    # -- money ---------------------------------------------------------------------------------------------

    @explained(NOTHING_LOST)
    def estimate(
        self,
        prompt_or_request: str | GenerationRequest | None = None,
        *,
        model: str | Model = DEFAULT_MODEL,
        **parameters: Any,
    ) -> Price | None:
        """Return what a clip will cost; nothing is sent.

        Parameters
        ----------
        prompt_or_request : str or GenerationRequest, optional
            A request; or a prompt, on which no price depends.
        model, **parameters
            As for `submit`. What is left out is left to the service, so that its price may be a range.

        Returns
        -------
        Price or None
            By the price list that is known here, else by what clips like it were billed; ``None`` where
            neither tells. In the sandbox it is what the real model would cost.

        Raises
        ------
        RequestError
            A value is not allowed, or the model has no such parameter.
        UnknownModel
            The service has no such model.
        """
        if isinstance(prompt_or_request, GenerationRequest):
            return self._engine.price_of(self._engine.models.checked(prompt_or_request))
        found: Any = self._engine.models.find(model) if isinstance(model, str) and model.strip() else model
        return self._engine.price(*checked_values(found, parameters))

    @property
    def budget(self) -> Budget | None:
        """The budget as it stands now; of several the one that leaves least, ``None`` if none is set.

        Raises
        ------
        ConfigurationError
            ``LTXV_BUDGET`` cannot be read.
        """
        return self._engine.budget()

    @explained(NOTHING_LOST)
    def set_budget(self, usd: float | str | None, per: str | None = None) -> Budget | None:
        """Set how much may be spent, for all processes that share this home.

        The sandbox has a budget of its own, in play money.

        Parameters
        ----------
        usd : float, str or None
            The amount in USD; ``None`` (or ``"off"``) removes the budget. That of ``LTXV_BUDGET`` holds
            beside it.
        per : {"day", "week", "month"}, optional
            The period, from local midnight; it counts what has been spent in it already. Without one the
            budget counts from now on, and never anew.

        Returns
        -------
        Budget or None
            As `budget`.

        Raises
        ------
        RequestError
            The amount or the period cannot be used.
        JournalError
            The journal cannot be written.
        """
        from ltxv_nb.money.limit import OFF, limit

        off = usd is None or (isinstance(usd, str) and usd.strip().lower() in OFF)
        self._engine.set_budget(None if off else limit(usd, per))
        return self.budget

    # -- models --------------------------------------------------------------------------------------------

    def models(
        self,
        can: str | None = None,
        words: str | None = None,
        max_usd_per_second: float | None = None,
        refresh: bool = False,
    ) -> ModelList:
        """Return the models of the service, as its catalogue lists them.

        The catalogue is kept in the home folder: it is read from the service when there is none yet or when
        that is asked for, and otherwise in the background, once a day. Without a network and without a
        catalogue the two built-in models are returned.

        Parameters
        ----------
        can : str, optional
            Something that they can do, like ``image_to_video``.
        words : str, optional
            Words that all occur in a model's id, name, maker, description or capabilities.
        max_usd_per_second : float, optional
            What a second may cost at most, in USD; a model whose price is not known is left out.
        refresh : bool
            Whether to ask the service now.

        Returns
        -------
        ModelList
            A list of `Model` that shows itself as a table.

        Raises
        ------
        APIError
            ``refresh`` was asked for, and the service did not answer with a catalogue.
        """
        listed = self._engine.models.catalogue.models(refresh=refresh)
        return listed.filtered(can=can, words=words, max_usd_per_second=max_usd_per_second)

    def model(self, name: str, *, guess: bool = False) -> Model:
        """Return a model by its id or an alias, in any case.

        Parameters
        ----------
        name : str
            As people write it.
        guess : bool
            Whether an id passes unchecked when there is no catalogue at all to look it up in.

        Raises
        ------
        UnknownModel
            There is none of that name, or several; the message names the nearest.
        """
        return self._engine.models.catalogue.find(name, guess=guess)

    def known_models(self) -> ModelList:
        """Return the models that are known here and now; the service is not asked."""
        return self._engine.models.known()

    def known_model(self, name: str) -> Model | None:
        """Return a model whose parameters are known here and now, else ``None``; the service is not asked."""
        return self._engine.models.remembered(name)

    def models_with(self, parameter: str) -> list[Model]:
        """Return a few models with a parameter of a name, as far as they are known here and now."""
        return self._engine.models.with_parameter(parameter)

    @property
    def account(self) -> Account:
        """What the account holds, and what was spent."""
        return self._engine.account

    @explained(NOTHING_LOST)
    def balance(self) -> float:
        """Ask the service what the account holds, in USD; the sandbox has play money.

        Raises
        ------
        APIError
            The service did not tell: a sub-key, for one, may not ask.
        """
        return self._engine.account.balance().credits / CREDITS_PER_USD

    def balance_warning(self, planned: GenerationRequest | Price | None) -> str:
        """Return one sentence if the balance does not reach for a request or a price; else ``""``.

        Nothing is asked for it: only a balance that was read in the last quarter of an hour counts, less
        what was submitted since. A price that nobody knows is no reason to warn.
        """
        engine = self._engine
        return engine.account.warning(
            lambda: engine.price_of(planned) if isinstance(planned, GenerationRequest) else planned
        )

    @explained(NOTHING_LOST)
    def spending(self, by: str = "job") -> Spending:
        """Return what was spent, from the journal alone; nothing is asked for it.

        What the paid service has billed and what the sandbox would have cost are never added up: this is that
        of the service which this client uses.

        Parameters
        ----------
        by : {"job", "model", "day", "batch"}
            What to list.

        Returns
        -------
        Spending
            Rows with `total_usd`, `to_pandas`, `to_csv` and `reconcile`; shows itself as a table.

        Raises
        ------
        RequestError
            There is no such list.
        """
        return self._engine.account.spending(by)

    # -- looking back --------------------------------------------------------------------------------------

    @explained(NOTHING_LOST)
    def jobs(
        self,
        limit: int | None = None,
        *,
        words: str = "",
        stars: int = 0,
        tag: str = "",
        rejected: bool | None = None,
    ) -> JobList:
        """Return what is in the journal, newest first. It shows itself as a table.

        Parameters
        ----------
        limit : int, optional
            At most so many.
        words : str
            Only those with all these words in their prompt or tags.
        stars : int
            Only those with at least so many stars, 1 to 5.
        tag : str
            Only those with this tag.
        rejected : bool, optional
            Only those that somebody rejected, or only those that nobody did.
        """
        from ltxv_nb.job_list import JobList
        from ltxv_nb.journal.search import Wanted

        wanted = Wanted(text=words, stars=stars, tag=tag, rejected=rejected)
        return JobList(self.job_of(record) for record in self.journal.newest(limit, wanted=wanted))

    @explained(NOTHING_LOST)
    def job(self, job_id: str) -> Job:
        """Return a job by its journal id, or adopt a generation that was made elsewhere by its own id.

        Raises
        ------
        NotFoundError
            Neither the journal nor the service knows it.
        APIError
            The service could not be asked.
        """
        job_id = job_id.strip()
        if not job_id:
            raise RequestError("The id is empty: give a job's id or a generation's.")
        if self._settings.key is not None and self._settings.key.occurs_in(job_id):
            raise RequestError("That is the API key: give a job's id or a generation's.")
        record = self.journal.get(job_id) or self.journal.by_generation_id(job_id, self.origin)
        return self.job_of(record) if record else self._adopt(job_id)

    def known_job(self, job_id: str) -> Job | None:
        """Return the job of a journal id, else ``None``; the service is not asked."""
        record = self.journal.get(job_id)
        return self.job_of(record) if record else None

    @explained(NOTHING_LOST)
    def unfinished_count(self) -> int:
        """Return how many generations in the journal are unfinished; makes no file and asks nobody."""
        return self.journal.count_open()

    @explained(NOTHING_LOST)
    def resume(self) -> list[Job]:
        """Pick up everything unfinished: waiting, of unknown outcome, finished but not downloaded.

        Returns
        -------
        list of Job
            Tracked in the background, oldest first.
        """
        return [self.job_of(record).watch() for record in self.journal.open(self.origin)]

    @explained(NOTHING_LOST)
    def unfinished_elsewhere(self) -> dict[str, int]:
        """Return how many generations are unfinished at services that this client does not ask, by origin."""
        return {
            origin: count for origin, count in self.journal.open_by_origin().items() if origin != self.origin
        }

    @explained(NOTHING_LOST)
    def untracked(self) -> list[Job]:
        """Return the unfinished jobs of this client's service that no living process tracks, oldest first.

        Nothing is sent, and none of them is tracked by that: `resume` does so.
        """
        return [
            self.job_of(record)
            for record in self.journal.open(self.origin)
            if not self._engine.is_tracked(record)
        ]

    def request_of(self, record: Record) -> GenerationRequest:
        """Return what a journal record asked for."""
        return self._engine.models.request_of(record)

    # -- tracking ------------------------------------------------------------------------------------------

    @explained(NOTHING_LOST)
    def watch(self, job: Job) -> None:
        """Track a job in the background; one that is tracked already only goes on."""
        self._engine.track(self.journal.get(job.id) or job.record, job.take)

    def keep_tracking(self) -> bool:
        """Start the thread that tracks, if it could not be started before; whether it runs."""
        return self._engine.tracker.start()

    def poll_soon(self, job_id: str) -> None:
        """Ask about a job that is tracked here at the next chance: something says that it has ended."""
        self._engine.tracker.poll_soon(job_id)

    @explained(NOTHING_LOST)
    def unwatch(self, job: Job) -> None:
        """Stop tracking a job here; the generation continues."""
        self._engine.tracker.unwatch(job.id)

    def holder_of(self, job: Job) -> Holder | None:
        """Return the other process that tracks an unfinished job, with its last sign of life, if known."""
        return self._engine.holder_of(job.record)

    @explained(NOTHING_LOST)
    def take_over(self, job: Job) -> Job:
        """Track a job here although another process holds it, if that one seems to be stopped.

        Nothing is sent again. If the other process wakes up, it finds that the job is not its own any more,
        and follows it from then on.

        Raises
        ------
        ConfigurationError
            The other process gives signs of life.
        """
        self._engine.take_over(self.journal.get(job.id) or job.record)
        self._tell(job, self.journal.get(job.id) or job.record)
        return job.watch()

    @explained(NOTHING_LOST)
    def forget(self, job: Job) -> None:
        """Give a job up, see `Job.forget`."""
        record = self.journal.get(job.id) or job.record
        if record.state.is_open:
            self._tell(job, self._engine.forget(record))

    @explained(NOTHING_LOST)
    def reopen(self, job: Job) -> None:
        """Ask for a lost job again, see `Job.reopen`."""
        record = self.journal.get(job.id) or job.record
        self._tell(job, self._engine.reopen(record))
        self.watch(job)

    @explained(NOTHING_LOST)
    def rate(self, job: Job, stars: int | None = None, tags: Iterable[str] | None = None) -> None:
        """Rate a job, see `Job.rate`."""
        from ltxv_nb.journal.ratings import columns

        rated = columns(stars, tags)
        if rated:
            self.journal.rate(job.id, **rated)

    @explained(NOTHING_LOST)
    def close(self) -> None:
        """Stop tracking, close the connections and the journal. Unfinished jobs can be resumed later."""
        self._closing.detach()
        self._engine.close()

    # -- inside --------------------------------------------------------------------------------------------

    def shared_batch(self, kept: KeptBatch) -> Batch:
        """Return the one handle of a batch; everyone who asks for it here shares it."""
        from ltxv_nb.batch.batch import Batch

        made = Batch(self, kept)
        with self._lock:
            return self._batches.setdefault(kept.id, made)

    @property
    def model_lookup(self) -> ModelLookup:
        """Finds models, and checks requests by them."""
        return self._engine.models

    def job_of(self, record: Record) -> Job:
        """Return the one handle of a record; everyone who asks for it here shares it."""
        from ltxv_nb.job import Job

        made = Job(self, record)
        with self._lock:
            job = self._jobs.setdefault(record.id, made)
        if record.revision > job.record.revision and not self._engine.is_followed(record.id):
            self._tell(job, record)
        job.take_rating(record)
        return job

    @staticmethod
    def _tell(job: Job, record: Record) -> None:
        """Tell a job that nobody tracks here what the journal says."""
        from ltxv_nb.engine.news import News

        job.take(News(record, watching=False))

    def _adopt(self, generation_id: str) -> Job:
        """Take up a generation made elsewhere; the service is asked first, so that a typo makes no row."""
        try:
            record = self._engine.adopt(generation_id)
        except NotFoundError as error:
            raise NotFoundError(
                f"Neither the journal nor the service knows {generation_id!r}",
                status_code=error.status_code,
                request_id=error.request_id,
                hint="`%ltxv jobs` lists what is known here.",
            ) from None
        return self.job_of(record).watch()

    def _duplicate(self, same: Record) -> DuplicateRequest:
        state = {
            State.UNKNOWN: "it is unconfirmed whether the service has it",
            State.FINISHED: "its video is made, but not on disk yet",
        }.get(same.state, "it is not finished yet")
        return DuplicateRequest(
            f"The very same request is job {same.id}, and {state}; nothing was sent. `%ltxv wait {same.id}` "
            f"gets its video. To {self._another}, add --again (in Python allow_duplicate=True).",
            self.job_of(same),
        )

    def _missing(self, same: Record) -> ClipMissing:
        return ClipMissing(
            f"The very same request is job {same.id}, but its file {same.file} is gone; nothing was sent. "
            f"`%ltxv attach {same.id}` downloads it again if the service still has it; to {self._another}, "
            f"add --again (in Python allow_duplicate=True).",
            self.job_of(same),
        )

    @property
    def _another(self) -> str:
        return "make another one" if self.backend == "sandbox" else "pay for another one"
