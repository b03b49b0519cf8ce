"""``%%ltxv`` and ``%ltxv``: read the line, build the request, submit it or run a command."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from traitlets import Bool, Float, TraitError, TraitType, validate

from ltxv_nb.errors import DuplicateRequest, LTXVError, RequestError, SubmissionUnknown
from ltxv_nb.interrupts import explained, interrupt_note
from ltxv_nb.models import default_model, find_model
from ltxv_nb.notebook.frontend import always_waits
from ltxv_nb.notebook.magic.early import ShownEarly
from ltxv_nb.notebook.magic.options import (
    DEFAULT_TIMEOUT,
    Options,
    help_text,
    named_model,
    parse,
    split,
    swept_model,
)
from ltxv_nb.notebook.output.flags import with_flags

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from ltxv_nb.job import Job
    from ltxv_nb.models import Model, Parameter
    from ltxv_nb.notebook.session import NotebookSession
    from ltxv_nb.request import GenerationRequest


class Default(TraitType[Any, Any]):
    """The user's own default for one parameter; ``None`` leaves it to the service."""

    default_value = None
    allow_none = True

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(None, allow_none=True, help=parameter.help)
        self._parameter = parameter

    def validate(self, obj: Any, value: Any) -> Any:
        """Check a value as the request would; those of a model that is not known here are not checked."""
        if value is None:
            return None
        if self._parameter.key == "model":
            if isinstance(value, str) and value.strip():
                return value
            raise TraitError(f"model is {value!r}, but it can be {self._parameter.allowed()}.")
        if find_model(getattr(obj, "model", None) or default_model().id) is None:
            return value
        try:
            return self._parameter.parse(value)
        except RequestError as error:
            raise TraitError(str(error)) from None


