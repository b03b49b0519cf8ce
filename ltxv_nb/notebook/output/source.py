"""A request for people: its settings in one line, and the ``%%ltxv`` cell and the Python call to copy."""

from __future__ import annotations

import html
import json
import keyword
import shlex
from typing import TYPE_CHECKING, Any

from ltxv_nb.models import default_model, find_model, request_parameters
from ltxv_nb.notebook.output.flags import RESERVED, is_switch, with_flags
from ltxv_nb.notebook.output.option_values import write
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ltxv_nb.models import Parameter
    from ltxv_nb.request import GenerationRequest

#: Runs in the page, and holds no text from outside: selects the text before the button, and copies it.
_COPY = (
    "const p=this.parentNode.querySelector('pre');getSelection().selectAllChildren(p);"
    "if(navigator.clipboard)navigator.clipboard.writeText(p.textContent);else document.execCommand('copy');"
    "this.textContent='Copied'"
)


class JobId(str):
    """The id of a job where a cell names a file: the last frame of its clip, or the clip itself."""

    __slots__ = ()


def cell_text(
    request: GenerationRequest, files: Mapping[str, Any] | None = None, *, again: bool = False
) -> str:
    """Return the cell that asks for the same clip.

    Parameters
    ----------
    request : GenerationRequest
        What to ask for. Fields that no option can name, which only a model of which nothing is known has,
        are left out.
    files : mapping, optional
        Paths or addresses of its pictures, videos and sounds, by parameter; a list where there are several.
    again : bool
        Whether the cell makes another clip each time it is run.

    Returns
    -------
    str
        A ``%%ltxv`` line and the prompt, braces doubled so that they stay what they are.
    """
    words = ["%%ltxv", *(["--again"] if again else [])]
    values = _set_values(request, files)
    for known in with_flags(request.spec):
        if known.key not in values:
            continue
        value = values.pop(known.key)
        if is_switch(known) and isinstance(value, bool):
            words.append(known.flags[0] if value else known.flags[1])
        else:
            words += _option(known, value)
    taken = {*RESERVED, *(flag for known in with_flags(request.spec) for flag in known.flags)}
    for name, value in values.items():
        flag = f"--{name.replace('_', '-')}"
        if name.isidentifier() and name.isascii() and flag not in taken:
            words += [_word(flag, one) for one in write(None, value)]
    return f"{' '.join(words)}\n{_literal(request.prompt)}"


def python_text(
    request: GenerationRequest,
    files: Mapping[str, Any] | None = None,
    *,
    sandbox: bool = False,
    takes: int = 1,
) -> str:
    """Return the Python code that asks for the same clip; see `cell_text`.

    Parameters
    ----------
    request, files
        As in `cell_text`.
    sandbox : bool
        Whether the code is to use the sandbox, so that a copy of a free call never costs money elsewhere.
    takes : int
        How many clips of the request it makes.
    """
    given = _set_values(request, files)
    named = {name: value for name, value in given.items() if _is_keyword(name)}
    lines = [f"{name}={value!r}" for name, value in named.items()]
    if request.prompt:
        lines.insert(0, repr(request.prompt))
    if rest := {name: value for name, value in given.items() if name not in named}:
        lines.append(f"**{rest!r}")
    client = 'ltxv_nb.Client(backend="sandbox")' if sandbox else "ltxv_nb.Client()"
    begin = f"import ltxv_nb\n\nclient = {client}\n"
    if takes == 1:
        arguments = "".join(f"    {line},\n" for line in lines)
        return f"{begin}job = client.submit(\n{arguments})\nvideo = job.result()  # waits for it"
    arguments = "".join(f"        {line},\n" for line in [*lines, "allow_duplicate=True"])
    return (
        f"{begin}jobs = [\n    client.submit(\n{arguments}    )\n    for _ in range({takes})\n]\n"
        "videos = [job.result() for job in jobs]  # waits for them"
    )


def _is_keyword(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


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
            words.append(model.short_name if model else one_line(str(value), 80))
        elif isinstance(value, bool):
            label = parameter.label if parameter else name.replace("_", " ")
            words.append(f"{label} {'on' if value else 'off'}".lower())
        elif parameter is not None and parameter.role != "negative_prompt":
            words.append(one_line(parameter.text(value), 80))
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            words.append(one_line(f"{name.replace('_', ' ')} {text}", 80))
    return " · ".join(words)


def code_html(title: str, text: str) -> str:
    """Return a text as a titled block with a button that copies it."""
    return (
        f'<div class="ltxv-code"><div class="ltxv-code-title">{html.escape(title)}</div>'
        f'<pre tabindex="0">{html.escape(text)}</pre>{copy_button("Copy", title)}</div>'
    )


def copy_button(label: str, title: str, style: str = "") -> str:
    """Return a button that copies the ``pre`` beside it; a style of its own where no stylesheet reaches."""
    shown, about = html.escape(label), html.escape(f"{label}: {title}")
    look = f' style="{style}"' if style else ""
    return (
        f'<button type="button" class="ltxv-copy" title="{about}" aria-label="{about}"{look}'
        f' onclick="{_COPY}">{shown}</button>'
    )


def _set_values(request: GenerationRequest, files: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what was set, by parameter; the model only where it is not the default one."""
    values = request.settings()
    model = values.pop("model")
    built_in = find_model(model)
    named = {} if built_in == default_model() else {"model": built_in.short_name if built_in else model}
    return {**named, **(request.files() if files is None else files), **values}


def _option(known: Parameter, value: Any) -> list[str]:
    """Return the words for one parameter: its option, as often as it takes."""
    if known.media:
        texts = [_path(one) for one in (value if isinstance(value, (list, tuple)) else [value])]
    else:
        texts = [str(value)] if known.key == "model" else write(known, value)
    # Only a long option can have its value joined to it by "=".
    long = next((flag for flag in known.flags if flag.startswith("--")), known.flags[0])
    return [_word(long if text.startswith("-") else known.flags[0], text) for text in texts]


def _word(flag: str, text: str) -> str:
    """Return an option with its value; one that looks like an option itself is joined to it."""
    value = _literal_word(text)
    return shlex.quote(f"{flag}={value}") if text.startswith("-") else f"{flag} {shlex.quote(value)}"


def _path(source: Any) -> str:
    """Return a file as an option names it; one called like a variable must not be taken for that."""
    text = str(source)
    return f"./{text}" if text.isidentifier() and not isinstance(source, JobId) else text


def _literal_word(text: str) -> str:
    """Return a text for a line: what would end the line, or is a control character, as an expression."""
    return "".join(
        f"{{chr({ord(char)})}}" if char < " " or len(f".{char}.".splitlines()) > 1 else char
        for char in _literal(text)
    )


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
