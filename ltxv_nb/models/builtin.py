"""The two LTXV models, and where to look a model up.

The facts are those of the vendor's published schema for the two models. One entry in `_PARAMETERS` is all
that a new parameter needs.
"""

from __future__ import annotations

from ltxv_nb.models.model import Model
from ltxv_nb.models.parameter import Parameter
from ltxv_nb.text import IMAGE_SOURCES

#: The parameters of both models, in the order in which people meet them.
_PARAMETERS: tuple[Parameter, ...] = (
    Parameter("prompt", "string", "what happens in the clip, in words", required=True, role="prompt"),
    Parameter(
        "image",
        "string",
        f"the first frame: {IMAGE_SOURCES}",
        role="image",
        wire="image_url",
        flags=("-i", "--image"),
    ),
    Parameter(
        "duration",
        "integer",
        "length of the clip, in seconds",
        values=(6, 8, 10),
        role="duration",
        unit="seconds",
        flags=("-d", "--duration"),
    ),
    Parameter(
        "resolution",
        "string",
        "short side of the frame, in pixels",
        values=("1080p", "1440p", "2160p"),
        default="1080p",
        role="resolution",
        flags=("-r", "--resolution"),
    ),
    Parameter(
        "aspect_ratio",
        "string",
        "width to height of the frame",
        values=("16:9",),
        default="16:9",
        role="aspect_ratio",
    ),
    Parameter(
        "fps",
        "integer",
        "frames per second",
        values=(25, 50),
        unit="frames per second",
        label="Frame rate",
    ),
    Parameter(
        "generate_audio",
        "boolean",
        "whether the clip has a sound track",
        default=True,
        role="generate_audio",
        label="Audio",
        flags=("--audio", "--no-audio"),
    ),
)

#: The models that are known without asking the service; the first is the default. Their entries look alike
#: because they share all parameters; the seconds are those of the vendor's two guides, measured once each.
BUILTIN_MODELS: tuple[Model, ...] = (
    Model(
        id="ltxv/ltxv-2",
        name="LTXV-2",
        developer="Lightricks",
        aliases=("ltxv-2",),
        capabilities=("text_to_video", "image_to_video"),
        parameters=_PARAMETERS,
        seconds=70.0,
    ),
    Model(
        id="ltxv/ltxv-2-fast",
        name="LTXV-2 Fast",
        developer="Lightricks",
        aliases=("ltxv-2-fast",),
        capabilities=("text_to_video", "image_to_video"),
        parameters=_PARAMETERS,
        seconds=58.9,
    ),
)


def builtin_models() -> tuple[Model, ...]:
    """Return the models that are known without asking the service."""
    return BUILTIN_MODELS


def default_model() -> Model:
    """Return the model of a request that names none."""
    return builtin_models()[0]


def find_model(name: object) -> Model | None:
    """Return a model by its id or an alias; ``None`` if it is not known here, which is no error."""
    return next((model for model in builtin_models() if name == model.id or name in model.aliases), None)


def model_choice() -> Parameter:
    """Return the choice of the model as a parameter: every request has it, whatever the model."""
    return Parameter(
        "model",
        "string",
        "which model makes the clip (a full id passes as it is)",
        values=tuple(model.short_name for model in builtin_models()),
        default=default_model().short_name,
        required=True,
        flags=("-m", "--model"),
    )


def request_parameters(model: Model | None = None) -> tuple[Parameter, ...]:
    """Return all that a request can set: the model, then that model's parameters.

    Parameters
    ----------
    model : Model, optional
        By default the default model; its names also serve for a model that is not known here.
    """
    return (model_choice(), *(model or default_model()).parameters)


def missing_model_hint(name: str) -> str:
    """Return a sentence with other models, for when the service does not have this one."""
    others = [model.short_name for model in builtin_models() if name not in {model.id, *model.aliases}]
    return f"You can use {' or '.join(others)} instead." if others else ""
