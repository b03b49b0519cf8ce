"""A request as the ``%%ltxv`` cell and the Python call that make the same clip, ready to copy."""

from __future__ import annotations

import html
import shlex
from typing import TYPE_CHECKING, Any

from ltxv_nb.request import MODELS, PARAMETERS

if TYPE_CHECKING:
    from ltxv_nb.request import GenerationRequest, Parameter

_SHORT_NAMES = {full: short for short, full in MODELS.items()}
_DEFAULT_MODEL = MODELS[str(PARAMETERS["model"].default)]

#: Units as they stand behind a number.
_UNITS = {"seconds": "s", "frames per second": "fps"}
_SWITCH = {True: "On", False: "Off"}

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
        What to ask for. Fields outside the parameter table have no option, and are left out.
    image : str, optional
        Path or address of the first frame, where the request holds one.

    Returns
    -------
    str
        A ``%%ltxv`` line and the prompt, braces doubled so that they stay what they are.
    """
    words = ["%%ltxv"]
    for name, value in _said(request, image).items():
        flags = PARAMETERS[name].flags
        if not flags:
            continue
        if PARAMETERS[name].kind is bool:
            words.append(flags[0] if value else flags[-1])
        else:
            words += [flags[0], shlex.quote(_literal(_option(name, value)))]
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
    given = {**_said(request, image), **request.extra}
    lines = [repr(request.prompt), *(f"{name}={value!r}" for name, value in given.items())]
    arguments = "".join(f"    {line},\n" for line in lines)
    client = 'ltxv_nb.Client(backend="sandbox")' if sandbox else "ltxv_nb.Client()"
    return (
        f"import ltxv_nb\n\nclient = {client}\njob = client.submit(\n{arguments})\n"
        f"video = job.result()  # waits for it"
    )


def choice_text(parameter: Parameter, value: Any) -> str:
    """Return a value for people: ``6 s``, ``On``, ``1080p``."""
    if isinstance(value, bool):
        return _SWITCH[value]
    return f"{value} {_UNITS.get(parameter.unit, parameter.unit)}".strip()


def settings_text(settings: dict[str, Any]) -> str:
    """Return settings in one line: ``ltxv-2-fast · 6 s · 1080p``."""
    words = []
    for name, value in settings.items():
        parameter = PARAMETERS.get(name)
        if name == "model":
            words.append(_SHORT_NAMES.get(value, str(value)))
        elif parameter is None:
            words.append(f"{name} {value}")
        elif parameter.kind is bool:
            words.append(f"{parameter.label} {_SWITCH[bool(value)]}".lower())
        else:
            words.append(choice_text(parameter, value))
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


def _said(request: GenerationRequest, image: str | None) -> dict[str, Any]:
    """Return what was set, by parameter; the model only where it is not the usual one."""
    said = {name: value for name, value in request.settings().items() if name in PARAMETERS}
    model = said.pop("model", _DEFAULT_MODEL)
    named = {} if model == _DEFAULT_MODEL else {"model": _SHORT_NAMES.get(model, model)}
    return {**named, **({} if image is None else {"image": image}), **said}


def _option(name: str, value: Any) -> str:
    """Return the value of an option; a file called like a variable must not be taken for one."""
    text = str(value)
    return f"./{text}" if name == "image" and text.isidentifier() else text


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
