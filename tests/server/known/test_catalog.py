"""Code locations, repositories, jobs, ops and daemons of a real server."""

import random

import pandas as pd
import psutil
import pytest

import dagster_nb as dnb
from dagster_nb.panels.launchpad.config_completion import ConfigHelp
from tests.process_command_line import command_line

from .conftest import DEFINITIONS

# The documented columns and dtypes.
COLUMNS = {
    "locations": {"location": "string", "status": "string", "error": "string", "update_time": "datetime64[us, UTC]"},
    "repositories": {"repository": "string", "location": "string"},
    "jobs": {
        "job_name": "string",
        "repository": "string",
        "location": "string",
        "is_asset_job": "bool",
        "description": "string",
        "tags": "object",
    },
    "daemons": {"daemon": "string", "required": "bool", "healthy": "bool", "last_heartbeat": "datetime64[us, UTC]"},
}


@pytest.mark.parametrize("method", COLUMNS)
def test_columns_and_dtypes_match_the_documentation(client, method):
    frame = getattr(client, method)()
    assert frame.dtypes.astype(str).to_dict() == COLUMNS[method]
    assert len(frame)


def test_locations_include_code_that_does_not_load(client, known):
    frame = client.locations().set_index("location")
    assert frame["status"].to_dict() == {"code": "loaded", "broken": "error"}
    assert pd.isna(frame.loc["code", "error"])
    error = frame.loc["broken", "error"]
    assert error.startswith("ModuleNotFoundError: No module named 'no_such_module_here'")
    assert f'"{known.broken}", line 1' in error
    assert (pd.Timestamp.now("UTC") - frame["update_time"] < pd.Timedelta(minutes=10)).all()


def test_all_repositories_are_listed_with_their_location(client):
    frame = client.repositories().sort_values("repository")
    assert frame.to_dict("list") == {"repository": ["branch", "shop"], "location": ["code", "code"]}


def test_all_jobs_are_listed_with_their_repository(client):
    frame = client.jobs()
    shop = frame[frame["repository"] == "shop"].set_index("job_name")
    assert sorted(shop.index) == sorted(
        ["apart", "configured", "failing", "materialize_all", "nested", "recovering", "shouting"]
    )
    assert frame.loc[frame["repository"] == "branch", "job_name"].tolist() == ["nested"]
    assert shop.index[shop["is_asset_job"]].tolist() == ["materialize_all"]
    assert shop.loc["nested", "tags"] == {"team": "data"}
    assert shop.loc["shouting", "tags"] == {}
    assert shop.loc["nested", "description"] == "Graphs in graphs."
    assert pd.isna(shop.loc["shouting", "description"])


def test_ops_inside_graphs_depend_on_ops(client):
    frame = client.ops("nested", repository="shop").set_index("op")
    assert frame["depends_on"].to_dict() == {
        "one": [],
        "other": [],
        "deep.halves.quadruple.first": ["one"],
        "deep.halves.quadruple.double": ["deep.halves.quadruple.first"],
        "deep.halves.split": ["deep.halves.quadruple.double"],
        "deep.add": ["deep.halves.split"],
        "gather": ["deep.add", "other"],
        "finish": ["gather"],
    }
    assert frame["graph"].dropna().to_dict() == {
        "deep.halves.quadruple.first": "deep.halves.quadruple",
        "deep.halves.quadruple.double": "deep.halves.quadruple",
        "deep.halves.split": "deep.halves",
        "deep.add": "deep",
    }
    assert frame.loc["other", ["definition", "description"]].tolist() == ["one", "Make a number."]
    assert frame.loc["deep.add", "inputs"] == ["a", "b"]
    assert sorted(frame.loc["deep.halves.split", "outputs"]) == ["high", "low"]
    assert not frame["has_config"].any()


def test_the_steps_of_a_run_are_the_ops_of_its_job(client, known):
    assert set(client.steps(known.runs["nested"])["step_key"]) == set(client.ops("nested", repository="shop")["op"])


