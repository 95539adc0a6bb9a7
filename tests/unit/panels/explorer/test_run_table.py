"""The table of runs scrolls to the top after a new filter or page, and shows the same runs as the chart."""

import pandas as pd

from dagster_nb import plot
from dagster_nb.panels.explorer import model
from dagster_nb.panels.explorer.columns import COLUMNS
from dagster_nb.panels.explorer.views.charts import undrawn_trend_jobs
from dagster_nb.panels.explorer.views.undrawn_jobs import UndrawnJobs
from dagster_nb.panels.panel import close_widgets
from tests.unit.panels.conftest import NOW, make_runs, many_runs


def test_new_runs_scroll_the_table_to_the_top(explore):
    explorer = explore(many_runs(2500))
    table, model = explorer._table.table, explorer.model
    seen = [table.resets]
    for act in (
        lambda: model.go_to_page(1),
        lambda: explorer.set_filters(status="FAILURE"),
        lambda: model.sort_by("duration"),
        explorer._filters.clear,
    ):
        act()
        seen.append(table.resets)
    assert seen == sorted(set(seen)), "each action must increase the counter"


def test_a_new_filter_first_sends_the_visible_rows_then_the_chart_and_then_the_other_rows(explore):
    explorer = explore(many_runs(2500))
    table, picture = explorer._table.table, explorer._charts._picture
    sent = []
    table.observe(lambda change: sent.append(change["new"]), names="rows")
    picture.observe(lambda _change: sent.append("picture"), names="value")
    explorer.set_filters(status="SUCCESS")
    first, between, every = sent
    assert (len(first), between, len(every)) == (100, "picture", 1000)
    # The bars of the visible rows keep their lengths.
    assert first == every[:100]
    assert table.count == 1000
    assert explorer._table._shown.value.count("showing 1,000 of")
    sent.clear()
    explorer.model.source.change(3, status="FAILURE")
    explorer.refresh()
    explorer.wait(20)
    # The user can have scrolled, so the table never gets shorter in between.
    assert {len(rows) for rows in sent if rows != "picture"} == {1000}


def test_changed_or_selected_runs_do_not_scroll_the_table(explore):
    explorer = explore(many_runs(2500))
    before = explorer._table.table.resets
    explorer.model.source.change(3, status="FAILURE")
    explorer.refresh()
    explorer.wait(20)
    explorer.model.select(explorer.frame["run_id"][:2])
    assert explorer._table.table.resets == before


def test_a_run_in_progress_has_the_same_duration_everywhere(explore, monkeypatch):
    frame = make_runs(3)
    frame.loc[0, ["end_time", "duration"]] = pd.NaT
    frame.loc[0, "status"] = "STARTED"
    times = iter(pd.date_range(NOW, periods=10_000, freq="7s"))
    explorer = explore(frame)
    explorer.model.clock = lambda: next(times)
    explorer.refresh()
    explorer.wait(20)
    explorer.model.open_run(frame["run_id"][0])
    explorer.wait(20)
    explorer.model.sort_by("job_name")
    so_far = explorer._table.table.rows[0]["duration"][0].removesuffix(" so far")
    started = frame["start_time"][0]
    assert pd.Timedelta(so_far.replace("min", "m")) == (explorer.model.as_of - started).floor("s")
    assert explorer.frame.attrs["dagster_nb"]["fetched_at"] == explorer.model.as_of.isoformat()
    assert f"running for {so_far}" in explorer._details._top.value


def test_only_sortable_columns_have_a_sort_button():
    assert [column.name for column in COLUMNS.values() if not column.first] == ["Tags"]


def test_the_trend_chart_lists_the_jobs_that_it_does_not_draw(explore):
    explorer = explore(many_runs(600))
    assert explorer._charts._undrawn.widget.layout.display == "none"
    explorer._charts.choice.value = "Trend"
    names = undrawn_trend_jobs(explorer.model)
    busiest = explorer.frame["job_name"].value_counts()
    assert len(names) == 6
    assert busiest[names].max() <= busiest.drop(names).min()
    _, *buttons = explorer._charts._undrawn.widget.children
    assert [button.description for button in buttons] == names
    buttons[0].click()
    assert explorer.filters == {"job": [names[0]]}
    assert explorer._charts._undrawn.widget.layout.display == "none"


def test_a_click_shows_the_names_of_all_jobs_that_are_not_drawn(explore):
    explorer = explore(many_runs(10))
    undrawn = UndrawnJobs(explorer.model)
    names = [f"job_{number}" for number in range(45)]
    undrawn.draw(names)
    _, *buttons, more = undrawn.widget.children
    assert [button.description for button in buttons] == names[:40]
    assert more.description == "and 5 more…"
    more.click()
    explorer.wait(20)
    _, *buttons = undrawn.widget.children
    assert [button.description for button in buttons] == names
    buttons[44].click()
    explorer.wait(20)
    assert explorer.filters == {"job": ["job_44"]}
    undrawn.draw(names[1:])
    assert undrawn.widget.children[-1].description == "and 4 more…"
    close_widgets(undrawn)


def test_the_trend_chart_marks_the_slowdowns(explore, monkeypatch):
    marked = []
    monkeypatch.setattr(plot, "duration_trend", lambda _runs, *, regressions, **_options: marked.append(regressions))
    explorer = explore(many_runs(600), chart="Trend")
    assert marked[-1] is explorer.model.slowdowns


def test_slower_jobs_are_drawn_before_the_busiest_jobs(explore, monkeypatch):
    explorer = explore(many_runs(600))
    rarest = explorer.frame["job_name"].value_counts().index[-1]
    searched = []

    def find(runs):
        searched.append(len(runs))
        return pd.DataFrame({"job_name": [rarest]})

    monkeypatch.setattr(model, "regressions", find)
    assert rarest not in undrawn_trend_jobs(explorer.model)
    assert rarest not in undrawn_trend_jobs(explorer.model)
    explorer.set_filters(status="SUCCESS")
    undrawn_trend_jobs(explorer.model)
    assert searched == [600, len(explorer.frame)], "one search for each set of runs"
