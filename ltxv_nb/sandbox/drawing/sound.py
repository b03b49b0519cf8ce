"""The sound track of a clip: a soft chord over wind or waves, chosen by the prompt."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import av
from av.filter import Graph

from ltxv_nb.sandbox.drawing.encode import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.look import Look

#: Hertz of the lowest note, and the steps of the chord above it in semitones, by the hour.
_CHORDS = {
    "night": (110.0, (0, 7, 12, 14, 19)),
    "dusk": (130.8, (0, 7, 11, 16, 19)),
    "dawn": (146.8, (0, 7, 12, 16, 21)),
    "day": (164.8, (0, 4, 7, 12, 16)),
    "storm": (98.0, (0, 7, 12, 15, 19)),
    "fire": (73.4, (0, 6, 12, 15, 18)),
    "snow": (174.6, (0, 7, 14, 16, 19)),
    "neon": (92.5, (0, 7, 12, 15, 22)),
}

#: Low-pass of the noise in hertz, its swell in hertz, its loudness, by the land and weather it stands for.
_WINDS = {
    "sea": (620, 0.17, 0.55),
    "rain": (5200, 0.10, 0.22),
    "embers": (340, 0.30, 0.60),
    "air": (420, 0.12, 0.30),
}

_BLOCK = 1024

#: Samples a second of the chord, which has no overtones: less than the track's own, for speed.
_CHORD_RATE = 16000


def sound_of(spec: ClipSpec, look: Look) -> Iterator[av.AudioFrame]:
    """Yield the sound track, in frames of 1024 samples, the last one cut to the clip's exact length.

    Parameters
    ----------
    spec : ClipSpec
        The clip.
    look : Look
        What it looks like.
    """
    rng = spec.rng("sound")
    tones = _chord(look, rng.uniform(0.97, 1.03))
    graph = Graph()
    chord = graph.add("aevalsrc", f"exprs={tones}:s={_CHORD_RATE}:d={spec.duration}")
    cut, swell, loud = _WINDS[_wind(look)]
    noise = graph.add(
        "anoisesrc", f"r={SAMPLE_RATE}:d={spec.duration}:c=pink:a={loud}:s={rng.randrange(1, 2**31)}"
    )
    finer = graph.add("aresample", str(SAMPLE_RATE))
    lowpass = graph.add("lowpass", f"f={cut}")
    tremolo = graph.add("tremolo", f"f={swell}:d=0.7")
    wide = graph.add("aformat", "channel_layouts=stereo")
    joined = graph.add("amix", "inputs=2:duration=longest:normalize=0")
    ending = graph.add("afade", f"t=out:st={max(0.0, spec.duration - 1.2)}:d=1.2")
    opening = graph.add("afade", "t=in:d=0.8")
    shape = graph.add("aformat", f"sample_fmts=fltp:channel_layouts=stereo:sample_rates={SAMPLE_RATE}")
    trim = graph.add("atrim", f"end_sample={round(spec.duration * SAMPLE_RATE)}")
    size = graph.add("asetnsamples", f"n={_BLOCK}:p=0")
    sink = graph.add("abuffersink")
    chord.link_to(finer)
    finer.link_to(joined, 0, 0)
    for first, second in ((noise, lowpass), (lowpass, tremolo), (tremolo, wide)):
        first.link_to(second)
    wide.link_to(joined, 0, 1)
    chain = [joined, opening, ending, shape, trim, size, sink]
    for first, second in pairwise(chain):
        first.link_to(second)
    graph.configure()
    yield from _pull(graph)


def _pull(graph: Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(frame, av.AudioFrame)
        yield frame


def _wind(look: Look) -> str:
    if look.weather in {"rain", "embers"}:
        return look.weather
    return "sea" if look.land == "sea" else "air"


def _chord(look: Look, tune: float) -> str:
    """Return the chord as one expression a channel; the two are a little apart, so that they drift."""
    root, steps = _CHORDS[look.hour]
    sides = []
    for side in (-1, 1):
        notes = []
        for number, step in enumerate(steps):
            hertz = root * tune * 2 ** (step / 12) * (1 + side * 0.0008)
            notes.append(f"{0.075 / (1 + 0.35 * number):.4f}*sin({2 * math.pi * hertz:.4f}*t+{number})")
        sides.append(f"(0.75+0.25*sin({0.9 + 0.2 * side:.1f}*t))*({'+'.join(notes)})")
    return "|".join(sides)
