"""The tiles, rows, code and static output contain the right text."""

import re

import numpy as np
import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.errors import ConnectionFailedError
from dagster_nb.graphql import documents
from dagster_nb.panels.error_box import describe_error
from dagster_nb.panels.explorer.daemons_and_queue import describe_daemons
from dagster_nb.panels.explorer.filters import ExplorerFilters
from dagster_nb.panels.explorer.python_code import python_text
from dagster_nb.panels.explorer.static_output import static_html, static_text
from dagster_nb.panels.explorer.views.code_view import graphql_text
from dagster_nb.panels.explorer.views.summary_tiles import Summary, summarize, tiles_html
from dagster_nb.panels.explorer.views.table_rows import table_rows
from tests.unit import altered_schemas
from tests.unit.fake import make_run
from tests.unit.panels.conftest import HOSTILE, NOW, make_runs, many_runs


def test_tiles_show_the_same_numbers_as_pandas():
    runs = many_runs(2000)
    runs.loc[:10, "status"] = "STARTED"
    runs.loc[:10, ["end_time", "duration"]] = pd.NaT
    summary = summarize(runs)
    finished = runs[runs["status"] != "STARTED"]
    assert summary.count == 2000
    assert summary.success_rate == pytest.approx((finished["status"] == "SUCCESS").mean())
    assert abs(summary.p50 - runs["duration"].median()) <= pd.Timedelta(microseconds=1)
    assert abs(summary.p95 - runs["duration"].quantile(0.95)) <= pd.Timedelta(microseconds=1)
    assert abs(summary.queue_p95 - runs["queue_duration"].quantile(0.95)) <= pd.Timedelta(microseconds=1)


def test_tiles_without_runs_show_dashes():
    empty = summarize(make_runs(0))
    assert empty.count == 0
    assert "—" in tiles_html(empty, None, note="all time")
    assert "none in the previous period" in tiles_html(summarize(make_runs(3)), empty)


def test_tiles_show_a_comparison_with_the_previous_period():
    second = pd.Timedelta(seconds=1)
    now = Summary(10, 0.95, 20 * second, 90 * second, second)
    before = Summary(20, 0.90, 20 * second, 30 * second, second)
    shown = tiles_html(now, before)
    # Numbers must not be separated from their units, but a line may break within a comparison.
    assert "▼\N{NO-BREAK SPACE}-50\N{NO-BREAK SPACE}% vs. previous period" in shown
    assert "+5.0\N{NO-BREAK SPACE}points vs.\N{NO-BREAK SPACE}90.0\N{NO-BREAK SPACE}%<" in shown
    shown = shown.replace("\N{NO-BREAK SPACE}", " ")
    assert 'dnb-better" title="previous period: 90.0 %">▲ +5.0 points' in shown
    assert 'dnb-worse" title="previous period: 30 s">▲ 3 times vs. 30 s' in shown


@pytest.mark.parametrize(("count", "rate"), [(10_000, 0.9), (9_999, 0.8999999), (10_001, 0.9000001)])
def test_a_change_of_almost_zero_has_no_sign(count, rate):
    second = pd.Timedelta(seconds=1)
    shown = tiles_html(Summary(count, rate, second, second, second), Summary(10_000, 0.9, second, second, second))
    shown = shown.replace("\N{NO-BREAK SPACE}", " ")
    assert "= 0 % vs. previous period" in shown
    assert "= 0 points vs. 90.0 %" in shown


def test_a_success_rate_below_one_is_not_rounded_to_a_hundred_percent():
    second = pd.Timedelta(seconds=1)
    assert "99.9 %" in tiles_html(Summary(10_000, 0.9999, second, second, second), None)


def test_rows_contain_the_formatted_values_of_their_runs():
    runs = make_runs(3)
    runs.loc[0, ["end_time", "duration"]] = pd.NaT
    runs.loc[0, "status"] = "STARTED"
    runs.loc[1, ["start_time", "end_time", "duration"]] = pd.NaT
    runs["status"] = runs["status"].cat.add_categories(["NEW_ONE"])
    runs.loc[1, "status"] = "NEW_ONE"
    runs.at[2, "tags"] = {"dagster/partition": "x", "zone": "b", "dagster/other": "c", "team": HOSTILE}  # noqa: PD008
    rows = table_rows(runs, NOW + pd.Timedelta("90s"))
    assert rows[0]["duration"][0] == "1 min 29 s so far"
    assert rows[1]["mark"] == "✱"
    assert rows[1]["start_time"][0] == "queued 1 h ago"
    assert rows[1]["duration"] == ["—", 0.0]
    assert rows[2]["tags"] == [["team", HOSTILE], ["zone", "b"], ["dagster/other", "c"]]