@pytest.mark.parametrize("job", ["materialize_all", "__ASSET_JOB"])
def test_asset_jobs_have_ops_with_dependencies(client, job):
    frame = client.ops(job).set_index("op")
    assert frame["depends_on"].to_dict() == {"raw": [], "clean": ["raw"], "doubled.double": ["raw"]}


def test_ops_with_a_config_schema_are_marked(client):
    assert client.ops("configured").set_index("op")["has_config"].to_dict() == {"load": True, "write": True}


def test_the_error_for_an_unknown_job_names_similar_jobs(client):
    with pytest.raises(dnb.JobNotFoundError, match=r"no job 'nestd'") as caught:
        client.ops("nestd")
    assert "Did you mean 'nested'?" in str(caught.value)
    assert "The code of location 'broken', which may contain the job, failed to load" in str(caught.value)
    with pytest.raises(dnb.JobNotFoundError) as caught:
        client.ops("nestd", location="code")
    assert "broken" not in str(caught.value)


def test_a_job_in_several_repositories_is_ambiguous(client):
    with pytest.raises(dnb.AmbiguousJobError) as caught:
        client.run_config_schema("nested")
    assert "location='code', repository='shop'" in str(caught.value)
    assert "location='code', repository='branch'" in str(caught.value)
    assert client.run_config_schema("nested", repository="branch").repository == "branch"


def test_unknown_locations_and_repositories_raise_errors(client):
    with pytest.raises(dnb.LocationNotFoundError, match=r"no code location 'cod'. Use one of: 'broken', 'code'"):
        client.ops("nested", location="cod")
    with pytest.raises(dnb.JobNotFoundError, match=r"no job 'nested' in repository 'shp'") as caught:
        client.ops("nested", repository="shp")
    assert "location='code', repository='shop'" in str(caught.value)
    with pytest.raises(
        dnb.JobNotFoundError, match=r"'shp' does not exist either. Existing repositories: 'branch', 'shop'"
    ):
        client.ops("nothing", repository="shp")


@pytest.mark.parametrize(("job", "error"), [("", ValueError), (None, TypeError), (3, TypeError)])
def test_an_invalid_job_name_raises_an_error(client, job, error):
    with pytest.raises(error, match="job must"):
        client.ops(job)


def test_a_config_schema_has_a_frame_of_its_fields(client):
    frame = client.run_config_schema("configured").fields
    assert frame.dtypes.astype(str).to_dict() == {
        "path": "string",
        "type": "string",
        "required": "bool",
        "default": "string",
        "description": "string",
    }
    fields = frame.set_index("path")
    ops = fields[fields.index.str.startswith("ops.")]
    assert ops["type"].to_dict() == {
        "ops.load": "Shape",
        "ops.load.config": "Shape",
        "ops.load.config.rows": "(Int | {env: String})?",
        "ops.load.config.table": "(String | {env: String})",
        "ops.write": "Shape",
        "ops.write.config": "Shape",
        "ops.write.config.mode": "(FAST | SAFE)",
        "ops.write.config.parts": "[Shape]",
        "ops.write.config.parts[].name": "String",
        "ops.write.config.parts[].size": "Int?",
        "ops.write.config.target": "Selector",
        "ops.write.config.target.file": "String",
        "ops.write.config.target.table": "Shape",
        "ops.write.config.target.table.schema": "String",
        "ops.write.config.weights": "{[String]: Float}",
    }
    assert set(ops.index[~ops["required"]]) == {
        "ops.load.config.rows",
        "ops.write.config.mode",
        "ops.write.config.parts",
        "ops.write.config.parts[].size",
        "ops.write.config.target.file",
        "ops.write.config.target.table",
        "ops.write.config.weights",
    }
    assert ops["default"].dropna().to_dict() == {
        "ops.load.config.rows": "3",
        "ops.write.config.mode": '"FAST"',
        "ops.write.config.parts[].size": "null",
    }
    assert "execution.config.multiprocess.max_concurrent" in fields.index


