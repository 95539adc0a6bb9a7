import pandas as pd
import pytest

from dagster_nb.analysis import failure_groups, unresolved_failures


def history(*rows):
    frame = pd.DataFrame(rows, columns=["run_id", "root_run_id", "status", "creation_time"])
    frame["root_run_id"] = frame["root_run_id"].astype("string")
    frame["creation_time"] = pd.to_datetime(frame["creation_time"], utc=True)
    return frame


def unresolved_ids(*rows):
    return unresolved_failures(history(*rows))["run_id"].tolist()


def test_a_later_success_in_the_group_resolves_a_failure():
    assert unresolved_ids(("b", "a", "SUCCESS", "2026-01-02"), ("a", None, "FAILURE", "2026-01-01")) == []


def test_a_success_in_another_run_group_resolves_nothing():
    assert unresolved_ids(("b", None, "SUCCESS", "2026-01-02"), ("a", None, "FAILURE", "2026-01-01")) == ["a"]


def test_a_failure_after_the_success_is_unresolved():
    assert unresolved_ids(
        ("c", "a", "FAILURE", "2026-01-03"), ("b", "a", "SUCCESS", "2026-01-02"), ("a", None, "FAILURE", "2026-01-01")
    ) == ["c"]


@pytest.mark.parametrize("status", ["FAILURE", "CANCELED", "STARTED", "QUEUED"])
def test_only_a_success_resolves_a_failure(status):
    assert "a" in unresolved_ids(("b", "a", status, "2026-01-02"), ("a", None, "FAILURE", "2026-01-01"))


def test_a_simultaneous_success_resolves_nothing():
    assert unresolved_ids(("b", "a", "SUCCESS", "2026-01-01"), ("a", None, "FAILURE", "2026-01-01")) == ["a"]


def test_unresolved_failures_returns_unchanged_rows():
    frame = history(("b", None, "SUCCESS", "2026-01-02"), ("a", None, "FAILURE", "2026-01-01"))
    frame["tags"] = [{}, {"team": "data"}]
    frame.index = [7, 9]
    pd.testing.assert_frame_equal(unresolved_failures(frame), frame.loc[[9]])
    pd.testing.assert_frame_equal(unresolved_failures(frame.iloc[:0]), frame.iloc[:0])


def test_the_start_time_replaces_a_missing_creation_time():
    frame = history(("b", "a", "SUCCESS", None), ("a", None, "FAILURE", None))
    frame["start_time"] = pd.to_datetime(["2026-01-02", "2026-01-01"], utc=True)
    assert unresolved_failures(frame).empty


def failed(*rows):
    frame = pd.DataFrame(rows, columns=["run_id", "step_key", "error_class", "error_message"])
    frame["timestamp"] = pd.date_range("2026-01-01", periods=len(frame), freq="D", tz="UTC")
    return frame


def test_failures_with_different_numbers_form_one_group():
    groups = failure_groups(
        failed(
            ("a", "load", "KeyError", "no row 12 in 3f2b8c1e-1111-4222-8333-123456789abc at 2026-01-01T10:00:00Z"),
            (
                "b",
                "load",
                "KeyError",
                "no row 7 in 00000000-1111-4222-8333-123456789abc at 2026-02-03 11:00:01.5+00:00",
            ),
            ("c", "load", "KeyError", "'orders'"),
            ("d", "load", "KeyError", "'customers'"),
        )
    )
    assert list(groups) == [
        "step_key",
        "error_class",
        "pattern",
        "raised_in",
        "count",
        "first_seen",
        "last_seen",
        "example_run_id",
    ]
    first = groups.iloc[0]
    assert first["pattern"] == "no row <n> in <id> at <time>"
    assert (first["count"], first["example_run_id"]) == (2, "b")
    assert (first["first_seen"].day, first["last_seen"].day) == (1, 2)
    # Quoted names stay in the pattern, because they identify the failure.
    assert groups["pattern"].tolist()[1:] == ["'customers'", "'orders'"]


def test_missing_values_form_a_group():
    groups = failure_groups(failed(("a", None, None, None), ("b", None, None, None), ("c", "load", None, None)))
    assert groups["count"].tolist() == [2, 1]
    assert groups["step_key"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        ("  first line\nsecond", "first line"),
        ("object at 0x7f3a", "object at <hex>"),
        ("sha deadbeef12 and deadbeef", "sha <hex> and deadbeef"),
        ("took 1,234.5 s", "took <n> s"),
        ("x" * 1000, "x" * 300),
        ("", ""),
    ],
)
def test_varying_parts_of_messages_become_placeholders(message, pattern):
    assert failure_groups(failed(("a", "s", "E", message)))["pattern"].tolist() == [pattern]


def test_an_empty_result_keeps_its_dtypes():
    groups = failure_groups(failed())
    assert groups.empty
    assert str(groups["count"].dtype) == "int64"
    assert str(groups["first_seen"].dtype) == "datetime64[us, UTC]"
    assert groups["pattern"].dtype == pd.StringDtype()


def test_failures_raised_in_different_functions_form_different_groups():
    frame = failed(*[("r", "load", "KeyError", "'amount'")] * 4)
    place = '  File "/opt/{}/lib/{}", line {}, in {}\n    code()\n'
    frame["stack"] = [
        place.format("a", "load.py", 3, "read"),
        place.format("b", "load.py", 7, "read"),
        place.format("a", "load.py", 3, "check"),
        None,
    ]
    groups = failure_groups(frame).set_index("raised_in", drop=False)
    assert groups["count"].to_dict() == {"read in lib/load.py": 2, "check in lib/load.py": 1, pd.NA: 1}
    assert groups["raised_in"].dtype == pd.StringDtype()
