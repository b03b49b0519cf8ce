"""A generation that the service has forgotten: looked for long enough, then given up, and never for ever."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from fakes import Rig, blocked_by, reply

from ltxv_nb.engine import tasks
from ltxv_nb.engine.lookup import NOT_YET_LISTED_SECONDS
from ltxv_nb.errors import ConfigurationError, GenerationFailed, GenerationLost, SubmissionUnknown
from ltxv_nb.journal import State

PROMPT = "A lighthouse at dusk"


@pytest.fixture
def forgotten(desk):
    """A job whose generation the service does not know any more."""
    job = desk.client.submit(PROMPT)
    desk.service.generations.clear()
    return job


def test_a_generation_that_the_service_has_forgotten_is_lost_after_the_documented_time(desk, forgotten):
    desk.rig.run(tasks.LOST_SECONDS)
    assert not forgotten.done()
    desk.rig.run(2 * 3600)
    assert forgotten.status == "lost"
    assert forgotten.done()
    assert not forgotten.watched
    assert desk.service.polls < 200
    polls = desk.service.polls
    desk.rig.run(24 * 3600)
    assert desk.service.polls == polls


def test_a_lost_job_says_so_in_one_sentence_and_blocks_nothing(desk, forgotten):
    desk.rig.run(8 * 3600)
    with pytest.raises(GenerationLost, match=r"is lost.*6 hours.*knows no such generation.*sent again"):
        forgotten.result()
    assert isinstance(forgotten.error, GenerationFailed)
    assert desk.client.submit(PROMPT).id != forgotten.id


def test_an_outage_is_no_loss_however_long_it_is(desk):
    job = desk.client.submit(PROMPT)
    desk.service.on_get.extend([reply(503, {})] * 10_000)
    desk.rig.run(30 * 3600)
    assert not job.done()
    desk.service.on_get.clear()
    desk.finish(job)
    assert job.video


def test_an_answer_in_between_begins_the_time_anew(desk, forgotten):
    desk.rig.run(5 * 3600)
    desk.service.say(forgotten.generation_id, status="generating")
    desk.rig.run(3600)
    assert forgotten.record.missing_since is None
    desk.service.generations.clear()
    desk.rig.run(5 * 3600)
    assert not forgotten.done()


def test_the_time_goes_on_in_the_next_process(desk, forgotten):
    desk.rig.run(4 * 3600)
    since = forgotten.record.missing_since
    assert since
    desk.client.close()
    client, rig = desk.another()
    (job,) = client.resume()
    rig.run(3 * 3600)
    assert job.status == "lost"
    assert job.record.missing_since == since


def test_one_not_found_after_a_long_sleep_is_no_loss(desk, forgotten):
    desk.rig.run(3600)
    desk.clock.advance(24 * 3600)
    desk.rig.tick()
    assert not forgotten.done()


def test_a_lost_job_can_be_asked_for_again(desk, forgotten):
    desk.rig.run(8 * 3600)
    desk.service.complete(forgotten.generation_id)
    assert forgotten.reopen() is forgotten
    desk.rig.run(120)
    assert forgotten.video
    assert forgotten.error is None


def test_a_job_that_is_forgotten_on_request_blocks_nothing_and_is_left_alone(desk):
    job = desk.client.submit(PROMPT)
    job.forget()
    assert job.status == "lost"
    assert not job.watched
    with pytest.raises(GenerationLost, match="given up on request"):
        job.result()
    polls = desk.service.polls
    desk.rig.run(3600)
    assert desk.service.polls == polls
    assert desk.client.resume() == []
    desk.client.submit(PROMPT)


@pytest.mark.parametrize("state", [State.UNKNOWN, State.RUNNING, State.FINISHED])
def test_an_unfinished_job_of_an_earlier_process_can_be_forgotten(tmp_path, desk, state):
    record = desk.rig.record(state=state, owner="a process that is gone", generation_id="g")
    desk.client.journal.reserve(record)
    desk.client.job(record.id).forget()
    assert desk.client.journal.get(record.id).state is State.LOST


def test_a_submission_whose_process_died_can_be_forgotten(desk):
    record = desk.rig.record(owner="a process that is gone")
    desk.client.journal.reserve(record)
    desk.client.job(record.id).forget()
    assert desk.client.journal.get(record.id).state is State.LOST
    assert blocked_by(desk.client.journal, desk.rig.record(fingerprint=record.fingerprint)) is None


def test_a_submission_that_is_under_way_cannot_be_forgotten(desk):
    other = Rig(desk.client.home, service=desk.service, clock=desk.clock)
    other.lease.acquire()
    record = other.record()
    desk.client.journal.reserve(record)
    with pytest.raises(ConfigurationError, match="being submitted"):
        desk.client.job(record.id).forget()
    assert desk.client.journal.get(record.id).state is State.SUBMITTING
    other.close()


def test_forgetting_what_has_ended_changes_nothing(desk):
    job = desk.client.submit(PROMPT)
    desk.finish(job)
    job.forget()
    assert job.video
    assert job.record.state is State.SAVED


def test_a_submission_of_unknown_outcome_that_was_forgotten_is_looked_for_again_on_request(desk):
    desk.service.on_post.append("lose")
    desk.service.hide_rows = True
    with pytest.raises(Exception, match="may or may not") as caught:
        desk.client.submit(PROMPT)
    job = caught.value.job
    job.forget()
    assert job.status == "lost"
    desk.service.hide_rows = False
    (identifier,) = desk.service.generations
    desk.service.complete(identifier)
    job.reopen()
    desk.rig.run(120)
    assert job.video


# -- by another id ---------------------------------------------------------------------------------------


UUID = "fb77c1f6-6a22-4f0c-9a0e-0f4b5f9d1c55"


def asked_ids(desk):
    """Which ids were polled, in order."""
    sent = [urlsplit(request.url) for request in desk.rig.wire.sent if request.method == "GET"]
    return [parse_qs(one.query)["generation_id"][0] for one in sent if "generation_id" in one.query]


def lose(desk, named):
    """Submit one whose answer is lost, and which the log calls by another id than the polls."""
    desk.service.on_post.append("lose")
    desk.service.hide_rows = True
    with pytest.raises(SubmissionUnknown) as caught:
        desk.client.submit(PROMPT)
    desk.service.hide_rows = False
    (known,) = desk.service.generations
    desk.service.rows[-1]["inference_id"] = named
    return caught.value.job, known


def test_an_id_of_the_log_that_the_service_does_not_know_is_not_tried_for_ever(desk):
    job, _ = lose(desk, UUID)
    desk.rig.run(tasks.LOST_SECONDS)
    assert job.status == "unknown"
    assert UUID in str(job.error)
    assert not job.done()
    polls = desk.service.polls
    assert polls < 60
    desk.rig.run(7 * 24 * 3600)
    assert desk.service.polls == polls
    assert len(desk.posts) == 1


def test_the_next_process_tries_an_id_of_the_log_again_and_finds_it(desk):
    _job, known = lose(desk, UUID)
    desk.rig.run(3600)
    desk.client.close()
    desk.service.generations[UUID] = {**desk.service.generations[known], "id": UUID}
    desk.service.complete(UUID)
    client, rig = desk.another()
    (again,) = client.resume()
    rig.run(300)
    assert again.video
    assert again.generation_id == UUID
    assert len(desk.posts) == 1


def test_a_log_whose_id_is_listed_only_minutes_later_is_believed_then(desk):
    job, _known = lose(desk, UUID)
    desk.rig.run(120)
    assert job.status == "unknown"
    desk.service.generations[UUID] = {"id": UUID, "status": "generating"}
    desk.rig.run(200)
    assert job.status == "generating"


def test_an_id_of_the_log_that_was_known_once_is_still_asked_for_by_its_other_spelling_at_once(desk):
    job, _known = lose(desk, UUID)
    desk.service.generations[UUID] = {"id": UUID, "status": "generating"}
    desk.rig.run(30)
    assert (job.status, job.generation_id) == ("generating", UUID)
    del desk.service.generations[UUID]
    desk.service.say(f"{UUID}:ltxv/ltxv-2", status="generating")
    desk.rig.run(60)
    assert job.generation_id == f"{UUID}:ltxv/ltxv-2"
    desk.finish(job)
    assert job.video


def test_a_job_is_asked_for_by_every_id_that_its_answer_has_carried_before_it_is_given_up(desk):
    """The body named one id, a header another, and only the header's is known to the polls."""
    model = "ltxv/ltxv-2"
    named = reply(200, {"id": "body-1", "status": "queued"}, headers={"x-inference-id": UUID})
    desk.service.on_post.append(named)
    job = desk.client.submit(PROMPT)
    desk.service.say(f"{UUID}:{model}", status="generating")
    desk.rig.run(1200)
    assert job.status == "generating"
    assert job.generation_id == f"{UUID}:{model}"
    desk.finish(job)
    assert job.video


