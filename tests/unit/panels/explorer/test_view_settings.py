"""The explorer's view consists of its chart, columns and sort order, and the displayed code restores it."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dagster_nb as dnb
from dagster_nb.panels.explorer import RunExplorer
from dagster_nb.panels.explorer.columns import COLUMNS, parse_columns, parse_sort
from dagster_nb.panels.explorer.filters import ExplorerFilters
from dagster_nb.panels.explorer.python_code import view_text
from dagster_nb.panels.explorer.view_settings import ExplorerView
from dagster_nb.panels.explorer.views.charts import chart_names
from dagster_nb.panels.explorer.views.table_rows import table_rows
from tests.unit.panels.conftest import HOSTILE, NOW, FakeSource, make_run, make_runs, runs_frame

RUNS = make_runs(3)
CHARTS = chart_names(FakeSource(RUNS))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.just(HOSTILE)
MANY = TEXTS | st.lists(TEXTS, max_size=3, unique=True)
DATES = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MOMENTS = DATES | DATES.map(pd.Timestamp) | DATES.map(datetime.date) | st.sampled_from(["7d", "1.5h", "2026-01-31"])
DURATIONS = st.integers(0, 10**13).map(lambda micros: pd.Timedelta(micros, unit="us"))
COLUMN_NAMES = st.sampled_from(list(COLUMNS)) | TEXTS.map(lambda key: f"tags.{key}")
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.lists(st.sampled_from(["FAILURE", "SUCCESS", "STARTED"]), max_size=2, unique=True),
        "job": MANY,
        "location": MANY,
        "run_ids": MANY,
        "tags": st.dictionaries(TEXTS, MANY, max_size=2),
        "created_after": MOMENTS,
        "updated_before": MOMENTS | DURATIONS,
        "run_id_contains": TEXTS,
        "min_duration": DURATIONS,
        "max_duration": DURATIONS,
        "only_unresolved": st.booleans(),
    },
)


@pytest.fixture
def explore():
    made = []

    def make(source=None, **options):
        made.append(RunExplorer(source or FakeSource(RUNS), **options))
        return made[-1].wait(20)

    yield make
    for one in made:
        one.close()


@settings(max_examples=60, deadline=None)
@given(
    filters=FILTERS,
    columns=st.none() | st.lists(COLUMN_NAMES, min_size=1, max_size=5, unique=True),
    sort=st.none() | st.tuples(st.sampled_from(["", "-"]), COLUMN_NAMES.filter(lambda key: key != "tags")).map("".join),
    chart=st.sampled_from(CHARTS),
)
def test_the_displayed_code_restores_the_view(filters, columns, sort, chart):
    def parse(source, *, chart="Durations", sort=None, columns=None, **filters):
        view = ExplorerView.parse(chart=chart, sort=sort, columns=columns, chart_names=CHARTS)
        return source, ExplorerFilters.parse(**filters), view

    _, first, view = parse("client", chart=chart, sort=sort, columns=columns, **filters)
    code = view_text("client", {**first.explorer_arguments(), **view.arguments()})
    assert "\n" not in code
    names = {"dnb": SimpleNamespace(RunExplorer=parse), "client": "client"}
    opened = eval(code, names)  # noqa: S307 - it is the code under test
    assert opened[0] == "client"
    assert opened[1].at(NOW) == first.at(NOW)
    assert opened[2] == view


def test_the_displayed_code_opens_an_explorer_with_the_same_runs(explore, monkeypatch):
    first = explore(job="nightly", sort="-duration", columns=["run_id", "tags.team"], chart="no chart", max_runs=2)
    monkeypatch.setattr(dnb, "connect", {first.model.source.url: first.model.source}.get)
    second = eval(first.code, {"dnb": dnb}).wait(20)  # noqa: S307 - it is the code under test
    assert second.model.view == first.model.view
    assert second.model.max_runs == 2
    pd.testing.assert_frame_equal(second.frame, first.frame)
    assert second.code == first.code
    second.close()


def test_the_displayed_code_follows_what_the_user_clicks(explore):
    explorer = explore()
    assert explorer.code == 'dnb.RunExplorer(dnb.connect("http://localhost:3000"))'
    explorer._code._open.value = True
    explorer.set_filters(job="nightly")
    explorer._charts.choice.value = "Trend"
    explorer._table.table.sort = ["duration", "descending"]
    explorer.model.change_view(columns=("job_name", "tags.team"))
    line = (
        'dnb.RunExplorer(dnb.connect("http://localhost:3000"), job="nightly", chart="Trend", sort="-duration", '
        'columns=["job_name", "tags.team"])'
    )
    assert explorer.code == line
    assert explorer._code._view.text == line
    assert explorer._charts._picture.value.count("<img") == 1
    explorer.model.change_view(chart="No chart")
    assert explorer._charts.choice.value == "No chart"
    assert explorer._charts._picture.value == ""


def test_the_displayed_code_keeps_a_client_read_only(explore):
    source = FakeSource(RUNS)
    source.read_only = True
    assert 'dnb.connect("http://localhost:3000", read_only=True)' in explore(source).code


def test_the_displayed_code_opens_a_history_by_its_path(explore):
    source = FakeSource(RUNS)
    source.path = "/data/runs"
    explorer = explore(source)
    explorer._code._open.value = True
    assert explorer.code == 'dnb.RunExplorer(dnb.open_history("/data/runs"))'
    assert 'history = dnb.open_history("/data/runs")\nruns = history.runs()' in explorer._code._python.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chart": "Pie"}, "there is no chart 'Pie'. Use one of: Durations, Trend"),
        ({"sort": "tags"}, "cannot be sorted by 'tags'"),
        ({"sort": "speed"}, "the table has no column 'speed'. Use one of: status, job_name"),
        ({"columns": ["job_name", "speed"]}, "the table has no column 'speed'"),
        ({"columns": []}, "columns is empty"),
    ],
)
def test_the_error_for_an_invalid_view_lists_the_valid_values(options, message):
    with pytest.raises(ValueError, match=message):
        RunExplorer(FakeSource(RUNS), **options)
    with pytest.raises(TypeError, match="sort must be the name of a column"):
        parse_sort(("duration", False))


def test_the_table_can_show_and_sort_any_column(explore):
    tags = [{"key": "team", "value": HOSTILE}, {"key": "zone", "value": "b"}]
    runs = runs_frame([make_run(0), make_run(1, tags=tags), make_run(2, tags=[{"key": "team", "value": "a"}])])
    explorer = explore(FakeSource(runs), columns=["job_name", "tags.team", "queue_duration"], sort="-tags.team")
    table = explorer._table.table
    assert [column["name"] for column in table.columns] == ["Job", "team", "Queued for"]
    assert table.sort == ["tags.team", "descending"]
    assert [row["tags.team"] for row in table.rows] == ["a", HOSTILE, ""]
    assert table.rows[0]["queue_duration"][0] == "1 s"
    assert table.columns[1]["filters"] == "tag"
    every = parse_columns([*COLUMNS, "tags.zone"])
    rows = table_rows(runs, NOW, every)
    assert [set(every) <= set(row) for row in rows] == [True] * 3
    assert table_rows(runs.head(0), NOW, every) == []


def toggles(explorer):
    return {toggle.description: toggle for toggle in explorer._table._columns._toggles.children}


def test_columns_can_be_shown_and_hidden(explore):
    tags = [{"key": "dagster/partition", "value": "x"}, {"key": "team", "value": "data"}]
    explorer = explore(FakeSource(make_runs(2, tags=tags)))
    menu, table = explorer._table._columns, explorer._table.table
    menu.button.value = True
    assert menu.widget.layout.display == ""
    assert list(toggles(explorer))[-3:] == ["tag: team", "tag: dagster/partition", "Default columns"]
    toggles(explorer)["Tags"].value = False
    toggles(explorer)["tag: team"].value = True
    toggles(explorer)["Ended"].value = True
    names = ["Status", "Job", "Started", "Ended", "Duration", "Partition", "Launched by", "Run", "team"]
    assert [column["name"] for column in table.columns] == names
    assert table.rows[0]["tags.team"] == "data"
    assert list(explorer.table) == list(explorer.model.view.columns)
    toggles(explorer)["Default columns"].click()
    assert len(table.columns) == 8
    assert not toggles(explorer)["tag: team"].value
    explorer.model.change_view(columns=("job_name",))
    assert toggles(explorer)["Job"].disabled, "the last column cannot be hidden"


def test_the_csv_file_and_the_frame_have_the_displayed_columns(explore):
    runs = runs_frame([make_run(number, jobName=name) for number, name in enumerate(["b", "=1+1", "a"])])
    explorer = explore(FakeSource(runs), columns=["job_name", "duration", "tags.team"], sort="-job_name")
    pd.testing.assert_frame_equal(
        explorer.table[["job_name", "duration"]],
        runs.sort_values("job_name", ascending=False)[["job_name", "duration"]].reset_index(drop=True),
    )
    sent = []
    explorer._table.table.send = lambda content, buffers: sent.append((content, buffers[0].decode("utf-8-sig")))
    explorer._table._download.click()
    assert explorer.background.wait(lambda: bool(sent), 30)
    content, text = sent[0]
    assert content == {"download": "runs.csv"}
    assert text.splitlines()[0] == "job_name,duration,tags.team"
    assert [line.split(",")[0] for line in text.splitlines()[1:]] == ["b", "a", "'=1+1"]


def test_row_menus_and_buttons_disable_the_same_actions(explore):
    runs = runs_frame([make_run(0, status="FAILURE"), make_run(1, jobName="other"), make_run(2, status="STARTED")])
    explorer = explore(FakeSource(runs))
    failed, succeeded, started = runs["run_id"]
    sent = []
    table = explorer._table.table
    table.send = sent.append

    def receive(**content):
        table._handle_custom_msg(content, [])

    def reasons(run_id):
        sent.clear()
        receive(menu=run_id)
        assert sent[0]["menu"] == run_id
        return {name: reason for name, _, reason in sent[0]["actions"]}

    finished = "this run has finished"
    assert reasons(failed) == {"from_failure": None, "all_steps": None, "terminate": finished, "delete": None}
    assert reasons(succeeded)["from_failure"] == "this run did not fail"
    assert reasons(started)["terminate"] is None
    receive(act="terminate", run_id=succeeded)
    receive(act="force", run_id=started)
    receive(act="no such action", run_id=started)
    receive(act="terminate", run_id="no such run")
    assert not explorer._action_bar.confirm.is_open
    explorer.model.select([failed])
    receive(act="terminate", run_id=started)
    assert explorer.model.source.acted == [], "the action must ask for confirmation"
    explorer._action_bar.confirm.agree()
    explorer.wait(30)
    assert explorer.model.source.acted == [("terminate", [started])]
    receive(filter="job", run_id=succeeded)
    assert explorer.filters == {"job": ["other"]}
    explorer.model.source.read_only = True
    assert set(reasons(failed).values()) == {"this client is read-only"}
