from __future__ import annotations

from enum import Enum

import pandas as pd
import pytest

from dagster_nb.filters import RunFilters
from dagster_nb.frames.columns import RUN_STATUSES
from dagster_nb.graphql.run_filters import REPOSITORY_TAG, to_server_filters


def select(**arguments):
    return RunFilters.parse(known_statuses=RUN_STATUSES, **arguments)


def server_filters(labels=None, known_keys=None, **arguments):
    """Return the part that all filters for the server have in common, and the filters themselves."""
    filters = to_server_filters(select(**arguments), repository_tags=labels, known_keys=known_keys)
    return filters.common, filters.filters


def values_that_the_server_reads_as_everything(one):
    return [key for key, value in one.items() if value in ([], "", 0, None)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"job": []}, {"status": []}, {"run_ids": []}, {"location": ()}, {"tags": {"team": []}},
        {"job": pd.Series([], dtype=object)}, {"created_before": "1970-01-01"}, {"created_before": "1960-01-01"},
        {"updated_before": "1970-01-01"}, {"job": ["a"], "run_ids": []},
    ],
)  # fmt: skip
def test_an_empty_list_matches_nothing(arguments):
    assert select(**arguments).matches_nothing


@pytest.mark.parametrize("arguments", [{}, {"tags": {}}, {"job": None}, {"created_after": "1960-01-01"}])
def test_without_filters_everything_matches(arguments):
    assert not select(**arguments).matches_nothing
    assert server_filters(**arguments) == ({}, [{}])


def test_single_values_give_one_filter():
    common, filters = server_filters(
        job="a",
        status=["FAILURE", "CANCELED"],
        tags={"team": "data", "env": "prod"},
        run_ids="x",
        created_after="2026-01-01",
    )
    assert filters == [
        {
            "pipelineName": "a",
            "statuses": ["FAILURE", "CANCELED"],
            "tags": [{"key": "team", "value": "data"}, {"key": "env", "value": "prod"}],
            "runIds": ["x"],
            "createdAfter": 1767225600.0,
        }
    ]
    assert common == filters[0]


def test_several_values_become_filters_that_do_not_overlap():
    common, filters = server_filters(job=["a", "b"], tags={"team": ["data", "ml"], "env": "prod"}, status="FAILURE")
    assert common == {"statuses": ["FAILURE"], "tags": [{"key": "env", "value": "prod"}]}
    assert [(one["pipelineName"], one["tags"][-1]["value"]) for one in filters] == [
        ("a", "data"), ("a", "ml"), ("b", "data"), ("b", "ml"),
    ]  # fmt: skip
    for one in filters:
        assert one["statuses"] == ["FAILURE"]
        assert {"key": "env", "value": "prod"} in one["tags"]


def test_tag_keys_are_unique_within_a_filter():
    _, filters = server_filters(labels=["a@etl", "b@etl"], location="etl", tags={REPOSITORY_TAG: "b@etl"})
    assert filters == [{"tags": [{"key": REPOSITORY_TAG, "value": "b@etl"}]}]


def test_a_location_without_repositories_matches_nothing():
    assert server_filters(labels=[], location="gone") == ({}, [])


def test_many_run_ids_are_split_into_several_filters():
    ids = [str(number) for number in range(1201)]
    _, filters = server_filters(run_ids=ids)
    assert [run_id for one in filters for run_id in one["runIds"]] == ids
    assert max(len(one["runIds"]) for one in filters) < 999


@pytest.mark.parametrize(
    "arguments",
    [{"job": ["a", "b"]}, {"tags": {"a": ["", "x"]}}, {"created_after": "2026-01-01", "created_before": "1h"}],
)
def test_no_filter_contains_a_value_that_would_select_every_run(arguments):
    if "tags" in arguments:
        with pytest.raises(ValueError, match="empty string"):
            select(**arguments)
        return
    _, filters = server_filters(**arguments)
    assert filters
    for one in filters:
        assert not values_that_the_server_reads_as_everything(one)


def test_the_error_for_an_unknown_status_lists_the_valid_ones():
    with pytest.raises(ValueError, match="'FAILED' is not a run status.*SUCCESS, FAILURE"):
        select(status="FAILED")


def test_a_status_that_the_server_knows_is_valid():
    filters = RunFilters.parse(known_statuses=[*RUN_STATUSES, "HIBERNATING"], status="HIBERNATING")
    assert to_server_filters(filters).filters == [{"statuses": ["HIBERNATING"]}]


def test_an_enum_member_is_treated_like_its_value():
    class Status(Enum):
        FAILURE = "FAILURE"

    assert select(status=Status.FAILURE).status == ("FAILURE",)
    assert select(status=[Status.FAILURE]).status == ("FAILURE",)


@pytest.mark.parametrize("name", ["job", "status", "run_ids", "location"])
def test_an_empty_string_is_rejected(name):
    with pytest.raises(ValueError, match=f"{name} contains an empty string"):
        select(**{name: ""})
    with pytest.raises(ValueError, match=f"{name} contains an empty string"):
        select(**{name: ["a" if name != "status" else "SUCCESS", ""]})


@pytest.mark.parametrize("value", [5, {"a": 1}, [1], [None], b"a", object()])
def test_a_value_that_is_not_a_string_raises_a_type_error(value):
    with pytest.raises(TypeError, match="job must"):
        select(job=value)


@pytest.mark.parametrize("tags", ["team=data", [("team", "data")], {"team": None}, {"team": 5}])
def test_tags_that_are_not_strings_raise_a_type_error(tags):
    with pytest.raises(TypeError, match="tags"):
        select(tags=tags)


@pytest.mark.parametrize(
    ("arguments", "included", "excluded"),
    [
        ({"created_after": "2026-01-01T00:00:00.5"}, {}, [{"createdBefore": 1767225600.500001}]),
        ({"updated_before": "2026-01-01T00:00:00.5"}, {}, [{"updatedAfter": 1767225600.499999}]),
        ({"created_before": "2026-01-01"}, {"createdBefore": 1767225600.0}, []),
    ],
)
def test_an_unsupported_time_filter_is_replaced_by_the_opposite_filter(arguments, included, excluded):
    filters = to_server_filters(select(**arguments), known_keys={"createdBefore", "updatedAfter"})
    assert (filters.filters, filters.excluded) == ([included], excluded)
    assert filters.is_single == (not excluded)


def test_filters_can_be_converted_to_json():
    plain = select(job="a", tags={"team": ["x", "y"]}, created_after="2026-01-01").as_json()
    assert plain == {"job": ["a"], "tags": {"team": ["x", "y"]}, "created_after": 1767225600.0}
