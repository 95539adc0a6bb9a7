"""Marks in the explorer's charts show their runs. Clicks, drags and Escape change the selection and the filters."""

import json

import numpy as np
import pandas as pd
import pytest

from dagster_nb.panels.explorer.views.mark_texts import run_texts
from dagster_nb.panels.pictures import draw_picture
from dagster_nb.plot import durations
from dagster_nb.words import duration_text
from tests.unit.panels.conftest import HOSTILE, NOW, make_runs, many_runs

CHARTS = ["Durations", "Trend", "Timeline", "Queue times"]
N_POINTS = 50


def layer(explorer):
    return explorer._charts._layer


def act(explorer, *action, number=None):
    """Send the message that the browser sends when the user clicks or drags in the chart."""
    content = {"action": list(action), "number": layer(explorer).chart["number"] if number is None else number}
    layer(explorer)._handle_custom_msg(content, [])
    return explorer.wait(20)


def texts_of(explorer):
    """Return a frame with the run id and the displayed text of each mark."""
    chart = layer(explorer).chart
    texts = pd.DataFrame(dict(chart["fields"]))
    texts["job"], texts["id"] = chart["names"], chart["ids"]
    if chart["codes"]:
        texts["status"] = [chart["statuses"][code][0] for code in chart["codes"]]
    return texts


@pytest.mark.parametrize("chart", CHARTS)
def test_each_mark_shows_its_run(explore, chart):
    runs = many_runs(1_000)
    explorer = explore(runs, chart=chart)
    texts = texts_of(explorer)
    marks = np.frombuffer(layer(explorer).marks, dtype=np.float32).reshape(-1, 4)
    assert len(texts) == len(marks) >= 500
    chosen = texts.sample(N_POINTS, random_state=5)
    expected = runs.set_index("run_id").loc[chosen["id"]]
    assert chosen["job"].tolist() == expected["job_name"].tolist()
    assert chosen["status"].tolist() == expected["status"].tolist()
    assert chosen["Run"].tolist() == [run_id[:8] for run_id in chosen["id"]]
    assert chosen["Started"].tolist() == [f"{time:%Y-%m-%d %H:%M:%S}" for time in expected["start_time"]]
    assert chosen["Duration"].tolist() == [duration_text(duration) for duration in expected["duration"]]
    assert chosen["Tags"].tolist() == [f"team: {tags['team']}" for tags in expected["tags"]]
    # The position of each mark corresponds to the value of its run.
    pixels = layer(explorer)._pixels
    column = {"Durations": "duration", "Queue times": "creation_time"}.get(chart, "start_time")
    for place, value in zip(chosen.index, expected[column], strict=True):
        low, high = (pixels.x_value(float(marks[place, 0]) + shift) for shift in (-0.02, 0.02))
        x = value.total_seconds() if column == "duration" else value.timestamp() / 86_400
        assert low <= x <= high


def test_marks_of_runs_in_progress_and_of_runs_without_a_job_have_tooltips():
    frame = make_runs(3)
    frame.loc[0, ["end_time", "duration"]] = pd.NaT
    frame.loc[0, "status"] = "STARTED"
    frame.loc[1, "job_name"] = pd.NA
    frame.at[2, "tags"] = {"dagster/partition": "x", **{f"k{n}": "v" * 200 for n in range(4)}}  # noqa: PD008
    as_of = NOW + pd.Timedelta("90s")
    pixels = draw_picture(lambda ax: durations(frame, as_of=as_of, ax=ax), width=900, height=300).pixels
    texts = run_texts(frame, pixels, as_of)
    place = {run_id: number for number, run_id in enumerate(texts.ids)}
    assert texts.fields["Duration"][place[frame["run_id"][0]]] == "1 min 29 s so far"
    assert texts.names[place[frame["run_id"][1]]] == "(no job)"
    assert "(no job)" not in texts.groups
    tags = texts.fields["Tags"][place[frame["run_id"][2]]]
    assert tags.startswith("k0: vvv")
    assert tags.endswith(", …")
    assert len(tags) < 300
    assert "dagster/" not in tags


