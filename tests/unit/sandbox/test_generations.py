"""Promises of the sandbox's studio, by a clock that is handed in and a renderer that is told what to do."""

from __future__ import annotations

import pytest

from ltxv_nb.sandbox.drawing.clip import ClipSpec
from ltxv_nb.sandbox.jobs.generations import Studio
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
        self.waiting, self.files, self.asked = {}, set(), 0

    def has(self, spec):
        return spec in self.files

    def has_image(self, spec):
        return not spec.image.startswith("sha256:") or spec.image == "sha256:kept"

    def keep_image(self, _data):
        return "sha256:kept"

    def render(self, spec, done):
        self.asked += 1
        self.waiting[spec] = done

    def finish(self, problem=""):
        for spec, done in self.waiting.items():
            if not problem:
                self.files.add(spec)
            done(problem)
        self.waiting.clear()


@pytest.fixture
def house(tmp_path):
    class House:
        clock, renderer = Clock(), Renderer()
        store = Store(tmp_path / "s.sqlite3", clock())

        def studio(self, seconds=10.0, fast=False):
            return Studio(self.store, self.renderer, seconds, fast=fast, clock=self.clock)

        def submit(self, studio, prompt="A boat", model="ltxv/ltxv-2", **more):
            return studio.submit({"model": model, "prompt": prompt, **more}, "mine", "req")

    house = House()
    yield house
    house.store.close()


def test_a_generation_is_queued_then_generating_then_completed(house):
    studio = house.studio()
    generation = house.submit(studio)
    assert studio.status(generation) == "queued"
    house.clock.now += 5
    assert studio.status(generation) == "generating"
    house.renderer.finish()
    assert studio.status(generation) == "generating"
    house.clock.now += 7
    assert studio.status(generation) == "completed"
    assert not studio.busy()


def test_nothing_is_completed_before_its_clip_is_rendered(house):
    studio = house.studio()
    generation = house.submit(studio)
    house.clock.now += 1000
    assert studio.status(generation) == "generating"
    assert studio.busy()
    house.renderer.finish()
    assert studio.status(generation) == "completed"


def test_time_is_the_nominal_one_within_ten_percent_and_the_same_for_the_same_request(house):
    studio = house.studio(seconds=100.0)
    times = [house.submit(studio, f"Boat {number}").seconds for number in range(40)]
    assert min(times) >= 90
    assert max(times) <= 110
    assert max(times) - min(times) > 5
    assert house.submit(studio, "Boat 1").seconds == times[1]


def test_the_fast_model_takes_the_share_that_the_vendor_measured(house):
    studio = house.studio(seconds=70.0)
    assert studio.nominal("ltxv/ltxv-2-fast") == pytest.approx(58.9)
    assert 58.9 * 0.9 <= house.submit(studio, model="ltxv/ltxv-2-fast").seconds <= 58.9 * 1.1


def test_slow_takes_five_times_as_long(house):
    assert 45 <= house.submit(house.studio(), "[slow] boat").seconds <= 55


def test_fail_ends_in_an_error_in_words_without_a_clip(house):
    studio = house.studio()
    generation = house.submit(studio, "A boat [FAIL]")
    house.clock.now += 5
    assert studio.status(generation) == "generating"
    house.clock.now += 10
    assert studio.status(generation) == "error"
    assert "[fail]" in studio.error(generation)["message"]
    assert house.renderer.asked == 0


def test_rate_limit_refuses_twice_then_accepts_and_refuses_the_next_one_again(house):
    studio = house.studio()
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(Refused) as caught:
                house.submit(studio, "[rate-limit] boat")
            assert caught.value.status == 429
        assert house.submit(studio, "[rate-limit] boat").id


def test_unavailable_is_out_for_three_polls(house):
    studio = house.studio()
    generation = house.submit(studio, "[unavailable] boat")
    assert [studio.is_out(generation) for _ in range(5)] == [True, True, True, False, False]


def test_what_was_accepted_is_found_by_the_next_service_and_goes_on(house):
    first = house.submit(house.studio())
    house.renderer.waiting.clear()
    later = house.studio()
    later.resume()
    assert house.renderer.waiting
    house.renderer.finish()
    house.clock.now += 20
    found = later.find(first.id)
    assert later.status(found) == "completed"
    assert found.file_token == first.file_token


def test_a_finished_clip_that_was_dropped_for_room_is_rendered_again(house):
    studio = house.studio()
    generation = house.submit(studio)
    house.renderer.finish()
    house.clock.now += 20
    assert studio.status(generation) == "completed"
    house.renderer.files.clear()
    assert studio.status(generation) == "generating"
    house.renderer.finish()
    assert studio.status(generation) == "completed"


def test_a_clip_that_cannot_be_rendered_ends_in_an_error_that_says_why(house):
    studio = house.studio()
    generation = house.submit(studio)
    house.renderer.finish("OSError: no room")
    house.clock.now += 20
    assert studio.status(generation) == "error"
    assert "no room" in studio.error(generation)["message"]
    assert "no room" in studio.error(house.studio().find(generation.id))["message"]


def test_fast_mode_has_no_waiting_and_one_clip_for_all(house):
    studio = house.studio(fast=True)
    studio.resume()
    house.renderer.finish()
    one, other = house.submit(studio, "One"), house.submit(studio, "Other", resolution="2160p", duration=10)
    assert studio.status(one) == studio.status(other) == "completed"
    assert ClipSpec.from_json(one.spec) == ClipSpec.from_json(other.spec)
    assert one.file_token != other.file_token


def test_logs_list_accepted_and_refused_submissions_newest_first(house):
    studio = house.studio()
    accepted = house.submit(studio)
    house.clock.now += 1
    studio.refuse("ltxv/ltxv-9", None, "req-2")
    rows = page({}, house.store, house.clock())["data"]
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
def test_logs_are_filtered_and_paged(house, query, count):
    studio = house.studio()
    for _ in range(5):
        house.submit(studio)
    studio.refuse("ltxv/ltxv-9", None, "req-2")
    answer = page(query, house.store, house.clock())
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
def test_a_query_of_the_logs_that_breaks_the_rules_is_a_400(house, query):
    with pytest.raises(Refused) as caught:
        page(query, house.store, house.clock())
    assert caught.value.status == 400


def test_metrics_tell_the_times_that_generations_really_take(house):
    studio = house.studio(seconds=50.0)
    (row,) = metrics({"aliases": ["ltxv/ltxv-2"]}, studio, house.clock())["models"]
    spread = row["metrics"]["duration_ms"]
    times = sorted(house.submit(studio, f"Boat {number}").seconds * 1000 for number in range(400))
    assert spread["p50"] == pytest.approx(times[200], rel=0.02)
    assert spread["p90"] == pytest.approx(times[360], rel=0.02)
    assert metrics({"aliases": ["gpt"]}, studio, house.clock())["models"] == []
    with pytest.raises(Refused, match="window"):
        metrics({"window": ["1"]}, studio, house.clock())
