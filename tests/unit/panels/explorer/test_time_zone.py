"""Panels show times in the browser's time zone or in the zone given as ``tz=``."""

from types import SimpleNamespace

import ipywidgets as widgets
import pandas as pd
import pytest

from dagster_nb import plot
from dagster_nb.panels.explorer import RunExplorer
from dagster_nb.panels.explorer.views.charts import CHARTS
from dagster_nb.panels.launchpad import launchpad
from dagster_nb.panels.run_view.log_html import events_html
from dagster_nb.panels.run_view.run_html import times_html, times_text
from dagster_nb.time_zones import time_zone
from tests.unit.panels.conftest import NOW, FakeSource, make_runs
from tests.unit.panels.explorer.test_attention import slowed_runs
from tests.unit.panels.explorer.test_failures_and_comparison import Source

TOKYO = "Asia/Tokyo"
CHARTS_WITH_TZ = ("durations", "duration_trend", "timeline", "status_counts", "success_rate", "queue_durations")


@pytest.fixture
def explore():
    made = []

    def make(**options):
        explorer = RunExplorer(FakeSource(make_runs(3)), **options)
        made.append(explorer)
        return explorer.wait(20)

    yield make
    for one in made:
        one.close()


def test_an_explorer_shows_times_in_the_time_zone_of_the_browser(explore, monkeypatch):
    zones = []
    monkeypatch.setattr(plot, "durations", lambda _runs, *, tz, **_options: zones.append(str(tz)))
    explorer = explore()
    table = explorer._table
    assert table.table.rows[0]["start_time"][1:] == ["2026-03-01 12:00:01", "2026-03-01 12:00:01"]
    assert "times in UTC" in table._shown.value
    explorer.model.open_run(explorer.frame["run_id"][0])
    explorer.wait(20)
    explorer.viewport.time_zone = TOKYO
    assert table.table.rows[0]["start_time"][1:] == ["2026-03-01 21:00:01", "2026-03-01 12:00:01"]
    assert "times in Asia/Tokyo" in table._shown.value
    assert "Asia/Tokyo" in explorer._header._server.value
    assert "created 2026-03-01 21:00:00 Asia/Tokyo" in explorer._details._top.value
    assert set(zones) == {"UTC", TOKYO}
    html = explorer._static_html()
    assert "Started (Asia/Tokyo)" in html
    assert "2026-03-01 21:00:01" in html
    assert "Asia/Tokyo" in explorer._static_text()
    assert explorer.code == 'dnb.RunExplorer(dnb.connect("http://localhost:3000"))', (
        "the code must not contain the browser's time zone"
    )


def test_failures_and_the_comparison_use_the_time_zone_of_the_browser():
    runs = make_runs(2, status="FAILURE")
    explorer = RunExplorer(Source(runs), chart="Failures").wait(20)
    shown = explorer._charts._picture
    explorer.viewport.time_zone = TOKYO
    explorer.wait(20)
    for seen in ("First seen (Asia/Tokyo)", "Last seen (Asia/Tokyo)"):
        assert seen in shown.value
    assert 'title="2026-03-01 11:00:00 UTC">2026-03-01 20:00:00<' in shown.value
    explorer.model.select(runs["run_id"])
    explorer.model.change_view(chart="Compare two runs")
    explorer.wait(20)
    assert "start_time</bdi> (Asia/Tokyo)" in shown.value
    assert 'title="2026-03-01 12:00:01 UTC">2026-03-01 21:00:01<' in shown.value
    assert "Asia/Tokyo" in explorer._static_html()
    explorer.close()


def test_findings_that_need_attention_use_the_time_zone_of_the_browser():
    explorer = RunExplorer(FakeSource(slowed_runs())).wait(20)

    def lines():
        return [button.description for button in explorer._attention_view.widget.children]

    changed = NOW - pd.Timedelta(hours=199)
    assert f"since {changed:%Y-%m-%d %H:%M}," in lines()[0]
    explorer.viewport.time_zone = TOKYO
    assert f"since {changed.tz_convert(TOKYO):%Y-%m-%d %H:%M}," in lines()[0]
    explorer.close()


