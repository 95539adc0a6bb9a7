"""For any input, a parser returns a value or raises a DagsterNbError, a ValueError or a TypeError."""

from __future__ import annotations

import json
import math
from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

import dagster_nb as dnb
from dagster_nb.client.arguments.launch_arguments import LaunchArguments, parse_tags
from dagster_nb.client.arguments.run_config import parse_run_config
from dagster_nb.client.credentials import read_address
from dagster_nb.filters import as_strings
from dagster_nb.filters import parse_tags as parse_filter_tags
from dagster_nb.graphql.redact_config_and_tags import Redaction
from dagster_nb.parse_run_ids import run_ids_of
from dagster_nb.parse_time import to_seconds

ALLOWED = (dnb.DagsterNbError, ValueError, TypeError)

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes() | st.dates()
)
anything = st.recursive(
    scalars,
    lambda values: st.lists(values) | st.dictionaries(scalars, values) | st.tuples(values, values),
    max_leaves=10,
)
# Text that resembles valid input, and arbitrary text.
yaml_text = st.text(st.sampled_from("ab: -[]{},&*!|>'\"#%@\n\t01.e?~<=\\\x00\ud800")) | st.text()
url_text = st.text(st.sampled_from("http:/@[]:%#?.abc0129-_ \\\n\ud800")) | st.text()


@given(anything | yaml_text)
def test_run_config(config):
    with suppress(*ALLOWED):
        parsed = parse_run_config(config)
        assert json.loads(json.dumps(parsed, allow_nan=False)) == parsed


@given(anything)
def test_tags(tags):
    with suppress(*ALLOWED):
        assert all(isinstance(key, str) and isinstance(value, str) for key, value in parse_tags(tags).items())


@given(url_text)
def test_addresses(url):
    with suppress(*ALLOWED):
        assert read_address(url).root.startswith(("http://", "https://"))


@given(anything)
def test_runs(runs):
    with suppress(*ALLOWED):
        assert all(isinstance(run_id, str) and run_id for run_id in run_ids_of(runs))


@given(
    st.dictionaries(
        st.sampled_from(["run_config", "tags", "op_selection", "asset_selection", "partition_key"]), anything
    )
)
def test_launches(arguments):
    with suppress(*ALLOWED):
        json.dumps(LaunchArguments.parse(job="nightly", **arguments).identity)


@given(anything)
def test_strings(names):
    with suppress(*ALLOWED):
        assert as_strings(names, "job") is None or all(isinstance(name, str) for name in as_strings(names, "job"))


@given(anything | st.text(st.sampled_from("0123456789-:TZ+.dhmsw \ud800٣")))
def test_times(moment):
    with suppress(*ALLOWED):
        seconds = to_seconds(moment, "created_after")
        assert seconds is None or math.isfinite(seconds)


@given(anything)
def test_filters_of_tags(tags):
    with suppress(*ALLOWED):
        parse_filter_tags(tags)


@example("[[")
@example("a{99999999999999999999}")
@given(st.text() | st.text(st.sampled_from("ab|()[]*+?{}\\^$.")))
def test_redaction(pattern):
    with suppress(*ALLOWED):
        Redaction(pattern).of_config({"a": [{"b": 1}]})
