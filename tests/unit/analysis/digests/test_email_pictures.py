"""The pictures of a digest are colored text, which every mail program can show."""

from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from dagster_nb import analysis
from dagster_nb.analysis.digests.email_pictures import (
    bar_picture,
    daily_runs_picture,
    duration_picture,
    recent_runs_picture,
)
from dagster_nb.sandbox.history.plan import plan_history
from dagster_nb.statuses import BLUE, GREEN, RED
from tests.unit.analysis.digests.planned_source import PlannedSource

AS_OF = pd.Timestamp("2026-11-25 09:00", tz="UTC")
# Gmail clips messages that are longer than this.
MAX_BYTES_OF_A_MAIL = 102_000
TAGS_THAT_MAIL_PROGRAMS_SHOW = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "div",
    "p",
    "h1",
    "span",
    "strong",
    "bdi",
    "pre",
    "br",
}


def runs(*rows):
    return pd.DataFrame(rows, columns=["creation_time", "status"])


def bars(html):
    """Return each line of a picture as pairs of color and text."""
    [picture] = re.findall(r'<div role="img".*?>(.*?)</div>', html)
    return [
        [(color, text.replace("&nbsp;", " ")) for color, text in re.findall(r'color:(#\w+)">([^<]*)<', line)]
        for line in picture.split("<br>")
    ]


def test_the_page_has_only_tags_that_mail_programs_show_and_is_short_enough(tmp_path):
    until = dt.datetime(2026, 11, 25, 14, tzinfo=dt.UTC)
    digest = analysis.digest(PlannedSource(plan_history(2000, seed=0, until=until)), since="60d", as_of=until)
    assert {"new failure", "slower job", "missing partition"} <= set(digest.findings["kind"])
    digest.to_html(tmp_path / "digest.html")
    page = (tmp_path / "digest.html").read_text(encoding="utf-8")
    tags = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.add(tag)
    parser.feed(page)
    assert tags <= TAGS_THAT_MAIL_PROGRAMS_SHOW
    assert len(page.encode()) < MAX_BYTES_OF_A_MAIL
    assert page.count('role="img"') > 3


def test_the_picture_shows_all_runs_and_failed_runs_per_day():
    html = daily_runs_picture(
        runs(
            *[(AS_OF - pd.Timedelta("1h"), "SUCCESS")] * 7,
            (AS_OF - pd.Timedelta("2h"), "FAILURE"),
            (AS_OF - pd.Timedelta("25h"), "FAILURE"),
            (AS_OF - pd.Timedelta("25h"), "FAILURE"),
            (AS_OF - pd.Timedelta("9D"), "SUCCESS"),
        ),
        AS_OF,
        days=3,
    )
    assert bars(html) == [[(GREEN, " ▂█")], [(RED, " █▄")]]
    assert "10 runs in the last 3 days, at most 8 in a day (green); 3 of them failed, at most 2 in a day" in html


def test_the_picture_is_green_without_failures_and_empty_without_runs():
    html = daily_runs_picture(runs((AS_OF, "SUCCESS")), AS_OF, days=2)
    assert bars(html) == [[(GREEN, " █")]]
    assert "1 run in the last 2 days, at most 1 in a day (green); none of them failed" in html
    assert daily_runs_picture(runs((AS_OF, "SUCCESS")).iloc[:0], AS_OF) == ""
    assert bar_picture([], "nothing") == ""


def test_the_picture_marks_failed_runs_among_recent_runs():
    rows = [(AS_OF, status) for status in ["SUCCESS"] * 90 + ["FAILURE", "SUCCESS", "FAILURE"]]
    html = recent_runs_picture(runs(*rows), "nightly")
    assert [text for _, text in bars(html)[0]] == ["▄" * 33, "█", "▄", "█"]
    assert "nightly: the last 36 runs, 2 of them failed (tall)" in html


@pytest.mark.parametrize("size", [5, 200])
def test_the_picture_compares_durations_before_and_after_a_slowdown(size):
    def side(first, seconds):
        start = pd.Series(AS_OF + pd.to_timedelta([first + number for number in range(size)], "h"))
        return pd.DataFrame({"start_time": start, "duration": pd.to_timedelta([seconds] * size, "s")}).sample(frac=1)

    html = duration_picture(side(0, 60), side(size, 120), "train")
    count = min(size, 18)
    assert bars(html) == [[(BLUE, "▄" * count), (RED, "█" * count)]]
    assert "train: median 1 min before (blue) and 2 min after (orange)" in html
    assert duration_picture(side(0, 60).iloc[:0], side(0, 60), "train") == ""


def test_the_description_is_escaped():
    html = bar_picture([(RED, 1.0)], 'a "job" <b>')
    assert "<b>" not in html
    assert 'aria-label="a &quot;job&quot; &lt;b&gt;"' in html
