"""A request for one clip: what was set, checked by its model's parameters."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.models import default_model, find_model, model_choice, request_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ltxv_nb.models import Model, Parameter


@dataclass(frozen=True, eq=False)
class GenerationRequest:
    """A request for one clip. What is ``None`` was not set: the service has its own default for it.

    Parameters
    ----------
    prompt : str
        What happens in the clip; at least one visible character.
    model : str
        ``"ltxv-2"``, ``"ltxv-2-fast"``, or any full id. The parameters of an id outside the two are not
        checked: the service answers for them.
    image : object, optional
        The first frame: a path, an http(s) URL, bytes, a PIL image, an array, a data URI, or an earlier
        job or video.
    duration : {6, 8, 10}, optional
        Length of the clip, in seconds.
    resolution : {"1080p", "1440p", "2160p"}, optional
        Short side of the frame, in pixels.
    aspect_ratio : {"16:9"}, optional
        Width to height.
    fps : {25, 50}, optional
        Frames per second.
    generate_audio : bool, optional
        Whether the clip has a sound track.
    extra : dict, optional
        Further parameters of the model, by name; for a model that is not known here, further fields of the
        body, sent as they are.

    Raises
    ------
    RequestError
        A value is not allowed, or the model has no such parameter.
    """

    prompt: str
    model: str = default_model().id
    image: Any = None
    duration: int | None = None
    resolution: str | None = None
    aspect_ratio: str | None = None
    fps: int | None = None
    generate_audio: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.prompt, str) or not self.prompt.strip():
            raise RequestError("The prompt is empty: say in words what happens in the clip.")
        if any("\ud800" <= char <= "\udfff" for char in self.prompt):
            raise RequestError("The prompt contains half a character (a lone surrogate): type it again.")
        if not isinstance(self.model, str) or not self.model.strip():
            raise RequestError(f"model is {self.model!r}, but it can be {model_choice().allowed()}.")
        self._set("prompt", self.prompt.strip())
        model = find_model(self.model.strip())
        self._set("model", model.id if model else self.model.strip())
        if model is not None:
            self._sort_out(model)
            self._check(model)

    def __eq__(self, other: object) -> bool:
        """Whether both ask for the same; an array as first frame is compared as a whole."""
        if not isinstance(other, GenerationRequest):
            return NotImplemented
        return all(_same(getattr(self, name), getattr(other, name)) for name in (*_FIELDS, "extra"))

    __hash__ = None  # type: ignore[assignment]  # `extra` is a dict, and an image may be an array

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> GenerationRequest:
        """Return the request with these parameters, by their Python names; those without a field are extra.

        Raises
        ------
        RequestError
            A value is not allowed, or the model has no such parameter.
        """
        named = {name: value for name, value in values.items() if name in _FIELDS}
        more = {name: value for name, value in values.items() if name not in {*_FIELDS, "extra"}}
        return cls(**{"prompt": "", **named}, extra={**values.get("extra", {}), **more})

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _sort_out(self, model: Model) -> None:
        """Bring what came as extra, by whatever name, under its Python name and into its field."""
        extra: dict[str, Any] = {}
        for name, value in self.extra.items():
            parameter = model.parameter(name)
            if parameter is None:
                raise unknown_parameter(name, [known.name for known in request_parameters(model)])
            if value is None:
                continue
            typed = parameter.name in _FIELDS
            if (getattr(self, parameter.name) if typed else extra.get(parameter.name)) is not None:
                raise RequestError(f"{parameter.name} is set twice: set it once, without {name}.")
            if typed:
                self._set(parameter.name, value)
            else:
                extra[parameter.name] = value
        self._set("extra", extra)

    def _check(self, model: Model) -> None:
        """Check every value by its parameter, and bring it into the parameter's type."""
        for name in _FIELDS:
            if name != "model" and self.get(name) is not None and model.parameter(name) is None:
                raise unknown_parameter(name, [known.name for known in request_parameters(model)])
        for parameter in model.parameters:
            value = self.get(parameter.name)
            if value is None and parameter.required:
                raise RequestError(f"{model.short_name} needs {parameter.name}: {parameter.help}.")
            if value is None or parameter.role in {"prompt", "image"}:
                continue  # the prompt has been checked, and the image is when it is prepared
            if parameter.name in _FIELDS:
                self._set(parameter.name, parameter.parse(value))
            else:
                self._set("extra", {**self.extra, parameter.name: parameter.parse(value)})

    def get(self, name: str) -> Any:
        """Return the value of a parameter by its Python name; ``None`` if it was not set."""
        return getattr(self, name) if name in _FIELDS else self.extra.get(name)

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height of the requested clip, in pixels."""
        model = find_model(self.model) or default_model()
        return model.frame_size(self.resolution, self.aspect_ratio)

    def settings(self) -> dict[str, Any]:
        """Return every parameter that was set, except the prompt and the image, under its Python name."""
        names = [known.name for known in self._parameters() if known.role not in {"prompt", "image"}]
        return {
            **{name: value for name in names if (value := self.get(name)) is not None},
            **self.extra,
        }

    def body(self) -> dict[str, Any]:
        """Return the JSON body for the service: only what was set.

        ``image`` must already be an address or a data URI (`ltxv_nb.media.image.prepare` does that).
        """
        model = find_model(self.model)
        # What else goes to a model that is not known here keeps the name it came with.
        ours = [known for known in self._parameters() if model is not None or known.name in _FIELDS]
        body = {known.wire: value for known in ours if (value := self.get(known.name)) is not None}
        return body if model is not None else {**body, **self.extra}

    def replace(self, **changes: Any) -> GenerationRequest:
        """Return the same request with some parameters changed, checked again.

        Raises
        ------
        RequestError
            A value is not allowed, or the model has no such parameter.
        """
        more = {name: changes.pop(name) for name in list(changes) if name not in {*_FIELDS, "extra"}}
        if find_model(changes.get("model", self.model)) is None:
            for name in more.keys() - self.extra.keys():
                raise unknown_parameter(name, [*_FIELDS, *self.extra])
        extra = {**changes.pop("extra", self.extra), **more}
        return dataclasses.replace(self, **changes, extra=extra)

    def _parameters(self) -> tuple[Parameter, ...]:
        return request_parameters(find_model(self.model))


_FIELDS = tuple(one.name for one in dataclasses.fields(GenerationRequest) if one.name != "extra")


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal. Arrays answer ``==`` with an array, or not at all for unlike shapes."""
    if one is other:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, (list, tuple)) and type(one) is type(other):
        return len(one) == len(other) and all(map(_same, one, other))
    if getattr(one, "shape", None) != getattr(other, "shape", None):
        return False
    try:
        equal = one == other
        return bool(equal.all() if hasattr(equal, "all") else equal)
    except Exception:  # noqa: BLE001 - a thing from outside that cannot be compared, like a freed tensor
        return False


def unknown_parameter(name: str, known: Iterable[str]) -> RequestError:
    """Return the error for a parameter that does not exist, with the nearest one that does."""
    known = list(known)
    near = difflib.get_close_matches(name, known, 1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
    return RequestError(f"There is no parameter {name!r}. {hint}")
