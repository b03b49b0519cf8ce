"""A request for one clip: what was set, checked by its model's parameters."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ltxv_nb.errors import RequestError
from ltxv_nb.models import Model, default_model, find_model, model_choice, unlisted_model
from ltxv_nb.text import one_line


@dataclass(frozen=True, eq=False)
class GenerationRequest:
    """A request for one clip. What is ``None`` was not set: the service has its own default for it.

    Parameters
    ----------
    prompt : str, optional
        What happens in the clip. A model that needs one wants at least one visible character; a model
        without a prompt takes none.
    model : str or Model
        ``"ltxv-2"``, ``"ltxv-2-fast"``, any full id, or a `Model`. The parameters of an id alone, outside the
        two, are checked when the client looks the model up.
    image : object, optional
        The first frame: a path, an http(s) URL, bytes, a PIL image, an array, a data URI, or an earlier
        job or video.
    duration : int, optional
        Length of the clip, in seconds; 6, 8 or 10 for the built-in models.
    resolution : str, optional
        Short side of the frame, in pixels; ``"1080p"``, ``"1440p"`` or ``"2160p"`` for the built-in models.
    aspect_ratio : str, optional
        Width to height; ``"16:9"`` for the built-in models.
    fps : int, optional
        Frames per second; 25 or 50 for the built-in models.
    generate_audio : bool, optional
        Whether the clip has a sound track.
    extra : dict, optional
        Further parameters of the model, by role or by published name: ``last_image``, ``images``, ``video``,
        ``audio``, ``seed``, ``negative_prompt`` and what only this model has.

    Attributes
    ----------
    spec : Model
        The model that the request was checked by.

    Raises
    ------
    RequestError
        A value is not allowed, or the model has no such parameter.
    """

    prompt: str = ""
    model: str = default_model().id
    image: Any = None
    duration: int | None = None
    resolution: str | None = None
    aspect_ratio: str | None = None
    fps: int | None = None
    generate_audio: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    spec: Model = field(init=False, repr=False)

    def __post_init__(self) -> None:
        given: Any = self.model
        if not isinstance(given, Model) and (not isinstance(given, str) or not given.strip()):
            raise RequestError(f"model is {given!r}, but it can be {model_choice().allowed()}.")
        spec = given if isinstance(given, Model) else find_model(given) or unlisted_model(given.strip())
        self._set("spec", spec)
        self._set("model", spec.id)
        self._sort_out(spec)
        self._check_prompt(spec)
        self._check(spec)

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
        return cls(**named, extra={**values.get("extra", {}), **more})

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_prompt(self, model: Model) -> None:
        """Check the prompt by what the model wants of one; without one it becomes an empty text."""
        parameter = model.parameter("prompt")
        text = self.prompt if isinstance(self.prompt, str) else ""
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise RequestError("The prompt contains half a character (a lone surrogate): type it again.")
        if parameter is None and text.strip():
            raise RequestError(
                f"{model.short_name} takes no prompt: leave the text out. It takes "
                f"{', '.join(_listed(model)[1:])}."
            )
        wrong = self.prompt is not None and not isinstance(self.prompt, str)
        if (wrong or not text.strip()) and parameter is not None and (wrong or parameter.required):
            raise RequestError("The prompt is empty: say in words what happens in the clip.")
        self._set("prompt", text.strip())
        if parameter is not None and self.prompt and not parameter.within(self.prompt):
            raise RequestError(
                f"The prompt has {len(self.prompt)} characters, but for {model.short_name} it can be "
                f"{parameter.allowed()}."
            )

    def _sort_out(self, model: Model) -> None:
        """Bring what came as extra, by whatever name, under its Python name and into its field."""
        extra: dict[str, Any] = {}
        for name, value in self.extra.items():
            parameter = model.parameter(name)
            if parameter is None and not model.open:
                raise unknown_parameter(name, model)
            if value is None:
                continue
            key = parameter.key if parameter else name
            there = getattr(self, key) if key in _FIELDS else extra.get(key)
            if there is not None and not (isinstance(there, str) and key == "prompt" and not there.strip()):
                raise RequestError(f"{key} is set twice: set it once, without {name}.")
            if key in _FIELDS:
                self._set(key, value)
            else:
                extra[key] = value
        self._set("extra", extra)

    def _check(self, model: Model) -> None:
        """Check every value by its parameter, and bring it into the parameter's type."""
        for name in _FIELDS:
            if name not in {"model", "prompt"} and self.get(name) is not None and not model.parameter(name):
                raise unknown_parameter(name, model)
        for parameter in model.parameters:
            value = self.get(parameter.key)
            if value is None and parameter.required:
                about = one_line(parameter.help.partition(". ")[0].rstrip("."), 160)
                raise RequestError(f"{model.short_name} needs {parameter.key}: {about}.")
            if value is None or parameter.role == "prompt" or parameter.media:
                continue  # the prompt is checked above, and a file when it is prepared
            parsed = parameter.parse(value)
            if parameter.key in _FIELDS:
                self._set(parameter.key, parsed)
            else:
                self._set("extra", {**self.extra, parameter.key: parsed})

    def get(self, name: str) -> Any:
        """Return the value of a parameter by its Python name; ``None`` if it was not set."""
        return getattr(self, name) if name in _FIELDS else self.extra.get(name)

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height of the requested clip, in pixels."""
        return self.spec.frame_size(self.resolution, self.aspect_ratio)

    def files(self) -> dict[str, Any]:
        """Return what was given as image, video or sound, by the parameters' Python names."""
        given = [known for known in self.spec.parameters if known.media]
        return {known.key: value for known in given if (value := self.get(known.key)) is not None}

    def settings(self) -> dict[str, Any]:
        """Return every parameter that was set, except the prompt and files, under its Python name."""
        rest = [known.key for known in self.spec.parameters if known.role != "prompt" and not known.media]
        left = {known.key for known in self.spec.parameters if known.media}
        return {
            "model": self.model,
            **{key: value for key in rest if (value := self.get(key)) is not None},
            **{key: value for key, value in self.extra.items() if key not in left},
        }

    def body(self, files: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON body for the service: only what was set.

        Parameters
        ----------
        files : mapping, optional
            The files by Python name, each as an address or a data URI, or a list of those, as
            `ltxv_nb.engine.prepare` makes them; by default those of the request, as they were given.
        """
        given = {**self.settings(), **(self.files() if files is None else files)}
        if self.prompt:
            given["prompt"] = self.prompt
        names = {known.key: known.name for known in self.spec.parameters}
        ordered = [
            "model",
            *(key for key in names if key in given),
            *(key for key in given if key not in names),
        ]
        return {names.get(key, key): given[key] for key in dict.fromkeys(ordered)}

    def replace(self, **changes: Any) -> GenerationRequest:
        """Return the same request with some parameters changed, checked again.

        Raises
        ------
        RequestError
            A value is not allowed, or the model has no such parameter.
        """
        more = {name: changes.pop(name) for name in list(changes) if name not in {*_FIELDS, "extra"}}
        model = changes.pop("model", self.spec)
        if not isinstance(model, Model):
            model = self.spec if model == self.model else find_model(model) or model
        if not isinstance(model, Model) or not model.listed:
            for name in more.keys() - self.extra.keys():
                raise _no_such(name, [*_FIELDS, *self.extra])
        extra = {**changes.pop("extra", self.extra), **more}
        return dataclasses.replace(self, **changes, model=model, extra=extra)


def checked_values(model: Model, values: Mapping[str, Any]) -> tuple[Model, dict[str, Any]]:
    """Return a model, and some of its parameters as a request would have them; none is needed.

    Raises
    ------
    RequestError
        A value is not allowed, or the model has no such parameter.
    """
    if not isinstance(model, Model):
        raise RequestError(f"model is {model!r}, but it can be {model_choice().allowed()}.")
    found: dict[str, Any] = {}
    for name, value in values.items():
        parameter = model.parameter(name)
        if parameter is None and not model.open:
            raise unknown_parameter(name, model)
        if value is not None:
            found[name] = value if parameter is None or parameter.media else parameter.parse(value)
    return model, found


_FIELDS = tuple(
    one.name for one in dataclasses.fields(GenerationRequest) if one.name not in {"extra", "spec"}
)


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


def unknown_parameter(name: str, model: Model) -> RequestError:
    """Return the error for a parameter that a model does not have, with the nearest one that it has."""
    return _no_such(name, _listed(model), model)


def _listed(model: Model) -> list[str]:
    return ["model", *(known.key for known in model.parameters)]


def _no_such(name: str, known: list[str], model: Model | None = None) -> RequestError:
    near = difflib.get_close_matches(name, known, 1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
    subject = f"{model.short_name} has" if model else "There is"
    return RequestError(f"{subject} no parameter {name!r}. {hint}")
