"""Price lists: what a request will cost, from what a model's maker charges for which values.

Amounts are whole credits inside, so that sums are exact. A list quotes US dollars for so many units; a unit
is a second, a clip, a frame and the like, and the list may depend on any parameter of the model.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ltxv_nb.credits import CREDITS_PER_USD, in_dollars
from ltxv_nb.models.roles import ROLES, snake
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from fractions import Fraction

    from ltxv_nb.models.model import Model
    from ltxv_nb.models.parameter import Parameter

#: Combinations of values that were not given, that are looked at.
_MOST_COMBINATIONS = 512


# That its module begins like `ltxv_nb.notebook.magic.options` is chance: imports, limits and a plain record.
@dataclass(frozen=True)
class Price:
    """What a request costs.

    Attributes
    ----------
    credits : int
        Credits that it costs at most; 2,000,000 are one US dollar.
    least_credits : int
        Credits that it costs at least; the same where the price is exact.
    words : str
        How it comes about, for people: ``6 s of 1080p at $0.063 a second``.
    """

    credits: int
    least_credits: int
    words: str

    @property
    def usd(self) -> float:
        """The price in US dollars; where only a range is known, its upper end."""
        return self.credits / CREDITS_PER_USD

    @property
    def least_usd(self) -> float:
        """The lower end in US dollars."""
        return self.least_credits / CREDITS_PER_USD

    @property
    def exact(self) -> bool:
        """Whether this is the very price, and no range."""
        return self.credits == self.least_credits

    @property
    def text(self) -> str:
        """The price for people: ``$0.378``, or ``$0.25 to $0.50``."""
        least, most = in_dollars(self.least_credits), in_dollars(self.credits)
        return most if self.exact else f"{least} to {most}"

    def __str__(self) -> str:
        return self.text


def dollars(usd: tuple[float, float]) -> str:
    """Return a range of amounts in USD without a sign, for a table: ``0.05``, or ``0.05–0.10``."""
    least, most = (f"{one:.4f}".removesuffix("0").removesuffix("0") for one in usd)
    return least if least == most else f"{least}–{most}"


@dataclass(frozen=True)
class Rate:
    """One row of a price list.

    Attributes
    ----------
    usd : str
        US dollars for `per` units, as a decimal number.
    per : str
        The number of units, as a decimal number.
    measure : {"second", "minute", "clip", "frame", "image"} or None
        The unit; ``None`` where no request says how many it takes.
    when : tuple of (str, tuple)
        Names of parameters with the values for which the row holds; empty: it always holds.
    """

    usd: str
    per: str = "1"
    measure: str | None = "second"
    when: tuple[tuple[str, Any], ...] = ()

    def credits_per_unit(self) -> Fraction:
        """Return the credits of one unit, exactly."""
        from fractions import Fraction

        return Fraction(self.usd) * CREDITS_PER_USD / Fraction(self.per)

    def credits_per_second(self, lengths: Sequence[float]) -> list[Fraction]:
        """Return the credits of one second, for each length that the row is for; none if unknown."""
        price = self.credits_per_unit()
        if self.measure in {"second", "minute"}:
            return [price / (60 if self.measure == "minute" else 1)]
        named = [wanted for name, wanted in self.when if name in {"duration", "duration_seconds"}]
        own = [decimal(value) for wanted in named if isinstance(wanted, tuple) for value in wanted]
        seconds = [one for one in own or map(decimal, lengths) if one]
        return [price / one for one in seconds] if self.measure == "clip" else []


@dataclass(frozen=True)
class PriceList:
    """What a model costs.

    Attributes
    ----------
    rates : tuple of Rate
        The rows.
    variants : bool
        Whether one row holds for a request, by its values; otherwise the rows are added up.
    source : str
        Where the prices come from, in words.
    """

    rates: tuple[Rate, ...]
    variants: bool = False
    source: str = "the service's catalogue"

    def quote(self, model: Model, values: Mapping[str, Any]) -> Price | None:
        """Return what a request costs; see `Model.price`."""
        known = _Values(model, values)
        found = [self._credits(known, chosen) for chosen in known.combinations(self._open(known))]
        quoted = [one for one in found if one is not None]
        if not quoted:
            return None
        least, most = min(low for low, _ in quoted), max(high for _, high in quoted)
        words = self._words(known)
        if len(quoted) < len(found):  # some values that may be meant have no price
            return Price(_rounded(most), min(_rounded(least), max(0, _rounded(most) - 1)), words)
        return Price(_rounded(most), _rounded(least), words)

    def per_second(self, model: Model, values: Mapping[str, Any]) -> Price | None:
        """Return what a second costs; see `Model.price_per_second`."""
        lengths = _Values(model, values).lengths()
        if not lengths and all(rate.measure in {"second", "minute"} for rate in self.rates):
            lengths = [1.0]  # however long it gets
        found = []
        for seconds in lengths:
            price = self.quote(model, {**values, "duration": seconds})
            if price is not None and seconds:
                found.append((price.least_credits / seconds, price.credits / seconds))
        if not found:
            return None
        least, most = round(min(low for low, _ in found)), round(max(high for _, high in found))
        return Price(most, least, "a second")

    def usd_per_second(self, lengths: Sequence[float] = ()) -> tuple[float, float] | None:
        """Return the least and the most US dollars that the list has for a second; ``None`` if it has none.

        Parameters
        ----------
        lengths : sequence of float
            Seconds of the clips that the model makes, as far as they are known; for prices of whole clips.
        """
        each = [found for rate in self.rates for found in rate.credits_per_second(lengths)]
        if not each or (not self.variants and len(each) < len(self.rates)):
            return None
        least, most = (min(each), max(each)) if self.variants or len(self.rates) == 1 else (sum(each),) * 2
        return float(least / CREDITS_PER_USD), float(most / CREDITS_PER_USD)

    def _open(self, known: _Values) -> dict[str, tuple[Any, ...]]:
        """Return the values that parameters may have which the price depends on and nobody has set."""
        names = dict.fromkeys(name for rate in self.rates for name, _ in rate.when)
        return {name: known.possible(name) or self._named(name) for name in names if known.get(name) is None}

    def _named(self, name: str) -> tuple[Any, ...]:
        listed = [wanted for rate in self.rates for one, wanted in rate.when if one == name]
        values = [value for wanted in listed if isinstance(wanted, tuple) for value in wanted]
        return tuple(dict.fromkeys(values))

    def _rows(self, known: _Values, chosen: Mapping[str, Any]) -> list[Rate]:
        """Return the rows that hold; of variants the one that says most."""
        holding = [
            rate
            for rate in self.rates
            if all(_matches(wanted, chosen.get(name, known.get(name))) for name, wanted in rate.when)
        ]
        return [max(holding, key=lambda rate: len(rate.when))] if self.variants and holding else holding

    def _credits(self, known: _Values, chosen: Mapping[str, Any]) -> tuple[Fraction, Fraction] | None:
        """Return the least and the most credits for values that are all known; ``None`` without a price."""
        rows = self._rows(known, chosen)
        counted = [(rate.credits_per_unit(), known.quantity(rate.measure, chosen)) for rate in rows]
        if not counted or any(quantity is None for _, quantity in counted):
            return None
        pairs = [(rate, quantity) for rate, quantity in counted if quantity is not None]
        least = sum((rate * low for rate, (low, _) in pairs), start=0 * pairs[0][0])
        most = sum((rate * high for rate, (_, high) in pairs), start=0 * pairs[0][0])
        return least, most

    def _words(self, known: _Values) -> str:
        rows = [
            rate for chosen in known.combinations(self._open(known)) for rate in self._rows(known, chosen)
        ]
        rates = list(dict.fromkeys((rate.credits_per_unit(), _per(rate.measure)) for rate in rows))
        parts = [f"{in_dollars(float(credit))} {measure}" for credit, measure in rates[:3]]
        more = " and other rates" if len(rates) > 3 else ""
        about = known.in_words({name for rate in rows for name, _ in rate.when})
        joint = " or " if self.variants else " and "
        return f"{about} at {joint.join(parts)}{more}"


def _per(measure: str | None) -> str:
    return f"{'an' if measure == 'image' else 'a'} {measure}"


class _Values:
    """The values of a request, by any name, with the model's defaults for what was left out."""

    def __init__(self, model: Model, values: Mapping[str, Any]) -> None:
        self._model = model
        self._given = {
            (parameter.key if (parameter := self._find(name)) else name): value
            for name, value in values.items()
            if value is not None
        }

    def _find(self, name: str) -> Parameter | None:
        """Return a parameter by any name; price lists do not always use the one of the schema."""
        found = self._model.parameter(name)
        if found is not None:
            return found
        meant = (role for role, entry in ROLES.items() if snake(name) in entry.names)
        return next((one for role in meant if (one := self._model.parameter(role))), None)

    def get(self, name: str) -> Any:
        parameter = self._find(name)
        if parameter is None:
            return self._given.get(name)
        value = self._given.get(parameter.key)
        if parameter.media:  # a price can depend on whether there is one, not on what it shows
            return value is not None
        return parameter.default if value is None else value

    def possible(self, name: str) -> tuple[Any, ...]:
        parameter = self._find(name)
        return parameter.choices if parameter else ()

    def combinations(self, undecided: Mapping[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
        """Yield every choice of what is not decided, up to a limit."""
        names = list(undecided)
        choices = [undecided[name] or (None,) for name in names]
        for values in itertools.islice(itertools.product(*choices), _MOST_COMBINATIONS):
            yield dict(zip(names, values, strict=True))

    def quantity(self, measure: str | None, chosen: Mapping[str, Any]) -> tuple[Fraction, Fraction] | None:
        """Return how many units a request takes, at least and at most; ``None`` where nobody can know."""
        from fractions import Fraction

        if measure == "clip":
            return Fraction(1), Fraction(1)
        if measure in {"second", "minute"}:
            seconds = self._range("duration", chosen)
            divisor = 60 if measure == "minute" else 1
            return (seconds[0] / divisor, seconds[1] / divisor) if seconds else None
        if measure == "frame":
            return self._range("num_frames", chosen)
        if measure == "image":
            count = sum(self._count(name) for name in ("image", "last_image", "images"))
            return Fraction(count), Fraction(count)
        return None

    def _count(self, name: str) -> int:
        parameter = self._find(name)
        value = self._given.get(parameter.key) if parameter else None
        return len(value) if isinstance(value, (list, tuple)) else int(value is not None)

    def _range(self, name: str, chosen: Mapping[str, Any]) -> tuple[Fraction, Fraction] | None:
        value = chosen.get(name, self.get(name))
        if value is not None:
            number = decimal(value)
            return (number, number) if number is not None else None
        parameter = self._find(name)
        if parameter is None:
            return None
        ends = [decimal(end) for end in parameter.values or (parameter.minimum, parameter.maximum)]
        known = [end for end in ends if end is not None]
        return (min(known), max(known)) if known and len(known) == len(ends) else None

    def lengths(self) -> list[float]:
        """Return the shortest and the longest clip that may be meant, in seconds; none if unknown."""
        ends = self._range("duration", {})
        return sorted({float(end) for end in ends}) if ends else []

    def in_words(self, names: Iterable[str]) -> str:
        """Say what the price is for: ``6 s of 1080p``."""
        seconds = self._range("duration", {})
        words = "one clip"
        if seconds is not None:
            low, high = (f"{float(end):g}" for end in seconds)
            words = f"{low} s" if low == high else f"{low} to {high} s"
        named = sorted(set(names) - {"duration"})
        said = [self._said(name, value) for name in named if (value := self.get(name)) is not None]
        return f"{words} of {', '.join(said)}" if said else words

    @staticmethod
    def _said(name: str, value: Any) -> str:
        text = one_line(str(value), 40)
        return text if isinstance(value, str) else f"{one_line(name, 40)} {text}"


def _rounded(credits_: Fraction) -> int:
    return math.floor(credits_ + type(credits_)(1, 2))


def decimal(value: Any) -> Fraction | None:
    """Return a finite number that is not negative, exactly as it was written."""
    from fractions import Fraction

    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and len(value) > 40:
        return None
    try:
        number = Fraction(str(value).strip())
    except (ValueError, ZeroDivisionError):
        return None
    return number if number >= 0 else None


def _matches(wanted: Any, value: Any) -> bool:
    """Whether a value is one of those that a row is for."""
    if isinstance(wanted, Span):
        number = decimal(value)
        return number is not None and wanted.holds(number)
    return any(_alike(one, value) for one in wanted)


def _alike(one: Any, other: Any) -> bool:
    """Whether two values mean the same: ``"5"`` and 5, ``"720P"`` and ``"720p"``, ``"true"`` and true."""
    if one is None or other is None:
        return one is other
    first, second = decimal(one), decimal(other)
    if first is not None and second is not None:
        return first == second
    return str(one).strip().lower() == str(other).strip().lower()


@dataclass(frozen=True)
class Span:
    """A range of numbers that a row is for, as decimal numbers; ends that are ``None`` are open."""

    least: str | None = None
    most: str | None = None
    above: str | None = None
    below: str | None = None

    def holds(self, number: Fraction) -> bool:
        """Whether a number is within the range."""
        from fractions import Fraction

        return (
            (self.least is None or number >= Fraction(self.least))
            and (self.most is None or number <= Fraction(self.most))
            and (self.above is None or number > Fraction(self.above))
            and (self.below is None or number < Fraction(self.below))
        )
