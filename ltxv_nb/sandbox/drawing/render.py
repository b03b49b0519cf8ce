"""Renders a clip: its figures in, an MP4 file out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ltxv_nb.sandbox.drawing.clip import image_file
from ltxv_nb.sandbox.drawing.encode import write_clip
from ltxv_nb.sandbox.drawing.ending import Ending
from ltxv_nb.sandbox.drawing.look import look_of
from ltxv_nb.sandbox.drawing.photo import Photo, words_of_address
from ltxv_nb.sandbox.drawing.scene import Scene
from ltxv_nb.sandbox.drawing.sound import sound_of

if TYPE_CHECKING:
    from pathlib import Path

    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.ending import Frames


def render(spec: ClipSpec, path: Path, images: Path) -> None:
    """Render one clip. The same figures give the same bytes.

    Parameters
    ----------
    spec : ClipSpec
        The clip.
    path : Path
        The file to write.
    images : Path
        Folder of the stored first and last frames.

    Raises
    ------
    OSError
        The first or last frame is missing or not an image, or the file cannot be written.
    """
    words = spec.prompt
    if spec.image.startswith("http"):
        words = f"{words_of_address(spec.image)} {words}"
    look = look_of(words, spec.rng("mood"))  # the name decides the numbers, so it stays
    if spec.image.startswith("sha256:"):
        frames: Frames = Photo(spec, image_file(images, spec.image))
    else:
        frames = Scene(replace(spec, prompt=_with_address(spec)), look)
    if spec.last_image:
        frames = Ending(spec, frames, image_file(images, spec.last_image))
    write_clip(path, spec, frames.draw, sound_of(spec, look) if spec.audio else None)


def _with_address(spec: ClipSpec) -> str:
    """Return the words to draw; an image at an address is not fetched, so they show the address."""
    return f"[image not fetched: {spec.image}] {spec.prompt}" if spec.image else spec.prompt
