"""Handwritten responses become frames of code locations, jobs and daemons."""

import pandas as pd
import pytest

from dagster_nb.frames.catalog import daemons_frame, jobs_frame, locations_frame, repositories_frame
from dagster_nb.frames.config_fields import config_fields_frame


def entry(**facts):
    return {"name": "etl", "loadStatus": "LOADED", "updatedTimestamp": 1.5, "locationOrLoadError": None, **facts}


def error(message, *stack, causes=()):
    return {"__typename": "PythonError", "message": message, "stack": list(stack), "causes": list(causes)}


JOB = {"name": "nightly", "description": None, "isAssetJob": False, "tags": [{"key": "team", "value": "data"}]}
REPOSITORY = {"name": "repo", "location": {"name": "etl"}, "jobs": [JOB]}
DAEMON = {"daemonType": "SCHEDULER", "required": True, "healthy": None, "lastHeartbeatTime": None}


@pytest.mark.parametrize(
    ("build", "record"),
    [
        (locations_frame, entry()),
        (repositories_frame, REPOSITORY),
        (jobs_frame, REPOSITORY),
        (daemons_frame, DAEMON),
    ],
)
def test_an_empty_frame_has_the_same_dtypes(build, record):
    assert len(build([])) == 0
    assert len(build([record])) == 1
    pd.testing.assert_series_equal(build([]).dtypes, build([record]).dtypes)


def test_location_statuses_are_derived_from_the_response():
    entries = [
        entry(locationOrLoadError={"__typename": "RepositoryLocation"}),
        entry(loadStatus="LOADING"),
        # Dagster reports a location as LOADED even if its code failed to load.
        entry(locationOrLoadError=error("boom")),
    ]
    frame = locations_frame(entries)
    assert frame["status"].tolist() == ["loaded", "loading", "error"]
    assert frame["error"].isna().tolist() == [True, True, False]


def test_the_error_of_a_location_shows_the_innermost_cause_and_its_line():
    inner = error(
        "NameError: x\n",
        '  File "/app/etl.py", line 3, in <module>\n    x\n',
        '  File "/venv/site-packages/dagster/core.py", line 9, in load\n    load()\n',
    )
    frame = locations_frame([entry(locationOrLoadError=error("ImportError: etl\n", causes=[error("middle"), inner]))])
    assert frame["error"].tolist() == ['NameError: x\n  File "/app/etl.py", line 3, in <module>\n    x']
    assert locations_frame([entry(locationOrLoadError=error("alone\n"))])["error"].tolist() == ["alone"]


def test_a_daemon_with_unknown_health_is_not_healthy():
    assert daemons_frame([DAEMON])["healthy"].tolist() == [False]


def test_tags_become_a_dict():
    assert jobs_frame([REPOSITORY])["tags"].tolist() == [{"team": "data"}]


def composite(key, *fields, is_selector=False):
    return {
        "__typename": "CompositeConfigType",
        "key": key,
        "isSelector": is_selector,
        "typeParamKeys": [],
        "fields": [
            {
                "name": name,
                "description": None,
                "configTypeKey": of,
                "isRequired": True,
                "defaultValueAsJson": None,
            }
            for name, of in fields
        ],
    }


def test_the_list_of_fields_stops_at_recursive_types():
    schema = {
        "rootConfigType": {"key": "Shape.a"},
        "allConfigTypes": [composite("Shape.a", ("again", "Shape.a"), ("other", "Shape.b")), composite("Shape.b")],
    }
    assert config_fields_frame(schema)["path"].tolist() == ["again", "other"]


def test_the_field_of_a_selector_is_required_only_if_it_is_the_only_field():
    schema = {
        "rootConfigType": {"key": "Shape.a"},
        "allConfigTypes": [
            composite("Shape.a", ("one", "Selector.b"), ("two", "Selector.c")),
            composite("Selector.b", ("x", "Int"), is_selector=True),
            composite("Selector.c", ("y", "Int"), ("z", "Int"), is_selector=True),
        ],
    }
    frame = config_fields_frame(schema).set_index("path")
    assert frame["required"].to_dict() == {"one": True, "one.x": True, "two": True, "two.y": False, "two.z": False}


def test_a_location_without_a_load_status_is_not_loaded():
    loaded = {"name": "a", "locationOrLoadError": {"__typename": "RepositoryLocation"}}
    frame = locations_frame([loaded, {"name": "b", "locationOrLoadError": None}])
    assert frame["status"].tolist() == ["loaded", pd.NA]
