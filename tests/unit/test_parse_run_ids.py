from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from dagster_nb.parse_run_ids import one_run_id, run_ids_of

A, B, C = (f"0000000{n}-0000-4000-8000-000000000000" for n in "abc")
FRAME = pd.DataFrame({"run_id": [A, B, A], "parent_run_id": [C, None, C], "job_name": ["x", "y", "z"]})
RUN = SimpleNamespace(run_id=A)


@pytest.mark.parametrize(
    ("runs", "ids"),
    [
        (A, [A]),
        (RUN, [A]),
        ([A, B, A], [A, B]),
        ([RUN, B], [A, B]),
        ((A, B), [A, B]),
        ((run for run in [RUN, B]), [A, B]),
        (FRAME, [A, B]),
        (FRAME["run_id"], [A, B]),
        (FRAME["run_id"].unique(), [A, B]),
        (FRAME.iloc[0], [A]),
        ([FRAME.iloc[0], FRAME.iloc[1]], [A, B]),
        (FRAME.set_index("job_name").loc["y"], [B]),
        (pd.Series([A, B], name="mine"), [A, B]),
        (pd.Series(["custom-id"], name="root_run_id"), ["custom-id"]),
        (pd.Index([A]), [A]),
        ([], []),
        (FRAME.iloc[:0], []),
        (pd.Series([], dtype=object, name="job_name"), []),
    ],
)
def test_runs_are_identified_in_the_order_given_without_duplicates(runs, ids):
    assert run_ids_of(runs) == ids


@pytest.mark.parametrize(
    "runs",
    [
        5, 1.5, None, b"a", {"run_id": A}, object(), [5], [None], [[A]], FRAME.drop(columns="run_id"),
        FRAME["job_name"], FRAME.drop(columns="run_id").iloc[0], FRAME["parent_run_id"], pd.Series([1, 2]),
        pd.Series([pd.NA]), [pd.NA], pd.Series([True]),
    ],
)  # fmt: skip
def test_any_other_argument_raises_a_type_error(runs):
    with pytest.raises(TypeError):
        run_ids_of(runs)


def test_an_empty_string_is_not_a_run():
    with pytest.raises(ValueError, match="a run id is empty"):
        run_ids_of("")


@pytest.mark.parametrize("runs", [[], [A, B]])
def test_a_method_for_one_run_needs_exactly_one_run(runs):
    with pytest.raises(ValueError, match="expected one run"):
        one_run_id(runs)
