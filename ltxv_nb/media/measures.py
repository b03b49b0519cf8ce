"""What can be measured of a clip, cheaply: motion, flicker, brightness, cuts, loudness, sharpness.

They say how a clip is, and not how good it is: a still picture has no motion and no flicker, and may be
just what was wanted. Before it is measured each picture is scaled down, so that clips of different sizes
can be compared; brightness is the luma of ITU-R BT.709 or BT.601, as the file says, from 0 (black) to 100
(white).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.mp4 import open_mp4, sound_of, with_threads
from ltxv_nb.media.preview import fit
from ltxv_nb.media.worker.process import of_video

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from PIL import Image

#: Longest side, in pixels, of the pictures that are compared with each other, and of those whose sharpness
#: is measured; and seconds between the pictures of motion, and of sharpness.
_SMALL, _SHARP, _MOTION_STEP, _SHARP_STEP = 320, 640, 0.1, 0.5
#: From which score on a picture begins a new shot, in percent; the default of FFmpeg's filter ``scdet``.
_CUT = 10.0
#: Changed with the formulas: what was measured by others is measured again.
_VERSION = 1


@dataclass(frozen=True)
class Measures:
    """What was measured of a clip; none of it says how good the clip is.

    Attributes
    ----------
    brightness : float
        Mean luma of all pictures, in percent: 0 is black, 100 white.
    motion : float
        Mean absolute difference of the luma, pixel by pixel, between pictures a tenth of a second apart, in
        percent; pairs with a cut between them are left out. 0 for a still. It is the mean absolute frame
        difference (FFmpeg's ``mafd``), at a fixed distance in time so that the frame rate has no say in it.
    flicker : float
        How far the mean luma of a picture is from the mean of its two neighbours', on average, in percent;
        cuts are left out. A fade has none: its brightness changes evenly. (The second difference of the
        series of brightness, halved.)
    cuts : int
        Pictures that begin a new shot: where the mean absolute difference from the picture before, and its
        change, are both at least 10 percent. This is the score of FFmpeg's filter ``scdet`` with its default
        threshold. A fade or a dissolve is no cut.
    sharpness : float
        Variance of the Laplacian (4-neighbour kernel) of the luma from 0 to 255, mean of two pictures a
        second at 640 pixels; Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
        Fine detail and noise raise it, blur and plain surfaces lower it: compare clips of one scene only.
    loudness : float or None
        Integrated loudness in LUFS by EBU R 128 (ITU-R BS.1770), FFmpeg's filter ``ebur128``; -70 is
        silence, ``None`` means that there is no sound track.
    """

    brightness: float
    motion: float
    flicker: float
    cuts: int
    sharpness: float
    loudness: float | None


#: The names of the measures, which are also columns of a table of clips.
MEASURES = tuple(field.name for field in fields(Measures))


def measure(path: str | os.PathLike[str]) -> Measures:
    """Measure a clip; it takes about as long as decoding it.

    Parameters
    ----------
    path : path-like
        An MP4 file.

    Raises
    ------
    DownloadError
        The file is missing, has no pictures that can be read, or cannot be opened safely.
    """
    facts, _ = of_video("measures", path)
    found = of_stored({**facts, "version": _VERSION})
    if found is None:
        raise DownloadError(f"The video {path} cannot be measured. Download it again.")
    return found


def to_store(measures: Measures) -> dict[str, Any]:
    """Return measures as the journal keeps them."""
    return {**asdict(measures), "version": _VERSION}


def of_stored(stored: Mapping[str, Any] | None) -> Measures | None:
    """Return measures that were kept; ``None`` if there are none, or none by these formulas."""
    if not stored or stored.get("version") != _VERSION:
        return None
    loudness = stored.get("loudness")
    try:
        return Measures(
            **{name: _number(stored[name]) for name in ("brightness", "motion", "flicker", "sharpness")},
            cuts=int(_number(stored["cuts"])),
            loudness=None if loudness is None else _number(loudness),
        )
    except (KeyError, ValueError):
        return None


def measure_columns(stored: Mapping[str, Any] | None) -> dict[str, float | int | None]:
    """Return all of `MEASURES` as columns of a table; ``None`` if nothing was measured."""
    measures = of_stored(stored)
    return asdict(measures) if measures else dict.fromkeys(MEASURES)


def _number(value: Any) -> float:
    if type(value) not in {int, float} or not math.isfinite(value):
        raise ValueError
    return float(value)


# -- in the process for files from outside -------------------------------------------------------------------


def measure_here(path: str | os.PathLike[str]) -> Measures:
    """Do what `measure` does in this very process, which is the one for files from outside."""
    with open_mp4(path) as container:
        pictures = _Pictures()
        for frame in _frames(container):
            pictures.add(frame)
    with open_mp4(path) as container:
        sound = sound_of(container)
        loudness = _loudness(container, sound) if sound is not None else None
    if not pictures.means:
        raise DownloadError(f"The video {path} has no picture that can be read. Download it again.")
    return pictures.measures(loudness)


def _frames(container: InputContainer) -> Iterator[tuple[float, VideoFrame]]:
    """Yield the pictures, each with its time in seconds."""
    stream = with_threads(container.streams.video[0])
    rate = float(stream.average_rate or 25)
    if stream.codec_context is not None:
        stream.codec_context.options = {
            "skip_loop_filter": "noref"
        }  # what is left out is in no other picture
    for number, frame in enumerate(container.decode(stream)):
        yield (frame.time if frame.pts is not None else number / rate), frame


class _Pictures:
    """Adds up what is measured of pictures, one after the other."""

    def __init__(self) -> None:
        self._small, self._large = _Grey(_SMALL), _Grey(_SHARP)
        self.means: list[float] = []  # of brightness, 0 to 255
        self._differences: list[float] = []  # of each picture from the one before, in percent
        self._motion: list[float] = []
        self._sharp: list[float] = []
        self._starts: set[int] = set()  # numbers of the pictures that begin a shot
        self._before: Image.Image | None = None
        self._earlier: Image.Image | None = None
        self._motion_due = self._sharp_due = -math.inf

    def add(self, timed: tuple[float, VideoFrame]) -> None:
        """Measure one more picture."""
        time, frame = timed
        picture = self._small.of(frame)
        self.means.append(_mean(picture))
        if self._before is not None and self._cut(_difference(picture, self._before)):
            self._earlier = None
            self._starts.add(len(self.means) - 1)
        self._before = picture
        if self._earlier is None or time >= self._motion_due - 1e-3:
            if self._earlier is not None:
                self._motion.append(_difference(picture, self._earlier))
            self._motion_due = (
                time + _MOTION_STEP if self._earlier is None else self._motion_due + _MOTION_STEP
            )
            self._earlier = picture
        if time >= self._sharp_due:
            self._sharp_due = time + _SHARP_STEP
            self._sharp.append(_sharpness(self._large.of(frame)))

    def _cut(self, difference: float) -> bool:
        """Whether a shot begins, by the score of ``scdet``; the second picture of a clip begins none."""
        change = abs(difference - self._differences[-1]) if self._differences else 0.0
        self._differences.append(difference)
        return min(difference, change) >= _CUT

    def measures(self, loudness: float | None) -> Measures:
        """Return the results."""
        return Measures(
            brightness=round(_average(self.means) / 2.55, 3),
            motion=round(_average(self._motion), 4),
            flicker=round(self._flicker() / 2.55, 4),
            cuts=len(self._starts),
            sharpness=round(_average(self._sharp), 2),
            loudness=loudness,
        )

    def _flicker(self) -> float:
        """Return the mean distance of each brightness from the mean of its neighbours' in the same shot."""
        inner = (at for at in range(1, len(self.means) - 1) if not {at, at + 1} & self._starts)
        return _average([abs(self.means[at] - (self.means[at - 1] + self.means[at + 1]) / 2) for at in inner])


class _Grey:
    """Makes pictures of the luma, with sides of so many pixels at most."""

    def __init__(self, longest: int) -> None:
        from av.video.reformatter import VideoReformatter

        self._longest = longest
        self._scaler = VideoReformatter()  # kept: a new one for each picture takes as long as the scaling

    def of(self, frame: VideoFrame) -> Image.Image:
        """Return a picture, from 0 (black) to 255 (white) whatever range the file has."""
        from PIL import Image

        width, height = fit(frame.width, frame.height, self._longest)
        grey = self._scaler.reformat(
            frame, width=width, height=height, format="gray", interpolation="AREA", dst_color_range="JPEG"
        )
        plane = grey.planes[0]
        return Image.frombytes("L", (width, height), bytes(plane), "raw", "L", plane.line_size)


def _mean(picture: Image.Image) -> float:
    from PIL import ImageStat

    return float(ImageStat.Stat(picture).mean[0])


def _difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean absolute difference, in percent of white."""
    from PIL import ImageChops

    if one.size != other.size:  # a clip whose size changes on the way
        other = other.resize(one.size)
    return _mean(ImageChops.difference(one, other)) / 2.55


def _sharpness(picture: Image.Image) -> float:
    """Return the variance of the Laplacian."""
    from PIL import ImageFilter, ImageStat

    if min(picture.size) < 3:
        return 0.0
    # Halved and moved up, so that what is negative fits into a byte as well.
    kernel = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=2, offset=128)
    inside = picture.filter(kernel).crop((1, 1, picture.width - 1, picture.height - 1))
    return float(ImageStat.Stat(inside).var[0]) * 4


def _average(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _loudness(container: InputContainer, sound: AudioStream) -> float:
    """Return the integrated loudness in LUFS, as the filter has it after the last piece of sound."""
    from av.filter import Graph

    graph: Graph | None = None
    loudness = -70.0
    for frame in container.decode(sound):
        if graph is None:
            graph = Graph()
            source = graph.add_abuffer(template=sound)
            graph.link_nodes(source, graph.add("ebur128", "metadata=1"), graph.add("abuffersink")).configure()
        graph.push(frame)
        loudness = _newest(graph, loudness)
    if graph is not None:
        graph.push(None)
        loudness = _newest(graph, loudness)
    return round(loudness, 2)


def _newest(graph: Any, loudness: float) -> float:
    from av.error import BlockingIOError as NothingYet
    from av.error import EOFError as Over

    while True:
        try:
            frame = graph.pull()
        except (NothingYet, Over):
            return loudness
        loudness = float(frame.metadata.get("lavfi.r128.I", loudness))
