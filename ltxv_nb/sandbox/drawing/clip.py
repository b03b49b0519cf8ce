"""One clip, as it is to be rendered: every figure settled, nothing left to default."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ltxv_nb.models import find_model, request_parameters
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from pathlib import Path

#: Part of every clip's name: clips rendered by an older drawing are not taken for new ones.
DRAWING = 1

#: What the vendor's schema leaves open, and the sandbox therefore chooses: seconds, frames per second.
DEFAULT_DURATION, DEFAULT_FPS = 6, 25

#: What `--fast` serves for every request: seconds, frames per second, pixels.
FAST_DURATION, FAST_SIZE = 1, (320, 180)


@dataclass(frozen=True)
class ClipSpec:
    """What to render.

    Attributes
    ----------
    prompt : str
        The words it is derived from, which are also drawn on it.
    model : str
        Full id of the model that was asked for; drawn on it.
    width, height : int
        Pixels.
    duration : int
        Seconds.
    fps : int
        Frames per second.
    audio : bool
        Whether it has a sound track.
    image : str
        The first frame: ``""`` for none, ``sha256:<hex>`` for a stored one, or an http(s) address.
    """

    prompt: str
    model: str = "ltxv/ltxv-2"
    width: int = 1920
    height: int = 1080
    duration: int = DEFAULT_DURATION
    fps: int = DEFAULT_FPS
    audio: bool = True
    image: str = ""

    @property
    def frames(self) -> int:
        """How many pictures it has."""
        return self.duration * self.fps

    @property
    def key(self) -> str:
        """Name of the clip: the same for the same request, 40 hexadecimal digits."""
        text = json.dumps([DRAWING, asdict(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    def rng(self, purpose: str) -> random.Random:
        """Return a generator of the same numbers for the same prompt and image, whatever the frame size."""
        return random.Random(f"{purpose}|{self.prompt}|{self.image}")  # noqa: S311

    def to_json(self) -> str:
        """Return it as one line of JSON, for the worker."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ClipSpec:
        """Read back what `to_json` wrote."""
        return cls(**json.loads(text))


def spec_of(body: dict[str, Any], image: str) -> ClipSpec:
    """Return the clip a checked request body asks for.

    Parameters
    ----------
    body : dict
        The JSON body, without its image.
    image : str
        As in `ClipSpec`.
    """
    parameters = request_parameters(find_model(body["model"]))
    request = GenerationRequest.of(
        {known.key: body[known.name] for known in parameters if known.name in body and not known.media}
    )
    width, height = request.frame_size
    return ClipSpec(
        prompt=request.prompt,
        model=request.model,
        width=width,
        height=height,
        duration=request.duration or DEFAULT_DURATION,
        fps=request.fps or DEFAULT_FPS,
        audio=request.generate_audio is not False,
        image=image,
    )


def fast_spec() -> ClipSpec:
    """Return the one small clip of `--fast`."""
    width, height = FAST_SIZE
    return ClipSpec("A quick look", width=width, height=height, duration=FAST_DURATION, audio=False)


def image_file(folder: Path, reference: str) -> Path:
    """Return where a stored image is, from its ``sha256:<hex>`` reference."""
    return folder / reference.removeprefix("sha256:")
