"""What the journal costs: milliseconds a submission, and whether 10,000 finished jobs slow anything down.

``python benchmarks/bench_journal.py --check`` fails when a target is missed. What a journal costs is
making the row and writing down the answer, each safe against a power cut; the POST that it stands beside goes
over a kept connection to a server on this machine: no real service is as quick as that.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

from ltxv_nb.journal import Journal, Record, new_id, transitions
from ltxv_nb.journal.guards import no_identical_request
from ltxv_nb.key import ApiKey
from ltxv_nb.models.price import Price
from ltxv_nb.money.budget import Budgets
from ltxv_nb.money.limit import limit
from ltxv_nb.money.spending import spending_of
from ltxv_nb.service.api import Api
from ltxv_nb.service.outcome import Accepted

#: Targets: milliseconds a submission, and how many of them a budget adds; and the slowdown by a thousand times as
#: many finished jobs.
MOST_MS, MOST_BUDGET_MS, MOST_RATIO = 5.0, 1.0, 1.5

#: Milliseconds in which what all jobs have cost is added up.
MOST_SPENDING_MS = 100.0

FEW, MANY = 10, 10_000
BODY = {"model": "ltxv/ltxv-2", "prompt": "A lighthouse at dusk, waves breaking", "duration": 6}
MEDIA = {"width": 1920, "height": 1080, "duration": 6.0, "fps": 25.0, "has_audio": True, "size_bytes": 9}


class Service(BaseHTTPRequestHandler):
    """Accepts everything at once."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: no waiting for the acknowledgement of the first

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"id": f"{new_id()}:ltxv/ltxv-2", "status": "queued"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


def record(number, state, fingerprint=None):
    job_id = new_id()
    prompt = f"{BODY['prompt']}, number {number}"
    done = state != "submitting"
    at = 1_790_000_000.0 + number
    return Record(
        id=job_id,
        created_at=at,
        backend="aimlapi",
        origin="https://api.aimlapi.com",
        model=BODY["model"],
        prompt=prompt,
        request={**BODY, "prompt": prompt},
        fingerprint=fingerprint or f"{number:064x}",
        client_request_id=f"ltxv-nb.{job_id}.0123456789ab.1",
        state=state,
        status="completed" if done else None,
        generation_id=f"{job_id}:ltxv/ltxv-2" if done else None,
        accepted_at=at if done else None,
        finished_at=at + 60 if done else None,
        saved_at=at + 65 if done else None,
        url="https://cdn.example.com/generations/clip.mp4" if done else None,
        billed_credits=504_000 if done else None,
        output_dir="/videos",
        file=f"/videos/{job_id}.mp4" if done else None,
        media={
            "width": 1920,
            "height": 1080,
            "duration": 6.0,
            "fps": 25.0,
            "has_audio": True,
            "size_bytes": 9,
        }
        if done
        else None,
        owner=None if done else "benchmark",
    )


def filled(folder, finished):
    """A journal with so many finished jobs, each with the steps it went through, and three unfinished."""
    journal = Journal(folder / f"{finished}" / "journal.sqlite")
    journal.reserve(record(0, "saved"))

    def fill(rows):
        for number in range(1, finished):
            row = record(number, "saved")
            rows.insert(row)
            for step in ("submitting", "running", "finished", "saved"):
                rows.note(row.id, row.created_at, step, None)

    journal._write(fill)
    for number in range(3):
        journal.reserve(record(finished + number, "running"))
    return journal


def milliseconds(act):
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def submission(journal, number):
    """What the journal does for one accepted submission: look for a finished one, write the row, write the answer."""
    row = record(number, "submitting")
    journal.finished_before(row.fingerprint)
    journal.reserve(row, [no_identical_request])
    told = transitions.accepted(f"{row.id}:ltxv/ltxv-2", "queued", at=row.created_at, billed=504_000)
    journal.advance(row.id, None, told)
    return row


def end(journal, row):
    journal.advance(row.id, None, transitions.saved("/videos/clip.mp4", {}, at=row.created_at))


