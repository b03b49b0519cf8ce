"""How long a clip will take: the service's figures and the journal's, combined."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import LTXVError
from ltxv_nb.models import default_model, find_model
from ltxv_nb.polling import estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.models import Model
    from ltxv_nb.polling.schedule import Belief
    from ltxv_nb.service.api import Api

_log = logging.getLogger("ltxv_nb")

#: Seconds for which the service's percentiles are taken as current; it computes them over some minutes.
METRICS_SECONDS = 300.0

#: Seconds for which a belief is kept before the journal is read again.
BELIEF_SECONDS = 30.0

_DAY = 86_400.0

#: No setting is as large as this.
_MOST = 1e6


class Estimates:
    """Beliefs about durations, by model and settings; shared by all jobs of a client.

    Parameters
    ----------
    api : Api
        Asked for the service's percentiles, in `refresh`.
    journal : Journal
        Asked for past durations.
    clock : callable
        Returns unix time in seconds.
    find : callable, optional
        Returns what is known of a model without asking the service.
    """

    def __init__(
        self,
        api: Api,
        journal: Journal,
        clock: Callable[[], float],
        find: Callable[[str], Model | None] = find_model,
    ) -> None:
        self._api = api
        self._journal = journal
        self._clock = clock
        self._find = find
        self._lock = threading.Lock()
        self._percentiles: dict[str, tuple[float, dict[str, float] | None]] = {}
        self._beliefs: dict[tuple[object, ...], tuple[float, Belief]] = {}

    def stale(self, model: str) -> bool:
        """Whether the service's figures are due again; true for one caller only, who then refreshes them."""
        now = self._clock()
        with self._lock:
            asked_at, known = self._percentiles.get(model, (-METRICS_SECONDS, None))
            if abs(now - asked_at) < METRICS_SECONDS:
                return False
            self._percentiles[model] = (now, known)
            return True

    def refresh(self, model: str) -> None:
        """Read from the service how long the model takes at present; a failure leaves what was known."""
        try:
            percentiles = self._api.duration_percentiles(model)
        except LTXVError as error:
            _log.debug("no duration figures for %s: %s", model, error)
            return
        with self._lock:
            self._percentiles[model] = (self._clock(), percentiles)
            self._beliefs.clear()

    def learn(self, model: str) -> None:
        """Read the journal again for a model: clips of it have been finished."""
        with self._lock:
            for settings in [known for known in self._beliefs if known[1] == model]:
                del self._beliefs[settings]

    def belief(self, record: Record) -> Belief:
        """Return what is known of how long this generation takes."""
        return self.belief_of(record.model, record.request, record.origin)

    def belief_of(self, name: str, request: Mapping[str, Any], origin: str) -> Belief:
        """Return what is known of how long such a generation takes: by its model, parameters and service."""
        asked = _settings(request)
        settings = (origin, name, *asked.values())
        now = self._clock()
        with self._lock:
            made_at, belief = self._beliefs.get(settings, (0.0, None))
            if belief is not None and abs(now - made_at) < BELIEF_SECONDS:
                return belief
            reported = self._percentiles.get(name, (0.0, None))[1]
        model = self._find(name)
        vendor_seconds = model.seconds if model else None
        percentiles = reported or (model.percentiles if model else None)
        try:
            history = self._history(name, asked, origin, model, now)
            belief = estimate.belief(
                vendor_seconds=vendor_seconds,
                work=_work(asked, model),
                percentiles=percentiles,
                history=history,
            )
        except (ArithmeticError, ValueError) as error:
            _log.debug("the figures for %s cannot be used: %s", name, error)
            belief = estimate.belief(vendor_seconds=vendor_seconds)
        with self._lock:
            self._beliefs[settings] = (now, belief)
        return belief

    def _history(
        self, name: str, asked: dict[str, Any], origin: str, model: Model | None, now: float
    ) -> list[estimate.History]:
        try:
            past = self._journal.past(name)
        except LTXVError:
            return []
        return [
            estimate.History(
                low=max(0.0, (row.asked_at or row.accepted_at) - row.accepted_at),
                high=row.finished_at - row.accepted_at,
                ago_days=max(0.0, (now - row.finished_at) / _DAY),
                same=_settings(row.request) == asked,
                work=_work(_settings(row.request), model),
            )
            for row in past
            if row.origin == origin
            and row.accepted_at
            and row.finished_at
            and row.finished_at > row.accepted_at
        ]


def _settings(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a generation's time depends on, as far as it was set and is usable.

    The settings of a model that is not known here went to the service as they were given.
    """
    return {
        "duration": _positive(asked.get("duration")),
        "resolution": _text(asked.get("resolution")),
        "aspect_ratio": _text(asked.get("aspect_ratio")),
        "fps": _positive(asked.get("fps")),
    }


def _work(asked: Mapping[str, Any], model: Model | None) -> float:
    """Return the amount of picture in a generation."""
    size = (model or default_model()).frame_size(asked["resolution"], asked["aspect_ratio"])
    return estimate.workload(asked["duration"], size, asked["fps"])


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _positive(value: object) -> float | None:
    """Return a setting as a positive number; ``None`` if it is not one, or implausibly large."""
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return found if 0 < found < _MOST else None