def test_a_forgotten_generation_is_asked_for_by_its_other_spellings_twice_and_not_for_ever(desk):
    desk.service.on_post.append(reply(200, {"id": UUID, "status": "queued"}))
    job = desk.client.submit(PROMPT)
    desk.rig.run(tasks.LOST_SECONDS + 2 * 3600)
    assert job.status == "lost"
    assert asked_ids(desk).count(f"{UUID}:ltxv/ltxv-2") == 2


def test_another_jobs_generation_is_not_asked_for(desk):
    other = desk.client.submit("Waves")
    named = reply(200, {"id": "body-1", "status": "queued"}, headers={"x-inference-id": other.generation_id})
    desk.service.on_post.append(named)
    job = desk.client.submit(PROMPT)
    desk.rig.run(1200)
    assert job.generation_id == "body-1"


def test_an_outage_while_the_other_ids_are_tried_decides_nothing(desk):
    desk.service.on_post.append(reply(200, {"id": UUID, "status": "queued"}))
    job = desk.client.submit(PROMPT)
    desk.rig.run(NOT_YET_LISTED_SECONDS - 30)
    desk.service.on_get.extend([reply(404, {}), reply(503, {})] * 20)
    desk.rig.run(300)
    assert job.status == "queued"
    desk.service.on_get.clear()
    desk.finish(job)
    assert job.video


def test_two_spellings_of_one_id_make_one_job_even_when_two_processes_take_it_up_at_once(desk):
    desk.service.generations[UUID] = {"id": UUID, "status": "generating"}
    desk.service.generations[f"{UUID}:ltxv/ltxv-2"] = {"id": UUID, "status": "generating"}
    first = desk.client._engine.adopt(UUID)
    second = desk.client._engine.adopt(f"{UUID}:ltxv/ltxv-2")
    assert second.id == first.id
    assert len(desk.client.journal.newest()) == 1
