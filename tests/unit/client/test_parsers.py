"""For any input, a parser returns a value or raises a DagsterNbError, a ValueError or a TypeError."""

from __future__ import annotations

import json
import math
from contextlib import contextmanager

import pandas as pd
import pytest
from graphql import build_schema
from hypothesis import example, given
from hypothesis import strategies as st

import dagster_nb as dnb
from dagster_nb.client.arguments.automation_address import automation_requests
from dagster_nb.client.arguments.find_assets import parse_assets
from dagster_nb.client.arguments.job_address import check_names
from dagster_nb.client.arguments.launch_arguments import LaunchArguments, parse_tags
from dagster_nb.client.arguments.run_config import parse_run_config
from dagster_nb.client.credentials import read_address
from dagster_nb.client.methods.backfills import parse_partition_keys
from dagster_nb.filters import RunFilters, as_strings, parse_page_size, whole_number
from dagster_nb.filters import parse_tags as parse_filter_tags
from dagster_nb.graphql.redact_config_and_tags import Redaction
from dagster_nb.panels.explorer.filters import ExplorerFilters, parse_duration
from dagster_nb.panels.explorer.view_settings import ExplorerView
from dagster_nb.panels.launchpad import parse_and_format_fields
from dagster_nb.panels.launchpad.locate_problems import locate_problems
from dagster_nb.panels.launchpad.yaml_place import place_at, place_of_key
from dagster_nb.parse_run_ids import one_run_id, run_ids_of
from dagster_nb.parse_time import to_seconds
from dagster_nb.playground.check import document_problems, parse_document
from dagster_nb.playground.completion import complete_graphql
from dagster_nb.playground.query_result import result_frame
from dagster_nb.time_zones import time_zone


@contextmanager
def only_clear_errors():
    """Allow the errors of dagster_nb, `ValueError` and `TypeError`.

    Do not allow subclasses of the last two, because these come from other libraries.
    """
    try:
        yield
    except dnb.DagsterNbError:
        pass
    except (ValueError, TypeError) as error:
        if type(error) not in {ValueError, TypeError}:
            raise


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes() | st.dates()
)
anything = st.recursive(
    scalars,
    lambda values: st.lists(values) | st.dictionaries(scalars, values) | st.tuples(values, values),
    max_leaves=10,
)
# Strings that resemble valid input, and arbitrary strings.
yaml_text = st.text(st.sampled_from("ab: -[]{},&*!|>'\"#%@\n\t01.e?~<=\\\x00\ud800")) | st.text()
url_text = st.text(st.sampled_from("http:/@[]:%#?.abc0129-_ \\\n\ud800")) | st.text()


@given(anything | yaml_text)
def test_any_run_config_becomes_json_or_raises_a_clear_error(config):
    with only_clear_errors():
        parsed = parse_run_config(config)
        assert json.loads(json.dumps(parsed, allow_nan=False)) == parsed


@given(anything)
def test_any_tags_become_strings_or_raise_a_clear_error(tags):
    with only_clear_errors():
        assert all(isinstance(key, str) and isinstance(value, str) for key, value in parse_tags(tags).items())


@given(url_text)
def test_any_address_becomes_a_url_or_raises_a_clear_error(url):
    with only_clear_errors():
        assert read_address(url).root.startswith(("http://", "https://"))


@given(anything)
def test_any_runs_become_ids_or_raise_a_clear_error(runs):
    with only_clear_errors():
        assert all(isinstance(run_id, str) and run_id for run_id in run_ids_of(runs))


@given(
    st.dictionaries(
        st.sampled_from(["run_config", "tags", "op_selection", "asset_selection", "partition_key"]), anything
    )
)
def test_any_launch_becomes_json_or_raises_a_clear_error(arguments):
    with only_clear_errors():
        json.dumps(LaunchArguments.parse(job="nightly", **arguments).identity)


@given(anything)
def test_any_names_become_strings_or_raise_a_clear_error(names):
    with only_clear_errors():
        assert as_strings(names, "job") is None or all(isinstance(name, str) for name in as_strings(names, "job"))


