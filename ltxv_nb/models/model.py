"""One model of the service: what it is called, what it can do, its parameters and its price."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ltxv_nb.models.parameter import Parameter
    from ltxv_nb.models.price import Price, PriceList

#: Pixels of the short side, and width to height, where a model says nothing of them.
_SHORT_SIDE, _RATIO = 1080, (16, 9)
#: A ratio beyond this is none of a film.
_WIDEST = 10
#: Pixels of the short side that published names of resolutions mean.
_NAMED_SIDES = {"hd": 720, "fhd": 1080, "2k": 1440, "qhd": 1440, "4k": 2160, "uhd": 2160}


@dataclass(frozen=True)
class Schema:
    """What a model's published schema says of its requests.

    Attributes
    ----------
    parameters : tuple of Parameter
        In the order of the schema.
    rules : mapping
        The cleaned JSON Schema of the whole body without its ``model``, for what concerns several parameters;
        empty where there is nothing of that kind.
    open : bool
        Whether fields that it does not name may be sent as well.
    note : str
        One sentence where it could not be read, or not in full; ``""`` otherwise.
    """

    parameters: tuple[Parameter, ...] = ()
    rules: Mapping[str, Any] = field(default_factory=dict)
    open: bool = False
    note: str = ""


@dataclass(frozen=True)
class Model:
    """One model of the service. Two are equal when they are the same entry of the same catalogue.

    Texts may come from outside: they have no control characters, and are to be escaped where they are shown.

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
        Its parameters, in the order in which people meet them. Those of a model from the catalogue are read
        when they are first asked for: from the cache, or from the service.
    seconds : float or None
        Seconds that one 6 s 1080p clip took where the vendor measured it once; ``None`` if nobody did.
    percentiles : mapping of str to float
        ``p50``, ``p75``, ``p90``, ``p99`` of the time it takes, in milliseconds, as the service reported them
        with the catalogue; empty where it did not.
    prices : PriceList or None
        What it costs; ``None`` where nobody quotes it.
    description : str
        What its maker says of it.
    missing_since : float or None
        Unix time in seconds since when the service's catalogue does not list it; ``None`` while it does.
    rules, open, note
        As in `Schema`.
    listed : bool
        Whether it is a built-in model or one of the catalogue; false for an id that only its user knows.
    short : str
        The short name of a built-in model; an alias of another is none, for two models can share it.
    """

    id: str
    name: str
    developer: str
    aliases: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = field(default_factory=tuple, compare=False, repr=False)
    seconds: float | None = None
    percentiles: Mapping[str, float] = field(default_factory=dict, compare=False, repr=False)
    prices: PriceList | None = field(default=None, repr=False)
    description: str = field(default="", repr=False)
    missing_since: float | None = None
    rules: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    open: bool = field(default_factory=bool, compare=False, repr=False)
    note: str = field(default_factory=str, compare=False, repr=False)
    listed: bool = field(default=True, repr=False)
    short: str = field(default="", repr=False)
    read: Callable[[], Schema] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.read is not None:  # then `__getattr__` answers for these, once
            for name in _FROM_SCHEMA:
                object.__delattr__(self, name)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Read the schema when something of it is first asked for."""
            read = self.__dict__.get("read")
            if name not in _FROM_SCHEMA or read is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            schema = read()
            for part in _FROM_SCHEMA:
                object.__setattr__(self, part, getattr(schema, part))
            return getattr(schema, name)

    def __getstate__(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in _FROM_SCHEMA},
            **self.__dict__,
            "read": None,
        }

    @property
    def short_name(self) -> str:
        """The name that people type; the id of a model that has no short name of its own."""
        return self.short or self.id

    @property
    def median_seconds(self) -> float | None:
        """How long it takes, in seconds: the median that the service reports, else the vendor's figure."""
        median = self.percentiles.get("p50")
        return median / 1000 if median is not None else self.seconds

    def parameter(self, name: str) -> Parameter | None:
        """Return a parameter by its published name or its role."""
        for attribute in ("name", "role"):
            for parameter in self.parameters:
                if getattr(parameter, attribute) == name:
                    return parameter
        return None

    def price(self, **values: Any) -> Price | None:
        """Return what a request with these values costs.

        Parameters
        ----------
        **values
            Parameters by role or published name; what is left out is the model's default. Where the service
            names no default, the price is a range over what is possible.

        Returns
        -------
        Price or None
            ``None`` where the price list says nothing of such a request.
        """
        return self.prices.quote(self, values) if self.prices is not None else None

    def price_per_second(self, **values: Any) -> Price | None:
        """Return what a second of such a clip costs; ``None`` where its price or its length is not known."""
        return self.prices.per_second(self, values) if self.prices is not None else None

    @property
    def usd_per_second(self) -> tuple[float, float] | None:
        """The least and the most that a second costs, in USD, over all settings; ``None`` if unknown.

        It is read from the price list, and nothing is asked of the service for it: of a model that is priced
        by the clip, it is known once its parameters have been read.
        """
        if self.prices is None:
            return None
        is_read = self.read is None or "parameters" in self.__dict__
        duration = self.parameter("duration") if is_read else None
        return self.prices.usd_per_second(duration.values if duration else ())

    def frame_size(self, resolution: object = None, aspect_ratio: object = None) -> tuple[int, int]:
        """Return width and height of a clip, in pixels.

        Parameters
        ----------
        resolution, aspect_ratio : object
            Values of the two parameters; what is not an allowed value counts as not set.
        """
        named = self._allowed("resolution", resolution)
        if sides := re.fullmatch(r"(\d{3,4})[x:](\d{3,4})", named):
            return int(sides[1]), int(sides[2])
        side = re.fullmatch(r"(\d{2,4})p?", named)
        short = int(side[1]) if side else _NAMED_SIDES.get(named, _SHORT_SIDE)
        ratio = re.fullmatch(r"([1-9]\d{0,3}):([1-9]\d{0,3})", self._allowed("aspect_ratio", aspect_ratio))
        wide, high = (int(ratio[1]), int(ratio[2])) if ratio else _RATIO
        if max(wide, high) > _WIDEST * min(wide, high):
            wide, high = _RATIO
        long = 2 * round(short * max(wide, high) / min(wide, high) / 2)  # encoders want even sides
        return (long, short) if wide >= high else (short, long)

    def _allowed(self, role: str, value: object) -> str:
        """Return an allowed value of a parameter, the default in place of another one, in lower case."""
        parameter = self.parameter(role)
        if parameter is None:
            return ""
        return str(value if value in parameter.values else parameter.default).lower()


#: What a published schema says, see `Schema`.
_FROM_SCHEMA = ("parameters", "rules", "open", "note")
