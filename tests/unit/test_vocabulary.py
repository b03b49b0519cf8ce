"""One word for one state, wherever it is read."""

from types import SimpleNamespace

import pytest

from ltxv_nb.job_list.facts import state_text
from ltxv_nb.journal import State
from ltxv_nb.notebook.output.status import snapshot
from ltxv_nb.vocabulary import STATES, frame_text, seconds_text, state_word


def test_there_are_six_states_and_three_for_what_never_came_to_run():
    words = {"queued", "generating", "downloading", "finished", "failed", "unconfirmed"}
    assert set(STATES.values()) == words | {"submitting", "refused", "lost"}
    assert state_word("warming_up") == "warming up", "the service's own new word is shown as it came"
    assert state_word("") == "running"


@pytest.mark.parametrize("status", ["queued", "waiting", "active", "generating", "downloading", "unknown"])
def test_a_cell_a_list_and_a_text_say_the_same(desk, status, monkeypatch):
    job = desk.client.submit("A lighthouse")
    monkeypatch.setattr(type(job), "status", status)
    word = STATES[status]
    assert snapshot(job).state == word.capitalize()
    assert state_text(job) == word
    assert job.describe().split("  ")[1].startswith(word)


def test_what_has_ended_is_called_the_same_too(desk):
    job = desk.client.submit("A lighthouse")
    desk.finish(job)
    assert snapshot(job).state.startswith("Finished after ")
    assert state_text(job) == "finished"
    assert job.describe().split("  ")[1] == "finished"
    assert job.status == "completed", "the name that programs rely on stays"
    waits = SimpleNamespace(status="completed", record=SimpleNamespace(state=State.FINISHED))
    assert state_text(waits) == "finished, not downloaded"


def test_numbers_are_written_as_people_write_them():
    assert frame_text(1920, 1080) == "1920×1080"
    assert (seconds_text(47.6), seconds_text(125)) == ("48 s", "2 min 05 s")