def test_the_chart_of_queue_times_shows_the_time_in_the_queue(explore):
    frame = many_runs(200)
    frame.loc[3, ["start_time", "end_time", "duration", "queue_duration"]] = pd.NaT
    frame.loc[3, "status"] = "QUEUED"
    explorer = explore(frame, chart="Queue times")
    texts = texts_of(explorer).set_index("id")["In the queue"]
    for run_id, waited in frame.set_index("run_id")["queue_duration"].dropna().items():
        assert texts[run_id] == duration_text(waited)
    assert texts[frame["run_id"][3]].endswith(" so far")
    explorer.model.change_view(chart="Trend")
    explorer.wait(20)
    assert "In the queue" not in texts_of(explorer)


def test_start_times_are_in_the_time_zone_of_the_panel(explore):
    explorer = explore(make_runs(3), tz="Asia/Kolkata")
    expected = explorer.frame["start_time"].dt.tz_convert("Asia/Kolkata").dt.strftime("%Y-%m-%d %H:%M:%S")
    texts = texts_of(explorer).set_index("id")["Started"]
    assert texts.to_dict() == dict(zip(explorer.frame["run_id"], expected, strict=True))


def test_the_text_for_each_mark_is_sent_as_plain_json(explore):
    frame = make_runs(3)
    frame["job_name"] = HOSTILE
    explorer = explore(frame)
    sent = json.loads(json.dumps(layer(explorer).chart))
    assert sent["names"][0] == HOSTILE
    assert "<img src=x" not in explorer._charts._picture.value


def test_a_click_on_a_mark_opens_its_run(explore):
    explorer = explore(many_runs(250))
    run_id = explorer.frame["run_id"][170]
    act(explorer, "mark", run_id)
    assert explorer.selection == [run_id]
    assert explorer.model.open_run_id == run_id
    assert explorer.model.page == 3
    assert run_id in [row["id"] for row in explorer._table.table.rows]
    assert explorer._table.table.active == run_id


def test_a_click_on_a_mark_goes_to_the_right_page_of_a_sorted_table(explore):
    explorer = explore(many_runs(250), sort="duration")
    run_id = explorer.frame["run_id"][explorer.frame["duration"].argmax()]
    act(explorer, "mark", run_id)
    assert explorer.model.page == 4
    assert explorer._table.table.rows[-1]["id"] == run_id


def test_a_click_on_a_run_that_no_longer_matches_selects_nothing(explore):
    explorer = explore(many_runs(100))
    act(explorer, "mark", "no such run")
    assert explorer.selection == []
    assert explorer.model.page == 0


def test_a_click_on_a_name_or_legend_entry_sets_a_filter(explore):
    explorer = explore(many_runs(1_000))
    buttons = {tuple(button["action"]) for button in layer(explorer).chart["buttons"]}
    assert {("group", job) for job in explorer.frame["job_name"].unique()} <= buttons
    assert {("legend", status) for status in ("SUCCESS", "FAILURE", "CANCELED")} <= buttons
    act(explorer, "group", "job_3")
    assert explorer.filters == {"job": ["job_3"]}
    act(explorer, "legend", "FAILURE")
    assert explorer.filters == {"job": ["job_3"], "status": ["FAILURE"]}
    assert set(explorer.frame["status"]) == {"FAILURE"}


def test_the_lane_of_other_jobs_has_no_filter_button(explore):
    frame = many_runs(1_000)
    frame["job_name"] = pd.array([f"job_{number % 30:02}" for number in range(1_000)], dtype="string")
    explorer = explore(frame)
    chart = layer(explorer).chart
    others = [name for name, _, _ in chart["lanes"] if "other" in name]
    assert len(others) == 1
    assert others[0] not in chart["groups"]
    assert ["group", others[0]] not in [button["action"] for button in chart["buttons"]]


def bars(explorer):
    """Return the bars or points of the chart, with the ids that the browser sends."""
    return layer(explorer)._pixels.periods.assign(id=layer(explorer).chart["ids"])


