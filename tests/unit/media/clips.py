"""Clips for tests: as many pictures as wanted, of any kind, with or without a tone."""

import array
import math
from fractions import Fraction

import av


def hum(at):
    """Return a sample of a tone."""
    return 0.3 * math.sin(at / 16)


def write(path, picture, *, frames=50, fps=25, size=(160, 90), sound=0, wave=hum, **options):
    """Write a clip: `picture(number)` is its frames, `sound` its channels, `wave(number)` its samples."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        video = out.add_stream("libx264", rate=fps, options={"preset": "ultrafast", **options})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = None
        if sound:
            audio = out.add_stream("aac", rate=44_100)
            audio.codec_context.layout = "stereo" if sound == 2 else "mono"
        for number in range(frames):
            frame = av.VideoFrame.from_image(picture(number))
            frame.pts, frame.time_base = number, Fraction(1, fps)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if audio is not None:
            tone(out, audio, 44_100 * frames // fps, sound, wave)
    return path


def tone(out, audio, samples, channels, wave=hum):
    """Write a sound, the same in all channels."""
    for start in range(0, samples, 1024):
        piece = array.array("f", map(wave, range(start, min(start + 1024, samples))))
        frame = av.AudioFrame("fltp", "stereo" if channels == 2 else "mono", len(piece))
        frame.sample_rate, frame.pts = 44_100, start
        for plane in frame.planes:
            plane.update(piece.tobytes().ljust(plane.buffer_size, b"\0"))
        out.mux(audio.encode(frame))
    out.mux(audio.encode(None))
