"""The two LTXV models, and where to look a model up.

The facts are those of the vendor's published schema for the two models. One entry in `_PARAMETERS` is all
that a new parameter needs.
"""

from __future__ import annotations

import functools

from ltxv_nb.models.model import Model
from ltxv_nb.models.parameter import Parameter
from ltxv_nb.models.price import PriceList, Rate
from ltxv_nb.models.roles import ROLES
from ltxv_nb.text import IMAGE_SOURCES

#: What any model may have, for one of which nothing is known: unchecked, under the usual published names.
COMMON: tuple[Parameter, ...] = (
    *(
        Parameter(entry.names[0], "any", entry.help, role=role, unit=entry.unit)
        for role, entry in ROLES.items()
        if role not in {"last_image", "images", "video", "audio"}  # their published names differ too much
    ),
    Parameter("fps", "any", "frames per second", unit="frames per second"),
)

#: The parameters of both models, in the order in which people meet them.
_PARAMETERS: tuple[Parameter, ...] = (
    Parameter("prompt", "string", "what happens in the clip, in words", required=True, role="prompt"),
    Parameter("image_url", "string", f"the first frame: {IMAGE_SOURCES}", role="image"),
    Parameter(
        "duration",
        "integer",
        "length of the clip, in seconds",
        values=(6, 8, 10),
        role="duration",
        unit="seconds",
    ),
    Parameter(
        "resolution",
        "string",
        "short side of the frame, in pixels",
        values=("1080p", "1440p", "2160p"),
        default="1080p",
        role="resolution",
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
    ),
)


def _prices(usd_per_second: str) -> PriceList:
    """Return the one price that the guides show; what other resolutions cost, the catalogue says."""
    return PriceList(
        (Rate(usd_per_second, when=(("resolution", ("1080p",)),)),),
        variants=True,
        source="the samples in the vendor's guides: 6 s of 1080p",
    )


#: The models that are known without asking the service; the first is the default. Their entries look alike
#: because they share all parameters; seconds and prices are those of the vendor's two guides: one clip of 6 s
#: in 1080p each, billed with 756,000 and 504,000 credits.
BUILTIN_MODELS: tuple[Model, ...] = (
    Model(
        id="ltxv/ltxv-2",
        name="LTXV-2",
        developer="Lightricks",
        aliases=("ltxv-2",),
        short="ltxv-2",
        capabilities=("text_to_video", "image_to_video"),
        parameters=_PARAMETERS,
        seconds=70.0,
        prices=_prices("0.063"),
    ),
    Model(
        id="ltxv/ltxv-2-fast",
        name="LTXV-2 Fast",
        developer="Lightricks",
        aliases=("ltxv-2-fast",),
        short="ltxv-2-fast",
        capabilities=("text_to_video", "image_to_video"),
        parameters=_PARAMETERS,
        seconds=58.9,
        prices=_prices("0.042"),
    ),
)


#: What the built-in models cost in the sandbox, in USD a second. 1080p is the vendor's figure, from its
#: guides; the others are invented, twice and four times that.
SANDBOX_RATES = {
    "ltxv/ltxv-2": {"1080p": 0.063, "1440p": 0.126, "2160p": 0.252},
    "ltxv/ltxv-2-fast": {"1080p": 0.042, "1440p": 0.084, "2160p": 0.168},
}


def sandbox_prices(model: Model) -> PriceList | None:
    """Return the price list that the sandbox has for a built-in model; ``None`` for any other."""
    return _sandbox_prices(model.id)


@functools.cache
def _sandbox_prices(model_id: str) -> PriceList | None:
    rates = SANDBOX_RATES.get(model_id)
    rows = (Rate(str(usd), when=(("resolution", (name,)),)) for name, usd in (rates or {}).items())
    return PriceList(tuple(rows), variants=True, source="the sandbox") if rates else None


def builtin_models() -> tuple[Model, ...]:
    """Return the models that are known without asking the service."""
    return BUILTIN_MODELS


def default_model() -> Model:
    """Return the model of a request that names none."""
    return builtin_models()[0]


def find_model(name: object) -> Model | None:
    """Return a built-in model by its id or an alias, in any case; ``None`` if it is not one of them."""
    wanted = name.strip().lower() if isinstance(name, str) else None
    return next((model for model in builtin_models() if wanted in {model.id, *model.aliases}), None)


def unlisted_model(name: str) -> Model:
    """Return a model of which nothing but the id is known: what is asked of it is sent as it is."""
    return Model(name, name, "", parameters=COMMON, open=True, listed=False)


def model_choice() -> Parameter:
    """Return the choice of the model as a parameter: every request has it, whatever the model."""
    return Parameter(
        "model",
        "string",
        "which model makes the clip (any id or alias of the service works)",
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
