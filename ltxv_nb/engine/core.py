"""Everything of one client that holds a thread, a lock, a file or a connection."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.engine.estimates import Estimates
from ltxv_nb.engine.model_lookup import ModelLookup
from ltxv_nb.engine.news import News
from ltxv_nb.engine.prepare import Prepared, adopted_record, new_record, prepare
from ltxv_nb.engine.save import Saver, check_folder
from ltxv_nb.engine.submit import Submission
from ltxv_nb.engine.tracker import Tracker
from ltxv_nb.errors import ConfigurationError, JournalError
from ltxv_nb.journal import Journal, State, first_frames
from ltxv_nb.journal.guards import (
    AlreadyMade,
    Occupied,
    cell_is_free,
    generation_is_new,
    no_finished_request,
    no_identical_request,
    none_of,
)
from ltxv_nb.journal.leases import Lease
from ltxv_nb.journal.transitions import forgotten, refused, reopened
from ltxv_nb.key import scrubbing
from ltxv_nb.models.cache import Cache
from ltxv_nb.money.account import Account
from ltxv_nb.money.budget import CLOCK_SLACK, Budgets, batch_limit
from ltxv_nb.money.estimate import Prices
from ltxv_nb.service.api import Api
from ltxv_nb.service.backend import connect
from ltxv_nb.settings import JOURNAL_FILE, service_name, spellings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ltxv_nb.engine.news import Listener
    from ltxv_nb.engine.submit import Sent
    from ltxv_nb.journal import Record
    from ltxv_nb.journal.guards import Guard
    from ltxv_nb.journal.leases import Holder
    from ltxv_nb.journal.record import Place
    from ltxv_nb.models import Model
    from ltxv_nb.models.catalogue import Catalogue
    from ltxv_nb.models.price import Price
    from ltxv_nb.money.budget import Budget
    from ltxv_nb.money.limit import Limit
    from ltxv_nb.request import GenerationRequest
    from ltxv_nb.settings import Settings

_log = logging.getLogger("ltxv_nb")

#: Seconds for which the service's word on the time holds.
_HEARD_SECONDS = 3600.0


class Engine:
    """What works behind a client. It knows neither that nor its jobs, so that they can be collected.

    Parameters
    ----------
    settings : Settings
        Where everything is. Nothing is sent, started or written before the first use.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        service = connect(settings)
        self.origin = service.origin
        self.journal = Journal(settings.home / JOURNAL_FILE)
        self._model_cache = Cache(settings.home / "models", self.origin)
        self.models = ModelLookup(self._new_catalogue, self._model_cache, settings.home)
        self._prices = Prices(self.journal, self.origin, self.models.prices_of)
        self.api = Api(service, missing_model_hint=self.models.hint)
        self.estimates = Estimates(self.api, self.journal, time.time, self.models.remembered)
        self.account = Account(
            self.api,
            self.journal,
            backend=settings.backend,
            origin=self.origin,
            known_models=self.models.names,
        )
        self.lease = Lease(settings.home / "trackers")
        self.submission = Submission(self.api, self.journal)
        self.tracker = Tracker(
            self.api,
            self.journal,
            self.estimates,
            self.lease,
            Saver(api_is_public=service.is_public, other_folder=settings.output_dir),
            reads_per_minute=service.reads_per_minute,
        )
        self.api.on_read = self.tracker.charge
        self._scrubbing = scrubbing(settings.key, "ltxv_nb", "urllib3.connectionpool")
        self._sending: set[str] = set()
        self.closed = False

    def _new_catalogue(self) -> Catalogue:
        from ltxv_nb.models.catalogue import Catalogue

        return Catalogue(self.api, self._model_cache)

    # -- submitting ----------------------------------------------------------------------------------------

    def submit(
        self,
        request: GenerationRequest,
        begin: Callable[[Record], Listener],
        *,
        allow_duplicate: bool,
        reuse: bool = False,
        most: int | None = None,
        place: Place | None = None,
        batch_most: int | None = None,
    ) -> Record:
        """Submit one request: this is the paid act.

        Parameters
        ----------
        request : GenerationRequest
            What is asked for.
        begin : callable
            Called with the row, once it is written and before anything is sent; returns who is told how it
            goes on.
        allow_duplicate : bool
            Send it although an identical request is unfinished, or finished.
        reuse : bool
            Send nothing if an identical request is finished.
        most : int, optional
            What it may cost at most, in credits; reserved where nobody knows what it costs.
        place : Place, optional
            Its place in a batch, which has one generation at most. A 429 is not waited out then.
        batch_most : int, optional
            What its batch may cost at most, in credits.

        Returns
        -------
        Record
            Its row, running or of unknown outcome; it is tracked. With ``reuse`` it may be the newest
            finished generation whose file is on disk; then ``begin`` was not called.

        Raises
        ------
        Occupied
            An identical request is unfinished, or its place in the batch is taken; nothing was sent.
        AlreadyMade
            With ``reuse``: an identical request is finished, but none of its files is on disk; nothing was
            sent.
        BudgetExceeded
            It costs more than it may, or than is left of a budget; nothing was sent.
        APIError
            The service refused it.
        """
        self.check_open()
        prepared = prepare(request)
        reuse = reuse and not allow_duplicate
        # Rows of version 0.1 may know this service by another of its addresses.
        fingerprints = [prepared.fingerprint(origin) for origin in spellings(self.origin)]
        if reuse and (made := self.journal.finished_before(*fingerprints)):
            return _on_disk(made)
        check_folder(self.settings.output_dir)
        self.api.make_ready()
        files = first_frames.store_all(prepared.files, self.settings.home)
        guards: list[Guard] = [] if allow_duplicate else [no_identical_request, none_of(fingerprints[1:])]
        if place is not None:
            guards = [cell_is_free(fingerprints)]
        if reuse:
            guards.append(no_finished_request)
        if batch_most is not None:
            guards.append(batch_limit(batch_most))
        try:
            record = self._reserve(prepared, files, guards, most, place)
        except AlreadyMade as already:  # since we looked: by another process
            return _on_disk(already.records)
        except JournalError as error:
            raise JournalError(f"{error} Nothing was sent.") from error.__cause__
        try:
            listener = self._begin(record, lambda: begin(record))
            if record.revision:  # in the place of a try that was refused, of which somebody may have heard
                listener(News(record))
            return self._send(record, prepared.body, listener)
        finally:
            self._sending.discard(record.id)

    def _reserve(
        self,
        prepared: Prepared,
        files: dict[str, Any],
        guards: list[Guard],
        most: int | None,
        place: Place | None,
    ) -> Record:
        """Write the row, unless something stands in its way; the money is reserved with it."""
        self.lease.acquire()
        refused = None
        if place is not None:
            refused = self.journal.query(lambda rows: rows.refused_cell(place.batch_id, place.key), None)
        price = self.price_of(prepared.request)
        told = self._hear_time(prepared.request.model)
        record = new_record(
            prepared,
            backend=self.settings.backend,
            origin=self.origin,
            files=files,
            output_dir=self.settings.output_dir,
            owner=self.lease.name,
            service_ahead=self.api.ahead,
            price=price,
            reserved=most if price is None else price.credits,
            place=place,
            refused=refused,
        )
        self._sending.add(record.id)
        try:
            budget = self.budgets.guard(price, most, told=told)
            record = self.journal.reserve(record, [*guards, budget])
        except BaseException:
            self._sending.discard(record.id)
            raise
        return record

    def _begin(self, record: Record, begin: Callable[[], Listener]) -> Listener:
        """Return who is told of a row that is written; whatever stops that, nothing was sent."""
        try:
            return begin()
        except BaseException as cause:
            self.journal.advance(record.id, record, refused(f"not sent: {cause!r}"))
            raise

    def _send(self, record: Record, body: dict[str, Any], listener: Listener) -> Record:
        def waits(waiting: Record, again_at: float, why: str) -> None:
            listener(News(waiting, watching=False, trouble=why, again_at=again_at))

        try:
            sent = self.submission.send(record, body, waits, again_if_busy=record.batch_id is None)
        except BaseException as cause:
            # Interrupted: whatever the journal says by now is tracked, so that nothing accepted is lost.
            self._follow_up(self.submission.cut_short(record, cause), listener)
            raise
        self._follow_up(sent, listener)
        if sent.error is not None:
            raise sent.error
        return sent.record

    def _follow_up(self, sent: Sent, listener: Listener) -> None:
        """Track what was sent, or at least write down what the journal could not take."""
        is_open = sent.record.state.is_open
        listener(News(sent.record, watching=is_open))
        if is_open:
            self.tracker.watch(sent.record, listener, sent.pending)
        elif sent.pending:
            self.tracker.remember(sent.record, sent.pending)

    # -- money ---------------------------------------------------------------------------------------------

    @property
    def budgets(self) -> Budgets:
        """The budgets of this home for this service's money."""
        return Budgets(self.journal, self.settings.backend)

    def price_of(self, request: GenerationRequest) -> Price | None:
        """Return what a request costs; ``None`` if nobody knows. Nothing is asked of the service."""
        return self.price(request.spec, {**request.settings(), **request.files()})

    def price(self, model: Model, values: Mapping[str, Any]) -> Price | None:
        """Return what a request costs with these parameters, by role or published name."""
        return self._prices.of(model, values)

    def budget(self) -> Budget | None:
        """Return the budget that leaves least, as it stands now."""
        now, told = self._time()
        return self.budgets.standing(now, told=told)

    def set_budget(self, limit: Limit | None) -> None:
        """Set the home's budget, or remove it."""
        now, told = self._time()
        self.budgets.set(limit, now, told=told)

    def _time(self) -> tuple[float, bool]:
        """Return the time in unix seconds, by the service's clock as far as it has told that, and whether.

        What it said more than an hour ago may have been before the machine slept, or its clock was set.
        """
        now, heard_at = self.journal.now(), self.api.heard_at
        told = heard_at is not None and -CLOCK_SLACK <= now - heard_at <= _HEARD_SECONDS
        return now + (self.api.ahead or 0.0), told

    def _hear_time(self, model: str) -> bool:
        """Return whether the service has told its time; it is asked where a period seems to end."""
        now, told = self._time()
        if not told and self.budgets.turns_over(now):
            self.estimates.refresh(model)  # a short answer that is of use anyway
            told = self._time()[1]
        return told

    # -- tracking ------------------------------------------------------------------------------------------

    def is_followed(self, record_id: str) -> bool:
        """Whether a generation is tracked here, or about to be."""
        return record_id in self._sending or self.tracker.watching(record_id)

    def is_tracked(self, record: Record) -> bool:
        """Whether a living process tracks a generation, be it this one or another."""
        if record.owner is None or record.owner == self.lease.name:
            return self.is_followed(record.id)
        return self.lease.is_held(record.owner) or self.is_followed(record.id)

    def track(self, record: Record, listener: Listener) -> None:
        """Track a generation, as ours when nobody else does.

        Raises
        ------
        ConfigurationError
            It is at another service, or the client is closed.
        JournalError
            The journal cannot be written.
        """
        if self.tracker.watching(record.id):
            self.tracker.start()
            return
        self.check_open()
        if service_name(record.origin) != self.origin and record.state.is_open:
            raise _made_elsewhere(record, self.origin)
        if not record.state.is_open:
            listener(News(record, watching=False))
            return
        if record.id in self._sending:  # whoever sends it will have it tracked
            listener(News(record))
            return
        self.lease.acquire()
        if self._is_orphaned(record):
            record = self.journal.take_over(record, self.lease.name).record
        listener(News(record))
        self.tracker.watch(record, listener)

    def _is_orphaned(self, record: Record) -> bool:
        """Whether nobody tracks a generation, or whoever was sending it was interrupted here."""
        if record.owner == self.lease.name:
            return record.state is State.SUBMITTING
        return record.owner is None or not self.lease.is_held(record.owner)

    def holder_of(self, record: Record) -> Holder | None:
        """Return the other process that tracks a generation, as far as it says who it is."""
        elsewhere = record.state.is_open and record.owner not in {None, self.lease.name}
        return self.lease.holder(record.owner or "") if elsewhere else None

    def take_over(self, record: Record) -> None:
        """Become the owner of a generation whose own process seems to be stopped; see `Client.take_over`."""
        self.check_open()
        if self.is_tracked(record) and record.owner != self.lease.name:
            holder = self.holder_of(record)
            if holder is None or not holder.is_quiet(time.time()):
                who = f"process {holder.pid} on {holder.host}" if holder else "another process"
                raise ConfigurationError(
                    f"Job {record.id} is tracked by {who}, which seems to be at work: end that one first, or "
                    f"leave the job to it."
                )
        self.lease.acquire()
        if self.journal.take_over(record, self.lease.name).done:
            # What that process has open may get one more block when it wakes up: not into our file.
            from ltxv_nb.media.part import Part

            final = Saver.destination(record)
            Part(final.with_name(f"{final.name}.part")).remove()

    def forget(self, record: Record) -> Record:
        """Give up an open generation: it is not tracked any more and does not block identical requests.

        Raises
        ------
        ConfigurationError
            It is being sent at this moment.
        """
        if record.id in self._sending or (
            record.state is State.SUBMITTING and record.owner and self.lease.is_held(record.owner)
        ):
            raise ConfigurationError(
                f"Job {record.id} is being submitted just now: forget it when it is known."
            )
        self.tracker.unwatch(record.id)
        if record.state is State.SUBMITTING:
            record = self.journal.take_over(record, self.lease.name).record
        return self.journal.advance(record.id, None, forgotten()).record

    def reopen(self, record: Record) -> Record:
        """Ask the service again for a generation that was lost or given up, or for a file that is gone."""
        if record.state is not State.LOST and not (record.state is State.SAVED and not has_file(record)):
            return record
        self.lease.acquire()
        return self.journal.advance(record.id, None, reopened(record, self.lease.name)).record

    def adopt(self, generation_id: str) -> Record:
        """Write down a generation that was made elsewhere, if the service knows it.

        Raises
        ------
        NotFoundError
            It does not.
        APIError
            It could not be asked.
        """
        generation = self.api.fetch(generation_id)
        record = adopted_record(
            generation_id,
            generation,
            backend=self.settings.backend,
            origin=self.origin,
            output_dir=self.settings.output_dir,
        )
        try:
            self.journal.reserve(record, [generation_is_new])
        except Occupied as occupied:  # another process was faster, or knows it by another spelling
            return occupied.record
        return record

    # -- the end -------------------------------------------------------------------------------------------

    def check_open(self) -> None:
        """Raise `ConfigurationError` if this is closed."""
        if self.closed:
            raise ConfigurationError(
                "This client is closed, and nothing was sent: make a new ltxv_nb.Client()."
            )

    def close(self) -> None:
        """Stop tracking, close the connections and the journal. Unfinished jobs can be resumed later."""
        if self.closed:
            return
        self.closed = True
        self.tracker.close()
        try:
            if self.lease.is_held(self.lease.name):  # else nothing is ours, and there is nobody to wait for
                self.journal.release(self.lease.name)
        except (JournalError, OSError) as error:
            _log.debug("%s", error)
        self.journal.close()
        self.lease.release()
        self.api.close()
        self._scrubbing.remove()


def _made_elsewhere(record: Record, origin: str) -> ConfigurationError:
    """Return the error for a job that this client's service does not know."""
    setting = f"AIMLAPI_BASE_URL={record.origin}" if record.backend == "aimlapi" else "LTXV_BACKEND=sandbox"
    return ConfigurationError(
        f"Job {record.id} was sent to {record.origin}, and this client asks {origin}, which does not know "
        f"it: set {setting} to go on with it."
    )


def has_file(record: Record) -> bool:
    """Whether a generation's video is on disk."""
    try:
        return record.file is not None and Path(record.file).is_file()
    except OSError:  # its drive does not answer
        return False


def _on_disk(records: list[Record]) -> Record:
    """Return the first generation whose video is on disk; raises `AlreadyMade` if there is none."""
    found = next(filter(has_file, records), None)
    if found is None:
        raise AlreadyMade(records)
    return found
