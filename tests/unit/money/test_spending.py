"""What was spent: exact, quick, readable, and never play money and real money in one sum."""

from __future__ import annotations

import csv
import io
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from fakes import START

sys.path.insert(0, str(Path(__file__).resolve().parent))
from spent import DAY, USUAL, cost

from ltxv_nb.errors import ConfigurationError, RequestError
from ltxv_nb.money.spending import GROUPS, spending_of


def spent(costs, by="job", **options):
    return spending_of(costs, by, now=START, **{"play_money": False, **options})


def test_sums_over_ten_thousand_rows_are_exact_whatever_they_are_grouped_by():
    # As floats, these amounts lose credits.
    draw = random.Random(7)
    costs = [
        cost(
            number, billed=draw.randrange(1, 10**11), model=f"m/{number % 7}", created_at=START - 300 * number
        )
        for number in range(10_000)
    ]
    exact = sum(one.billed for one in costs)
    for by in GROUPS:
        spending = spent(costs, by)
        assert spending.total_credits == exact
        assert sum(row.jobs for row in spending) == 10_000
        assert spending.total_usd == exact / 2_000_000
    assert sum(amount for _, amount in spending.days) < exact


def test_what_is_not_billed_is_not_in_the_total_and_what_may_be_is_said():
    costs = [
        cost(0),
        cost(1, state="failed", billed=0),
        cost(2, state="refused", billed=None, generation_id=None),
        cost(3, state="running", billed=None),  # its estimate may follow
        cost(4, state="running", billed=USUAL + 2),  # what was announced goes before what was estimated
        cost(5, state="unknown", billed=None, estimated=None),
        cost(6, state="lost", billed=USUAL),
        cost(7, billed=None),  # the price was never told
        cost(8, estimated=None),
    ]
    spending = spent(costs)
    assert spending.total_credits == 2 * USUAL
    assert spending.open_usd == (3 * USUAL + 2) / 2_000_000
    assert [row.name for row in spending] == [f"job0000{number}" for number in (0, 1, 3, 4, 5, 6, 7, 8)]
    assert "1 finished clip is not in the total" in spending.notes[0]
    text = repr(spending)
    assert "$0.756 in all; $1.134001 may still follow" in text
    (group,) = spent(costs, "model")
    assert (group.jobs, group.billed_credits, group.unpriced) == (8, 2 * USUAL, 1)
    assert group.estimated_credits is None, "an estimate beside the bill has to be of the same clips"
    (row,) = spent(costs[:1], "day")
    assert row.estimated_usd == row.usd == 0.378


def test_days_are_local_ones_and_the_last_thirty_make_the_bars():
    today = datetime.fromtimestamp(START, timezone.utc).astimezone().date()
    costs = [cost(number, created_at=START - number * DAY) for number in range(40)]
    spending = spent(costs, "day")
    assert len(spending) == 40
    assert spending[0].name == today.isoformat()
    assert [row.usd for row in spending] == [0.378] * 40
    assert len(spending.days) == 30
    assert spending.days[-1] == (today, USUAL)
    assert spending.days[0][0] == today - timedelta(days=29)
    midnight = datetime(2026, 3, 29).timestamp()  # noqa: DTZ001 - the local one
    around = [cost(0, created_at=midnight - 0.01), cost(1, created_at=midnight)]
    assert [row.name for row in spent(around, "day")] == ["2026-03-28", "2026-03-29"]


def test_a_row_that_is_damaged_does_not_hide_the_others():
    costs = [cost(0, created_at=1e300), cost(1, created_at=-1e18), cost(2)]
    for by in GROUPS:
        spending = spent(costs, by)
        assert spending.total_credits == 3 * USUAL
        assert spending._repr_html_()
        assert spending.to_csv()


