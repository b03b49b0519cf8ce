"""Run as a program: keeps a catalogue with two invented models in a home folder, as if it had been read.

    python tests/invented_catalogue.py HOME

So that kernels and pages can be tested with models of any kind, whatever the service behind them has.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from ltxv_nb.models import builtin_models
from ltxv_nb.models.cache import Cache
from ltxv_nb.service.backend import SANDBOX_ORIGIN

#: Every kind of control, and words that are markup.
PARAMETERS: dict[str, Any] = {
    "model": {"type": "string", "enum": ["inv/kinds"]},
    "prompt": {"type": "string"},
    "image_url": {"type": "string", "description": "Where it begins"},
    "tail_image_url": {"type": "string", "description": "Where it ends"},
    "image_urls": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
    "audio_url": {"type": "string"},
    "duration": {"type": "integer", "enum": [5, 10], "default": "5"},
    "seed": {"type": "integer", "minimum": 0, "maximum": 99},
    "negative_prompt": {"type": "string"},
    "cfg_scale": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
    "style": {"type": "string", "enum": ["<b>ink</b>", "two words"], "default": "two words"},
    "loop": {"type": "boolean", "description": "<img src=x onerror=\"window.pwned='help'\">"},
    "camera_control": {"type": "object", "properties": {"pan": {"type": "integer"}}},
    "elements": {"type": "array", "items": {"type": "object"}},
}
#: A model that takes no text.
AVATAR: dict[str, Any] = {
    "image_url": {"type": "string"},
    "audio_url": {"type": "string"},
}


def keep_catalogue(home: Path, origin: str = SANDBOX_ORIGIN) -> None:
    """Write the catalogue and the schemas into a home folder."""
    cache = Cache(home / "models", origin)
    price = {"kind": "fixed", "units": [{"name": "second", "measure": "second", "price": 0.05, "per": 1}]}
    rows = [
        {"id": model.id, "aliases": list(model.aliases), "capabilities": list(model.capabilities)}
        for model in builtin_models()
    ]
    rows += [
        {
            "id": "inv/kinds",
            "info": {"name": "<b>Kinds</b>", "developer": "<img src=x onerror=\"window.pwned='maker'\">"},
            "capabilities": ["text_to_video", "image_to_video", "<i>anything</i>"],
            "pricing": price,
        },
        {"id": "inv/avatar", "info": {"name": "Avatar", "developer": "Nobody"}, "capabilities": ["lip_sync"]},
    ]
    content = {
        "etag": None,
        "checked_at": time.time(),
        "data": rows,
        "metrics": {"inv/kinds": {"p50": 42_000.0}},
        "missing": {},
    }
    cache.write_catalogue(content, missing=False)
    for name, properties, required in (
        ("inv/kinds", PARAMETERS, ["prompt"]),
        ("inv/avatar", AVATAR, ["image_url", "audio_url"]),
    ):
        schema = {"type": "object", "properties": properties, "required": required}
        cache.write_schema(name, {"read_at": time.time(), "document": schema})


if __name__ == "__main__":
    keep_catalogue(Path(sys.argv[1]))
