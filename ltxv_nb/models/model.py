"""One model of the service: what it is called, what it can do, and its parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ltxv_nb.models.parameter import Parameter

#: Pixels of the short side, and width to height, where a model says nothing of them.
_SHORT_SIDE, _RATIO = 1080, (16, 9)


@dataclass(frozen=True)
class Model:
    """One model of the service: plain data.

    Attributes
    ----------
    id : str
        The id that the service knows it by.
    name : str
        Its name for people.
    developer : str
        Who made it.
    aliases : tuple of str
        Other names for it, the shortest first.
    capabilities : tuple of str
        What it can do, in the words of the service's catalogue, like ``image_to_video``.
    parameters : tuple of Parameter
        Its parameters, in the order in which people meet them.
    seconds : float or None
        Seconds that one 6 s 1080p clip took where the vendor measured it once; ``None`` if nobody did.
    """

    id: str
    name: str
    developer: str
    aliases: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    seconds: float | None = None

    @property
    def short_name(self) -> str:
        """The name that people type: its first alias, or its id."""
        return self.aliases[0] if self.aliases else self.id

    def parameter(self, name: str) -> Parameter | None:
        """Return a parameter by its own name, its role, or its name in the request body."""
        for key in ("name", "role", "wire"):
            for parameter in self.parameters:
                if getattr(parameter, key) == name:
                    return parameter
        return None

    def frame_size(self, resolution: object = None, aspect_ratio: object = None) -> tuple[int, int]:
        """Return width and height of a clip, in pixels.

        Parameters
        ----------
        resolution, aspect_ratio : object
            Values of the two parameters; what is not an allowed value counts as not set.
        """
        side = re.fullmatch(r"(\d+)p", self._allowed("resolution", resolution))
        short = int(side[1]) if side else _SHORT_SIDE
        ratio = re.fullmatch(r"([1-9]\d*):([1-9]\d*)", self._allowed("aspect_ratio", aspect_ratio))
        wide, high = (int(ratio[1]), int(ratio[2])) if ratio else _RATIO
        long = 2 * round(short * max(wide, high) / min(wide, high) / 2)  # encoders want even sides
        return (long, short) if wide >= high else (short, long)

    def _allowed(self, role: str, value: object) -> str:
        """Return an allowed value of a parameter, the default in place of another one, in lower case."""
        parameter = self.parameter(role)
        if parameter is None:
            return ""
        return str(value if value in parameter.values else parameter.default).lower()