def test_the_python_code_contains_all_filters():
    filters = ExplorerFilters.parse(
        status=["FAILURE", "CANCELED"],
        job="a",
        tags={"team": "x", 'k"': ["1", "2"]},
        created_after="7d",
        run_id_contains="AB",
        min_duration="10 min",
        only_unresolved=True,
    )
    text = python_text(filters, 'dnb.connect("http://localhost:3000")')
    compile(text, "code", "exec")
    assert 'status=["FAILURE", "CANCELED"], job="a", tags={"team": "x", "k\\"": ["1", "2"]}, created_after="7d"' in text
    assert 'runs["duration"] >= pd.Timedelta("600s")' in text
    assert "unresolved_failures" in text
    assert 'str.contains("ab", regex=False)' in text


def test_the_displayed_graphql_equals_the_query_of_the_client():
    text = graphql_text(
        ExplorerFilters.parse(status="FAILURE", created_after="1d", job=["a", "b"]), NOW, documents.text
    )
    assert "runIdsOrError" in text
    assert "runsOrError" in text
    assert '"statuses": [\n      "FAILURE"\n    ]' in text
    assert f'"createdAfter": {(NOW - pd.Timedelta(days=1)).timestamp()}' in text
    assert "2 filters are sent" in text
    assert graphql_text(ExplorerFilters.parse(job=[]), NOW, documents.text).startswith("# No request is sent")
    assert "shortened run ids" not in text
    text = graphql_text(ExplorerFilters.parse(run_ids=["00000007"]), NOW, documents.text)
    assert text.startswith("# The client first replaces shortened run ids with the full ids.")


def test_the_displayed_graphql_is_valid_for_the_server(fake):
    fake.runs = [make_run(0)]
    fake.schema = altered_schemas.without("Run.creationTime")
    with dnb.connect(fake.url, progress=False) as client:
        client.runs()
        text = graphql_text(ExplorerFilters(), NOW, client.graphql_document)
        assert "creationTime" not in text
        assert "updateTime" in text
        assert client.graphql_document("run_ids") == documents.text("run_ids").strip()
        with pytest.raises(ValueError, match="Use one of: .*run_ids"):
            client.graphql_document("../runs")
        fake.schema = altered_schemas.without("Query.runsOrError")
        with pytest.raises(dnb.UnsupportedServerError):
            client.count_runs()
        assert graphql_text(ExplorerFilters(), NOW, client.graphql_document).startswith(
            "# This document cannot be sent to this server: "
        )


def test_the_header_says_which_daemon_is_not_running():
    def daemons(**healthy):
        return pd.DataFrame(
            {"daemon": list(healthy), "required": [True] * len(healthy), "healthy": list(healthy.values())}
        )

    assert describe_daemons(daemons(SCHEDULER=True, QUEUED_RUN_COORDINATOR=True)) == (True, "daemon running")
    assert describe_daemons(daemons(SCHEDULER=False, QUEUED_RUN_COORDINATOR=False)) == (
        False,
        "daemon not running: runs will stay queued",
    )
    assert describe_daemons(daemons(SCHEDULER=False, QUEUED_RUN_COORDINATOR=True)) == (False, "scheduler not running")


def test_the_static_output_escapes_text_and_shows_rows(bench):
    frame = make_runs(40)
    frame.loc[0, "job_name"] = HOSTILE
    frame.loc[1, "status"] = "FAILURE"
    model = bench(frame).load()
    html, text = static_html(model, '<img src="data:image/png;base64,">'), static_text(model)
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html
    assert html.count("<tr>") == 16
    assert 'src="data:image/png;base64,' in html
    assert "http" not in re.sub(r"http://localhost:3000", "", html.replace("data:image", ""))
    assert "40 runs" in text
    assert "FAILURE" in text
    assert "97.5% succeeded" in text


def test_static_output_works_without_runs_and_after_an_error(bench):
    assert "0 runs" in static_text(bench(make_runs(0)).load())
    one = bench(make_runs(3))
    one.source.error = ConnectionFailedError(f"nothing there {HOSTILE}")
    html = static_html(one.load(), "")
    assert "nothing there" in html
    assert "<img src=x" not in html


@pytest.mark.parametrize("error", [ConnectionFailedError("x"), ValueError("x"), KeyError("x"), RuntimeError()])
def test_every_error_has_a_title(error):
    title, message = describe_error(error)
    assert title
    assert message or np.True_
    assert "Traceback" not in message