def beside_a_post(journal, rounds):
    """Median milliseconds of the journal's part of a submission, of a durable write, and of a bare POST."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = SimpleNamespace(
        base_url=f"http://127.0.0.1:{server.server_port}", key=ApiKey("benchmark-key"), restart=lambda: None
    )
    api = Api(place)
    journals, posts, syncs, rows = [], [], [], []
    with (journal.path.parent / "sync").open("wb") as file:
        for number in range(rounds + 5):
            journals.append(milliseconds(lambda n=number: rows.append(submission(journal, 10**6 + n))))
            posts.append(milliseconds(lambda n=number: accepted(api, n)))
            syncs.append(milliseconds(lambda: durable(file)))
    for row in rows:
        end(journal, row)
    api.close()
    server.shutdown()
    server.server_close()
    return tuple(statistics.median(times[5:]) for times in (journals, syncs, posts))


def budget_adds(journal, rounds):
    """Median milliseconds that a budget adds to a submission: both kinds in turn, so that other load meets both."""
    budgets = Budgets(journal, "aimlapi")
    at = record(0, "submitting").created_at  # so that all jobs are in its period
    budgets.set(limit(100_000, "month"), at, told=False)
    price = Price(504_000, 504_000, "6 s of 1080p")
    without, within = [], []
    for number in range(rounds + 5):
        for into, budget in ((without, None), (within, budgets)):
            row = dataclasses.replace(
                record(2 * 10**8 + 2 * number + bool(budget), "submitting"),
                counted_at=at + MANY,
                reserved_credits=price.credits,
            )
            into.append(milliseconds(lambda r=row, b=budget: reserve(journal, r, b, price)))
            journal.advance(row.id, None, transitions.refused("it is only a benchmark"))
    return statistics.median(within[5:]) - statistics.median(without[5:])


def reserve(journal, row, budgets, price):
    guards = [no_identical_request]
    if budgets is not None and not budgets.turns_over(row.counted_at):
        guards.append(budgets.guard(price, None, told=True))
    journal.reserve(row, guards)


def durable(file):
    file.write(b"x" * 4096)
    file.flush()
    os.fsync(file.fileno())


def accepted(api, number):
    assert isinstance(api.create(BODY, f"ltxv-nb.benchmark.{number}"), Accepted)


def acts(journal):
    """What the notebook asks of the journal, by name."""
    numbers = iter(range(10**7, 10**8))

    def submit():
        end(journal, submission(journal, next(numbers)))

    return {
        "%ltxv jobs        newest(20)": lambda: journal.newest(20),
        "%load_ext         count_open()": journal.count_open,
        "%ltxv resume      open()": journal.open,
        "%%ltxv            finished_before, reserve, advance": submit,
        "%%ltxv (expected) past(model)": lambda: journal.past(BODY["model"], 10),
    }


def spending(journal):
    """Milliseconds that it takes to add up what all jobs of a journal have cost, by what takes longest."""
    return max(
        statistics.median(
            milliseconds(lambda by=by: spending_of(journal.costs("aimlapi"), by, play_money=False))
            for _ in range(5)
        )
        for by in ("job", "model", "day", "batch")
    )


def ratios(few, many, rounds):
    """Slowdown of each act; both journals are asked in turn, so that other load on the machine meets both."""
    result = {}
    pairs = zip(acts(few).items(), acts(many).values(), strict=True)
    for (name, on_few), on_many in pairs:
        times = ([], [])
        for _ in range(rounds + 3):
            for act, into in ((on_few, times[0]), (on_many, times[1])):
                into.append(milliseconds(act))
        low, high = (statistics.median(one[3:]) for one in times)
        result[name] = (low, high, high / low)
    return result


def start(journal_path):
    """Milliseconds to open a journal anew and count what is unfinished, as `%load_ext` does."""

    def act():
        fresh = Journal(journal_path)
        fresh.count_open()
        fresh.close()

    return act


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="where the journals are made (a disk of interest)")
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        few, many = filled(folder, FEW), filled(folder, MANY)
        own, sync, post = beside_a_post(many, options.rounds)
        print(f"journal per submission: {own:.2f} ms (median of {options.rounds}, {MANY} finished jobs)")
        print(f"  beside a loopback POST of {post:.2f} ms; one fsync of this disk takes {sync:.2f} ms")
        budget = budget_adds(many, options.rounds)
        print(f"  a budget adds {budget:.2f} ms (all {MANY} jobs are in its period)")
        spent = spending(many)
        print(f"  adding up what {MANY} jobs have cost takes {spent:.0f} ms")
        table = ratios(few, many, options.rounds)
        opened = [[milliseconds(start(j.path)) for _ in range(20)] for j in (few, many)]
        low, high = map(statistics.median, opened)
        table["%load_ext         open the file, count_open()"] = (low, high, high / low)
        print(f"{'':48s}{FEW:>9d} {MANY:>9d}   ratio")
        for act, (low, high, ratio) in table.items():
            print(f"{act:48s}{low:6.3f} ms {high:6.3f} ms   {ratio:5.2f}")
        few.close()
        many.close()
    missed = [act for act, (_, _, ratio) in table.items() if ratio >= MOST_RATIO]
    missed += [f"{own:.2f} ms a submission"] if own > MOST_MS else []
    missed += [f"a budget adds {budget:.2f} ms"] if budget > MOST_BUDGET_MS else []
    missed += [f"{spent:.0f} ms for what was spent"] if spent > MOST_SPENDING_MS else []
    print("targets met" if not missed else f"targets missed: {', '.join(missed)}")
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
