"""Lists of jobs and videos show themselves: as a small table, as a contact sheet, and as plain text."""

from __future__ import annotations

import sys
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from fakes import START

from ltxv_nb.errors import ConfigurationError, RequestError
from ltxv_nb.job_list import JobList, VideoList
from ltxv_nb.job_list.facts import age_text, cost_text, facts
from ltxv_nb.job_list.table import table_html, table_text
from ltxv_nb.media import posters
from ltxv_nb.media.measures import MEASURES, Measures
from ltxv_nb.vocabulary import seconds_text

PAYLOAD = '<img src=x onerror="x()">\x1b[31m"\'&'


@pytest.fixture(autouse=True)
def pictures(monkeypatch):
    def thumbnail(_self, record, size=posters.SMALL, *, make=True):
        return f"data:image/jpeg;base64,{record.id}{size.name}" if make else None

    monkeypatch.setattr(posters.Posters, "thumbnail", thumbnail)


@pytest.fixture
def jobs(desk, monkeypatch):
    monkeypatch.setattr("ltxv_nb.job_list.facts.time", SimpleNamespace(time=desk.clock.time))
    first = desk.client.submit(f"A lighthouse {PAYLOAD}", duration=6)
    desk.clock.advance(60)
    second = desk.client.submit("A fox in the snow", model="ltxv-2-fast", duration=6)
    desk.finish(second)
    second.rate(stars=4)
    desk.clock.advance(60)
    third = desk.client.submit("A boat", duration=6)
    desk.service.say(third.generation_id, status="error", error={"message": "no boats today"})
    desk.rig.run(120)
    assert [job.status for job in (second, third)] == ["completed", "error"]
    assert first.status not in {"completed", "error"}
    return desk.client.jobs()


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_a_list_of_jobs_is_a_list_and_reads_as_a_table(desk, jobs):
    assert isinstance(jobs, JobList)
    assert jobs == list(jobs)
    assert jobs[:1] == [jobs[0]]
    lines = repr(jobs).splitlines()
    assert len(lines) == 3
    assert [line.split("  ")[0] for line in lines] == [job.id for job in jobs]
    assert "failed" in lines[0]
    assert "finished" in lines[1]
    assert "★★★★" in lines[1]
    assert "\x1b" not in repr(jobs)
    assert repr(JobList()).startswith("There are no jobs yet")
    assert table_text(jobs, 2).endswith("The first 2 of 3 jobs.")


def test_a_page_shows_pictures_states_and_links_and_runs_nothing(jobs):
    shown = Tags(jobs._repr_html_())
    assert [attrs["src"] for tag, attrs in shown.tags if tag == "img"] == [
        f"data:image/jpeg;base64,{jobs[1].id}tiny"
    ]
    (link,) = [attrs for tag, attrs in shown.tags if tag == "a"]
    assert link["href"].endswith(".mp4")
    assert "A lighthouse <img src=x" in shown.text
    handlers = [name for _, attrs in shown.tags for name in attrs if name.startswith("on")]
    assert handlers == ["onclick"]
    assert "4 of 5 stars" in str(shown.tags)
    assert "no jobs yet" in JobList()._repr_html_()


def test_a_table_of_many_jobs_stays_small(jobs, tmp_path):
    many = JobList([*jobs] * 1000)
    assert len(repr(many).splitlines()) == 21
    assert "The first 20 of 3,000 jobs." in many._repr_html_()
    wide = table_html(many, 200, base_dir=tmp_path)
    assert wide.count("<img ") <= 40, "the rows after the fortieth have no picture"


def test_jobs_are_sorted_by_what_is_asked_for(desk, jobs):
    newest = [job.id for job in jobs]
    assert [job.id for job in jobs.sorted_by("age")] == newest
    assert jobs.sorted_by("stars")[0].id == newest[1]
    assert jobs.sorted_by("state")[0].id == newest[0]
    assert jobs.sorted_by("model")[-1].id == newest[1]
    assert isinstance(jobs.sorted_by("cost"), JobList)
    with pytest.raises(RequestError, match="by 'size', but by age, cost"):
        jobs.sorted_by("size")


def test_the_table_is_shown_by_itables_where_the_user_has_loaded_that(jobs, monkeypatch):
    frames = []
    monkeypatch.setitem(
        sys.modules, "pandas", SimpleNamespace(DataFrame=lambda rows, columns: (rows, columns))
    )

    def to_html_datatable(frame, **how):
        frames.append((frame, how))
        return "<p>itables</p>"

    monkeypatch.setitem(sys.modules, "itables", SimpleNamespace(to_html_datatable=to_html_datatable))
    assert "<p>itables</p>" in jobs._repr_html_()
    ((rows, columns), how) = frames[0]
    assert how == {"allow_html": True, "showIndex": False}
    assert len(rows) == 3
    assert "<img src=x" not in str(rows)
    assert columns[:2] == ["picture", "job"]


