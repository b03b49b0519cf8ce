"""Promises of the sandbox's generations, with a clock and a renderer that the tests control."""

from __future__ import annotations

import pytest

from ltxv_nb.sandbox.drawing.clip import ClipSpec
from ltxv_nb.sandbox.jobs.generations import Generations, RateLimited
from ltxv_nb.sandbox.jobs.store import Store
from ltxv_nb.sandbox.server.catalogue import metrics
from ltxv_nb.sandbox.server.logs import page
from ltxv_nb.sandbox.server.validation import Refused


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


class Renderer:
    """Has a clip once `finish` was called."""

    def __init__(self):
        self.waiting, self.files, self.calls = {}, set(), 0

    def has(self, spec):
        return spec in self.files

    def has_images(self, spec):
        return not spec.image.startswith("sha256:") or spec.image == "sha256:kept"

    def store_image(self, _data):
        return "sha256:kept"

    def render(self, spec, done):
        self.calls += 1
        self.waiting[spec] = done

    def finish(self, problem=""):
        for spec, done in self.waiting.items():
            if not problem:
                self.files.add(spec)
            done(problem)
        self.waiting.clear()


@pytest.fixture
def setup(tmp_path):
    class Setup:
        clock, renderer = Clock(), Renderer()
        store = Store(tmp_path / "s.sqlite3", clock())

        def generations(self, seconds=10.0, fast=False):
            return Generations(self.store, self.renderer, seconds, fast=fast, clock=self.clock)

        def submit(self, generations, prompt="A boat", model="ltxv/ltxv-2", **more):
            return generations.submit({"model": model, "prompt": prompt, **more}, "mine", "req")

    setup = Setup()
    yield setup
    setup.store.close()


def test_a_generation_is_queued_then_generating_then_completed(setup):
    generations = setup.generations()
    generation = setup.submit(generations)
    assert generations.status(generation) == "queued"
    setup.clock.now += 5
    assert generations.status(generation) == "generating"
    setup.renderer.finish()
    assert generations.status(generation) == "generating"
    setup.clock.now += 7
    assert generations.status(generation) == "completed"
    assert not generations.busy()


def test_nothing_is_completed_before_its_clip_is_rendered(setup):
    generations = setup.generations()
    generation = setup.submit(generations)
    setup.clock.now += 1000
    assert generations.status(generation) == "generating"
    assert generations.busy()
    setup.renderer.finish()
    assert generations.status(generation) == "completed"


def test_time_is_the_nominal_one_within_ten_percent_and_the_same_for_the_same_request(setup):
    generations = setup.generations(seconds=100.0)
    times = [setup.submit(generations, f"Boat {number}").seconds for number in range(40)]
    assert min(times) >= 90
    assert max(times) <= 110
    assert max(times) - min(times) > 5
    assert setup.submit(generations, "Boat 1").seconds == times[1]


def test_the_fast_model_takes_the_share_that_the_vendor_measured(setup):
    generations = setup.generations(seconds=70.0)
    assert generations.nominal("ltxv/ltxv-2-fast") == pytest.approx(58.9)
    assert 58.9 * 0.9 <= setup.submit(generations, model="ltxv/ltxv-2-fast").seconds <= 58.9 * 1.1


def test_slow_takes_five_times_as_long(setup):
    assert 45 <= setup.submit(setup.generations(), "[slow] boat").seconds <= 55


def test_fail_ends_in_an_error_with_a_message_without_a_clip(setup):
    generations = setup.generations()
    generation = setup.submit(generations, "A boat [FAIL]")
    setup.clock.now += 5
    assert generations.status(generation) == "generating"
    setup.clock.now += 10
    assert generations.status(generation) == "error"
    assert "[fail]" in generations.error(generation)["message"]
    assert setup.renderer.calls == 0


def test_rate_limit_refuses_twice_then_accepts_and_refuses_the_next_one_again(setup):
    generations = setup.generations()
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(RateLimited, match="rate-limit"):
                setup.submit(generations, "[rate-limit] boat")
        assert setup.submit(generations, "[rate-limit] boat").id


def test_unavailable_is_out_for_three_polls(setup):
    generations = setup.generations()
    generation = setup.submit(generations, "[unavailable] boat")
    assert [generations.is_out(generation) for _ in range(5)] == [True, True, True, False, False]


def test_what_was_accepted_is_found_by_the_next_service_and_goes_on(setup):
    first = setup.submit(setup.generations())
    setup.renderer.waiting.clear()
    later = setup.generations()
    later.resume()
    assert setup.renderer.waiting
    setup.renderer.finish()
    setup.clock.now += 20
    found = later.find(first.id)
    assert later.status(found) == "completed"
    assert found.file_token == first.file_token