@pytest.mark.parametrize(("chart", "function"), list(zip(CHARTS, CHARTS_WITH_TZ, strict=True)))
def test_every_chart_is_drawn_in_the_displayed_zone(explore, monkeypatch, chart, function):
    zones = []
    monkeypatch.setattr(plot, function, lambda _runs, *, tz, **_options: zones.append(str(tz)))
    explore(tz=TOKYO, chart=chart)
    assert set(zones) == {TOKYO}


def test_a_given_time_zone_takes_precedence_over_that_of_the_browser(explore):
    explorer = explore(tz=TOKYO)
    explorer.viewport.time_zone = "America/New_York"
    assert explorer._table.table.rows[0]["start_time"][1] == "2026-03-01 21:00:01"
    assert explorer.code.endswith('tz="Asia/Tokyo")')


@pytest.mark.parametrize("name", ["Etc/UTC", "Etc/Unknown", "Mars/Olympus"])
def test_times_are_in_utc_if_the_time_zone_of_the_browser_is_unknown(explore, name):
    explorer = explore()
    explorer.viewport.time_zone = name
    assert "times in UTC" in explorer._table._shown.value


def test_times_typed_in_a_filter_are_in_the_displayed_zone(explore):
    explorer = explore(tz=TOKYO)
    explorer._filters._choose_bound("created_after", "2026-03-01 20:30")
    assert explorer.filters == {"created_after": "2026-03-01 20:30:00+09:00"}
    assert len(explorer.frame) == 1
    explorer._filters._choose_bound("created_after", "7d")
    assert explorer.filters == {"created_after": "7d"}
    explorer._filters._choose_bound("created_after", "2026-03-01T10:00+00:00")
    assert explorer.filters == {"created_after": "2026-03-01T10:00+00:00"}


def test_the_log_and_the_run_details_name_the_time_zone():
    zone = time_zone(TOKYO)
    columns = ["timestamp", "level", "step_key", "event_type", "message", "error_class", "error_message", "stack"]
    events = pd.DataFrame([[NOW, "INFO", "a", "STEP_START", "started", None, None, None]], columns=columns)
    assert "Time (Asia/Tokyo)" in events_html(events, zone)
    assert 'title="2026-03-01 12:00:00 UTC">21:00:00.000<' in events_html(events, zone)
    assert "Time (UTC)" in events_html(events.head(0))
    assert times_text(NOW, pd.NaT, pd.NaT, NOW, zone)[0] == "created 2026-03-01 21:00:00 Asia/Tokyo (just now)"
    created, *rest = times_html(NOW, pd.NaT, pd.NaT, NOW, zone)
    assert 'title="2026-03-01 12:00:00 UTC"' in created
    assert "created 2026-03-01 21:00:00 Asia/Tokyo (just now)" in created
    assert len(rest) == 1
    assert "title" not in times_html(pd.NaT, NOW, NOW, NOW, zone)[0]


@pytest.mark.parametrize("chart", CHARTS_WITH_TZ)
def test_charts_reject_invalid_time_zones(chart):
    with pytest.raises(TypeError, match="tz must be an IANA name such as 'Europe/Paris' or a tzinfo object, not 3"):
        getattr(plot, chart)(make_runs(3), tz=3)
    with pytest.raises(ValueError, match="there is no time zone 'Nowhere'"):
        getattr(plot, chart)(make_runs(3), tz="Nowhere")


def test_an_explorer_rejects_invalid_time_zones():
    with pytest.raises(ValueError, match="there is no time zone 'Nowhere'"):
        RunExplorer(FakeSource(make_runs(3)), tz="Nowhere")


class FakeLaunchpad(widgets.VBox):
    viewport = SimpleNamespace(scrolls_into_view=False)


def test_a_launchpad_in_the_explorer_gets_the_time_zone_of_the_explorer(monkeypatch):
    opened = []
    monkeypatch.setattr(
        launchpad, "Launchpad", lambda _source, **options: opened.append(options["tz"]) or FakeLaunchpad()
    )
    for tz in (TOKYO, None):
        explorer = RunExplorer(FakeSource(make_runs(1)), tz=tz).wait(20)
        explorer._launchpad.open(explorer.frame.iloc[0], "")
        explorer.close()
    assert [str(tz) for tz in opened] == [TOKYO, "None"]
