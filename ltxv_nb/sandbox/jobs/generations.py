"""The life of a generation: accepted, queued, generating, then completed or ended in an error."""

from __future__ import annotations

import json
import logging
import secrets
import uuid
from typing import TYPE_CHECKING, Any

from ltxv_nb.sandbox.drawing.clip import ClipSpec, fast_spec
from ltxv_nb.sandbox.jobs import prompt_words
from ltxv_nb.sandbox.jobs.bill import bill
from ltxv_nb.sandbox.jobs.books import OutOfCredits
from ltxv_nb.sandbox.jobs.plan import plan_of
from ltxv_nb.sandbox.jobs.store import Generation, LoggedRequest
from ltxv_nb.sandbox.models.invented import usual_models
from ltxv_nb.sandbox.models.served import usual_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.sandbox.jobs.renderer import Renderer
    from ltxv_nb.sandbox.jobs.store import Store
    from ltxv_nb.sandbox.models.served import ServedModels

log = logging.getLogger(__name__)

#: A generation takes its nominal time, more or less by at most this share.
JITTER = 0.10

#: A charge is seen so long after the end of its generation, as a share of the nominal time.
CHARGE_SHARE = 0.5

#: The share of its time that a generation is ``queued``.
_QUEUED_SHARE = 0.15

#: ``[rate-limit]`` counters at most; after that all of them start again.
_MAX_COUNTERS = 1000


class RateLimited(Exception):
    """The prompt holds ``[rate-limit]``, and this submission is one that it refuses."""


