"""From a checked body to the clip that is drawn for it, and to what of the body the clip does not show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ltxv_nb.models.roles import snake
from ltxv_nb.sandbox.drawing.clip import DEFAULT_DURATION, DEFAULT_FPS, ClipSpec
from ltxv_nb.sandbox.jobs.attached import decode_image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ltxv_nb.models import Model, Parameter
    from ltxv_nb.models.roles import Role

#: What is drawn at most and at least: seconds, frames per second, pixels of a side.
_SECONDS, _RATES, _SIDES = (0.5, 60.0), (1, 60), (128, 3840)

_RATE_NAMES = ("fps", "frame_rate", "frames_per_second")
_COUNT_NAMES = ("num_frames", "frames", "frame_count", "number_of_frames", "video_frames")
_SIZE_NAMES = ("size", "video_size", "frame_size", "dimensions")

#: Characters of the note on the clip.
_MOST_NOTE = 160


@dataclass(frozen=True)
class Plan:
    """What a request becomes.

    Attributes
    ----------
    clip : ClipSpec
        What is drawn.
    seconds : float
        How long the clip was to be; the drawn one is not longer than a minute.
    ignored : tuple of str
        Published names of the fields that the clip does not show.
    """

    clip: ClipSpec
    seconds: float
    ignored: tuple[str, ...] = ()


def plan_of(model: Model, body: Mapping[str, Any], store: Callable[[bytes], str]) -> Plan:
    """Return what is drawn for a body.

    Parameters
    ----------
    model : Model
        The model that the body was checked by.
    body : mapping
        The JSON body.
    store : callable
        Stores an image and returns its reference, ``sha256:<hex>``.
    """
    return _Planner(model, body, store).plan()


class _Planner:
    """Reads one body, and notes which fields it has used."""

    def __init__(self, model: Model, body: Mapping[str, Any], store: Callable[[bytes], str]) -> None:
        self._model, self._body, self._store = model, body, store
        self._used = {"model"}
        self._by_words = {snake(known.name): known for known in reversed(model.parameters)}

    def plan(self) -> Plan:
        prompt = self._prompt()
        fps = _clamped(round(self._number(*_RATE_NAMES) or DEFAULT_FPS), _RATES)
        seconds = self._seconds(fps)
        width, height = self._size()
        image, last_image = self._image("image"), self._image("last_image", addresses=False)
        audio, seed = self._audio(), self._role("seed")
        ignored = tuple(name for name in self._body if name not in self._used)
        clip = ClipSpec(
            prompt=prompt,
            model=self._model.id,
            width=width,
            height=height,
            duration=_whole(max(1, round(_clamped(seconds, _SECONDS) * fps)) / fps),  # whole frames
            fps=fps,
            audio=audio,
            image=image,
            last_image=last_image,
            seed="" if seed is None else str(seed),
            note=f"not drawn: {', '.join(ignored)}"[:_MOST_NOTE] if ignored else "",
        )
        return Plan(clip, seconds, ignored)

    def _prompt(self) -> str:
        """Return the words: the prompt, or those of a list of shots in its place."""
        given = self._role("prompt")
        if isinstance(given, str) and given.strip():
            return given.strip()
        shots = self._body.get("multi_prompt")
        words = [one.get("prompt") if isinstance(one, dict) else one for one in shots or ()]
        found = [one.strip() for one in words if isinstance(one, str)]
        if found:
            self._used.add("multi_prompt")
        return " / ".join(found)

    def _seconds(self, fps: int) -> float:
        """Return how long the clip is to be: as asked, as usual for the model, or as its frames take."""
        duration = self._model.parameter("duration")
        given = _seconds(self._role("duration"))
        if given is None:
            given = _seconds(_usual(duration))
        if given is None and (count := self._number(*_COUNT_NAMES)):
            given = count / fps
        return _whole(given or DEFAULT_DURATION)

    def _size(self) -> tuple[int, int]:
        """Return width and height in pixels, as even numbers."""
        width, height = self._number("width"), self._number("height")
        if not (width and height):
            width, height = self._named_size() or self._model.frame_size(
                self._role("resolution"), self._role("aspect_ratio")
            )
        shrink = min(1.0, _SIDES[1] / max(width, height))
        wide, high = (2 * round(_clamped(side * shrink, _SIDES) / 2) for side in (width, height))
        return wide, high

    def _named_size(self) -> tuple[int, int] | None:
        """Return a size that is given as ``1280x720``, in a parameter of its own."""
        for words in _SIZE_NAMES:
            parameter = self._by_words.get(words)
            value = self._body.get(parameter.name, _usual(parameter)) if parameter else None
            found = re.fullmatch(r"(\d{2,4})\s*[x*:]\s*(\d{2,4})", value) if isinstance(value, str) else None
            if parameter and found:
                self._used.add(parameter.name)
                return int(found[1]), int(found[2])
        return None

    def _image(self, role: Role, *, addresses: bool = True) -> str:
        """Return the reference of an image that is stored now, or its address, which is not fetched."""
        parameter = self._model.parameter(role)
        value = self._body.get(parameter.name) if parameter and parameter.media == "image" else None
        first = next(iter(value), None) if isinstance(value, list) else value
        if parameter is None or not isinstance(first, str) or not first:
            return ""
        data = decode_image(first) if first.startswith("data:") else None
        if data is None and not addresses:
            return ""
        self._used.add(parameter.name)
        return self._store(data) if data is not None else first

    def _audio(self) -> bool:
        """Whether there is a sound track: as asked, or as is usual for the model."""
        parameter = self._model.parameter("generate_audio")
        given = self._role("generate_audio")
        return bool(given if given is not None else parameter and parameter.default)

    def _role(self, role: Role) -> Any:
        """Return what was given for a role; ``None`` for nothing."""
        parameter = self._model.parameter(role)
        if parameter is None or parameter.name not in self._body:
            return None
        self._used.add(parameter.name)
        return self._body[parameter.name]

    def _number(self, *names: str) -> float | None:
        """Return the first of some parameters that is a number above zero, by its words in snake case."""
        for parameter in filter(None, map(self._by_words.get, names)):
            value = self._body.get(parameter.name, _usual(parameter))
            if parameter.name in self._body:
                self._used.add(parameter.name)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
                return value
        return None


def _usual(parameter: Parameter | None) -> Any:
    """Return what a parameter is where it is left out: its default, or the first value that it allows."""
    if parameter is None:
        return None
    first = next(iter(parameter.values), parameter.minimum)
    return first if parameter.default is None else parameter.default


def _seconds(value: Any) -> float | None:
    """Return a length in seconds; ``None`` for a word like ``auto`` and for -1, which means the same."""
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(\d{1,4}(?:\.\d+)?)\s*(?:s|sec|seconds?)?\s*", value, re.IGNORECASE)
        value = float(found[1]) if found else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if value > 0 else None


def _whole(value: float) -> float:
    """Return a whole number as an integer."""
    return int(value) if value == int(value) else value


def _clamped(value: Any, ends: tuple[Any, Any]) -> Any:
    return max(ends[0], min(ends[1], value))
