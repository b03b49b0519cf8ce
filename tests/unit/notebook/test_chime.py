"""A sound when a clip is ready: only when it is wanted, and not for ever."""

from __future__ import annotations

import base64
import io
import re
import wave
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from ltxv_nb.notebook.magic.magics import LTXVMagics
from ltxv_nb.notebook.output import chime
from ltxv_nb.notebook.session import NotebookSession


class FakeOutput:
    def __init__(self) -> None:
        self.held: list[str] = []

    def show(self, bundle: dict[str, str]) -> None:
        self.held.append(bundle["text/html"])

    replace = show


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The timers that are started, which a test lets run out."""
    started: list[Any] = []

    def remember(seconds: float, act: Any, arguments: list[Any]) -> Any:
        found = SimpleNamespace(seconds=seconds, act=lambda: act(*arguments))
        found.start = lambda: started.append(found)
        return found

    monkeypatch.setattr(chime.threading, "Timer", remember)
    return started


def test_the_sound_is_short_small_and_quiet_at_its_end() -> None:
    with wave.open(io.BytesIO(chime.sound())) as file:
        seconds = file.getnframes() / file.getframerate()
        samples = file.readframes(file.getnframes())
    assert 0.3 < seconds < 1
    assert len(chime.sound()) < 10_000
    assert 150 < max(samples) < 250, "it can be heard, and is not cut off"
    assert {*samples[-200:]} <= set(range(126, 131)), "it ends without a click"


def test_the_sound_is_taken_out_again_and_what_was_there_comes_back(timers: list[Any]) -> None:
    output: Any = FakeOutput()
    chime.ring(output, after="<b>kept</b>")
    (shown,) = output.held
    address = re.search(r'<audio [^>]*autoplay src="data:audio/wav;base64,([^"]+)"', shown)
    assert address is not None
    assert base64.b64decode(address[1]) == chime.sound()
    (timer,) = timers
    assert chime.SECONDS < timer.seconds < 10
    timer.act()
    assert output.held[-1] == "<b>kept</b>"


def test_no_sound_is_played_unless_it_is_switched_on() -> None:
    shell = InteractiveShell()
    session = NotebookSession(shell)
    magics = LTXVMagics(shell, session)
    shell.register_magics(magics)
    assert session.chime is False
    shell.run_line_magic("config", "LTXVMagics.chime = True")
    assert session.chime is True
    shell.run_line_magic("config", "LTXVMagics.chime = False")
    assert session.chime is False
    InteractiveShell.clear_instance()
