"""``%%ltxv --sweep NAME=A,B``: the axes on the line, and the cell that shows the plan or makes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from ltxv_nb.batch import Plan
    from ltxv_nb.models import Model
    from ltxv_nb.notebook.magic.magics import LTXVMagics
    from ltxv_nb.notebook.magic.options import Options

#: A comma that does not belong to a value.
_COMMA = re.compile(r"(?<!\\),")

#: What stands around the name of an axis while the text is filled: characters that no text has.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"


def run_sweep(magics: LTXVMagics, options: Options, cell: str, model: Model) -> None:
    """Show what the cell would make, with a button; or make it, with ``--yes``."""
    from ltxv_nb.notebook.output.batch_view import show_plan

    if options.again:
        raise RequestError("--again makes a single clip again; --takes N makes several of each.")
    plan = _plan(magics, options, cell, model)
    session = magics.session
    if options.dry_run:
        session.publish({"text/plain": repr(plan), "text/html": plan._repr_html_()})
        return
    session.announce_sandbox()
    wait = (options.timeout or magics.timeout) if magics.waits(options) else None
    batch = show_plan(session, plan, make=options.yes, wait=wait)
    if options.output:
        push: Any = session.ip.push
        push({options.output: plan if batch is None else batch})


def _plan(magics: LTXVMagics, options: Options, cell: str, model: Model) -> Plan:
    typed = _axes(options.sweep or [])
    names = magics.session.ip.user_ns
    marks = {name: f"{_OPEN}{name}{_CLOSE}" for name in typed}
    text = magics.filled_text(cell, {**names, **marks})
    in_text = {name for name, mark in marks.items() if mark in text}
    prompt = text.replace("{", "{{").replace("}", "}}")
    for name, mark in marks.items():
        prompt = prompt.replace(mark, f"{{{name}}}")
    given = {**magics.parameters(options, model, typed), "model": model}
    for name, values in typed.items():
        key = name if name in in_text else _key(name, model)
        if key in options.parameters and name not in in_text:
            raise RequestError(f"{key} is set by its own option and by --sweep: leave one of the two out.")
        given.pop(key, None)  # so that the axes stand in the order in which they were typed
        given[key] = _values(magics, key, values, model, is_word=name in in_text)
    plan: Plan = magics.session.client.sweep(
        prompt,
        takes=_number(options.takes),
        name=options.name,
        max_usd=options.max_usd,  # type: ignore[arg-type]  # an amount can be a text
        dry_run=True,
        **given,
    )
    return plan


def _axes(words: list[str]) -> dict[str, str]:
    """Return the values as they were typed, by the name of their axis."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, values = word.partition("=")
        name = name.strip().lstrip("-").replace("-", "_")
        if not equals or not name.isidentifier():
            raise RequestError(
                f"--sweep is {one_line(word, 80)!r}, but it can be NAME=A,B: an option or a word of the "
                f"text, and its values, like hour=dawn,dusk."
            )
        if name in found:
            raise RequestError(f"--sweep {name}= is given twice: put all its values into one, {name}=A,B.")
        found[name] = values
    return found


def _key(name: str, model: Model) -> str:
    parameter = model.parameter(name)
    return name if parameter is None else parameter.key


def _values(magics: LTXVMagics, key: str, typed: str, model: Model, *, is_word: bool) -> list[Any]:
    """Return the values of an axis; a text that is one ``{expression}`` can be a whole list of them."""
    from ltxv_nb.notebook.magic.template import fill, single_value

    names = magics.session.ip.user_ns
    alone, found = single_value(typed, names)
    if alone and isinstance(found, (list, tuple, range)):
        return list(found)
    texts = [one.replace("\\,", ",").strip() for one in _COMMA.split(typed)] if typed.strip() else []
    if is_word or key == "model":
        return [fill(text, names) for text in texts]
    return [magics.value_of(key, text, model) for text in texts]


def _number(typed: str | None) -> int:
    if typed is None:
        return 1
    if not typed.isdecimal() or len(typed) > 6:
        raise RequestError(f"--takes is {typed!r}, but it can be a whole number, like 2.")
    return int(typed)