@pytest.mark.parametrize("chart", ["Status over time", "Success rate"])
def test_a_bar_shows_its_period_and_its_runs(explore, chart):
    explorer = explore(many_runs(3_000), chart=chart, tz="Asia/Kolkata")
    texts, periods = texts_of(explorer), bars(explorer)
    assert len(texts) == len(periods) >= 50
    created = explorer.frame["creation_time"].dt.tz_convert("Asia/Kolkata")
    for place in texts.sample(50, random_state=3).index:
        shown, period = texts.loc[place], periods.loc[place]
        own = explorer.frame[(created >= period["start"]) & (created < period["end"])]
        assert shown["job"].startswith(f"{period['start']:%Y-%m-%d %H:%M} to ")
        if chart == "Status over time":
            assert shown["Runs"] == f"{(own['status'] == shown['status']).sum()}"
        else:
            succeeded = (own["status"] == "SUCCESS").sum()
            share = f"{succeeded / len(own) * 100:.{0 if succeeded == len(own) else 1}f} %"
            assert shown["Succeeded"] == f"{succeeded} of {len(own)} finished runs ({share})"


@pytest.mark.parametrize("status", ["FAILURE", "SUCCESS"])
def test_a_click_on_a_bar_shows_exactly_its_runs(explore, status):
    explorer = explore(many_runs(3_000), chart="Status over time")
    frame = explorer.frame
    own = bars(explorer).loc[lambda one: one["status"] == status]
    period = own.iloc[len(own) // 2]
    act(explorer, "period", period["id"])
    created = frame["creation_time"]
    expected = frame[(created >= period["start"]) & (created < period["end"]) & (frame["status"] == status)]
    assert explorer.frame["run_id"].tolist() == expected["run_id"].tolist()
    assert len(expected) == period["runs"]
    assert explorer.filters["status"] == [status]
    act(explorer, "back")
    assert explorer.filters == {}
    assert len(explorer.frame) == len(frame)


def test_a_click_on_a_success_rate_shows_the_runs_of_its_period(explore):
    explorer = explore(many_runs(3_000), chart="Success rate")
    period = bars(explorer).iloc[10]
    act(explorer, "period", period["id"])
    assert set(explorer.filters) == {"created_after", "created_before"}
    assert len(explorer.frame) == period["runs"]


def test_a_click_on_the_first_or_last_bar_keeps_the_time_filter(explore):
    frame = many_runs(3_000)
    after, before = (f"{frame['creation_time'][row]:%Y-%m-%d %H:%M:%S}+00:00" for row in (2_010, 505))
    filters = {"created_after": after, "created_before": before}
    explorer = explore(frame, chart="Success rate", **filters)
    for place in (0, -1):
        period = bars(explorer).iloc[place]
        act(explorer, "period", period["id"])
        assert len(explorer.frame) == period["runs"]
        act(explorer, "back")
    assert explorer.filters == filters


def test_a_click_on_a_bar_of_another_chart_does_nothing(explore):
    explorer = explore(many_runs(300), chart="Success rate")
    bar = bars(explorer)["id"][0]
    explorer.model.change_view(chart="Trend")
    explorer.wait(20)
    act(explorer, "period", bar)
    assert explorer.filters == {}


def middle_half(explorer):
    """Return where a drag across the middle half of the x axis begins and ends, and the values at these positions."""
    pixels = layer(explorer)._pixels
    left, _, right, _ = pixels.plot
    ends = left + (right - left) * 0.25, left + (right - left) * 0.75
    return ends, tuple(pixels.x_value(end) for end in ends)


@pytest.mark.parametrize("chart", ["Trend", "Timeline", "Status over time", "Success rate", "Queue times"])
def test_a_drag_along_a_time_axis_filters_by_time(explore, chart):
    explorer = explore(many_runs(1_000), chart=chart)
    before = explorer.frame
    ends, days = middle_half(explorer)
    begin, end = (pd.Timestamp(day, unit="D", tz="UTC") for day in days)
    # A drag may go in either direction.
    act(explorer, "range", *(reversed(ends) if chart == "Trend" else ends))
    column = "start_time" if chart in ("Trend", "Timeline") else "creation_time"
    wanted = before[(before[column] >= begin) & (before[column] <= end)]
    assert 400 < len(wanted) < 600
    assert set(wanted["run_id"]) <= set(explorer.frame["run_id"])
    # The explorer may also show runs created just before the period, because another run waited longer in the queue.
    slack = before["queue_duration"].max() + pd.Timedelta("2s")
    assert explorer.frame["creation_time"].between(begin - slack, end + pd.Timedelta("2s")).all()
    assert set(explorer.filters) == {"created_after", "created_before"}


def test_a_drag_includes_runs_that_waited_a_long_time(explore):
    frame = make_runs(48)
    frame.loc[20, "creation_time"] = frame.loc[20, "start_time"] - pd.Timedelta("9h")
    explorer = explore(frame, chart="Trend")
    pixels = layer(explorer)._pixels
    place = layer(explorer).chart["ids"].index(frame["run_id"][20])
    x = float(pixels.marks[place, 0])
    act(explorer, "range", x - 8, x + 8)
    assert frame["run_id"][20] in explorer.frame["run_id"].tolist()
    assert len(explorer.frame) < 12


def test_a_drag_along_a_duration_axis_filters_by_duration(explore):
    explorer = explore(many_runs(1_000))
    before = explorer.frame
    ends, (shortest, longest) = middle_half(explorer)
    act(explorer, "range", *ends)
    seconds = before["duration"].dt.total_seconds()
    wanted = before[(seconds >= shortest) & (seconds <= longest)]
    assert 300 < len(wanted) < 1_000
    assert abs(len(explorer.frame) - len(wanted)) <= 1
    assert set(wanted["run_id"]) <= set(explorer.frame["run_id"])


def test_a_drag_on_an_outdated_picture_does_nothing(explore):
    explorer = explore(many_runs(200), chart="Trend")
    ends, _ = middle_half(explorer)
    act(explorer, "range", *ends, number=layer(explorer).chart["number"] - 1)
    assert explorer.filters == {}


def test_escape_undoes_the_changes_one_by_one(explore):
    explorer = explore(many_runs(1_000), chart="Trend", status=["SUCCESS", "FAILURE"])
    first = explorer.filters
    assert not layer(explorer).can_go_back
    act(explorer, "range", *middle_half(explorer)[0])
    second = explorer.filters
    assert layer(explorer).can_go_back
    act(explorer, "group", "job_3")
    act(explorer, "back")
    assert explorer.filters == second
    act(explorer, "back")
    assert explorer.filters == first
    assert not layer(explorer).can_go_back
    act(explorer, "back")
    assert explorer.filters == first


def test_escape_does_not_undo_a_change_that_was_made_elsewhere(explore):
    explorer = explore(many_runs(300))
    act(explorer, "group", "job_3")
    explorer.set_filters(job="job_4")
    explorer.wait(20)
    assert not layer(explorer).can_go_back
    act(explorer, "back")
    assert explorer.filters == {"job": ["job_4"]}
    # Escape undoes changes that were made after the change elsewhere, but no earlier ones.
    act(explorer, "legend", "SUCCESS")
    act(explorer, "back")
    act(explorer, "back")
    assert explorer.filters == {"job": ["job_4"]}


def test_escape_undoes_a_drag_that_leaves_no_runs(explore):
    frame = many_runs(100)
    earlier = pd.Series(pd.to_timedelta([0] * 50 + [24 * 30] * 50, unit="h"))
    for column in ("creation_time", "start_time", "end_time"):
        frame[column] -= earlier
    explorer = explore(frame, chart="Trend")
    left, _, right, _ = layer(explorer)._pixels.plot
    act(explorer, "range", left + (right - left) * 0.4, left + (right - left) * 0.6)
    assert explorer.frame.empty
    assert layer(explorer).chart == {}
    assert layer(explorer).can_go_back
    act(explorer, "back", number=0)
    assert len(explorer.frame) == 100
    assert layer(explorer).chart


@pytest.mark.parametrize("chart", ["Compare two runs", "No chart"])
def test_the_layer_of_marks_is_empty_if_no_chart_is_drawn(explore, chart):
    explorer = explore(many_runs(100))
    assert layer(explorer).chart
    explorer.model.change_view(chart=chart)
    explorer.wait(20)
    assert layer(explorer).chart == {}
    assert layer(explorer).marks == b""


def test_the_layer_of_marks_is_empty_if_no_run_matches(explore):
    explorer = explore(many_runs(100))
    explorer.set_filters(job="no such job")
    explorer.wait(20)
    assert layer(explorer).chart == {}
