"""An error, or another notice, as one card: what happened, what it cost, what to do next.

Cell, panel and gallery show the same card. It is plain HTML with styles of its own, so that it looks the same
without a kernel, in an untrusted notebook and in an exported page. Its text has the theme's first text colour
on the theme's first background, so that it can be read in the light and in the dark; the colour that says how
bad it is stands beside the text, not in it.
"""

from __future__ import annotations

import html
import re
from typing import Literal, NamedTuple

from ltxv_nb import errors
from ltxv_nb.text import NO_MATH

Tone = Literal["bad", "doubt", "plain"]

_BAR = {
    "bad": "var(--jp-error-color1,#c62828)",
    "doubt": "var(--jp-warn-color1,#b26a00)",
    "plain": "var(--jp-border-color1,#999)",
}
_CARD = (
    "box-sizing:border-box;max-width:720px;margin:8px 0;padding:16px;border-radius:8px;"
    "border:1px solid var(--jp-border-color2,#d0d0d0);border-left:4px solid {bar};"
    "background:var(--jp-layout-color1,#fff);color:var(--jp-ui-font-color1,#222);"
    "font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif);overflow-wrap:anywhere"
)
_TITLE, _LINE = "font-size:14px;font-weight:600", "margin-top:8px;white-space:pre-line"
#: One click selects the whole command, without a script.
_CODE = (
    "padding:1px 6px;border-radius:4px;background:var(--jp-layout-color2,#eee);"
    "color:var(--jp-ui-font-color1,#222);font:12px var(--jp-code-font-family,ui-monospace,monospace);"
    "white-space:pre-wrap;user-select:all"
)
_NOTICE = (
    "max-width:720px;margin:8px 0;color:var(--jp-ui-font-color1,#222);overflow-wrap:anywhere;"
    "font:13px/20px var(--jp-ui-font-family,system-ui,sans-serif)"
)
_LISTING = (
    "margin:8px 0;color:var(--jp-ui-font-color1,#222);white-space:pre-wrap;overflow-wrap:anywhere;"
    "word-break:normal;font:12px/18px var(--jp-code-font-family,ui-monospace,monospace)"
)
#: What is shown as code: what stands between backticks, a magic with its command, an option.
_COMMANDS = re.compile(r"`([^`\n]+)`|(%%?ltxv(?: (?:--)?[a-z]+(?=[ .,;:)]|$))?)|(?<![\w-])(--[a-z][a-z-]+)")

#: Where a message ends one sentence and begins the next; and one that says what it cost in half a sentence.
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z`%])")
_NOTHING = re.compile(r"; (nothing was (?:sent|billed))(?=[.;])")
_NOTHING_BUT = re.compile(r"(Nothing was (?:sent|billed)); (\w)")
_COST = re.compile(r"Nothing was (sent|billed)|The generation continues|The request was not accepted")
_NEXT = re.compile(r"`|%ltxv|--again|^(Change|Check|Top up|Set|Resume|Close|Download it again|Use|Wait|To) ")

#: Hides IPython's own line about the error that the card is about, right below it. Where no style applies
#: (an untrusted notebook, another front end) that line is shown as well.
_RAISED = (
    "<style>.jp-OutputArea-child:has(.ltxv-raised)+.jp-OutputArea-child:has("
    '[data-mime-type="application/vnd.jupyter.error"],[data-mime-type="application/vnd.jupyter.stderr"])'
    "{display:none}</style>"
)


#: The same for an error that stands in a status, in the last output before that line.
HIDE_RAISED = f'{_RAISED}<span class="ltxv-raised"></span>'


class Card(NamedTuple):
    """What a card says.

    Attributes
    ----------
    title : str
        In one or two words what happened, of the vocabulary of states where it has one.
    words : str
        The same in a sentence.
    cost : str
        What it cost, or will cost; empty where money has no part in it.
    next : str
        What to do: commands between backticks. Empty where buttons beside the card do it.
    tone : str
        ``bad``, ``doubt`` or ``plain``.
    """

    title: str
    words: str = ""
    cost: str = ""
    next: str = ""
    tone: Tone = "plain"

    def html(self, css_class: str = "") -> str:
        """Return it as HTML; every text is escaped, so that it may come from outside."""
        lines = "".join(
            f'<div class="{name}" dir="auto" style="{_LINE}">{_with_code(text)}</div>'
            for name, text in (("ltxv-what", self.words), ("ltxv-cost", self.cost), ("ltxv-next", self.next))
            if text
        )
        classes = " ".join(filter(None, ["ltxv-note", css_class, NO_MATH]))
        title = f'<div class="ltxv-title" style="{_TITLE}">{html.escape(self.title)}</div>'
        style = _CARD.format(bar=_BAR[self.tone])
        return f'<div class="{classes}" data-tone="{self.tone}" style="{style}">{title}{lines}</div>'

    def text(self) -> str:
        """Return it as plain text, on one line for each of its parts."""
        return "\n".join(filter(None, self[:-1]))


class _Kind(NamedTuple):
    """How errors of one type are shown; ``cost`` and ``next`` where the message does not say it itself."""

    type: type[BaseException]
    title: str
    tone: Tone = "bad"
    cost: str = ""
    next: str = ""