def test_a_finished_clip_that_was_deleted_to_free_space_is_rendered_again(setup):
    generations = setup.generations()
    generation = setup.submit(generations)
    setup.renderer.finish()
    setup.clock.now += 20
    assert generations.status(generation) == "completed"
    setup.renderer.files.clear()
    assert generations.status(generation) == "generating"
    setup.renderer.finish()
    assert generations.status(generation) == "completed"


def test_a_clip_that_cannot_be_rendered_ends_in_an_error_that_says_why(setup):
    generations = setup.generations()
    generation = setup.submit(generations)
    setup.renderer.finish("OSError: disk full")
    setup.clock.now += 20
    assert generations.status(generation) == "error"
    assert "disk full" in generations.error(generation)["message"]
    assert "disk full" in generations.error(setup.generations().find(generation.id))["message"]


def test_fast_mode_has_no_waiting_and_one_clip_for_all(setup):
    generations = setup.generations(fast=True)
    generations.resume()
    setup.renderer.finish()
    one, other = (
        setup.submit(generations, "One"),
        setup.submit(generations, "Other", resolution="2160p", duration=10),
    )
    assert generations.status(one) == generations.status(other) == "completed"
    assert ClipSpec.from_json(one.spec) == ClipSpec.from_json(other.spec)
    assert one.file_token != other.file_token


def test_logs_list_accepted_and_refused_submissions_newest_first(setup):
    generations = setup.generations()
    accepted = setup.submit(generations)
    setup.clock.now += 1
    generations.refuse("ltxv/ltxv-9", None, "req-2")
    rows = page({}, setup.store, setup.clock())["data"]
    assert [row["status"] for row in rows] == ["failed", "succeeded"]
    assert rows[1]["inference_id"] == accepted.id
    assert rows[1]["client_request_id"] == "mine"
    assert rows[0]["cost"] == {"usd": 0, "credits": 0}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"status": ["failed"]}, 1),
        ({"status": ["failed", "succeeded"]}, 6),
        ({"model": ["ltxv-2"]}, 5),
        ({"model": ["ltxv/ltxv-2", "ltxv/ltxv-9"]}, 6),
        ({"model": ["ltxv/ltxv-2,ltxv/ltxv-9"]}, 0),
        ({"limit": ["2"]}, 2),
        ({"limit": ["4"], "offset": ["4"]}, 2),
        ({"period": ["1h"]}, 6),
        ({"start": ["2020-01-01"], "end": ["2020-02-01"]}, 0),
    ],
)
def test_logs_are_filtered_and_paged(setup, query, count):
    generations = setup.generations()
    for _ in range(5):
        setup.submit(generations)
    generations.refuse("ltxv/ltxv-9", None, "req-2")
    answer = page(query, setup.store, setup.clock())
    assert len(answer["data"]) == count
    seen = answer["pagination"]["offset"] + count
    assert answer["pagination"]["has_more"] == (seen < answer["pagination"]["total"])


@pytest.mark.parametrize(
    "query",
    [
        {"period": ["7d"], "start": ["2026-01-01"], "end": ["2026-01-02"]},
        {"period": ["0h"]}, {"period": ["7w"]}, {"period": ["93d"]}, {"start": ["2026-01-01"]},
        {"start": ["2026-01-02"], "end": ["2026-01-01"]}, {"start": ["2026-01-01"], "end": ["2026-06-01"]},
        {"start": ["x"], "end": ["y"]}, {"status": ["succeeded,failed"]}, {"limit": ["0"]}, {"limit": ["101"]},
        {"offset": ["-1"]}, {"limit": ["many"]},
    ],
)  # fmt: skip
def test_a_query_of_the_logs_that_breaks_the_rules_is_a_400(setup, query):
    with pytest.raises(Refused) as caught:
        page(query, setup.store, setup.clock())
    assert caught.value.status == 400


def test_metrics_tell_the_times_that_generations_really_take(setup):
    generations = setup.generations(seconds=50.0)
    (row,) = metrics({"aliases": ["ltxv/ltxv-2"]}, generations, setup.clock())["models"]
    spread = row["metrics"]["duration_ms"]
    times = sorted(setup.submit(generations, f"Boat {number}").seconds * 1000 for number in range(400))
    assert spread["p50"] == pytest.approx(times[200], rel=0.02)
    assert spread["p90"] == pytest.approx(times[360], rel=0.02)
    assert metrics({"aliases": ["gpt"]}, generations, setup.clock())["models"] == []
    with pytest.raises(Refused, match="window"):
        metrics({"window": ["1"]}, generations, setup.clock())