def test_play_money_is_called_so_and_nothing_is_said_to_be_billed():
    real, play = spent([cost()]), spent([cost()], play_money=True)
    assert "$0.378 in all" in repr(real)
    for shown in (repr(play), play._repr_html_()):
        assert "play money: the sandbox bills nothing" in shown
        assert "billed" not in shown
    assert "play money" not in real._repr_html_()


def test_the_picture_is_described_has_no_words_inside_and_no_colour_of_its_own():
    costs = [cost(0), cost(1, created_at=START - 3 * DAY, billed=2 * USUAL)]
    html = spent(costs)._repr_html_()
    svg = ET.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    assert svg.get("role") == "img"
    assert svg.get("aria-label").startswith("$1.134 in the 30 days from")
    assert svg.get("fill") == "currentColor"
    assert "".join(svg.itertext()) == ""
    bars = [one for one in svg if one.get("height") != "1"]
    assert len(bars) == 2
    assert float(bars[0].get("height")) == 2 * float(bars[1].get("height"))
    assert "<svg" not in spent([cost(0, billed=0)])._repr_html_()


def test_a_table_of_thousands_shows_fifty_and_says_so():
    spending = spent([cost(number) for number in range(2_000)])
    assert len(spending) == 2_000
    assert "1,950 more rows are not shown here" in repr(spending)
    assert spending._repr_html_().count("<tr>") == 51
    assert repr(spent([])) == "Nothing has been spent yet."


def test_names_from_outside_are_escaped_and_a_price_is_no_formula_for_mathjax():
    evil = cost(0, model='<img src=x onerror="1">/<b>', prompt="</td><script>alert(1)</script>\x1b[31m $x$")
    for by in ("job", "model"):
        html = spent([evil], by)._repr_html_()
        assert "<script" not in html
        assert "<img" not in html
        assert "mathjax_ignore" in html
        assert "\x1b" not in html + repr(spent([evil], by))


@pytest.mark.parametrize(
    "prompt",
    ['=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=cmd|' /C calc'!A0", " =1", "'=1", "%0A=1"],
)  # fmt: skip
def test_no_cell_of_the_csv_can_act_as_a_formula(prompt):
    sheet = spent([cost(0, prompt=prompt, model=prompt)]).to_csv()
    (row,) = csv.DictReader(io.StringIO(sheet))
    for cell in row.values():
        assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n", "%"}
        assert not cell.lstrip(" '").startswith("=") or cell.startswith("'")
    assert len(sheet.splitlines()) == 2
    # What is harmless stays as it is, and money is written out.
    (row,) = csv.DictReader(io.StringIO(spent([cost(0, prompt='A "boat", at sea', billed=1)]).to_csv()))
    assert (row["prompt"], row["usd"], row["job"]) == ('A "boat", at sea', "0.0000005", "job00000")


def test_pandas_is_used_when_asked_for_and_named_when_missing(monkeypatch):
    spending = spent([cost(0), cost(1, estimated=None)])
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        ConfigurationError, match="needs pandas, which is not installed here: `pip install pandas`"
    ):
        spending.to_pandas()
    monkeypatch.setitem(
        sys.modules, "pandas", SimpleNamespace(DataFrame=lambda rows, columns: (rows, columns))
    )
    rows, columns = spending.to_pandas()
    assert columns == ["job", "state", "model", "created_at", "prompt", "usd", "estimated_usd", "open_usd"]
    assert [list(row) for row in rows] == [columns, columns]
    assert (rows[0]["usd"], rows[1]["estimated_usd"]) == (0.378, None)
    assert rows[0]["created_at"] == "2026-09-21T14:13:20+00:00"
    assert spent([cost()], "day").records() == [
        {"day": str(datetime.fromtimestamp(START, timezone.utc).astimezone().date()), "jobs": 1, "usd": 0.378, "estimated_usd": 0.378, "open_usd": 0}
    ]  # fmt: skip


def test_a_list_that_does_not_exist_is_one_clear_sentence():
    with pytest.raises(RequestError, match="by is 'week', but it can be job, model, day, batch"):
        spent([], "week")
