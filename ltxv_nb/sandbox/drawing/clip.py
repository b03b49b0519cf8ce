"""One clip, as it is to be rendered: every figure settled, nothing left to default."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Part of every clip's name: clips rendered by an older drawing are not taken for new ones.
DRAWING = 2

#: What a schema leaves open, and the sandbox therefore chooses: seconds, frames per second.
DEFAULT_DURATION, DEFAULT_FPS = 6, 25

#: What `--fast` serves for every request: seconds, frames per second, pixels.
FAST_DURATION, FAST_SIZE = 1, (320, 180)


_LATER = {"last_image", "seed", "note"}


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
    duration : float
        Seconds; a whole number wherever a whole number was asked for.
    fps : int
        Frames per second.
    audio : bool
        Whether it has a sound track.
    image : str
        The first frame: ``""`` for none, ``sha256:<hex>`` for a stored one, or an http(s) address.
    last_image : str
        The last frame: ``""`` for none, or ``sha256:<hex>``.
    seed : str
        Changes what is left to chance; ``""`` where none was given.
    note : str
        Small words on the clip: what of the request it does not show.
    """

    prompt: str
    model: str = "ltxv/ltxv-2"
    width: int = 1920
    height: int = 1080
    duration: float = DEFAULT_DURATION
    fps: int = DEFAULT_FPS
    audio: bool = True
    image: str = ""
    last_image: str = ""
    seed: str = ""
    note: str = ""

    @property
    def frames(self) -> int:
        """How many pictures it has."""
        return max(1, round(self.duration * self.fps))

    @property
    def key(self) -> str:
        """Name of the clip: the same for the same request, 40 hexadecimal digits."""
        facts = asdict(self)
        # Those that came later count where they are set, so that clips from before keep their names.
        told = {name: value for name, value in facts.items() if value or name not in _LATER}
        text = json.dumps([DRAWING, told], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    def rng(self, purpose: str) -> random.Random:
        """Return a generator of the same numbers for the same prompt, image and seed, at any frame size."""
        seed = f"|{self.seed}" if self.seed else ""
        return random.Random(f"{purpose}|{self.prompt}|{self.image}{seed}")  # noqa: S311

    def to_json(self) -> str:
        """Return it as one line of JSON, for the worker."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ClipSpec:
        """Read back what `to_json` wrote."""
        return cls(**json.loads(text))


def fast_spec() -> ClipSpec:
    """Return the one small clip of `--fast`."""
    width, height = FAST_SIZE
    return ClipSpec("A quick look", width=width, height=height, duration=FAST_DURATION, audio=False)


def image_file(folder: Path, reference: str) -> Path:
    """Return where a stored image is, from its ``sha256:<hex>`` reference."""
    return folder / reference.removeprefix("sha256:")
