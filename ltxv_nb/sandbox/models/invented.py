"""Invented models, which between them have every kind of parameter, price and published flaw.

They are there to learn and to test with. What each of them covers stands above it; the flaws are those that
were seen in schemas that services publish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.models import builtin_models
from ltxv_nb.models.builtin import SANDBOX_RATES
from ltxv_nb.sandbox.models.served import ServedModel, ServedModels, built_in, document_of, row_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Rule = dict[str, Any]

_TEXT_TO_VIDEO, _IMAGE_TO_VIDEO = ("text_to_video",), ("image_to_video",)

#: A price that nobody can say before the clip is there.
VARIABLE = {"kind": "variable", "currency": "USD"}


def _text(help_: str = "", **more: Any) -> Rule:
    return {"type": "string", **({"description": help_} if help_ else {}), **more}


def _address(help_: str) -> Rule:
    return _text(help_, format="uri")


def _whole(help_: str = "", **more: Any) -> Rule:
    return {**_text(help_, **more), "type": "integer"}


def _number(help_: str = "", **more: Any) -> Rule:
    return {**_text(help_, **more), "type": "number"}


def _switch(help_: str = "", **more: Any) -> Rule:
    return {**_text(help_, **more), "type": "boolean"}


def _list(items: Rule, help_: str = "", **more: Any) -> Rule:
    return {**_text(help_, **more), "type": "array", "items": items}


def _one_of(*values: Any, **more: Any) -> Rule:
    kind = "string" if isinstance(values[0], str) else "integer"
    return {"type": kind, "enum": list(values), **more}


def _fixed(*units: tuple[str, float, int]) -> Rule:
    """Return a price list of units that are added up: their name, the price in USD, for how many."""
    listed = [{"name": name, "measure": name, "price": price, "per": per} for name, price, per in units]
    return {"kind": "fixed", "currency": "USD", "units": listed}


def _variants(unit: str, *rows: tuple[Mapping[str, Any], float]) -> Rule:
    """Return a price list that depends on parameters: for which values, and the price of one unit in USD."""
    listed = [{"when": {**when}, "price": price, "unit": unit, "per": 1} for when, price in rows]
    dimensions = list(dict.fromkeys(name for when, _ in rows for name in when))
    return {"kind": "variants", "currency": "USD", "dimensions": dimensions, "variants": listed}


_PROMPT = _text("The text description of the scene, subject, or action to generate in the video.")
_FIRST = _address("A direct link to an online image or a Base64-encoded local image: the first frame.")


def _invented(
    name: str, description: str, properties: Rule, required: Iterable[str], pricing: Rule, **more: Any
) -> ServedModel:
    id_ = f"sandbox/{name}"
    whole_body = {part: more.pop(part) for part in ("anyOf",) if part in more}
    whole_document = {part: more.pop(part) for part in ("components",) if part in more}
    kept = {part: more.pop(part) for part in ("seconds", "measured") if part in more}
    title = name.replace("-", " ").capitalize()
    row = row_of(
        id_, name=title, developer="sandbox", description=f"Invented: {description}", pricing=pricing, **more
    )
    named = {"model": _one_of(id_), **properties}
    schema = {"type": "object", "properties": named, "required": ["model", *required], "title": id_}
    return ServedModel(row, document_of({**schema, **whole_body}, **whole_document), **kept)


def _from_words() -> list[ServedModel]:
    return [
        # The usual parameters; an enum of whole numbers with a text as default; an alias; a price a second.
        _invented(
            "postcard",
            "small clips of a text.",
            {
                "prompt": {**_PROMPT, "maxLength": 2000},
                "negative_prompt": _text("The description of elements to avoid in the generated video."),
                "resolution": _one_of("360p", "540p", "720p", default="540p"),
                "aspect_ratio": _one_of("16:9", "9:16", "1:1", "4:3", "21:9", default="16:9"),
                "duration": _one_of(5, 10, default="5", description="The output length in seconds."),
                "seed": _whole("The same number gives similar results.", minimum=0, maximum=4294967295),
            },
            ["prompt"],
            _fixed(("second", 0.02, 1)),
            aliases=("postcard-1",),
            capabilities=_TEXT_TO_VIDEO,
            seconds=35.0,
        ),
        # Nothing but a prompt; no price, and no times.
        _invented("plain", "nothing to set.", {"prompt": _PROMPT}, ["prompt"], VARIABLE, measured=False),
        # A list of objects in place of the prompt, an object, a decimal length, ``nullable``.
        _invented(
            "storyboard",
            "several shots in one clip.",
            {
                "prompt": _PROMPT,
                "multi_prompt": _list(
                    {
                        "type": "object",
                        "properties": {
                            "prompt": _text("What happens in this shot.", maxLength=500),
                            "duration": _one_of(1, 2, 3, 4, 5, default="2"),
                        },
                        "required": ["prompt"],
                    },
                    "One to six shots. Either prompt or multi_prompt.",
                    minItems=1,
                    maxItems=6,
                    nullable=True,
                ),
                "camera_control": {
                    "type": "object",
                    "properties": {
                        "type": _one_of("simple", "zoom", "pan"),
                        "speed": _number(minimum=-10, maximum=10),
                    },
                },
                "duration": _number("Seconds.", minimum=1, maximum=20, default=4),
            },
            [],
            _fixed(("second", 30.0, 1000)),
            anyOf=[{"required": ["prompt"]}, {"required": ["multi_prompt"]}],
        ),
        # Other names, camel case, a ratio that is a word; text for the length; a price a minute.
        _invented(
            "other-words",
            "the usual things by other names.",
            {
                "promptText": _PROMPT,
                "negativePrompt": _text(),
                "ratio": _one_of("adaptive", "16:9", "3:4", default="adaptive"),
                "resolution": _one_of("2K", "4K", default="2K"),
                "duration": _one_of("5", "8", default="5"),
            },
            ["promptText"],
            _fixed(("minute", 3.0, 1)),
        ),
        # Pixels, frame rates, sound; the price depends on a switch.
        _invented(
            "pixels",
            "any frame size.",
            {
                "prompt": _PROMPT,
                "width": _whole("Pixels.", minimum=128, maximum=1920, multipleOf=2, default=640),
                "height": _whole("Pixels.", minimum=128, maximum=1920, multipleOf=2, default=480),
                "fps": _one_of(12, 24, 30, 60, default=24),
                "duration": _whole("Seconds.", minimum=1, maximum=12, default=3),
                "style": _one_of("ink", "oil", "clay"),
                "generate_audio": _switch("Whether to generate sound.", default=False),
            },
            ["prompt"],
            _variants("second", ({"generate_audio": False}, 0.01), ({"generate_audio": True}, 0.015)),
            seconds=20.0,
        ),
        # Whole numbers for the resolution, ``required`` inside a property, no default; ranges in the price.
        _invented(
            "numbers",
            "numbers for everything.",
            {
                "prompt": {**_PROMPT, "required": True},
                "resolution": _one_of(480, 720, 1080, default="720"),
                "duration": _whole("Seconds.", minimum=2, maximum=30),
                "cfg_scale": _number("How closely it follows the prompt.", minimum=0, maximum=1, default=0.5),
            },
            ["prompt", "duration"],
            _variants(
                "second", ({"duration": {"max": 10}}, 0.03), ({"duration": {"min": 11, "max": 30}}, 0.024)
            ),
        ),
        # References within the document; a price for tokens, of which no request says how many it takes.
        _invented(
            "references",
            "a schema with references.",
            {
                "prompt": {"$ref": "#/components/schemas/Prompt"},
                "aspect_ratio": {"$ref": "#/components/schemas/Ratio"},
                "seed": {"anyOf": [_whole(minimum=0), {"type": "null"}], "description": "A number or null."},
            },
            ["prompt"],
            _fixed(("token", 4.0, 1_000_000)),
            components={"schemas": {"Prompt": _PROMPT, "Ratio": _one_of("16:9", "1:1", default="1:1")}},
        ),
    ]


def _from_files() -> list[ServedModel]:
    return [
        # An image alone, without a prompt; frames in place of a length; a price for a thousand frames.
        _invented(
            "flipbook",
            "an image that moves.",
            {
                "image_url": _FIRST,
                "num_frames": _whole("How many frames.", minimum=17, maximum=161, default=49),
                "frames_per_second": _whole(minimum=5, maximum=30, default=16),
            },
            ["image_url"],
            _fixed(("frame", 2.0, 1000)),
            capabilities=_IMAGE_TO_VIDEO,
            takes=("image",),
        ),
        # A first and a last image; upper case; a price for the clip by two parameters.
        _invented(
            "bridge",
            "from one image to another.",
            {
                "prompt": _PROMPT,
                "image_url": _FIRST,
                "tail_image_url": _address("The last frame."),
                "resolution": _one_of("480P", "720P", default="480P"),
                "duration": _one_of(4, 8, default="4"),
            },
            ["image_url", "tail_image_url"],
            _variants(
                "video",
                ({"resolution": "480p", "duration": 4}, 0.10),
                ({"resolution": "480p", "duration": 8}, 0.18),
                ({"resolution": "720p", "duration": 4}, 0.20),
                ({"resolution": "720p", "duration": 8}, 0.36),
            ),
            capabilities=_IMAGE_TO_VIDEO,
            takes=("text", "image"),
        ),
        # An image and a sound, no prompt, no length.
        _invented(
            "talking-head",
            "a face that speaks.",
            {
                "image_url": _FIRST,
                "audio_url": _address("The speech."),
                "resolution": _one_of("720p", "1080p", default="720p"),
            },
            ["image_url", "audio_url"],
            VARIABLE,
            capabilities=("audio_to_video",),
            takes=("image", "audio"),
        ),
        # A video, a limited list of images, a decimal number; a price for the clip.
        _invented(
            "restyle",
            "another look for a video.",
            {
                "prompt": _PROMPT,
                "video_url": _address("The video to change."),
                "reference_image_urls": _list(_address("An image."), "References of the look.", maxItems=3),
                "strength": _number("How much is changed.", minimum=0, maximum=1, default=0.6),
                "keep_audio": _switch("Whether the sound stays.", default=True),
            },
            ["prompt", "video_url"],
            _fixed(("video", 0.25, 1)),
            capabilities=("video_to_video",),
            takes=("text", "video", "image"),
        ),
        # Reference images alone and in a list of objects; two prices that are added up.
        _invented(
            "ensemble",
            "the people and things of several images together.",
            {
                "prompt": _PROMPT,
                "image_urls": _list(_address("An image."), "The references.", minItems=1, maxItems=4),
                "elements": _list(
                    {
                        "type": "object",
                        "properties": {"frontal_image_url": _address("From the front.")},
                        "required": ["frontal_image_url"],
                    },
                    maxItems=2,
                ),
                "duration": _one_of(5, 10, default=5),
            },
            ["prompt", "image_urls"],
            _fixed(("video", 0.05, 1), ("input image", 0.01, 1)),
            capabilities=("reference_to_video",),
            takes=("text", "image"),
        ),
        # One image or a list of them.
        _invented(
            "either",
            "one image, or several.",
            {
                "prompt": _PROMPT,
                "image": {"anyOf": [_address("An image."), _list(_address("An image."), maxItems=2)]},
                "duration": _one_of(3, 6, default=3),
            },
            ["prompt", "image"],
            _fixed(("generation", 0.12, 1)),
            capabilities=_IMAGE_TO_VIDEO,
            takes=("text", "image"),
        ),
    ]


def usual_models() -> ServedModels:
    """Return the models of a sandbox that is given no others: the built-in and the invented ones."""
    return ServedModels([*_built_in(), *_from_words(), *_from_files()])


def _built_in() -> Iterable[ServedModel]:
    for model in builtin_models():
        prices = SANDBOX_RATES.get(model.id, {})
        rows = [({"resolution": resolution}, price) for resolution, price in prices.items()]
        yield built_in(model, _variants("second", *rows) if rows else VARIABLE)