_UNSENT, _UNBILLED, _FREE = "Nothing was sent.", "Nothing was billed.", "Sandbox: free of charge."

#: The first row whose type fits counts, so that the special ones come first.
_KINDS = (
    _Kind(errors.SubmissionUnknown, "Unconfirmed", "doubt", "It is not known whether it will be billed."),
    _Kind(errors.DuplicateRequest, "Not sent: it is being made already", "plain", _UNSENT),
    _Kind(errors.ClipMissing, "Not sent: its file is gone", "plain", _UNSENT),
    _Kind(errors.UnknownModel, "Not sent: no such model", "bad", _UNSENT, "`%ltxv models` lists them."),
    _Kind(errors.BudgetExceeded, "Not sent: the budget", "plain", _UNSENT),
    _Kind(errors.RequestError, "Not sent", "bad", _UNSENT),
    _Kind(errors.GenerationTimeout, "Still being made", "plain"),
    _Kind(errors.WatchStopped, "Tracking stopped", "plain"),
    _Kind(errors.GenerationLost, "Lost", "doubt", "It may have been billed."),
    _Kind(errors.GenerationFailed, "Failed", "bad", "A failed generation is not billed."),
    _Kind(errors.DownloadError, "Not downloaded", "bad", "Downloading it again costs nothing."),
    _Kind(errors.AuthenticationError, "Refused: the key", "bad", _UNBILLED, "`%ltxv login` takes one."),
    _Kind(errors.InsufficientCreditsError, "Refused: no credits left", "bad", _UNBILLED),
    _Kind(errors.RateLimitError, "Refused: too many requests", "bad", _UNBILLED, "Try again later."),
    _Kind(errors.ServiceUnreachable, "Service unreachable", "bad", _UNBILLED),
    _Kind(errors.ServerError, "The service failed", "bad"),
    _Kind(errors.APIError, "Refused", "bad", _UNBILLED),
    _Kind(errors.JournalError, "The journal cannot be used", "bad"),
    _Kind(errors.ConfigurationError, "A setting cannot be used", "bad"),
    _Kind(KeyboardInterrupt, "Interrupted", "plain"),
    _Kind(BaseException, "Failed", "bad"),
)


def card_of(error: BaseException, *, free: bool = False, sending: bool = True) -> Card:
    """Return the card of an error.

    Parameters
    ----------
    error : BaseException
        The error; its message is sorted into what happened, what it cost and what to do.
    free : bool
        Whether this is the sandbox, of whose clips nothing is said about bills; an error that carries its
        job knows that itself.
    sending : bool
        Whether something was to be sent; of a command that reads, "Nothing was sent" would say little.
    """
    kind = next(kind for kind in _KINDS if isinstance(error, kind.type))
    job = getattr(error, "job", None)
    free = free if job is None else job.is_free
    # The service's own words stay together, whatever sentences they hold.
    head = error.headline if isinstance(error, errors.APIError) and error.status_code else ""
    what, cost, to_do = _sorted_sentences(str(error)[len(head) :].strip())
    unsent = kind.cost == _UNSENT and not sending
    default = "" if unsent else _FREE if free and "billed" in kind.cost else kind.cost
    return Card(
        title=kind.title.replace("Not sent", "Not done") if unsent else kind.title,
        words=" ".join(filter(None, [head, what])),
        cost=cost or default,
        next=to_do or kind.next,
        tone=kind.tone,
    )


def raised_bundle(error: BaseException, *, free: bool = False, sending: bool = True) -> dict[str, str]:
    """Return the card of an error that the running cell is about to end with, as an output above it."""
    card = card_of(error, free=free, sending=sending)
    return {"text/html": _RAISED + card.html("ltxv-raised"), "text/plain": card.text()}


def notice_bundle(text: str) -> dict[str, str]:
    """Return a line that is no error as an output; several lines keep their columns."""
    if "\n" in text:
        shown = f'<pre class="ltxv-say {NO_MATH}" style="{_LISTING}">{html.escape(text)}</pre>'
    else:
        shown = f'<div class="ltxv-say {NO_MATH}" dir="auto" style="{_NOTICE}">{_with_code(text)}</div>'
    return {"text/html": shown, "text/plain": text}


def _sorted_sentences(message: str) -> tuple[str, str, str]:
    """Return what of a message says what happened, what it cost, and what to do."""
    what: list[str] = []
    cost = [f"{half.capitalize()}." for half in _NOTHING.findall(message)]
    to_do: list[str] = []
    whole = _NOTHING_BUT.sub(lambda found: f"{found[1]}. {found[2].upper()}", _NOTHING.sub("", message))
    for sentence in _SENTENCES.split(whole):
        part = to_do if _NEXT.search(sentence) else cost if _COST.match(sentence) else what
        if sentence and sentence not in part:
            part.append(sentence)
    return " ".join(what), " ".join(cost), " ".join(to_do)


def _with_code(text: str) -> str:
    """Return a text as HTML, with its commands as code."""
    found, at = [], 0
    for match in _COMMANDS.finditer(text):
        command = html.escape(next(filter(None, match.groups())))
        found += [html.escape(text[at : match.start()]), f'<code style="{_CODE}">{command}</code>']
        at = match.end()
    return "".join([*found, html.escape(text[at:])])