def test_records_and_a_data_frame_have_what_the_table_has(jobs, monkeypatch):
    row = jobs.records()[1]
    assert (row["id"], row["state"], row["stars"]) == (jobs[1].id, "finished", 4)
    assert row["file"] == jobs[1].video.path
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=lambda rows: ("frame", rows)))
    assert jobs.to_pandas() == ("frame", jobs.records())
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigurationError, match="pip install pandas"):
        jobs.to_pandas()


def test_records_say_how_a_clip_was_rated_and_what_was_measured_of_it(desk, jobs, tmp_path, monkeypatch):
    measured = []

    def measure(path):
        measured.append(path)
        return Measures(50.0, 1.5, 0.1, 2, 300.0, -23.0)

    monkeypatch.setattr("ltxv_nb.media.measures.measure", measure)
    assert {name: jobs.records()[1][name] for name in MEASURES} == dict.fromkeys(MEASURES)
    jobs[1].rate(tags=["night"])
    video = jobs[1].video
    assert video.measure() == video.measure() == Measures(50.0, 1.5, 0.1, 2, 300.0, -23.0)
    assert measured == [video.path]  # the journal had it the second time
    row = jobs.records()[1]  # of the jobs that were there before
    assert (row["stars"], row["tags"], row["cuts"], row["loudness"]) == (4, ["night"], 2, -23.0)
    assert desk.client.jobs()[1].video.measure(again=True).cuts == 2
    assert len(measured) == 2
    assert replace(video, journal=None).measure().motion == 1.5
    assert "journal" not in repr(video)
    assert video == replace(video, journal=None)


def test_jobs_are_found_by_words_stars_tags_and_whether_they_were_rejected(desk, jobs):
    third, second, first = jobs
    first.rate(tags=["rejected"])
    third.rate(stars=2, tags=["night"])
    assert desk.client.jobs(rejected=False) == [third, second]
    assert desk.client.jobs(rejected=True) == [first]
    assert desk.client.jobs(stars=3) == [second]
    assert desk.client.jobs(1, stars=1) == [third]
    assert desk.client.jobs(tag="night", words="boat") == [third]
    assert desk.client.jobs(tag="nig") == []


def test_videos_are_a_contact_sheet(jobs, tmp_path):
    videos = jobs.videos
    assert isinstance(videos, VideoList)
    assert [video.job_id for video in videos] == [jobs[1].id]
    shown = Tags(videos._repr_html_())
    assert shown.text.count("A fox in the snow") == 1
    assert [attrs["src"] for tag, attrs in shown.tags if tag == "img"] == [
        f"data:image/jpeg;base64,{jobs[1].id}small"
    ]
    hostile = VideoList([replace(videos[0], prompt=PAYLOAD)] * 70)
    assert "onerror" not in str([attrs.keys() for _, attrs in Tags(hostile._repr_html_()).tags])
    assert "The first 60 of 70 videos." in hostile._repr_html_()
    assert "\x1b" not in repr(hostile)
    assert "There are no videos" in VideoList()._repr_html_()
    assert repr(VideoList()) == "There are no videos."
    assert JobList().videos == []


def test_a_job_shows_where_it_is_and_then_its_clip(jobs):
    running, finished, failed = jobs[2], jobs[1], jobs[0]
    shown = Tags(running._repr_html_())
    assert [tag for tag, _ in shown.tags] == ["div"]
    assert running.id in shown.text
    assert "<video" in finished._repr_html_() or "no longer there" in finished._repr_html_()
    assert "no boats today" in failed._repr_html_()


def test_ages_times_and_amounts_are_written_as_people_write_them(desk, jobs):
    assert [age_text(seconds) for seconds in (0, 59, 60, 3599, 3600, 47 * 3600)] == [
        "just now", "just now", "1 min ago", "59 min ago", "1 h ago", "47 h ago",
    ]  # fmt: skip
    assert age_text(3 * 86400) == "3 days ago"
    assert age_text(8 * 86400, now=START) == "2026-09-13"
    assert [seconds_text(seconds) for seconds in (0.4, 48, 125)] == ["0 s", "48 s", "2 min 05 s"]
    record = replace(
        jobs[0].record, billed_credits=None, estimated_credits=756_000, estimated_least_credits=756_000
    )
    assert cost_text(record) == "about $0.38"
    assert cost_text(replace(record, billed_credits=480_000)) == "$0.24"
    assert cost_text(replace(record, estimated_credits=None)) == ""
    assert cost_text(replace(record, backend="sandbox")) == "sandbox"
    assert facts(jobs[0]).age >= 0
