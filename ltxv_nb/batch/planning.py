"""From a sweep, or from a list of requests, to a plan: every check that costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ltxv_nb.batch.axes import MOST_CELLS, read_sweep
from ltxv_nb.batch.cells import Cell
from ltxv_nb.batch.identity import digest_of
from ltxv_nb.batch.plan import Plan
from ltxv_nb.engine.prepare import Prepared, prepare
from ltxv_nb.errors import RequestError
from ltxv_nb.request import GenerationRequest
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ltxv_nb.batch.axes import Axis, Sweep
    from ltxv_nb.client import Client


def plan_of_sweep(
    client: Client,
    prompt: Any,
    given: Mapping[str, Any],
    *,
    takes: int = 1,
    name: str | None = None,
    max_usd: float | None = None,
) -> Plan:
    """Return the plan of a sweep, after every check that costs nothing.

    Raises
    ------
    RequestError
        An axis or a value is not allowed; the message names it.
    """
    sweep = read_sweep(prompt, takes, given)
    checker = _Checker(client)
    cells: list[Cell] = []
    constants: dict[str, Any] = {}
    names: dict[int, list[str]] = {}  # of the axes, by model
    for point in sweep.points():
        try:
            checked = checker.check(checker.request(sweep.parameters(point)), sweep.varied(point))
        except RequestError as error:
            raise _named(error, _where(sweep, point), _word_hint(sweep, error)) from None
        if id(checked.request.spec) not in names:
            names[id(checked.request.spec)] = _names(sweep, checked.request)
        at_names = list(zip(sweep.axes, point, names[id(checked.request.spec)], strict=True))
        key, shown = _axis_values(at_names, checked), _shown(sweep.shown(point), at_names, checked)
        constants = constants or _constants(sweep, checked)
        cells += [
            Cell(dict(shown), take, checked.request, digest_of(key, take), sweep.takes > 1)
            for take in range(1, sweep.takes + 1)
        ]
    _check_different(cells)
    axis_names = sorted(_names(sweep, cells[0].request))
    digest = digest_of("sweep", client.origin, sweep.prompt, sweep.words, constants, axis_names)
    axes = {axis.name: list(dict.fromkeys(cell.values[axis.name] for cell in cells)) for axis in sweep.axes}
    return Plan(client, cells, axes, digest, name=name, max_usd=max_usd, files=checker.files)


def _check_different(cells: list[Cell]) -> None:
    """Refuse two combinations that are the same request, like two names of one model."""
    seen: dict[str, Cell] = {}
    for cell in cells:
        if (same := seen.setdefault(cell.key, cell)) is not cell:
            raise RequestError(
                f"{same.label} and {cell.label} are the same request: leave one of them out, or use takes=2 "
                f"for several clips of each. Nothing was sent."
            )


def plan_of_requests(
    client: Client, requests: Iterable[Any], *, name: str | None = None, max_usd: float | None = None
) -> Plan:
    """Return the plan of many requests; the same request again is another take of it.

    Raises
    ------
    RequestError
        There is none, there are too many, or one of them is not allowed; the message says which.
    """
    if isinstance(requests, (str, dict, GenerationRequest)):
        raise RequestError("These are no requests: give a list of prompts, or of GenerationRequest.")
    checker = _Checker(client)
    takes: dict[str, int] = {}
    cells: list[Cell] = []
    for number, given in enumerate(requests, 1):
        if number > MOST_CELLS:
            raise RequestError(
                f"There are more than {MOST_CELLS:,} requests, the most that a batch can have."
            )
        try:
            checked = checker.check(checker.request(given))
        except RequestError as error:
            raise _named(error, f"Request {number}") from None
        key = checked.prepared.fingerprint(client.origin)
        takes[key] = take = takes.get(key, 0) + 1
        cells.append(Cell({}, take, checked.request, digest_of(key, take)))
    if not cells:
        raise RequestError("There is no request: give a list of prompts, or of GenerationRequest.")
    for cell in cells:
        cell.several = max(takes.values()) > 1
    digest = digest_of("requests", client.origin, sorted(takes.items()) if name is None else name)
    return Plan(client, cells, {}, digest, name=name, max_usd=max_usd, files=checker.files)


class _Checked(NamedTuple):
    """A request, and what would be sent of it."""

    request: GenerationRequest
    prepared: Prepared


class _Checker:
    """Checks requests one after the other; what they share is made ready once.

    Attributes
    ----------
    files : dict
        Files that are ready to be sent, by their source.
    """

    def __init__(self, client: Client) -> None:
        self._models = client.model_lookup
        self.files: dict[Any, Any] = {}
        self._held: list[GenerationRequest] = []  # while files are known by the id of their source
        self._alive: set[int] = set()  # models that were looked up
        self._prepared: dict[Any, Prepared] = {}

    def request(self, given: Any) -> GenerationRequest:
        """Return a request from what was given: a request, a prompt, or parameters."""
        if isinstance(given, GenerationRequest):
            return given
        if isinstance(given, str):
            return GenerationRequest(given)
        if not isinstance(given, dict):
            kind = type(given).__name__
            raise RequestError(
                f"it is of type {kind}, but it can be a GenerationRequest, a prompt, or a dict."
            )
        model = given.get("model")
        if isinstance(model, str) and model.strip():
            given = {**given, "model": self._models.find(model)}
        return GenerationRequest.of({name: value for name, value in given.items() if value is not None})

    def check(self, request: GenerationRequest, alike: tuple[Any, ...] | None = None) -> _Checked:
        """Return a request with what would be sent; those that are alike differ in their prompt alone."""
        if id(request.spec) not in self._alive:
            request = self._models.checked(request)
            self._alive.add(id(request.spec))
        self._held.append(request)
        key = None if alike is None else (*alike, bool(request.prompt))
        if key is None or key not in self._prepared:
            self._prepared[key] = prepare(request, self.files)
        return _Checked(request, self._prepared[key])


def _named(error: RequestError, where: str, hint: str = "") -> RequestError:
    """Return an error that says where what is wrong stands; one of another kind speaks for itself."""
    if type(error) is not RequestError or not where:
        return error
    return RequestError(f"{where}: {error}{hint} Nothing was sent.")


def _where(sweep: Sweep, point: tuple[int, ...]) -> str:
    """Return the values of a cell, for the beginning of an error."""
    words = ", ".join(f"{name}={one_line(str(value), 60)}" for name, value in sweep.shown(point).items())
    return f"With {words}" if words else ""


def _word_hint(sweep: Sweep, error: RequestError) -> str:
    """Say how an axis that is no parameter fills a word of the prompt."""
    strange = [axis.name for axis in sweep.axes if f"no parameter {axis.name!r}" in str(error)]
    return f" To vary a word of the prompt, write {{{strange[0]}}} in it." if strange else ""


def _shown(shown: dict[str, Any], places: _Places, checked: _Checked) -> dict[str, Any]:
    """Return the values of a cell for people: of a parameter as it was read, ``6`` for ``"6"``."""
    for axis, _, name in places:
        value = None if axis.in_prompt or name == "model" else checked.request.get(name)
        if isinstance(value, (bool, int, float)):
            shown[axis.name] = value
    return shown


def _key_of(request: GenerationRequest, name: str) -> str:
    parameter = request.spec.parameter(name)
    return name if parameter is None else parameter.key


def _names(sweep: Sweep, request: GenerationRequest) -> list[str]:
    """Return the one name of each axis, however it was spelled: ``{word}``, or that of the parameter."""
    return [f"{{{one.name}}}" if one.in_prompt else _key_of(request, one.name) for one in sweep.axes]


#: Each axis, with the position on it and its name.
_Places = list[tuple["Axis", int, str]]


def _axis_values(places: _Places, checked: _Checked) -> list[Any]:
    """Return the values of a cell as they are sent, by axis in alphabetical order."""
    found = [
        [name, axis.values[at] if axis.in_prompt or name == "prompt" else _essence(checked, name)]
        for axis, at, name in places
    ]
    return sorted(found, key=lambda one: str(one[0]))


def _constants(sweep: Sweep, checked: _Checked) -> dict[str, Any]:
    """Return what is the same for all cells, as it is sent; the model is always part of it."""
    varied = {axis.name for axis in sweep.axes}
    names = {"model", *sweep.constants} - varied
    return {
        key: str(_essence(checked, key))
        for key in sorted(_key_of(checked.request, name) for name in names)
        if checked.request.get(key) is not None
    }


def _essence(checked: _Checked, key: str) -> Any:
    """Return a value as it is sent; of a file its hash or its address."""
    file = checked.prepared.files.get(key)
    if file is None:
        return checked.request.get(key)
    return [one.sha256 or one.url for one in (file if isinstance(file, list) else [file])]
