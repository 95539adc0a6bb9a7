"""Clicks on tiles, jobs, tags and launchers set filters.

Related runs open inside the panel, with a button to go back.
"""

import html
import json
import re

import pandas as pd
import pytest

from dagster_nb.frames.runs import runs_frame
from tests.unit.panels.conftest import HOSTILE, make_run, make_runs


def tags(**values):
    return [{"key": key.replace("__", "/"), "value": value} for key, value in values.items()]


def actions(shown):
    """Return the actions of all buttons in the HTML."""
    return [json.loads(html.unescape(data)) for data in re.findall(r'data-dnb-action="([^"]*)"', shown)]


def click(explorer, action):
    """Send the message that the browser sends for a click on a button with this action."""
    explorer.viewport._handle_custom_msg({"action": action}, [])
    return explorer.wait(20)


@pytest.fixture
def mixed():
    return runs_frame(
        [
            make_run(0, jobName="load", tags=tags(user="mia", team="data")),
            make_run(1, jobName="load", tags=tags(dagster__schedule_name="hourly", team="ml")),
            make_run(2, jobName="train", status="FAILURE", tags=tags(user="mia", team="data", **{"a b": HOSTILE})),
        ]
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(("job",), [0, 1]), (("launched_by",), [0, 2]), (("tag", "team"), [0, 2]), (("tag", "no such tag"), [0, 1, 2])],
)
def test_a_click_on_a_table_cell_sets_a_filter(explore, mixed, kind, expected):
    explorer = explore(mixed)
    click(explorer, ["filter", mixed["run_id"][0], *kind])
    assert explorer.frame["run_id"].tolist() == mixed["run_id"][expected].tolist()


def test_a_click_on_a_table_cell_keeps_the_other_filters(explore, mixed):
    explorer = explore(mixed, tags={"user": "mia"}, status=["FAILURE", "SUCCESS"])
    click(explorer, ["filter", mixed["run_id"][2], "tag", "a b"])
    assert explorer.filters["tags"] == {"user": ["mia"], "a b": [HOSTILE]}
    assert explorer.frame["run_id"].tolist() == [mixed["run_id"][2]]


def test_clicks_with_an_unknown_run_or_action_are_ignored(explore, mixed):
    explorer = explore(mixed)
    click(explorer, ["filter", "no such run", "job"])
    click(explorer, ["no such action", 1])
    assert len(explorer.frame) == 3


def test_a_click_on_a_tile_sets_a_filter(explore):
    frame = runs_frame(
        [make_run(n, status="FAILURE" if n < 2 else "SUCCESS", endTime=2e9 if n == 5 else None) for n in range(10)]
    )
    frame["duration"] = pd.to_timedelta(range(10), unit="s").astype("timedelta64[us]")
    explorer = explore(frame)
    rate, median, p95 = actions(explorer._tiles.widget.value)
    assert len(click(explorer, rate).frame) == 2
    explorer.set_filters()
    assert click(explorer, median).frame["duration"].min() == pd.Timedelta(seconds=5)
    explorer.set_filters()
    assert click(explorer, p95).frame["duration"].min() == pd.Timedelta(seconds=9)


def test_a_tile_without_a_number_is_not_a_button(explore):
    assert actions(explore(make_runs(0))._tiles.widget.value) == []
    explorer = explore(make_runs(3))
    assert ["filter_status", "FAILURE"] not in actions(explorer._tiles.widget.value), (
        "without failures the tile is not a button"
    )


@pytest.fixture
def chain():
    """Return four runs, newest first: an unrelated run, two re-executions of the same run, and the original run."""
    root, first, second = (make_run(number)["runId"] for number in (3, 2, 1))
    return runs_frame(
        [
            make_run(0),
            make_run(1, parentRunId=first, rootRunId=root, tags=tags(**{"dagster/root_run_id": root})),
            make_run(2, parentRunId=root, rootRunId=root, status="FAILURE", tags=tags(**{"dagster/root_run_id": root})),
            make_run(3, status="FAILURE"),
        ]
    ), (root, first, second)


def related(explorer):
    return [run_id for name, run_id, *_ in actions(explorer._details._top.value) if name == "open_related"]


def test_reexecutions_open_in_the_panel_with_a_back_button(explore, chain):
    frame, (root, first, second) = chain
    explorer = explore(frame)
    explorer._table.table.active = root
    explorer.wait(20)
    assert related(explorer) == [first, second]
    shown = explorer._details._top.value
    assert re.findall(r"→|FAILURE<|SUCCESS<", shown[shown.index("Re-executions") :]) == [
        "FAILURE<", "→", "FAILURE<", "→", "SUCCESS<",
    ]  # fmt: skip
    back = explorer._details._back
    assert back.layout.display == "none"
    click(explorer, ["open_related", second])
    assert explorer._open_run.run_id == second
    assert explorer._table.table.active == second
    assert back.layout.display == ""
    assert root[:8] in back.description
    click(explorer, ["open_related", first])
    back.click()
    assert explorer.wait(20)._open_run.run_id == second
    back.click()
    assert explorer.wait(20)._open_run.run_id == root
    assert back.layout.display == "none"


def test_a_run_opened_from_the_table_has_no_back_button(explore, chain):
    frame, (root, first, _) = chain
    explorer = explore(frame)
    explorer._table.table.active = root
    click(explorer, ["open_related", first])
    explorer._table.table.active = frame["run_id"][0]
    explorer.wait(20)
    assert explorer._details._back.layout.display == "none"
    assert "Re-executions" not in explorer._details._top.value


def test_related_runs_are_read_even_if_the_filters_exclude_them(explore, chain):
    frame, (root, first, second) = chain
    explorer = explore(frame, status="SUCCESS")
    explorer._table.table.active = second
    explorer.wait(20)
    assert related(explorer) == [root, first]
    click(explorer, ["open_related", root])
    assert explorer._open_run.run["status"] == "FAILURE"
    assert explorer.frame["status"].unique().tolist() == ["SUCCESS"], "the table must show only matching runs"


def test_an_error_is_shown_if_a_related_run_was_deleted(explore, chain):
    frame, (root, first, _) = chain
    explorer = explore(frame[frame["run_id"] != root].reset_index(drop=True))
    explorer._table.table.active = first
    explorer.wait(20)
    click(explorer, ["open_related", root])
    assert explorer._open_run.run_id == first
    assert "no longer exists" in explorer._details._error._message.value
