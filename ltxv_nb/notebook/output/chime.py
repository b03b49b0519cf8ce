"""A short sound when a clip is ready, for those who switch it on; it does not stay in the notebook."""

from __future__ import annotations

import io
import math
import threading
import wave
from array import array
from functools import lru_cache
from typing import TYPE_CHECKING

from ltxv_nb.text import data_uri

if TYPE_CHECKING:
    from ltxv_nb.notebook.output.views import Output

#: Samples a second: enough for two plain tones.
RATE = 11_025
#: The tones, in hertz (A5 and E6), and the seconds at which each begins; each fades within half a second.
TONES = ((880.0, 0.0), (1318.5, 0.12))
SECONDS = 0.7
#: Seconds after which the sound is taken out of the page again.
STAYS = 3.0


@lru_cache(maxsize=1)
def sound() -> bytes:
    """Return the sound as a WAV file: mono, 8 bits, 8 kB."""
    samples = array("B")
    for number in range(int(RATE * SECONDS)):
        at = number / RATE
        level = sum(
            math.exp(-9 * (at - begin)) * math.sin(math.tau * hertz * (at - begin))
            for hertz, begin in TONES
            if at >= begin
        )
        samples.append(128 + round(48 * level))
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(1)
        written.setframerate(RATE)
        written.writeframes(samples.tobytes())
    return file.getvalue()


def ring(output: Output, *, new: bool = False, after: str = "") -> None:
    """Play the sound in an output of a page, then take it out again.

    Where the browser does not allow sounds before somebody has clicked, it plays none, and says nothing.

    Parameters
    ----------
    output : Output
        Where; what it held is replaced.
    new : bool
        Whether the output has still to be added to the cell.
    after : str
        HTML that the output holds afterwards.
    """
    audio = f'<audio class="ltxv-chime" autoplay src="{data_uri(sound(), "audio/wav")}"></audio>'
    show = output.show if new else output.replace
    show({"text/html": after + audio, "text/plain": ""})
    silence = threading.Timer(STAYS, output.replace, [{"text/html": after, "text/plain": ""}])
    silence.name, silence.daemon = "ltxv-chime", True
    silence.start()
