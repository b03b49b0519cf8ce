"""What can be asked for: every parameter once, with its values, default, help and check.

The magic's options, the panel's controls, the sandbox's validation and the table in the docs are all derived
from `PARAMETERS`. The facts in it are those of the vendor's published schema for the two models.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.media.image import IMAGE_SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Short names and the ids the service knows them by.
MODELS: dict[str, str] = {"ltxv-2": "ltxv/ltxv-2", "ltxv-2-fast": "ltxv/ltxv-2-fast"}

#: Width and height in pixels of each resolution at 16:9; the name is the short side.
FRAME_SIZES: dict[str, tuple[int, int]] = {
    "1080p": (1920, 1080),
    "1440p": (2560, 1440),
    "2160p": (3840, 2160),
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a generation.

    Attributes
    ----------
    name : str
        Its name in Python, in the journal and in the panel.
    wire : str
        Its name in the request body.
    label : str
        Its name for people.
    kind : type
        ``int``, ``str`` or ``bool``: the JSON type on the wire.
    help : str
        One line for people, with the unit.
    flags : tuple of str
        The magic's options for it; empty where the cell body is the value.
    choices : tuple
        The allowed values of the two models; empty when any value of its kind is allowed.
    default : int, str, bool or None
        What the service uses when it is left out; ``None`` where its schema names none.
    required : bool
        Whether the service refuses a body without it.
    unit : str
        Unit of the value, ``""`` where it has none.
    """

    name: str
    wire: str
    label: str
    kind: type
    help: str
    flags: tuple[str, ...] = ()
    choices: tuple[Any, ...] = ()
    default: Any = None
    required: bool = False
    unit: str = ""

    def allowed(self) -> str:
        """Say the allowed values in words: ``6, 8 or 10 seconds``."""
        if self.kind is bool:
            return "True or False"
        words = [str(choice) for choice in self.choices]
        listed = " or ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "text"
        return f"{listed} {self.unit}".strip()

    def parse(self, value: Any) -> Any:
        """Turn what a person gave into the value for the wire.

        Parameters
        ----------
        value : object
            The value, or the text of it.

        Returns
        -------
        int, str or bool
            The value, of this parameter's kind.

        Raises
        ------
        RequestError
            The value is not one of the allowed ones.
        """
        parsed = _PARSERS[self.kind](value)
        if parsed is not None and self.choices:
            parsed = next((choice for choice in self.choices if _same(choice, parsed)), None)
        if parsed is None:
            near = difflib.get_close_matches(str(value), [str(choice) for choice in self.choices], 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise RequestError(f"{self.name} is {value!r}, but it can be {self.allowed()}.{hint}")
        return parsed


def _same(choice: Any, parsed: Any) -> bool:
    """Whether a value is a choice, upper case and a bare ``1080`` for ``1080p`` being good enough."""
    if not isinstance(choice, str):
        return bool(choice == parsed)
    return parsed.strip().lower() in {choice.lower(), choice.removesuffix("p")}


def _parse_int(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        number = int(value)
        return number if float(value) == number else None
    except (TypeError, ValueError, OverflowError):
        return None


def _parse_str(value: Any) -> str | None:
    return None if isinstance(value, bool) or not isinstance(value, (str, int)) else str(value)


def _parse_bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "yes": True, "no": False}.get(str(value).strip().lower())


_PARSERS = {int: _parse_int, str: _parse_str, bool: _parse_bool}

#: Every parameter, in the order in which people meet them.
PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        Parameter(
            "model",
            "model",
            "Model",
            str,
            "which model makes the clip (a full id passes as it is)",
            flags=("-m", "--model"),
            choices=tuple(MODELS),
            default="ltxv-2",
            required=True,
        ),
        Parameter("prompt", "prompt", "Prompt", str, "what happens in the clip, in words", required=True),
        Parameter(
            "image",
            "image_url",
            "Image",
            str,
            f"the first frame: {IMAGE_SOURCES}",
            flags=("-i", "--image"),
        ),
        Parameter(
            "duration",
            "duration",
            "Duration",
            int,
            "length of the clip, in seconds",
            flags=("-d", "--duration"),
            choices=(6, 8, 10),
            unit="seconds",
        ),
        Parameter(
            "resolution",
            "resolution",
            "Resolution",
            str,
            "short side of the frame, in pixels",
            flags=("-r", "--resolution"),
            choices=tuple(FRAME_SIZES),
            default="1080p",
        ),
        Parameter(
            "aspect_ratio",
            "aspect_ratio",
            "Aspect ratio",
            str,
            "width to height of the frame",
            flags=("--aspect-ratio",),
            choices=("16:9",),
            default="16:9",
        ),
        Parameter(
            "fps",
            "fps",
            "Frame rate",
            int,
            "frames per second",
            flags=("--fps",),
            choices=(25, 50),
            unit="frames per second",
        ),
        Parameter(
            "generate_audio",
            "generate_audio",
            "Audio",
            bool,
            "whether the clip has a sound track",
            flags=("--audio", "--no-audio"),
            default=True,
        ),
    )
}


