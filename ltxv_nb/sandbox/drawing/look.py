"""What the words of a prompt describe: light, land, weather and a subject."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ltxv_nb.sandbox.drawing.planes import Colour, colour

if TYPE_CHECKING:
    import random


@dataclass(frozen=True)
class Light:
    """The colours of an hour.

    Attributes
    ----------
    sky : tuple of colours
        From the zenith down to the horizon.
    far, near : colour
        The land at the horizon and at the viewer's feet.
    glow : colour
        Sun or moon.
    cloud : colour
        Clouds.
    sun : (float, float, float)
        Where the sun or moon stands and its radius, in heights of the frame; x from the middle.
    stars : bool
        Whether stars are out.
    """

    sky: tuple[Colour, ...]
    far: Colour
    near: Colour
    glow: Colour
    cloud: Colour
    sun: tuple[float, float, float]
    stars: bool = False


def _light(  # noqa: PLR0917 - one row of the table below
    sky: str, far: str, near: str, glow: str, cloud: str, sun: tuple[float, float, float]
) -> Light:
    night = sun[2] < 0.05
    return Light(
        tuple(colour(part) for part in sky.split()), colour(far), colour(near), colour(glow), colour(cloud),
        sun, stars=night,
    )  # fmt: skip


#: Each light; the rows of a table look alike because they are a table.
LIGHTS: dict[str, Light] = {
    "night": _light(
        "#050a1e #0b1a3f #1b3563 #3f5f8c", "#2d4a73", "#040814", "#f3f0dc", "#5b7aa6",
        (0.42, 0.22, 0.045),
    ),
    "dusk": _light(
        "#1d1b4b #5b2a6e #c2486a #ff9a56 #ffd28a", "#a8507a", "#160b26", "#fff0c2", "#ff9f86",
        (0.25, 0.50, 0.075),
    ),
    "dawn": _light(
        "#2c5f8a #6fa3b8 #f0c5a8 #ffb38a #ffe3b8", "#b98a95", "#1c2a3a", "#fff6d8", "#ffd9c2",
        (-0.30, 0.46, 0.070),
    ),
    "day": _light(
        "#1f6fc4 #4f9be0 #9ccdf0 #e4f3f7", "#8fb4c4", "#173a2c", "#fffbe6", "#ffffff",
        (0.48, 0.20, 0.060),
    ),
    "storm": _light(
        "#11161d #27303b #46525e #7c8790", "#56626c", "#0b0f14", "#cfd8dc", "#8b97a1",
        (-0.35, 0.30, 0.055),
    ),
    "fire": _light(
        "#12040a #3a0a12 #8c1c13 #e2571e #ffb347", "#7a2418", "#0a0204", "#ffd27a", "#c4472b",
        (0.10, 0.52, 0.090),
    ),
    "snow": _light(
        "#4a6a96 #8aa9c9 #c4d7e6 #f1f2ee", "#a9bed2", "#2b4258", "#ffffff", "#f4f8fb",
        (-0.40, 0.30, 0.055),
    ),
    "neon": _light(
        "#090420 #2a0b52 #7a1f8a #e0489b", "#55247f", "#07030f", "#ffd9f4", "#a04fc0",
        (0.38, 0.24, 0.048),
    ),
}  # fmt: skip

_LIGHT_WORDS = {
    "fire": "dragon fire flame volcano lava hell inferno burning blaze evil demon explosion",
    "neon": "neon cyberpunk synthwave disco club nightclub arcade",
    "storm": "storm stormy thunder lightning rain rainy tempest hurricane grey gray gloomy",
    "snow": "snow snowy winter ice icy glacier arctic blizzard frost polar",
    "night": "night midnight moon moonlit stars starry dark space galaxy aurora firefly fireflies cosmos",
    "dusk": "dusk sunset evening twilight golden romantic autumn warm",
    "dawn": "dawn sunrise morning spring mist misty fog foggy pastel",
    "day": "day noon sunny summer blue bright clear afternoon meadow",
}
_LAND_WORDS = {
    "sea": "sea ocean wave waves lighthouse ship boat beach harbour harbor lake river coast island water",
    "city": "city street skyline tower town urban skyscraper downtown neon cyberpunk car taxi robot",
    "forest": "forest tree trees wood woods jungle pine deer bear fox owl wolf forests",
    "dunes": "desert dune dunes sand camel sahara mars pyramid",
    "hills": "hill hills meadow field farm valley vineyard grass village flowers horse sheep garden",
    "peaks": "mountain mountains peak peaks alps himalaya dragon cliff castle volcano glacier summit",
}
_WEATHER_WORDS = {
    "snow": "snow snowy winter blizzard frost arctic",
    "rain": "rain rainy storm stormy thunder tempest",
    "embers": "dragon fire flame volcano lava inferno burning ember embers sparks evil hell blaze",
    "fireflies": "firefly fireflies magic magical fairy enchanted lantern lanterns",
    "petals": "petal petals blossom blossoms cherry sakura spring flower flowers leaves autumn",
}
_SUBJECT_WORDS = {
    "dragon": "dragon wyvern monster",
    "lighthouse": "lighthouse beacon",
    "boat": "boat ship sail sailing sailboat yacht fisherman",
    "birds": "bird birds gull gulls seagull seagulls crow crows raven geese eagle flock",
}
_USUAL_LIGHT = {
    "sea": "dusk",
    "city": "night",
    "forest": "dawn",
    "dunes": "dusk",
    "hills": "day",
    "peaks": "dawn",
}


@dataclass(frozen=True)
class Look:
    """What a scene consists of.

    Attributes
    ----------
    light : Light
        The hour, by its colours.
    hour : str
        Its name.
    land : {"sea", "city", "forest", "dunes", "hills", "peaks"}
        What lies below the horizon.
    weather : {"snow", "rain", "embers", "fireflies", "petals", "dust"}
        What moves in the air.
    subject : {"dragon", "lighthouse", "boat", "birds", ""}
        What stands out.
    """

    light: Light
    hour: str
    land: str
    weather: str
    subject: str


def look_of(prompt: str, rng: random.Random) -> Look:
    """Derive the look from a prompt; what its words leave open is chosen at random.

    Parameters
    ----------
    prompt : str
        The prompt.
    rng : random.Random
        The clip's random numbers.
    """
    words = re.findall(r"\w+", prompt.lower())
    land = _first(words, _LAND_WORDS) or rng.choice(list(_LAND_WORDS))
    hour = _first(words, _LIGHT_WORDS) or rng.choice([_USUAL_LIGHT[land], _USUAL_LIGHT[land], "dusk", "dawn"])
    weather = _first(words, _WEATHER_WORDS) or ("fireflies" if hour == "night" and land != "sea" else "dust")
    subject = _first(words, _SUBJECT_WORDS) or ("birds" if hour in {"day", "dawn", "dusk"} else "")
    return Look(LIGHTS[hour], hour, land, weather, subject)


def _first(words: list[str], table: dict[str, str]) -> str:
    """Return the entry of the table that holds the earliest word, ``""`` when none does."""
    names = {word: name for name, text in reversed(list(table.items())) for word in text.split()}
    return next((names[word] for word in words if word in names), "")
