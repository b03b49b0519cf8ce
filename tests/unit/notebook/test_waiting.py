"""Waiting in a cell, and in a button's handler meanwhile: each ends by itself and leaves the kernel's loop whole."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import textwrap

import pytest

from ltxv_nb.notebook.ipython import messages_admitted


@pytest.fixture
def loop():
    made = asyncio.new_event_loop()
    yield made
    made.close()


def ran_in(loop, context):
    """Return whether a message whose context is in use got through."""
    through = []
    context.run(lambda: loop.call_soon(lambda: through.append(True), context=context)._run())
    return bool(through)


@pytest.fixture
def quiet(loop):
    loop.set_exception_handler(lambda *_args: None)  # a context that cannot be entered again is told there


@pytest.mark.usefixtures("quiet")
def test_a_wait_within_a_wait_leavesmessages_admitted_to_the_outer_one(loop):
    context = contextvars.copy_context()
    with messages_admitted(loop):
        with messages_admitted(loop):
            assert ran_in(loop, context)
        assert ran_in(loop, context)
    assert not ran_in(loop, context)
    assert "call_soon" not in vars(loop)


def test_a_loop_that_someone_else_has_changed_is_left_as_it_was(loop):
    own = loop.call_soon = lambda *args, **kwargs: None
    with messages_admitted(loop):
        assert loop.call_soon is not own
    assert loop.call_soon is own


NESTED = """
    import asyncio
    import types
    from ltxv_nb.notebook.output.waiting import wait_for

    class Job:
        ended, to_be_watched = False, True
        client = types.SimpleNamespace(keep_tracking=lambda: True)

        def done(self):
            return self.ended

        def watch(self):
            return self

        def on_change(self, listener):
            return lambda: None

        def end(self):
            self.ended = True

    cell, button = Job(), Job()

    async def main():
        loop = asyncio.get_running_loop()

        def click():
            loop.call_later(0.05, button.end)
            wait_for(button, 20, answering=True)
            print("the button")
            loop.call_soon(cell.end)

        loop.call_soon(click)
        wait_for(cell, 20, answering=True)
        print("the cell")

    asyncio.run(main())
"""


def test_a_button_that_waits_while_a_cell_waits_lets_both_end():
    # In a process of its own: a loop that can be entered twice changes asyncio for good.
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(NESTED)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.split("\n"), done.returncode) == (["the button", "the cell", ""], 0), done.stderr
