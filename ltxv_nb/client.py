"""What a Python user holds: submit, wait, look back, pick up."""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from ltxv_nb import journal as states
from ltxv_nb import settings
from ltxv_nb.errors import (
    ConfigurationError,
    DuplicateRequest,
    JournalError,
    LTXVError,
    NotFoundError,
    RequestError,
)
from ltxv_nb.journal import Journal, Record, new_id
from ltxv_nb.request import MODELS, GenerationRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from typing_extensions import Self

    from ltxv_nb.engine.tracker import News
    from ltxv_nb.job import Job
    from ltxv_nb.key import ApiKey
    from ltxv_nb.media.image import FirstFrame
    from ltxv_nb.video import Video

_log = logging.getLogger("ltxv_nb")

#: Seconds that `Client.generate` and a waiting cell wait by default; the vendor's guides use the same.
DEFAULT_TIMEOUT = 600.0

#: Submissions in flight at once in `Client.map`.
DEFAULT_CONCURRENCY = 8


class Client:
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

    def __init__(
        self,
        api_key: str | ApiKey | None = None,
        base_url: str | None = None,
        home: str | os.PathLike[str] | None = None,
        output_dir: str | os.PathLike[str] | None = None,
        backend: str | None = None,
    ) -> None:
        from ltxv_nb.key import scrubbing

        found = settings.load(api_key, base_url, home, output_dir, backend)
        self.backend, self.home, self.output_dir = found.backend, found.home, found.output_dir
        self.reason = found.reason
        self._settings = found
        self._furnish()
        self._filters = list(scrubbing(found.key, "ltxv_nb", "urllib3.connectionpool"))
        self._closed = False
        _alive.add(self)
        atexit.register(_close_quietly, weakref.ref(self))

    def _furnish(self) -> None:
        """Put together everything that holds a thread, a lock, a file or a connection."""
        from ltxv_nb.engine.estimates import Knowledge
        from ltxv_nb.engine.save import Saver
        from ltxv_nb.engine.submit import Submission
        from ltxv_nb.engine.tracker import Tracker
        from ltxv_nb.journal.leases import Presence
        from ltxv_nb.service.api import Api
        from ltxv_nb.service.backend import connect

        service = connect(self._settings)
        self.origin = service.origin
        self.journal = Journal(self.home / settings.JOURNAL_FILE)
        self.api = Api(service)
        self.knowledge = Knowledge(self.api, self.journal, time.time)
        self._presence = Presence(self.home / "trackers")
        self._submission = Submission(self.api, self.journal)
        self._tracker = Tracker(
            self.api,
            self.journal,
            self.knowledge,
            self._presence,
            Saver(api_is_public=service.is_public, other_folder=self.output_dir),
            reads_per_minute=service.reads_per_minute,
        )
        self.api.on_read = self._tracker.charge
        self._jobs: weakref.WeakValueDictionary[str, Job] = weakref.WeakValueDictionary()
        self._sending: set[str] = set()
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return (
            f"Client(backend={self.backend!r}, home={str(self.home)!r}, output_dir={str(self.output_dir)!r})"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- making clips --------------------------------------------------------------------------------------

    def submit(
        self,
        prompt: str,
        *,
        model: str = MODELS["ltxv-2"],
        duration: int | None = None,
        resolution: str | None = None,
        aspect_ratio: str | None = None,
        fps: int | None = None,
        generate_audio: bool | None = None,
        image: Any = None,
        allow_duplicate: bool = False,
        **extra: Any,
    ) -> Job:
        """Submit one clip; returns once the service has accepted it. This is the paid act.

        Parameters
        ----------
        prompt, model, duration, resolution, aspect_ratio, fps, generate_audio, image
            See `GenerationRequest`; what is left out is left to the service's own defaults.
        allow_duplicate : bool
            Send it although an identical request is unfinished, or its outcome unknown.
        **extra
            Further fields of the body, for a model id outside the two.

        Returns
        -------
        Job
            Watched in the background.

        Raises
        ------
        RequestError
            A value is not allowed; nothing was sent.
        DuplicateRequest
            An identical generation is unfinished; nothing was sent.
        ConfigurationError
            The journal or the output folder cannot be written; nothing was sent.
        APIError
            The service refused, or could not be reached; nothing was billed.
        SubmissionUnknown
            It may or may not have taken it. The error carries the job, which keeps looking.
        """
        request = GenerationRequest(
            prompt, model, image, duration, resolution, aspect_ratio, fps, generate_audio, extra
        )
        return self.submit_request(request, allow_duplicate=allow_duplicate)

    def submit_request(self, request: GenerationRequest, *, allow_duplicate: bool = False) -> Job:
        """Submit one clip; see `submit`."""
        from ltxv_nb.engine.save import check_folder
        from ltxv_nb.journal import first_frames as images

        self._check_open()
        frame = self._first_frame(request)
        body = _body(request, frame)
        fingerprint = _fingerprint(self.origin, body, frame)
        check_folder(self.output_dir)
        self.api.make_ready()
        twin = self._before_paying(lambda: self.journal.saved_twin(fingerprint))
        kept = images.keep(frame, self.home) if frame else None
        record = _placed(self._new_record(request, kept, fingerprint))
        self._presence_shown()
        self._sending.add(record.id)
        try:
            same = self._before_paying(lambda: self.journal.add(record, unless_same=not allow_duplicate))
            if same is not None:
                raise self._duplicate(same)
            return self._send(record, body, twin)
        finally:
            self._sending.discard(record.id)

    def check(self, request: GenerationRequest) -> dict[str, Any]:
        """Return the body that would be sent, after every check that costs nothing; nothing is sent.

        Raises
        ------
        RequestError
            A value or the image is not allowed.
        """
        return _body(request, self._first_frame(request))

    def generate(self, prompt: str, *, timeout: float | None = DEFAULT_TIMEOUT, **parameters: Any) -> Video:
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
        from ltxv_nb.batch import as_they_end

        return as_they_end(lambda prompt: self.submit(prompt, **parameters), prompts, concurrency)

    # -- looking back --------------------------------------------------------------------------------------

    def jobs(self, limit: int | None = None) -> list[Job]:
        """Return everything in the journal, newest first; at most ``limit``."""
        return [self._job(record) for record in self.journal.newest(limit)]

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
        record = self.journal.get(job_id) or self.journal.by_generation_id(job_id, self.origin)
        return self._job(record) if record else self._adopt(job_id)

    def unfinished_count(self) -> int:
        """Return how many generations in the journal are unfinished; makes no file and asks nobody."""
        return self.journal.count_open()

    def resume(self) -> list[Job]:
        """Pick up everything unfinished: waiting, of unknown outcome, finished but not downloaded.

        Returns
        -------
        list of Job
            Watched in the background, oldest first.
        """
        return [self._job(record).watch() for record in self.journal.open(self.origin)]

    def unfinished_elsewhere(self) -> dict[str, int]:
        """Return how many generations are unfinished at services that this client does not ask, by origin."""
        return {
            origin: count for origin, count in self.journal.open_by_origin().items() if origin != self.origin
        }

    def request_of(self, record: Record) -> GenerationRequest:
        """Return what a journal record asked for."""
        from ltxv_nb.journal import first_frames as images

        values = dict(record.request)
        image = images.source(values.pop("image", None), self.home)
        known = {
            name: values.pop(name) for name in list(values) if name in GenerationRequest.__dataclass_fields__
        }
        return GenerationRequest(**known, image=image, extra=values)

    # -- watching ------------------------------------------------------------------------------------------

    def watch(self, job: Job) -> None:
        """Watch a job in the background; one that is watched already only goes on."""
        if self._tracker.watching(job.id):
            return
        self._check_open()
        record = self.journal.get(job.id) or job.record
        if record.origin != self.origin and record.state in states.OPEN:
            raise _made_elsewhere(record, self.origin)
        self._hand_over(job, record)

    def unwatch(self, job: Job) -> None:
        """Stop watching a job here; the generation goes on and is billed."""
        self._tracker.unwatch(job.id)

    def close(self) -> None:
        """Stop watching, close the connections and the journal. Unfinished jobs can be resumed later."""
        if self._closed:
            return
        self._closed = True
        self._tracker.close()
        try:
            if self.journal.path.exists():
                self.journal.release(self._presence.name)
        except (JournalError, OSError) as error:
            _log.debug("%s", error)
        self.journal.close()
        self._presence.leave()
        self.api.close()
        for logger, scrub in self._filters:
            logger.removeFilter(scrub)

    # -- inside --------------------------------------------------------------------------------------------

    def _first_frame(self, request: GenerationRequest) -> FirstFrame | None:
        if request.image is None:
            return None
        from ltxv_nb.media.image import prepare

        return prepare(request.image, request.frame_size)

    def _new_record(
        self, request: GenerationRequest, kept: dict[str, Any] | None, fingerprint: str
    ) -> Record:
        job_id = new_id()
        asked = {"prompt": request.prompt, **request.settings(), **({"image": kept} if kept else {})}
        return Record(
            id=job_id,
            created_at=time.time(),
            backend=self.backend,
            origin=self.origin,
            model=request.model,
            prompt=request.prompt,
            request=asked,
            fingerprint=fingerprint,
            client_request_id=f"ltxv-nb.{job_id}.{_nonce()}.1",
            state=states.SUBMITTING,
            output_dir=str(self.output_dir),
            owner=self._presence.name,
        )

    def _send(self, record: Record, body: dict[str, Any], twin: Record | None) -> Job:
        from dataclasses import replace

        from ltxv_nb.engine.tracker import News
        from ltxv_nb.job import Job

        job = Job(self, record, twin=_file_of(twin))
        with self._lock:
            self._jobs[record.id] = job
        try:
            sent = self._submission.send(record, body)
        except BaseException as cause:
            # Interrupted: whatever the journal says by now is watched, so that nothing accepted is lost.
            now = self._now(record)
            unsaved = _cut_short(cause) if now.state == states.SUBMITTING else {}
            now = replace(now, **unsaved)
            job.take(News(now, watching=now.state in states.OPEN))
            if now.state in states.OPEN:
                self._tracker.watch(now, job.take, unsaved)
            elif unsaved:
                self._tracker.remember(now, unsaved)
            raise
        job.take(News(sent.record, watching=sent.error is None))
        if sent.error is not None:
            if sent.unsaved:
                self._tracker.remember(sent.record, dict(sent.unsaved))
            raise sent.error
        self._tracker.watch(sent.record, job.take, dict(sent.unsaved))
        if sent.record.state == states.UNKNOWN and (error := job.error):
            raise error
        return job

    def _job(self, record: Record) -> Job:
        """Return the one handle of a record; everyone who asks for it here shares it."""
        from ltxv_nb.engine.tracker import News
        from ltxv_nb.job import Job

        with self._lock:
            job = self._jobs.get(record.id)
            if job is None:
                job = self._jobs[record.id] = Job(self, record)
            elif record != job.record and not self._is_followed(record.id):
                # Read anew: what it came from may be older than what the tracker has just written.
                job.take(News(self._now(record), watching=False))
            return job

    def _is_followed(self, record_id: str) -> bool:
        return record_id in self._sending or self._tracker.watching(record_id)

    def _now(self, record: Record) -> Record:
        """Return what the journal says of a generation now, as far as it can be read."""
        try:
            return self.journal.get(record.id) or record
        except JournalError as error:
            _log.debug("%s", error)
            return record

    def _hand_over(self, job: Job, record: Record) -> None:
        """Give a record to the tracker, as ours when nobody else watches it."""
        from dataclasses import replace

        if record.state not in states.OPEN:
            job.take(self._still(record))
            return
        if record.id in self._sending:  # whoever sends it will have it watched
            job.take(self._still(record, watching=True))
            return
        self._presence_shown()
        if record.owner != self._presence.name and not (record.owner and self._presence.alive(record.owner)):
            sending = record.state == states.SUBMITTING
            if self.journal.claim(record.id, self._presence.name, record.owner):
                record = replace(record, owner=self._presence.name, watched=True)
                if sending:
                    why = "the process that was sending it ended"
                    record = self.journal.update(record.id, state=states.UNKNOWN, error=why)
        job.take(self._still(record, watching=True))
        self._tracker.watch(record, job.take)

    @staticmethod
    def _still(record: Record, *, watching: bool = False) -> News:
        from ltxv_nb.engine.tracker import News

        return News(record, watching=watching)

    def _adopt(self, generation_id: str) -> Job:
        """Take up a generation made elsewhere; the service is asked first, so that a typo makes no row."""
        if not generation_id:
            raise RequestError("The id is empty: give a job's id or a generation's.")
        try:
            generation = self.api.fetch(generation_id)
        except NotFoundError as error:
            raise NotFoundError(
                f"Neither the journal nor the service knows {generation_id!r}",
                status_code=error.status_code,
                request_id=error.request_id,
                hint="`%ltxv jobs` lists what is known here.",
            ) from None
        model = generation_id.partition(":")[2]
        now = time.time()
        adopted = Record(
            id=new_id(),
            created_at=now,
            backend=self.backend,
            origin=self.origin,
            model=model,
            prompt=f"(made elsewhere: {generation_id})",
            request={"prompt": f"(made elsewhere: {generation_id})", **({"model": model} if model else {})},
            fingerprint=None,
            client_request_id=None,
            state=states.RUNNING,
            status=generation.status,
            generation_id=generation_id,
            accepted_at=now,
            output_dir=str(self.output_dir),
            usd=generation.usd,
        )
        record = _placed(adopted)
        self.journal.add(record)
        return self._job(record).watch()

    def _duplicate(self, same: Record) -> DuplicateRequest:
        state = {
            states.UNKNOWN: "its outcome is unknown",
            states.FINISHED: "its video is made, but not on disk yet",
        }.get(same.state, "it is not finished yet")
        return DuplicateRequest(
            f"The very same request is job {same.id}, and {state}; nothing was sent. `%ltxv wait {same.id}` "
            f"gets its video. To pay for another one, add --again (in Python allow_duplicate=True).",
            self._job(same),
        )

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigurationError(
                "This client is closed, and nothing was sent: make a new ltxv_nb.Client()."
            )

    def _before_paying(self, step: Any) -> Any:
        try:
            return step()
        except JournalError as error:
            raise JournalError(f"{error} Nothing was sent.") from error.__cause__

    def _presence_shown(self) -> None:
        try:
            self._presence.show()
        except OSError as error:
            raise JournalError(
                f"The folder {self.home} cannot be written ({error.strerror or error}): "
                f"set LTXV_HOME to one that can. Nothing was sent."
            ) from None


def _body(request: GenerationRequest, frame: FirstFrame | None) -> dict[str, Any]:
    ready = request.replace(image=frame.url) if frame else request
    body = ready.body()
    try:
        json.dumps(body, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RequestError(f"The request cannot be written as JSON ({error}).") from None
    return body


def _cut_short(error: BaseException) -> dict[str, Any]:
    """Return what is known of a submission that ended before its outcome could be written down."""
    if isinstance(error, LTXVError):  # raised only where the request is certain not to have been taken
        return {"state": states.REFUSED, "error": str(error), "owner": None}
    return {"state": states.UNKNOWN, "error": "interrupted while it was being sent"}


def _made_elsewhere(record: Record, origin: str) -> ConfigurationError:
    """Return the error for a job that this client's service does not know."""
    setting = f"AIMLAPI_BASE_URL={record.origin}" if record.backend == "aimlapi" else "LTXV_BACKEND=sandbox"
    return ConfigurationError(
        f"Job {record.id} was sent to {record.origin}, and this client asks {origin}, which does not know "
        f"it: set {setting} to go on with it."
    )


def _fingerprint(origin: str, body: dict[str, Any], frame: FirstFrame | None) -> str:
    """Return what two identical requests to one service have in common."""
    image = frame.sha256 or frame.url if frame else None
    essence = {**body, "image_url": image} if image else body
    return hashlib.sha256(json.dumps([origin, essence], sort_keys=True).encode()).hexdigest()


def _placed(record: Record) -> Record:
    """Return a new record with the name that its file will have."""
    from dataclasses import replace

    from ltxv_nb.engine.save import Saver

    return replace(record, file=str(Saver.destination(record)))


def _nonce() -> str:
    import secrets

    return secrets.token_hex(6)


def _file_of(record: Record | None) -> Path | None:
    from pathlib import Path

    path = Path(record.file) if record and record.file else None
    try:
        return path if path and path.exists() else None
    except OSError:  # its drive does not answer
        return None


_alive: weakref.WeakSet[Client] = weakref.WeakSet()
_parents: list[dict[str, Any]] = []


def _start_afresh() -> None:
    """In a forked child: leave what the parent holds alone, and hold nothing yet.

    The threads are gone, the locks may stand locked, the connections are the parent's. Nothing of it is even
    closed: that would be felt by the parent.
    """
    for client in list(_alive):
        _parents.append(dict(client.__dict__))
        client._furnish()  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_afresh)


def _close_quietly(reference: weakref.ref[Client]) -> None:
    """At the interpreter's end, let go of what is held; a job is never lost by that."""
    client = reference()
    if client is not None:
        try:
            client.close()
        except LTXVError as error:
            _log.debug("%s", error)