@given(anything | st.text(st.sampled_from("0123456789-:TZ+.dhmsw \ud800٣")))
def test_any_time_becomes_a_number_or_raises_a_clear_error(moment):
    with only_clear_errors():
        seconds = to_seconds(moment, "created_after")
        assert seconds is None or math.isfinite(seconds)


@example("9" * 400 + "w")
@example("1" + "0" * 30 + " ms")
@example(float("inf"))
@given(anything | st.text(st.sampled_from("0123456789.-+ smhdwin\u0663\u00b2")))
def test_any_duration_is_not_negative_or_raises_a_clear_error(duration):
    with only_clear_errors():
        parsed = parse_duration(duration)
        assert parsed is None or parsed >= pd.Timedelta(0)


# Each of these functions parses an argument of a public method, or text that a user types into a panel or a cell.
SCHEMA = build_schema("type Query { version: String runs(limit: Int, status: Status): [Run!] } enum Status { A B } "
                      "type Run { id: ID! }")  # fmt: skip
GRAPHQL = st.text(st.sampled_from('{}()[]:$!@#",. \n...queryvrsionlimt1')) | st.text()
OF_ANYTHING = {
    "filters": lambda value: RunFilters.parse(job=value, status=value, run_ids=value, location=value, tags=value),
    "times of filters": lambda value: RunFilters.parse(created_after=value, updated_before=value),
    "filters of the explorer": lambda value: ExplorerFilters.parse(run_id_contains=value, min_duration=value),
    "view of the explorer": lambda value: ExplorerView.parse(
        chart=value, sort=value, columns=value, chart_names=["Trend"]
    ),
    "assets": parse_assets,
    "schedules and sensors": lambda value: automation_requests(value, location=None, repository=None),
    "partition keys": parse_partition_keys,
    "page size": parse_page_size,
    "limit": lambda value: whole_number(value, "limit"),
    "one run": one_run_id,
    "job": lambda value: check_names(value, location=value, repository=value),
    "time zone": time_zone,
}
OF_TEXT = {
    "tags in the launchpad": parse_and_format_fields.parse_tags,
    "ops in the launchpad": parse_and_format_fields.parse_ops,
    "problems in the launchpad": lambda text: locate_problems(
        [dnb.ConfigProblem("a.b[0]", "", ""), dnb.ConfigProblem(text, "", "")], text
    ),
    "completion in the launchpad": lambda text: [place_at(text, place) for place in range(0, len(text) + 1, 3)],
    "key in the launchpad": lambda text: [place_of_key(text, place) for place in range(0, len(text) + 1, 3)],
    "GraphQL": parse_document,
    "problems in GraphQL": lambda text: document_problems(text, SCHEMA),
    "completion in GraphQL": lambda text: [
        complete_graphql(text, place, SCHEMA) for place in range(0, len(text) + 1, 3)
    ],
    "path to a frame": lambda text: result_frame({"a": {"b": [{"c": 1}]}}, text),
}


@pytest.mark.parametrize("name", OF_ANYTHING)
@given(value=anything)
def test_any_other_argument_is_accepted_or_raises_a_clear_error(name, value):
    with only_clear_errors():
        OF_ANYTHING[name](value)


@pytest.mark.parametrize("name", OF_TEXT)
@given(text=GRAPHQL | yaml_text | st.text(st.sampled_from("ab.[]*")))
def test_any_other_text_is_accepted_or_raises_a_clear_error(name, text):
    with only_clear_errors():
        OF_TEXT[name](text)


@given(anything)
def test_any_filter_of_tags_is_accepted_or_raises_a_clear_error(tags):
    with only_clear_errors():
        parse_filter_tags(tags)


@example("[[")
@example("a{99999999999999999999}")
@given(st.text() | st.text(st.sampled_from("ab|()[]*+?{}\\^$.")))
def test_any_pattern_for_redaction_is_accepted_or_raises_a_clear_error(pattern):
    with only_clear_errors():
        Redaction(pattern).of_config({"a": [{"b": 1}]})
