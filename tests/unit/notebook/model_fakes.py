"""Invented models, made from published schemas as the catalogue's are."""

from __future__ import annotations

from typing import Any

from ltxv_nb.models import Model
from ltxv_nb.models.price import PriceList, Rate
from ltxv_nb.models.schema import read

#: A first and a last frame, references, a video, a sound, and one of every other kind of parameter.
EVERYTHING: dict[str, Any] = {
    "prompt": {"type": "string"},
    "image_url": {"type": "string", "description": "Where it begins"},
    "tail_image_url": {"type": "string"},
    "image_urls": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
    "video_url": {"type": "string"},
    "audio_url": {"type": "string"},
    "duration": {"type": "integer", "enum": [5, 10], "default": "5"},
    "seed": {"type": "integer", "minimum": 0, "maximum": 99},
    "negative_prompt": {"type": "string"},
    "generate_audio": {"type": "boolean"},
    "cfg_scale": {"type": "number", "minimum": 0, "maximum": 1},
    "style": {"type": "string", "enum": ["ink", "two words"], "default": "ink"},
    "loop": {"type": "boolean"},
    "camera_control": {"type": "object", "properties": {"pan": {"type": "integer"}}},
    "elements": {"type": "array", "items": {"type": "object"}},
    "timeout": {"type": "integer"},
}


def model(name: str, properties: dict[str, Any], **about: Any) -> Model:
    """Return a model whose parameters are already read."""
    schema = read({"properties": properties, "required": about.pop("required", [])}, name)
    return Model(
        name,
        about.pop("title", name),
        about.pop("developer", "Nobody"),
        capabilities=about.pop("can", ("text_to_video",)),
        parameters=schema.parameters,
        rules=schema.rules,
        **about,
    )


def per_second(usd: str) -> PriceList:
    return PriceList((Rate(usd),))


def models() -> list[Model]:
    """Return four: one with everything, one without a prompt, one that is cheap, one with markup."""
    return [
        model(
            "inv/everything", EVERYTHING, can=("text_to_video", "image_to_video"), prices=per_second("0.2")
        ),
        model(
            "inv/avatar",
            {"image_url": {"type": "string"}, "audio_url": {"type": "string"}},
            required=["image_url", "audio_url"],
            can=("image_to_video",),
        ),
        model(
            "inv/cheap",
            {
                "prompt": {"type": "string"},
                "reference_image_urls": {"type": "array", "items": {"type": "string"}},
            },
            prices=per_second("0.01"),
            percentiles={"p50": 30_000.0},
        ),
        model(
            "inv/<b>bold</b>",
            {
                "prompt": {"type": "string"},
                "<img src=x onerror=alert(1)>": {
                    "type": "string",
                    "description": "<script>alert(2)</script>",
                },
                "mood": {"type": "string", "enum": ["<i>calm</i>"], "default": "<i>calm</i>"},
            },
            title="<b>Bold</b>",
            developer="<u>Nobody</u>",
            can=("<s>struck</s>",),
        ),
    ]