def test_the_default_config_contains_the_default_values(client):
    schema = client.run_config_schema("configured")
    assert "rows: 3" in schema.default_yaml
    assert (schema.job_name, schema.location, schema.repository) == ("configured", "code", "shop")
    assert "configured" in repr(schema)
    assert "ops.load.config.table" in schema._repr_html_()


def test_validating_a_config_returns_its_problems(client):
    schema = client.run_config_schema("configured")
    valid = "{ops: {load: {config: {table: t}}, write: {config: {target: {file: f}}}}}"
    assert schema.validate(valid) == []
    wrong = "{ops: {load: {config: {table: 3}}, write: {config: {target: {file: f}, parts: [{name: x, size: many}]}}}}"
    problems = schema.validate(wrong)
    assert [(problem.path, problem.reason) for problem in problems] == [
        ("ops.load.config.table", "RUNTIME_TYPE_MISMATCH"),
        ("ops.write.config.parts[0].size", "RUNTIME_TYPE_MISMATCH"),
    ]
    assert schema.validate(None)[0].reason == "MISSING_REQUIRED_FIELD"
    with pytest.raises(dnb.RunConfigInvalidError, match="line 1, column 6"):
        schema.validate("ops: ]")


def test_the_default_config_of_a_job_without_required_fields_is_valid(client):
    schema = client.run_config_schema("shouting")
    assert schema.validate(schema.default_yaml) == []


def test_daemons_that_never_ran_are_not_healthy(client):
    frame = client.daemons()
    assert "SCHEDULER" in set(frame["daemon"])
    assert not frame["healthy"].any()
    assert frame["last_heartbeat"].isna().all()


def test_a_read_only_client_does_not_change_locations(known):
    with dnb.connect(known.server.url, read_only=True, progress=False) as client:
        for method in (client.reload_location, client.shutdown_location):
            with pytest.raises(dnb.ReadOnlyError):
                method("code")


@pytest.mark.parametrize("method", ["reload_location", "shutdown_location"])
def test_an_unknown_location_is_not_reloaded(client, method):
    with pytest.raises(dnb.LocationNotFoundError, match=r"no code location 'cod'. Use one of: 'broken', 'code'"):
        getattr(client, method)("cod")


# The next two tests change the shared server.
def test_reloading_a_location_returns_its_new_state(client, known):
    known.broken.write_text("import dagster as dg\n\n@dg.op\ndef one(): pass\n\n@dg.job\ndef mended(): one()\n")
    frame = client.reload_location("broken")
    assert frame.dtypes.astype(str).to_dict() == COLUMNS["locations"]
    assert frame.set_index("location")["status"].to_dict() == {"broken": "loaded"}
    assert frame["error"].isna().all()
    assert client.ops("mended")["op"].tolist() == ["one"]


def test_shutting_down_a_location_stops_its_code_server(client, known):
    family = psutil.Process(known.server.pid).children(recursive=True)
    code_servers = [one for one in family if str(DEFINITIONS) in command_line(one)]
    assert code_servers
    assert client.shutdown_location("code") is None
    _, alive = psutil.wait_procs(code_servers, timeout=60)
    assert not alive


def test_completion_offers_exactly_the_fields_of_the_schema_at_random_places(client):
    """In the frame's paths, `[]` means a list item and `*` means any key of a map."""
    places = []
    for job in ("configured", "shouting"):
        schema = client.run_config_schema(job)
        fields = schema.fields["path"].tolist()
        around = {path.rpartition(".")[0] for path in fields}
        places += [(ConfigHelp(schema._record), path, fields) for path in sorted(around)]
    for known, path, fields in random.Random(17).sample(places, 20):
        text = ""
        parts = path.replace("[]", ".[]").split(".") if path else []
        for depth, part in enumerate(parts):
            text += "" if text.endswith("- ") else "  " * depth
            text += "- " if part == "[]" else f"{part.replace('*', 'any')}:\n"
        text += "" if text.endswith("- ") else "  " * len(parts)
        expected = {one.rpartition(".")[2].removesuffix("[]") for one in fields if one.rpartition(".")[0] == path}
        assert {one.label for one in known.complete(text, len(text)).found} == expected, text