def full_model_id(model: str) -> str:
    """Return the id the service knows a model by; a name that is not ours passes as it is."""
    return MODELS.get(model, model)


def unknown_parameter(name: str, known: Iterable[str]) -> RequestError:
    """Return the error for a parameter nobody has, with the nearest name that exists."""
    near = difflib.get_close_matches(name, list(known), 1)
    hint = f" Did you mean {near[0]}?" if near else f" There are: {', '.join(known)}."
    return RequestError(f"There is no parameter {name!r}.{hint}")


@dataclass(frozen=True, eq=True)
class GenerationRequest:
    """One clip, as it is asked for. What is ``None`` was not set: the service has its own default for it.

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
        Further fields of the body, for a model id outside the two.

    Raises
    ------
    RequestError
        A value is not allowed.
    """

    prompt: str
    model: str = MODELS["ltxv-2"]
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
            raise RequestError("The prompt holds half a character (a lone surrogate): write it anew.")
        if not isinstance(self.model, str) or not self.model.strip():
            raise RequestError(f"model is {self.model!r}, but it can be {PARAMETERS['model'].allowed()}.")
        self._set("prompt", self.prompt.strip())
        self._set("model", full_model_id(self.model.strip()))
        if not self.known_model:
            return
        for name in self.extra:
            raise unknown_parameter(name, PARAMETERS)
        for name in ("duration", "resolution", "aspect_ratio", "fps", "generate_audio"):
            value = getattr(self, name)
            if value is not None:
                self._set(name, PARAMETERS[name].parse(value))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def known_model(self) -> bool:
        """Whether the model is one of the two whose parameters are known here."""
        return self.model in MODELS.values()

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height in pixels of the clip that is asked for."""
        return FRAME_SIZES.get(self.resolution or "", FRAME_SIZES["1080p"])

    def settings(self) -> dict[str, Any]:
        """Return every parameter that was set, but the prompt and the image, under its Python name."""
        names = [name for name in PARAMETERS if name not in {"prompt", "image"}]
        chosen = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return {**chosen, **self.extra}

    def body(self) -> dict[str, Any]:
        """Return the JSON body for the service: only what was set.

        ``image`` must already be an address or a data URI (`ltxv_nb.media.image.prepare` sees to that).
        """
        body = {
            parameter.wire: getattr(self, name)
            for name, parameter in PARAMETERS.items()
            if getattr(self, name) is not None
        }
        return {**body, **self.extra}

    def replace(self, **changes: Any) -> GenerationRequest:
        """Return the same request with some parameters changed, checked anew."""
        names = [known.name for known in fields(self)]
        for name in changes:
            if name not in names:
                raise unknown_parameter(name, names)
        return replace(self, **changes)


def options_table() -> str:
    """Return the parameters as a Markdown table, for the README and the docs."""
    head = ["option", "Python", "values", "default of the service", "what it is"]
    rows = [head, ["---"] * len(head)]
    for parameter in PARAMETERS.values():
        flags = ", ".join(f"`{flag}`" for flag in parameter.flags) or "the cell body"
        default = "" if parameter.default is None else f"`{parameter.default}`"
        choices = (True, False) if parameter.kind is bool else parameter.choices
        values = ", ".join(f"`{choice}`" for choice in choices) or "text"
        rows.append([flags, f"`{parameter.name}`", values, default, parameter.help])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