@magics_class
class LTXVMagics(Magics):
    """The magics; their defaults are set with ``%config LTXVMagics.duration = 8``.

    Each parameter with an option is a trait as well; these are added when the magics are made.

    Parameters
    ----------
    shell : InteractiveShell
        The shell.
    session : NotebookSession
        What the magics share.
    """

    wait: Any = Bool(False, help="whether every cell waits for its clip").tag(config=True)
    embed: Any = Bool(
        None, allow_none=True, help="put whole clips into the notebook (True), only link to them (False)"
    ).tag(config=True)
    reuse: Any = Bool(
        True, help="whether a cell whose very request has a finished clip shows that, and makes no new one"
    ).tag(config=True)
    chime: Any = Bool(False, help="whether a sound says that a clip is ready").tag(config=True)
    timeout: Any = Float(DEFAULT_TIMEOUT, help="seconds a waiting cell waits").tag(config=True)

    def __init__(self, shell: InteractiveShell, session: NotebookSession) -> None:
        # Before the base class reads the user's configuration, which may set them.
        self.add_traits(**{known.key: Default(known).tag(config=True) for known in _with_default()})
        super().__init__(shell=shell)
        self.session = session
        self.observe(lambda _change: setattr(session, "chime", self.chime), "chime")
        session.chime = self.chime
        LTXVMagics.ltxv.__doc__ = help_text()  # what `%%ltxv?` shows

    @validate("timeout")
    def _positive(self, proposal: Mapping[str, Any]) -> Any:
        if not proposal["value"] > 0:
            raise TraitError(f"timeout is {proposal['value']!r}, but it can be a number of seconds above 0.")
        return proposal["value"]

    @no_var_expand
    @line_cell_magic
    def ltxv(self, line: str = "", cell: str | None = None) -> None:
        """Make a clip from the cell's text, or run a line command (``%ltxv help``)."""
        with explained("this cell was stopped; %ltxv jobs shows how its job stands, if it made one."):
            try:
                self._run(line, cell)
            except LTXVError as error:
                self.session.show_error(error, sending=cell is not None)
                raise

    def _run(self, line: str, cell: str | None) -> None:
        words = split(line)
        if cell is None:
            from ltxv_nb.notebook.magic import commands  # loading the magics must be light
            from ltxv_nb.notebook.magic.template import fill

            filled = [fill(word, self.session.ip.user_ns) for word in words]
            commands.run(self.session, filled, embed=self.embed, timeout=self.timeout)
            return
        model = self._model(words)
        options = parse(words, model, self._models_with)
        if options.help:
            self.session.say(help_text(model))
            return
        if options.is_batch:
            from ltxv_nb.notebook.magic.sweep import run_sweep

            run_sweep(self, options, cell, model)
            return
        if options.name is not None or options.yes:
            word = "--name" if options.name is not None else "--yes"
            raise RequestError(f"{word} belongs to a batch: add --sweep NAME=A,B or --takes N.")
        self._generate(self._request(options, cell, model), options)

    def _model(self, words: list[str]) -> Model:
        """Return the model that the line names, else the user's default."""
        name = named_model(words) or swept_model(words)
        if name is None:
            name = str(getattr(self, "model", None) or default_model().id)
        elif {"{", "}"} & set(name):
            from ltxv_nb.notebook.magic.template import fill

            name = fill(name, self.session.ip.user_ns)
        if not name.strip():
            raise RequestError("-m has no model: `%ltxv models` lists them.")
        return find_model(name) or self.session.model(name)

    def _models_with(self, parameter: str) -> list[Model]:
        """Return models for an option that the chosen one lacks; a client is made only for that."""
        return self.session.client.models_with(parameter)

    def _request(self, options: Options, cell: str, model: Model) -> GenerationRequest:
        """Build the request: what the line says, else the user's defaults."""
        from ltxv_nb.request import GenerationRequest

        prompt = self.filled_text(cell, self.session.ip.user_ns)
        return GenerationRequest.of({"prompt": prompt, **self.parameters(options, model), "model": model})

    def filled_text(self, cell: str, names: Mapping[str, Any]) -> str:
        """Return the text of a cell, filled from these names."""
        from ltxv_nb.notebook.magic.template import fill, unfilled_names

        for name in unfilled_names(cell, names):
            self.session.say(
                f"The braces in this text do not all read as expressions, so {{{name}}} stays as it is."
            )
        return fill(cell, names)

    def parameters(self, options: Options, model: Model, varied: Collection[str] = ()) -> dict[str, Any]:
        """Return the parameters of a line, else the user's defaults for those that are not varied."""
        said = {name: self.value_of(name, value, model) for name, value in options.parameters.items()}
        chosen = {name: value for name, value in said.items() if value is not None}
        return {**self._defaults(model, {**dict.fromkeys(varied, True), **chosen}), **chosen}

    def value_of(self, name: str, value: Any, model: Model) -> Any:
        """Return the value of a parameter that was typed, filled from the notebook."""
        from ltxv_nb.notebook.magic.values import filled

        one = next((known for known in with_flags(model) if known.key == name), None)
        is_file = one is not None and one.media
        return filled(one, value, self._file_names(value) if is_file else self.session.ip.user_ns)

    def _defaults(self, model: Model, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return the user's defaults for what the line leaves out and the model has."""
        found = {known.key: getattr(self, known.key) for known in _with_default() if known.key not in said}
        chosen = {name: value for name, value in found.items() if value is not None and name != "model"}
        for name, value in list(chosen.items()):
            parameter = model.parameter(name)
            if parameter is None:
                del chosen[name]
                continue
            try:
                parameter.parse(value)
            except RequestError as error:
                raise RequestError(
                    f"{error} It is your default; %config LTXVMagics.{name} = None removes it."
                ) from None
        return chosen

    def _file_names(self, value: Any) -> Mapping[str, Any]:
        """Return what a file can be called: a variable, a job's id, ``_`` or ``last``, the job before."""
        names, last = {**self._jobs_named(value), **self.session.ip.user_ns}, self.session.last_job()
        if last is None and (value == "_" or (value == "last" and "last" not in names)):
            raise RequestError(
                f"-i {value}: there is no job before this one in this notebook; nothing was sent."
            )
        return {"last": last, **names, "_": last} if last is not None else names

    def _jobs_named(self, value: Any) -> dict[str, Job]:
        """Return the jobs whose ids are given as files; a file that is called like an id comes first."""
        from ltxv_nb.journal import is_id

        words = value if isinstance(value, list) else [value]
        ids = [word for word in words if isinstance(word, str) and is_id(word) and not Path(word).exists()]
        return {word: job for word in ids if (job := self.session.client.known_job(word)) is not None}

    def _generate(self, request: GenerationRequest, options: Options) -> None:
        """Submit the request, bind the job, and show it; wait for it if that was asked for."""
        session = self.session
        if options.dry_run:
            self._dry_run(request)
            return
        session.announce_sandbox()
        session.prepare()
        if warning := session.client.balance_warning(request):
            session.say(warning)
        job: Job | None = None
        with explained(lambda: interrupt_note(job)):
            embed = self._embed(options)
            with ShownEarly(session, embed) as early:
                job = self._submit(request, options, early.show_if_it_waits)
            session.bind(job, options.output)
            waits = self.waits(options)
            if job.video is not None:
                from ltxv_nb.notebook.output.outcome import shown_again

                session.show(job, embed=embed, note=shown_again(job))
            elif waits:
                session.wait(job, options.timeout or self.timeout, embed=embed, clear=True, view=early.view)
            else:
                session.follow(job, embed=embed, view=early.view)

    def _submit(self, request: GenerationRequest, options: Options, begun: Callable[[Job], object]) -> Job:
        """Submit the request, at once or when the job is finished that gives its first frame."""
        session = self.session
        how = {"allow_duplicate": options.again, "reuse": self.reuse, "max_usd": options.max_usd}
        if _is_running(request.image):
            return session.chain(request, **how)
        try:
            return session.client.submit_request(request, **how, begun=begun)
        except (SubmissionUnknown, DuplicateRequest) as error:
            if error.job is not None:
                session.bind(error.job, options.output)
                # It is tracked in the background, and its clip is shown here when it is found, or ready.
                # Whatever goes wrong with that, the user must see the error.
                with contextlib.suppress(Exception):
                    session.follow(error.job.watch(), embed=self._embed(options), error=error)
            raise

    def waits(self, options: Options) -> bool:
        """Whether a cell waits for what it makes."""
        return always_waits() or bool(self.wait if options.wait is None else options.wait)

    def _embed(self, options: Options) -> bool | None:
        embed: bool | None = self.embed if options.embed is None else options.embed
        return embed

    def _dry_run(self, request: GenerationRequest) -> None:
        from ltxv_nb.notebook.magic import commands

        first, client = request.image, self.session.client
        price = client.estimate(request)
        if not _is_running(first):
            commands.show_plan(self.session, client.check(request), price)
            return
        body = client.check(request.replace(image=None))
        later = f"(the last frame of job {first.id or first.status}, when it is finished)"
        commands.show_plan(self.session, {**body, "image_url": later}, price)


def _is_running(source: Any) -> bool:
    """Whether a first frame is that of a job which is still being made."""
    from ltxv_nb.job import Job

    return isinstance(source, Job) and source.video is None and not source.done()


def _with_default() -> tuple[Parameter, ...]:
    """Return the parameters that can have a default of the user's own; a first frame belongs to one clip."""
    return tuple(known for known in with_flags() if not known.media)