class Generations:
    """Takes submissions and says how they are.

    Parameters
    ----------
    store : Store
        Where they are stored.
    renderer : Renderer
        Renders their clips.
    seconds : float
        Nominal time of an ``ltxv-2`` generation.
    fast : bool
        No waiting, and one small clip for every request.
    clock : callable
        Unix seconds.
    models : ServedModels, optional
        The models that there are; by default those of a sandbox that is given no others.
    """

    def __init__(
        self,
        store: Store,
        renderer: Renderer,
        seconds: float,
        *,
        fast: bool,
        clock: Callable[[], float],
        models: ServedModels | None = None,
    ) -> None:
        self.store, self._renderer, self._clock = store, renderer, clock
        self.models = models or usual_models()
        self.seconds, self.fast = (0.0 if fast else seconds), fast
        self._refused: dict[str, int] = {}
        self._open = {generation.id: generation for generation in store.unfinished()}

    def resume(self) -> None:
        """Continue what an earlier service left unfinished."""
        if self.fast:
            self._renderer.render(fast_spec(), lambda _problem: None)
        for generation in self._open.values():
            self._render(generation)

    def submit(self, body: dict[str, Any], client_request_id: str | None, request_id: str) -> Generation:
        """Accept a checked body; it is stored when this returns.

        Parameters
        ----------
        body : dict
            The JSON body, every field of it allowed, its model by its id.
        client_request_id : str or None
            The client's id of the request.
        request_id : str
            The service's id of it.

        Raises
        ------
        RateLimited
            The prompt holds ``[rate-limit]``, and the same body has been refused fewer than twice.
        OutOfCredits
            The account does not hold what it costs, or the prompt holds ``[no-credits]``.
        """
        served = self.models.find(body["model"])
        assert served is not None
        plan = plan_of(served.model, body, self._keep_image)
        prompt, spec = plan.clip.prompt, fast_spec() if self.fast else plan.clip
        self._limit(prompt, body)
        cost = bill(served, body, plan)
        now = self._clock()
        self._check_credits(prompt, cost, now)
        generation = Generation(
            id=f"{uuid.uuid4()}:{body['model']}",
            created=now,
            seconds=self._time(spec, body["model"], prompt),
            fails=prompt_words.has(prompt, "[fail]"),
            spec=spec.to_json(),
            outages=prompt_words.OUTAGES if prompt_words.has(prompt, "[unavailable]") else 0,
            file_token=secrets.token_urlsafe(24),
            credits=cost,
            ignored=json.dumps(plan.ignored),
        )
        logged = LoggedRequest(
            now, "succeeded", body["model"], request_id, generation.id, client_request_id, cost
        )
        self.store.accept(generation, logged)
        self._open[generation.id] = generation
        self._render(generation)
        return generation

    def refuse(self, model: str, client_request_id: str | None, request_id: str) -> None:
        """Log a refused submission."""
        logged = LoggedRequest(
            self._clock(), "failed", model, request_id, str(uuid.uuid4()), client_request_id
        )
        self.store.log(logged)

    def find(self, generation_id: str) -> Generation | None:
        """Return a generation by its id."""
        return self._open.get(generation_id) or self.store.get(generation_id)

    def is_out(self, generation: Generation) -> bool:
        """Whether ``[unavailable]`` makes this poll fail; counts it."""
        if not generation.outages:
            return False
        generation.outages -= 1
        self.store.update(generation)
        return True

    def status(self, generation: Generation) -> str:
        """Return ``queued``, ``generating``, ``completed`` or ``error``."""
        passed = self._clock() - generation.created
        if passed < generation.seconds * _QUEUED_SHARE:
            return "queued"
        if passed < generation.seconds:
            return "generating"
        if generation.fails or generation.broken:
            self._close(generation)
            if generation.credits:
                self.store.forgive(generation)
            return "error"
        if self._renderer.has(ClipSpec.from_json(generation.spec)):
            self._complete(generation)
            return "completed"
        # Still being rendered, or deleted to free space: then it is rendered again, to the same bytes.
        self._render(generation)
        return "generating"

    def error(self, generation: Generation) -> dict[str, str]:
        """Return the error object of a generation in the state ``error``."""
        if generation.fails:
            return prompt_words.FAILURE
        return {"name": "RenderingFailed", "message": generation.broken or ""}

    def busy(self) -> bool:
        """Whether any generation is unfinished."""
        for generation in list(self._open.values()):
            self.status(generation)
        return bool(self._open)

    def settle(self) -> float:
        """Charge for everything that is completed by now; return the time, in unix seconds."""
        self.busy()
        return self._clock()

    def _check_credits(self, prompt: str, cost: int, now: float) -> None:
        if prompt_words.has(prompt, "[no-credits]"):
            raise OutOfCredits(
                "The sandbox's account is out of credits, because the prompt holds [no-credits]."
            )
        self.store.books.check(now, cost)

    def _complete(self, generation: Generation) -> None:
        if generation.open:
            generation.open = False
            self.store.complete(generation, self._clock() + self.seconds * CHARGE_SHARE)
        self._open.pop(generation.id, None)

    def _close(self, generation: Generation) -> None:
        if generation.open:
            generation.open = False
            self.store.update(generation)
        self._open.pop(generation.id, None)

    def _render(self, generation: Generation) -> None:
        spec = ClipSpec.from_json(generation.spec)
        if generation.fails or self._renderer.has(spec):
            return
        if not self._renderer.has_images(spec):
            generation.broken = "The sandbox no longer has this generation's first or last frame."
            self.store.update(generation)
            return

        def done(problem: str) -> None:
            if problem:
                log.error("generation %s could not be rendered: %s", generation.id, problem)
                generation.broken = f"The sandbox could not render the clip: {problem}."
                self.store.update(generation)

        self._renderer.render(spec, done)

    def _keep_image(self, data: bytes) -> str:
        """Store an image and return its reference; the one small clip of `--fast` shows none."""
        return "" if self.fast else self._renderer.store_image(data)

    def _time(self, spec: ClipSpec, model: str, prompt: str) -> float:
        nominal = self.nominal(model) * (prompt_words.SLOWNESS if prompt_words.has(prompt, "[slow]") else 1.0)
        return nominal * (1 + JITTER * (2 * spec.rng(f"time {spec.key}").random() - 1))

    def nominal(self, model: str) -> float:
        """Return the time a model takes, in seconds, before jitter: in proportion to the vendor's figures."""
        served = self.models.find(model)
        seconds = served.seconds if served else None
        return self.seconds * (seconds / usual_seconds() if seconds else 1.0)

    def _limit(self, prompt: str, body: dict[str, Any]) -> None:
        if not prompt_words.has(prompt, "[rate-limit]"):
            return
        name = json.dumps(body, sort_keys=True)[:2000]
        count = self._refused.pop(name, 0)
        if count < prompt_words.REFUSALS:
            if len(self._refused) >= _MAX_COUNTERS:
                self._refused.clear()
            self._refused[name] = count + 1
            raise RateLimited("Too many requests: the prompt holds [rate-limit]. Try again in 1 second.")
