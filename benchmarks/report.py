"""How the benchmarks say what they found: rows of a table that `run.py` puts together."""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """One figure beside what it must reach; `met` is None where nothing was promised."""

    name: str
    value: str
    target: str = ""
    met: bool | None = None

    def row(self) -> str:
        verdict = {None: "", True: "met", False: "NOT MET"}[self.met]
        return f"| {self.name} | {self.value} | {self.target} | {verdict} |"


HEAD = "| figure | measured | must reach | |\n| --- | --- | --- | --- |"


def show(figures: list[Figure]) -> int:
    """Print the table; return the exit code: 1 when something that must be reached was not."""
    print(f"\n{HEAD}")
    for figure in figures:
        print(figure.row())
    return int(any(figure.met is False for figure in figures))
