"""A clip that starts from one which is still being made: submitted once, when that is finished, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ltxv_nb.chained import ChainedJob
from ltxv_nb.errors import GenerationTimeout, LTXVError, RequestError
from ltxv_nb.request import GenerationRequest

FIRST, NEXT = "A boat leaves the harbour", "The boat at sea"


@pytest.fixture(autouse=True)
def last_frame(monkeypatch):
    """The files of the rig are no videos: the last frame of each is a picture that its name determines."""
    from ltxv_nb.media.image import FirstFrame

    def prepare(source, _size):
        assert source.video is not None, "the first frame was wanted before it was there"
        return FirstFrame.of(source.video.path.name.encode(), "image/png")

    monkeypatch.setattr("ltxv_nb.media.image.prepare", prepare)
    monkeypatch.setattr("ltxv_nb.journal.first_frames.store", lambda frame, _home: {"sha256": frame.sha256})


@dataclass
class Scene:
    """A running job, and one that waits for it."""

    desk: Any
    first: Any
    chained: Any

    @property
    def prompts(self):
        return [body["prompt"] for body in self.desk.service.billed]


def chain(desk, first, prompt=NEXT, **options):
    request = GenerationRequest(prompt, image=first)
    return ChainedJob(desk.client, request, start=lambda work: work(), **options).begin()


@pytest.fixture
def scene(desk):
    first = desk.client.submit(FIRST)
    return Scene(desk, first, chain(desk, first))


def test_nothing_is_sent_before_the_first_is_finished_and_then_it_is_submitted_once(scene):
    assert scene.prompts == [FIRST]
    assert scene.chained.status == f"waiting for job {scene.first.id}"
    assert not scene.chained.done()
    assert [job.id for job in scene.desk.client.jobs()] == [scene.first.id]
    scene.desk.finish(scene.first)
    assert scene.prompts == [FIRST, NEXT]
    assert scene.chained.id == scene.desk.client.jobs()[0].id
    assert scene.chained.status == "queued"
    scene.desk.finish(scene.chained)
    assert scene.chained.video.path.exists()
    assert scene.chained.result(0).prompt == NEXT
    assert scene.prompts == [FIRST, NEXT]


def test_whoever_listens_hears_of_both_halves(scene):
    heard = []
    scene.chained.on_change(lambda job: heard.append(job.status))
    scene.desk.finish(scene.first)
    scene.desk.finish(scene.chained)
    assert heard[0] in {"submitting", "queued"}
    assert heard[-1] == "completed"


def test_a_third_waits_for_the_second_that_waits(scene):
    third = chain(scene.desk, scene.chained, "The boat comes home")
    scene.desk.finish(scene.first)
    assert scene.prompts == [FIRST, NEXT]
    assert third.id == ""
    scene.desk.finish(scene.chained)
    assert scene.prompts == [FIRST, NEXT, "The boat comes home"]


def test_a_failure_of_the_first_ends_all_that_wait_with_one_sentence_each(scene):
    third = chain(scene.desk, scene.chained, "The boat comes home")
    scene.desk.service.say(scene.first.generation_id, status="error", error={"message": "no boats today"})
    scene.desk.rig.run(120)
    for job in (scene.chained, third):
        assert job.done()
        assert isinstance(job.error, RequestError)
        assert "Nothing was sent" in str(job.error)
    assert "no boats today" in str(scene.chained.error)
    assert scene.first.id in str(scene.chained.error)
    assert scene.prompts == [FIRST]
    with pytest.raises(RequestError):
        scene.chained.result(0)


def test_when_tracking_of_the_first_stops_nothing_is_submitted(scene):
    scene.first.stop()
    scene.desk.rig.run(1)
    assert f"tracking of job {scene.first.id}" in str(scene.chained.error)
    scene.first.watch()
    scene.desk.finish(scene.first)
    assert scene.prompts == [FIRST]


def test_one_that_waits_can_be_stopped_and_is_never_submitted(scene):
    scene.chained.stop()
    assert scene.chained.done()
    assert "was stopped while it waited" in str(scene.chained.error)
    scene.desk.finish(scene.first)
    assert scene.prompts == [FIRST]


def test_after_the_submission_it_is_stopped_and_tracked_like_any_other(scene):
    scene.desk.finish(scene.first)
    scene.chained.stop()
    scene.desk.rig.run(1)
    assert not scene.chained.watched
    assert "The generation continues and will be billed." in str(scene.chained.stopped())
    scene.chained.watch()
    assert scene.chained.watched
    scene.desk.finish(scene.chained)
    assert scene.chained.video is not None


def test_two_that_wait_for_the_same_are_paid_for_once_and_both_show_the_clip(scene):
    second = chain(scene.desk, scene.first)
    scene.desk.finish(scene.first)
    assert scene.prompts == [FIRST, NEXT]
    assert second.id == scene.chained.id
    scene.desk.finish(scene.chained)
    assert second.video == scene.chained.video


def test_a_chain_that_was_made_before_is_shown_again_when_it_is_reused(scene):
    scene.desk.finish(scene.first)
    scene.desk.finish(scene.chained)
    again = ChainedJob(
        scene.desk.client,
        GenerationRequest(NEXT, image=scene.first),
        reuse=True,
        start=lambda work: work(),
    ).begin()
    assert again.id == scene.chained.id
    assert again.video == scene.chained.video
    assert scene.prompts == [FIRST, NEXT]


def test_a_refusal_of_the_submission_is_the_error_of_the_job(scene):
    from fakes import reply

    scene.desk.service.on_post.append(reply(400, {"message": "not this one"}))
    scene.desk.finish(scene.first)
    assert "not this one" in str(scene.chained.error)
    assert scene.chained.done()


def test_a_lost_answer_is_looked_for_and_the_clip_still_comes(scene):
    scene.desk.service.on_post.append("lose")
    scene.desk.service.hide_rows = True
    scene.desk.finish(scene.first)
    assert scene.chained.status == "unknown"
    assert scene.prompts == [FIRST, NEXT]
    scene.desk.service.hide_rows = False
    scene.desk.rig.run(600)
    scene.desk.finish(scene.chained)
    assert scene.chained.video is not None
    assert scene.prompts == [FIRST, NEXT]


def test_a_closed_client_submits_nothing(scene):
    scene.desk.client.close()
    assert scene.chained.done()
    assert isinstance(scene.chained.error, LTXVError)
    assert scene.prompts == [FIRST]


def test_a_wait_that_is_over_says_that_nothing_was_sent(scene):
    with pytest.raises(GenerationTimeout, match=f"still waits for job {scene.first.id} after 0 s") as caught:
        scene.chained.wait(0)
    assert caught.value.job is scene.chained
    assert "nothing was sent" in str(caught.value)


def test_python_itself_does_not_wait_inside_a_submission(desk, monkeypatch):
    monkeypatch.undo()
    job = desk.client.submit(FIRST)
    with pytest.raises(RequestError, match="Wait until it is finished"):
        desk.client.submit(NEXT, image=job)
