"""Roles: what a parameter is for, whatever a model calls it. A role is also the name that people use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal[
    "prompt",
    "image",
    "last_image",
    "images",
    "video",
    "audio",
    "duration",
    "resolution",
    "aspect_ratio",
    "seed",
    "negative_prompt",
    "generate_audio",
]

#: What a file given for a parameter has to be.
Media = Literal["image", "video", "audio"]


@dataclass(frozen=True)
class RoleEntry:
    """How a role is recognised among published parameters, and what people are told of it.

    Attributes
    ----------
    names : tuple of str
        Published names that mean it, the best first, in snake case.
    types : tuple of str
        JSON types that a parameter of this role can have.
    help : str
        One line for people, where the schema has no description.
    unit : str
        Unit of the value, ``""`` where it has none.
    flags : tuple of str
        The magic's options; empty for the usual ones.
    media : str or None
        What a file given for it has to be.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    help: str
    unit: str = ""
    flags: tuple[str, ...] = ()
    media: Media | None = None


_FILE = ("string", "array")

#: The roles. Words like ``first_frame_image`` were seen in the service's published schemas; the others are
#: what the makers of such models call the same thing.
ROLES: dict[Role, RoleEntry] = {
    "prompt": RoleEntry(
        ("prompt", "text_prompt", "prompt_text"), ("string",), "what happens in the clip, in words"
    ),
    "image": RoleEntry(
        (
            "image_url", "image", "first_frame_image", "first_frame_image_url", "first_frame_url",
            "first_frame", "first_image_url", "first_image", "start_image_url", "start_image",
            "start_frame_url", "start_frame", "input_image_url", "input_image", "image_uri", "prompt_image",
            "init_image",
        ),
        _FILE, "the first frame", flags=("-i", "--image"), media="image",
    ),
    "last_image": RoleEntry(
        (
            "last_image_url", "last_image", "tail_image_url", "tail_image", "last_frame_image",
            "last_frame_image_url", "last_frame_url", "last_frame", "image_tail", "end_image_url",
            "end_image", "end_frame_url", "end_frame", "end_frame_image", "tail_frame_url",
        ),
        _FILE, "the last frame", media="image",
    ),
    "images": RoleEntry(
        (
            "image_urls", "images", "reference_image_urls", "reference_images", "image_list",
            "reference_urls", "images_list", "subject_images", "ref_images", "ref_image_urls", "input_images",
        ),
        ("array",), "reference images", media="image",
    ),
    "video": RoleEntry(
        (
            "video_url", "video", "input_video_url", "input_video", "source_video_url", "source_video",
            "video_uri", "video_urls", "videos", "reference_video_url", "reference_video_urls",
        ),
        _FILE, "the video to start from", media="video",
    ),
    "audio": RoleEntry(
        (
            "audio_url", "audio", "input_audio_url", "input_audio", "audio_file", "sound_file_url",
            "audio_urls", "audios", "reference_audio_url", "reference_audio_urls",
        ),
        _FILE, "the sound to use", media="audio",
    ),
    "duration": RoleEntry(
        ("duration", "duration_seconds", "video_duration", "video_length", "seconds", "length"),
        ("integer", "number", "string"), "length of the clip, in seconds", "seconds",
        flags=("-d", "--duration"),
    ),
    "resolution": RoleEntry(
        ("resolution", "video_resolution", "output_resolution"), ("string", "integer"), "size of the frame",
        flags=("-r", "--resolution"),
    ),
    "aspect_ratio": RoleEntry(
        ("aspect_ratio", "ratio", "video_aspect_ratio"), ("string",), "width to height of the frame"
    ),
    "seed": RoleEntry(
        ("seed", "random_seed", "rng_seed"), ("integer", "number"), "the same number gives similar clips"
    ),
    "negative_prompt": RoleEntry(
        ("negative_prompt", "negative_text_prompt"), ("string",), "what to avoid, in words"
    ),
    "generate_audio": RoleEntry(
        (
            "generate_audio", "enable_audio", "with_audio", "include_audio", "audio", "enable_sound",
            "generate_sound", "with_sound", "sound",
        ),
        ("boolean",), "whether the clip has a sound track", flags=("--audio", "--no-audio"),
    ),
}  # fmt: skip

_FRAME_RATES = {"fps", "frame_rate", "frames_per_second"}
_MEDIA_WORDS: tuple[tuple[Media, set[str]], ...] = (
    ("video", {"video", "videos"}),
    ("audio", {"audio", "audios", "sound", "voice"}),
    ("image", {"image", "images", "mask", "frame", "photo", "picture", "alpha"}),
)
_MEDIA_ENDINGS = {"url", "urls", "uri", "uris", "mask", "image", "images", "list", "frame", "file"}


def assign(types: Mapping[str, tuple[str, ...]]) -> dict[str, Role]:
    """Find out which published parameters have a role; each role goes to one of them.

    Parameters
    ----------
    types : mapping
        The published names, and the JSON types that each can have.

    Returns
    -------
    dict
        The roles, by published name. A role whose name is published for something else is not given away:
        that name means the published parameter.
    """
    by_words: dict[str, str] = {}
    for name in types:
        by_words.setdefault(snake(name), name)
    found: dict[str, Role] = {}
    for role, entry in ROLES.items():
        if role in types and not _suits(types[role], entry):
            continue
        names = (by_words.get(words) for words in (role, *entry.names))
        fitting = (name for name in names if name and name not in found and _suits(types[name], entry))
        if (chosen := next(fitting, None)) is not None:
            found[chosen] = role
    return found


def _suits(types: tuple[str, ...], entry: RoleEntry) -> bool:
    return "any" in types or bool(set(types) & set(entry.types))


def snake(name: str) -> str:
    """Return a published name in snake case: ``aspectRatio`` and ``aspect-ratio`` are ``aspect_ratio``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def unit_of(name: str, role: Role | None) -> str:
    """Return the unit of a published parameter's value, ``""`` where none is known."""
    if role is not None:
        return ROLES[role].unit
    return "frames per second" if snake(name) in _FRAME_RATES else ""


def media_of(name: str, role: Role | None) -> Media | None:
    """Return what a file given for a parameter of texts has to be; ``None`` if it takes no file."""
    if role is not None:
        return ROLES[role].media
    words = snake(name).split("_")
    if words[-1] not in _MEDIA_ENDINGS:
        return None
    return next((media for media, names in _MEDIA_WORDS if names & set(words)), None)
