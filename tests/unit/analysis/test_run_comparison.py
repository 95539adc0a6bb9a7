import json

import numpy as np
import pandas as pd
import pytest

from dagster_nb.analysis import compare_runs


@pytest.fixture
def runs():
    return pd.DataFrame(
        {
            "run_id": ["a", "b"],
            "status": pd.Categorical(["SUCCESS", "FAILURE"]),
            "duration": pd.to_timedelta([60, None], unit="s"),
            "tags": [{"team": "data"}, {"team": "data", "owner": "x"}],
            "run_config": [{"ops": {"load": {"config": {"rows": 1, "on": [1, 2]}}}}, {"ops": {}}],
        }
    )


def rows(answer, section):
    part = answer[answer["section"] == section]
    return {key: (a, b, d) for key, a, b, d in part[["key", "first", "second", "differs"]].itertuples(index=False)}


def test_two_runs_are_compared_side_by_side(runs):
    answer = compare_runs(runs)
    assert answer["section"].unique().tolist() == ["run", "config", "tags"]
    assert rows(answer, "run")["duration"] == (pd.Timedelta("60s"), None, True)
    assert rows(answer, "tags") == {"team": ("data", "data", False), "owner": (None, "x", True)}
    assert rows(answer, "config") == {
        "ops.load.config.rows": (1, None, True),
        "ops.load.config.on[0]": (1, None, True),
        "ops.load.config.on[1]": (2, None, True),
        "ops": (None, {}, True),
    }


def test_run_configs_can_be_json_text(runs):
    as_text = runs.assign(tags=runs["tags"].map(json.dumps), run_config=runs["run_config"].map(json.dumps))
    pd.testing.assert_frame_equal(compare_runs(as_text), compare_runs(runs))


def test_only_steps_of_the_two_runs_are_compared(runs):
    steps = pd.DataFrame(
        {
            "run_id": ["a", "a", "b", "c"],
            "step_key": ["load", "train", "load", "other"],
            "duration": pd.to_timedelta([1, 2, None, 9], unit="s"),
        }
    )
    assert rows(compare_runs(runs, steps), "steps") == {
        "load": (pd.Timedelta("1s"), None, True),
        "train": (pd.Timedelta("2s"), None, True),
    }


def test_equal_runs_have_no_differences(runs):
    assert not compare_runs(runs.iloc[[0, 0]])["differs"].any()


def test_the_comparison_has_documented_dtypes(runs):
    answer = compare_runs(runs)
    assert answer["key"].dtype == pd.StringDtype()
    assert answer["differs"].dtype == np.bool_


@pytest.mark.parametrize("count", [0, 1])
def test_a_comparison_needs_exactly_two_runs(runs, count):
    with pytest.raises(ValueError, match=f"exactly two runs, but this frame has {count}"):
        compare_runs(runs.head(count))
