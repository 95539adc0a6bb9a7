import pandas as pd
import pytest

from dagster_nb.analysis.group_rows import group_table, named_groups


@pytest.fixture
def runs():
    return pd.DataFrame({"job_name": ["a", "b", "c", "b", None, "b", None], "location": list("xxyyxxx")})


def test_the_largest_group_comes_first(runs):
    groups = named_groups(runs, "job_name")
    assert groups.names == ["b", "(no job)", "a", "c"]
    assert [groups.names[code] for code in groups.codes] == ["a", "b", "c", "b", "(no job)", "b", "(no job)"]


def test_several_columns_form_combined_groups(runs):
    groups = named_groups(runs, ["job_name", "location"])
    assert groups.names[0] in {"b · x", "(no group) · x"}
    assert "b · y" in groups.names


def test_without_a_column_all_rows_form_one_group(runs):
    groups = named_groups(runs, None)
    assert (groups.codes.tolist(), groups.names) == ([0] * 7, ["all runs"])


def test_small_groups_are_merged(runs):
    groups = named_groups(runs, "job_name").merged(3)
    assert groups.names == ["b", "(no job)", "2 other jobs"]
    assert groups.has_rest
    assert groups.codes.tolist() == [2, 0, 2, 0, 1, 0, 1]
    assert named_groups(runs, "location").merged(1).names == ["2 other locations"]
    assert not named_groups(runs, "job_name").merged(4).has_rest
    with pytest.raises(ValueError, match="max_groups must be at least 1, not 0"):
        groups.merged(0)


def test_rows_outside_the_selected_groups_have_no_group_code(runs):
    groups = named_groups(runs, "job_name").selected([3, 0])
    assert groups.names == ["c", "b"]
    assert groups.codes.tolist() == [-1, 1, 0, 1, -1, 1, -1]


def test_a_table_of_groups_keeps_the_dtypes(runs):
    codes, table = group_table(runs.astype({"job_name": "string", "location": "category"}), ["location", "job_name"])
    assert table["location"].tolist() == ["x", "x", "x", "y", "y"]
    assert str(table["location"].dtype) == "category"
    assert isinstance(table["job_name"].dtype, pd.StringDtype)
    assert table.loc[codes, "location"].tolist() == runs["location"].tolist()


def test_the_error_names_a_missing_column(runs):
    for function in (group_table, named_groups):
        with pytest.raises(ValueError, match="no column 'team'; its columns are job_name, location"):
            function(runs, "team")
