"""Which clip stands in which row and column, in a grid on a page and in what is saved of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.errors import RequestError
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from ltxv_nb.tiles import Tile

Axes = Mapping[str, Sequence[str]]

#: The axis that several clips with the same values are told apart by.
TAKE = "take"
#: The most values of an axis that stand side by side by default: more of them leave too little room for each.
_BESIDE = 5
#: The most columns that clips without axes are given by default, and that can be asked for.
_COLUMNS, MOST_COLUMNS = 4, 24


@dataclass(frozen=True)
class Arrangement:
    """Clips in rows and columns.

    Attributes
    ----------
    rows, columns : tuple of str
        The labels of rows and columns; without those of columns each clip has to be told by its own.
    cells : tuple of tuple
        The rows, all of the same length: tiles, and ``None`` where a place is free.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Tile | None, ...], ...]

    @property
    def size(self) -> tuple[int, int]:
        """How many columns and rows there are."""
        return len(self.cells[0]), len(self.cells)

    def __iter__(self) -> Iterator[tuple[int, int, Tile]]:
        """Yield row, column and tile of each place that is taken."""
        for row, tiles in enumerate(self.cells):
            for column, tile in enumerate(tiles):
                if tile is not None:
                    yield row, column, tile


class Layout(NamedTuple):
    """How clips are laid out.

    Attributes
    ----------
    rows, columns : tuple of str
        The axes that lead down, and across. Both are empty where clips just follow each other.
    across : int
        How many clips stand side by side where they just follow each other.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    across: int


class Row(NamedTuple):
    """One row of a grid: its label, and the numbers of its tiles; ``None`` where there is none."""

    label: str
    tiles: list[int | None]


def arrange(
    tiles: Sequence[Tile], rows: object = None, columns: object = None, axes: Axes | None = None
) -> Arrangement:
    """Put clips into rows and columns.

    Parameters
    ----------
    tiles : sequence of Tile
        The clips.
    rows, columns
        As in `layout_of`.
    axes : mapping, optional
        The axes with their values in order; by default as they come in the tiles.

    Raises
    ------
    RequestError
        There is no clip, or as in `layout_of`.
    """
    if not tiles:
        raise RequestError("There are no clips to be put side by side.")
    numbered, found = with_takes(tiles, axes or _axes_of(tiles))
    layout = layout_of(found, len(numbered), rows, columns)
    labels, lines = table(numbered, found, layout)
    width = len(labels) or min(layout.across, len(numbered))
    cells = []
    for line in lines:
        there = [None if number is None else tiles[number] for number in line.tiles]
        cells.append((*there, *[None] * (width - len(there))))
    return Arrangement(tuple(line.label for line in lines), tuple(labels), tuple(cells))


def _axes_of(tiles: Sequence[Tile]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for tile in tiles:
        for name, value in tile.values.items():
            found.setdefault(name, {})[str(value)] = None
    return {name: list(values) for name, values in found.items()}


def with_takes(tiles: Sequence[Tile], axes: Axes) -> tuple[list[Tile], dict[str, list[str]]]:
    """Number the tiles that have the same values on every axis, as takes; so that each has its own place."""
    found = {name: list(values) for name, values in axes.items()}
    if not found or TAKE in found:
        return list(tiles), found
    seen: Counter[tuple[str, ...]] = Counter()
    numbered = []
    for tile in tiles:
        place = tuple(tile.values.get(name, "") for name in found)
        seen[place] += 1
        numbered.append(replace(tile, values={**tile.values, TAKE: str(seen[place])}))
    most = max(seen.values(), default=1)
    if most == 1:
        return list(tiles), found
    if len({tile.label for tile in tiles}) < len(tiles):
        numbered = [replace(tile, label=_with_take(tile)) for tile in numbered]
    return numbered, {**found, TAKE: [str(number) for number in range(1, most + 1)]}


def _with_take(tile: Tile) -> str:
    return " · ".join(filter(None, [tile.label, f"take {tile.values[TAKE]}"]))


def layout_of(axes: Axes, count: int, rows: object = None, columns: object = None) -> Layout:
    """Return how clips are laid out.

    Parameters
    ----------
    axes : mapping of str to sequence of str
        The values on each axis, in their order.
    count : int
        How many clips there are.
    rows, columns : str or sequence of str, optional
        The axes that lead down and across; what neither names leads down. For clips without axes
        ``columns`` can be a number.

    Raises
    ------
    RequestError
        One of them names no axis, or the same one twice.
    """
    if isinstance(columns, int) and not isinstance(columns, bool):
        if not 1 <= columns <= MOST_COLUMNS:
            raise RequestError(f"columns is {columns}, but it can be a number from 1 to {MOST_COLUMNS}.")
        return Layout((), (), columns)
    down, beside = _names("rows", rows, axes), _names("columns", columns, axes)
    if twice := set(down) & set(beside):
        raise RequestError(f"The axis {min(twice)!r} is given for rows and for columns, but it can be one.")
    across = min(count, _COLUMNS) or 1
    if not down and not beside:
        return _usual(axes, across)
    left = [name for name in axes if name not in down and name not in beside]
    if beside or not left:
        return Layout((*left, *down), tuple(beside), across)
    return Layout((*left[:-1], *down), (left[-1],), across)


def table(tiles: Sequence[Tile], axes: Axes, layout: Layout) -> tuple[list[str], list[Row]]:
    """Return the labels of the columns, and the rows. Without axes there are no labels."""
    if not layout.rows and not layout.columns:
        numbers: list[int | None] = list(range(len(tiles)))
        step = layout.across
        return [], [Row("", numbers[at : at + step]) for at in range(0, len(numbers), step)]
    where = {_place(tile, (*layout.rows, *layout.columns)): number for number, tile in enumerate(tiles)}
    columns = _places(axes, layout.columns)
    rows = [
        Row(_label(row, layout.rows), [where.get((*row, *column)) for column in columns])
        for row in _places(axes, layout.rows)
    ]
    taken = [any(row.tiles[at] is not None for row in rows) for at in range(len(columns))]
    labels = [
        _label(column, layout.columns) for column, any_there in zip(columns, taken, strict=True) if any_there
    ]
    kept = [Row(row.label, [n for n, there in zip(row.tiles, taken, strict=True) if there]) for row in rows]
    return labels, [row for row in kept if any(number is not None for number in row.tiles)]


def _usual(axes: Axes, across: int) -> Layout:
    names = list(axes)
    if not names:
        return Layout((), (), across)
    if len(names) == 1:
        return Layout((), (names[0],), across) if len(axes[names[0]]) <= _COLUMNS else Layout((), (), across)
    narrow = [name for name in names if len(axes[name]) <= _BESIDE and name != TAKE]
    beside = narrow[-1] if narrow else min(names, key=lambda name: len(axes[name]))
    return Layout(tuple(name for name in names if name != beside), (beside,), across)


def _names(what: str, given: object, axes: Axes) -> list[str]:
    """Return the names of axes that somebody gave, checked."""
    names = [] if given is None else [given] if isinstance(given, str) else given
    listed: list[str] = list(names) if isinstance(names, Iterable) else [str(names)]
    for name in listed:
        if name not in axes:
            there = ", ".join(axes) or "none: columns can be a number"
            raise RequestError(f"{what} is {one_line(repr(name), 80)}, but the axes are {there}.")
    if len(set(listed)) < len(listed):
        raise RequestError(f"{what} names an axis twice: {', '.join(map(str, listed))}.")
    return listed


def _places(axes: Axes, names: Sequence[str]) -> list[tuple[str, ...]]:
    return list(product(*(axes[name] for name in names)))


def _place(tile: Tile, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(tile.values.get(name, "") for name in names)


def _label(values: Sequence[str], names: Sequence[str]) -> str:
    return " · ".join(
        f"take {value}" if name == TAKE else value for name, value in zip(names, values, strict=True)
    )
