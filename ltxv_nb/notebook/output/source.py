"""A request for people: its settings in one line, and the ``%%ltxv`` cell and the Python call to copy."""

from __future__ import annotations

import html
import shlex
from typing import TYPE_CHECKING, Any

from ltxv_nb.models import default_model, find_model, request_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ltxv_nb.request import GenerationRequest

#: Runs in the page, and holds no text from outside: selects the text before the button, and copies it.
_COPY = (
    "const p=this.parentNode.querySelector('pre');getSelection().selectAllChildren(p);"
    "if(navigator.clipboard)navigator.clipboard.writeText(p.textContent);else document.execCommand('copy');"
    "this.textContent='Copied'"
)


def cell_text(request: GenerationRequest, image: str | None = None) -> str:
    """Return the cell that asks for the same clip.

    Parameters
    ----------
    request : GenerationRequest
        What to ask for. Fields of a model that is not known here have no option, and are left out.
    image : str, optional
        Path or address of the first frame, where the request holds one.

    Returns
    -------
    str
        A ``%%ltxv`` line and the prompt, braces doubled so that they stay what they are.
    """
    words = ["%%ltxv"]
    set_values = _set_values(request, image)
    for known in request_parameters(find_model(request.model)):
        if known.key not in set_values or not known.flags:
            continue
        value = set_values[known.key]
        if known.type == "boolean":
            words.append(known.flags[0] if value else known.flags[-1])
        else:
            words += [known.flags[0], shlex.quote(_literal(_option(known.key, value)))]
    return f"{' '.join(words)}\n{_literal(request.prompt)}"


def python_text(request: GenerationRequest, image: str | None = None, *, sandbox: bool = False) -> str:
    """Return the Python code that asks for the same clip; see `cell_text`.

    Parameters
    ----------
    request, image
        As in `cell_text`.
    sandbox : bool
        Whether the code is to use the sandbox, so that a copy of a free call never costs money elsewhere.
    """
    given = {**_set_values(request, image), **request.extra}
    lines = [repr(request.prompt), *(f"{name}={value!r}" for name, value in given.items())]
    arguments = "".join(f"    {line},\n" for line in lines)
    client = 'ltxv_nb.Client(backend="sandbox")' if sandbox else "ltxv_nb.Client()"
    return (
        f"import ltxv_nb\n\nclient = {client}\njob = client.submit(\n{arguments})\n"
        f"video = job.result()  # waits for it"
    )


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return settings in one line: ``ltxv-2-fast · 6 s · 1080p``.

    Parameters
    ----------
    settings : mapping
        Parameters by their Python names, as the journal has them.
    """
    model = find_model(settings.get("model"))
    parameters = {known.key: known for known in request_parameters(model)}
    words = []
    for name, value in settings.items():
        parameter = parameters.get(name)
        if name == "model":
            words.append(model.short_name if model else str(value))
        elif parameter is None:
            words.append(f"{name} {value}")
        elif parameter.type == "boolean":
            words.append(f"{parameter.label} {parameter.text(bool(value))}".lower())
        else:
            words.append(parameter.text(value))
    return " · ".join(words)


def code_html(title: str, text: str) -> str:
    """Return a text as a titled block with a button that copies it."""
    return (
        f'<div class="ltxv-code"><div class="ltxv-code-title">{html.escape(title)}</div>'
        f'<pre tabindex="0">{html.escape(text)}</pre>{copy_button("Copy", title)}</div>'
    )


def copy_button(label: str, title: str) -> str:
    """Return a button that copies the ``pre`` beside it."""
    shown, about = html.escape(label), html.escape(f"{label}: {title}")
    return (
        f'<button type="button" class="ltxv-copy" title="{about}" aria-label="{about}" onclick="{_COPY}">'
        f"{shown}</button>"
    )


def _set_values(request: GenerationRequest, image: str | None) -> dict[str, Any]:
    """Return what was set, by parameter; the model only where it is not the default one."""
    known = {parameter.key for parameter in request_parameters(find_model(request.model))}
    values = {name: value for name, value in request.settings().items() if name in known}
    model = find_model(values.pop("model"))
    named = {} if model == default_model() else {"model": model.short_name if model else request.model}
    return {**named, **({} if image is None else {"image": image}), **values}


def _option(name: str, value: Any) -> str:
    """Return the value of an option; a file called like a variable must not be taken for one."""
    text = str(value)
    return f"./{text}" if name == "image" and text.isidentifier() else text


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
